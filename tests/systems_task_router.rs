//! The task router: its contract over HTTP against the real binary, its limits under paused time, and what
//! is left of a batch when the process is killed.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

mod systems_task_router {
    pub(crate) mod client;
    pub(crate) mod executor;

    mod children;
    mod contract;
    mod executors;
    mod killed;
    mod limits;
    mod running;
}
