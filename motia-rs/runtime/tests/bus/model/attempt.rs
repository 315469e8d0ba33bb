//! What the handler of a step does that the model looks at: it tells the model, and does as its script says.

use std::time::Duration;

use motia_core::{
    context::Context,
    error::{StepError, StepResult},
};

use super::{super::stage::Task, Model, Outcome, World};

impl Model {
    /// What the step's handler does: the first of them decides what comes of it.
    pub(crate) async fn handle(self, tasks: Vec<Task>, ctx: Context) -> StepResult {
        let all: Vec<u64> = tasks.iter().map(|task| task.n).collect();
        let (process, (outcome, millis)) =
            self.look(|world| (world.process, world.start(&all, ctx.attempt(), ctx.now())));
        let mut running =
            Running { model: self, process, all: all.clone(), ctx: &ctx, ended: false };
        tokio::time::sleep(Duration::from_millis(millis)).await;

        running.ended = true;
        running.look(|world| world.end(&all, ctx.attempt(), outcome, ctx.now()));
        match outcome {
            Outcome::Ok => Ok(()),
            Outcome::Fail => Err(StepError::retry("again")),
            Outcome::Fatal => Err(StepError::fatal("never")),
        }
    }
}

/// An attempt that may be stopped before it ends.
struct Running<'a> {
    model: Model,
    process: u32,
    all: Vec<u64>,
    ctx: &'a Context,
    ended: bool,
}

impl Running<'_> {
    /// Tells the world, unless it has seen the process die.
    fn look(&self, tell: impl FnOnce(&mut World)) {
        self.model.look(|world| {
            if world.process == self.process {
                tell(world);
            }
        });
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.look(|world| world.stopped(&self.all, self.ctx.now()));
        }
    }
}
