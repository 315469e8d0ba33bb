//! Work that would hold up a thread: reading files, squeezing images.

use super::Context;

/// The app went down before the work was begun.
#[derive(Debug, thiserror::Error)]
#[error("the app went down before this was begun: it is begun again when the app is back")]
pub struct CutShort;

impl<Emits> Context<Emits> {
    /// Does work that blocks its thread, such as reading a file, where it holds up no handler.
    ///
    /// What is begun runs to its end: an attempt that is stopped meanwhile does not wait for it, and
    /// what it gives is dropped. So hand over a piece at a time, and the attempt can be stopped between
    /// two pieces. A panic in it is the handler's.
    ///
    /// ```
    /// # use motia_core::{context::Context, error::StepResult};
    /// async fn handler(path: String, ctx: Context) -> StepResult {
    ///     let text = ctx.blocking(move || std::fs::read_to_string(path)).await??;
    ///     ctx.logger.info("read", serde_json::json!({ "bytes": text.len() }));
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`CutShort`] when the app goes down before the work is begun.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CutShort> {
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => Ok(done),
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(CutShort),
            },
        }
    }
}
