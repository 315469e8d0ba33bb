//! One attempt at an executor.
//!
//! # Layout
//! - [`http`]: a service that is called; [`local`]: a function of this app
//! - [`apart`]: a function or a program in a process of its own, under limits

mod apart;
pub mod http;
mod local;

use std::{future::Future, path::PathBuf, time::Duration};

use motia::prelude::*;

use super::{
    amount::{Cores, Span},
    definition::Definition,
    executor::{Executor, Kind, Means},
    settings::{self, Commands},
    task::{Fault, FaultReason, Task},
};
use crate::{
    aside::{self, cage::Cages},
    outbound,
};

/// What an attempt is about.
#[derive(Debug)]
pub struct Job<'j> {
    /// The executor.
    pub executor: &'j Executor,
    /// The task.
    pub task: &'j Task,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// The run it belongs to, as a `traceparent` header carries it.
    pub trace: String,
    /// What it may use.
    pub allowance: Allowance,
}

/// What an attempt may use.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// How long it may take.
    pub timeout: Span,
    /// So many bytes of memory.
    pub memory: Option<u64>,
    /// Such a share of the processors.
    pub cores: Option<Cores>,
    /// The largest answer in bytes.
    pub answer: usize,
    /// Whether it may lead to private addresses.
    pub private: bool,
    /// The programs that there are.
    pub commands: Commands,
    /// The control group that is delegated to the app, if one was named.
    pub cgroup: Option<PathBuf>,
}

impl Allowance {
    /// What an attempt at a task of this definition may use.
    #[must_use]
    pub fn of<E>(ctx: &Context<E>, definition: &Definition) -> Self {
        let quota = definition.quota();
        Self {
            timeout: definition.timeout,
            memory: quota.memory_limit.map(|bytes| bytes.0),
            cores: quota.cpu_limit,
            answer: ctx.setting(settings::ROUTER_MAX_OUTPUT).get(),
            private: ctx.setting(outbound::PRIVATE),
            commands: ctx.setting(settings::ROUTER_COMMANDS),
            cgroup: ctx.setting(settings::ROUTER_CGROUP),
        }
    }
}

/// What calls need, one of each for an app.
#[derive(Debug, Default)]
pub struct Tools {
    cages: std::sync::OnceLock<Option<Cages>>,
}

impl Tools {
    /// The control groups, where some can be made.
    pub fn cages(&self, delegated: Option<&std::path::Path>) -> Option<&Cages> {
        self.cages.get_or_init(|| Cages::find(delegated)).as_ref()
    }
}

/// Why an attempt is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Its time is over.
    Timeout,
    /// Nobody wants it any more.
    Cancelled,
}

/// Why an attempt gave no output.
#[derive(Debug, Clone, PartialEq)]
pub enum Failed {
    /// It went wrong; to be tried again no sooner than after so long, if the executor says so.
    Fault(Fault, Option<Duration>),
    /// Nobody wants it any more.
    Cancelled,
}

impl Failed {
    pub(super) fn fault(reason: FaultReason, detail: impl Into<String>) -> Self {
        Self::Fault(Fault::new(reason, detail), None)
    }
}

/// Makes an attempt, until `stop`. What it started is killed by the time this returns.
///
/// # Errors
/// When it gives no output.
pub async fn run(
    tools: &Tools,
    job: &Job<'_>,
    stop: impl Future<Output = Stop>,
) -> Result<Value, Failed> {
    let mut stop = std::pin::pin!(stop);
    let stopped = |stop| match stop {
        Stop::Cancelled => Failed::Cancelled,
        Stop::Timeout => {
            let detail = format!("took longer than {}", job.allowance.timeout);
            Failed::fault(FaultReason::Timeout, detail)
        }
    };
    let means = job.executor.means(&job.allowance.commands);
    let work = async {
        match (job.executor.kind, means) {
            (Kind::Http, _) => http::post(job).await,
            (Kind::Local, Some(Means::Function)) => local::call(job).await,
            (Kind::Local, Some(means)) => apart::call(tools, job, means).await,
            (Kind::Local, None) => {
                let detail = format!("there is no function `{}`", job.executor.function());
                Err(Failed::fault(FaultReason::Unreachable, detail))
            }
        }
    };
    tokio::select! {
        biased;
        result = work => result,
        why = &mut stop => Err(stopped(why)),
    }
}

/// How a limit holds at an executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Holds {
    /// The kernel holds the whole of it down, by a control group.
    #[serde(rename = "cgroup")]
    Cgroup,
    /// The kernel ends it where it goes beyond.
    #[serde(rename = "rlimit")]
    Rlimit,
    /// It does not: the router cannot see what the executor uses.
    #[serde(rename = "not enforceable")]
    Not,
}

/// How limits of memory and processor hold at an executor.
#[must_use]
pub fn holds<E>(ctx: &Context<E>, tools: &Tools, executor: &Executor) -> Holds {
    match executor.means(&ctx.setting(settings::ROUTER_COMMANDS)) {
        None | Some(Means::Function) => Holds::Not,
        Some(_) if !aside::SUPPORTED => Holds::Not,
        Some(_) => match tools.cages(ctx.setting(settings::ROUTER_CGROUP).as_deref()) {
            Some(_) => Holds::Cgroup,
            None => Holds::Rlimit,
        },
    }
}
