//! The executors as they were read last: every attempt asks for them, and they change seldom.
//!
//! Whoever changes them through the app says so, and the next attempt reads them anew. What a person changes in
//! the state by hand is seen when they are looked at next, every ten seconds.

use std::sync::Arc;

use motia::prelude::*;
use parking_lot::Mutex;

use super::executor::{self, Executor};

/// The executors as they were read last.
#[derive(Debug, Default)]
pub struct Roster(Mutex<Read>);

#[derive(Debug, Default)]
struct Read {
    known: Option<Arc<[Executor]>>,
    /// How often they changed: what was read before a change is out of date after it.
    changes: u64,
}

impl Roster {
    /// Has them read anew when they are needed next: they have changed, or may have.
    pub fn changed(&self) {
        let mut read = self.0.lock();
        read.known = None;
        read.changes += 1;
    }

    /// All executors.
    ///
    /// # Errors
    /// When they have to be read and the store fails.
    pub async fn all<E>(&self, ctx: &Context<E>) -> StepResult<Arc<[Executor]>> {
        let changes = {
            let read = self.0.lock();
            if let Some(known) = &read.known {
                return Ok(known.clone());
            }
            read.changes
        };
        let all: Arc<[Executor]> = executor::all(ctx).await?.into();
        let mut read = self.0.lock();
        if read.changes == changes {
            read.known = Some(all.clone());
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_router::executor::{EXECUTORS, tests::http};

    async fn ids(ctx: &Context) -> Vec<String> {
        let all = ctx.shared::<Roster>().all(ctx).await.unwrap();
        all.iter().map(|executor| executor.id.clone()).collect()
    }

    #[tokio::test]
    async fn they_are_read_once_until_somebody_says_that_they_changed() {
        let (ctx, probe) = motia_testkit::fake();
        probe.state.set(EXECUTORS, "a", &http("a", 1)).await.unwrap();
        assert_eq!(ids(&ctx).await, ["a"]);

        probe.state.set(EXECUTORS, "b", &http("b", 1)).await.unwrap();
        assert_eq!(ids(&ctx).await, ["a"]);
        ctx.shared::<Roster>().changed();

        assert_eq!(ids(&ctx).await, ["a", "b"]);
    }
}
