//! Work that nobody wants any more.

use crate::{
    event::EventId,
    store::{CommitError, DeliveryId, StoreError, WaitingFilter},
    trace::TraceId,
};

/// What is to be cancelled.
///
/// ```
/// # use motia_core::{context::{Cancel, Context}, error::StepResult};
/// async fn handler(job: String, ctx: Context) -> StepResult {
///     let ended = ctx.cancel(Cancel::Key(&job)).await?;
///     ctx.logger.info("cancelled", serde_json::json!({ "deliveries": ended }));
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancel<'k> {
    /// One event, in every step that it waits for. Looks through all that waits.
    Event(EventId),
    /// All events of a run. Looks through all that waits.
    Trace(TraceId),
    /// All events that were emitted with this [`cancel_key`](super::Emit::cancel_key).
    Key(&'k str),
    /// One delivery: an event in one step.
    Delivery(DeliveryId),
}

impl Cancel<'_> {
    /// Which of the deliveries that are not settled are meant.
    #[must_use]
    pub fn filter(self) -> WaitingFilter {
        let all = WaitingFilter::default();
        match self {
            Self::Event(event) => WaitingFilter { event: Some(event), ..all },
            Self::Trace(trace) => WaitingFilter { trace: Some(trace), ..all },
            Self::Key(key) => WaitingFilter { cancel_key: Some(key.to_owned()), ..all },
            Self::Delivery(delivery) => WaitingFilter { delivery: Some(delivery), ..all },
        }
    }
}

/// Not all of what was meant could be cancelled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CancelError {
    /// What waits could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was not written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}
