//! One task and its lifecycle: a small machine that refuses the moves it does not know.
//!
//! # Layout
//! - [`status`]: its statuses, and which of them leads to which
//! - [`fault`]: what can go wrong with an attempt

pub mod fault;
pub mod status;

use motia::prelude::*;

pub use self::{
    fault::{Fault, FaultReason},
    status::{IllegalMove, Stage, Status},
};
use super::version::Version;

/// The last so many attempts of a task are told.
const ATTEMPTS_TOLD: usize = 100;

/// A task that was submitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Names the task.
    pub id: String,
    /// Names its definition.
    pub task_id: String,
    /// The definition's version.
    pub version: Version,
    /// How far it has come.
    pub status: Status,
    /// What came in.
    pub input: Value,
    /// Who submitted it, if they said so.
    pub client_id: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// What came out.
    pub output: Option<Value>,
    /// What went wrong, where it failed.
    pub error: Option<Fault>,
    /// What it waits for, where that is not its turn.
    pub waiting_for: Option<String>,
    /// Whether the output is that of an equal task before.
    pub cached: bool,
    /// Whether its effect may have happened more than once: an attempt was made again of which nobody
    /// knows how far it came.
    pub possible_duplicate: bool,
    /// The attempts at executors.
    pub attempts: Vec<Attempt>,
    /// Each status with the instant at which it was reached.
    pub lifecycle: Vec<Stage>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// One attempt at an executor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Which one, from 1.
    pub number: u32,
    /// The executor.
    pub executor: String,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// What went wrong, if it did.
    pub error: Option<Fault>,
    /// Whether the effect may have happened before.
    pub possible_duplicate: bool,
}

impl Task {
    /// A task that was just submitted.
    #[must_use]
    pub fn submitted(id: String, task_id: String, version: Version, now: Timestamp) -> Self {
        Self {
            id,
            task_id,
            version,
            status: Status::Pending,
            input: Value::Null,
            client_id: None,
            priority: Priority::NORMAL,
            output: None,
            error: None,
            waiting_for: None,
            cached: false,
            possible_duplicate: false,
            attempts: Vec::new(),
            lifecycle: vec![Stage { status: Status::Pending, at: now }],
            created_at: now,
            updated_at: now,
        }
    }

    /// Goes on to a status.
    ///
    /// # Errors
    /// When it cannot get there from where it is.
    pub fn become_(&mut self, to: Status, now: Timestamp) -> Result<(), IllegalMove> {
        if !self.status.may_become(to) {
            return Err(IllegalMove { from: self.status, to });
        }
        (self.status, self.updated_at, self.waiting_for) = (to, now, None);
        self.lifecycle.push(Stage { status: to, at: now });
        let told = 4 * ATTEMPTS_TOLD;
        self.lifecycle.drain(..self.lifecycle.len().saturating_sub(told));
        Ok(())
    }

    /// Takes note of an attempt that is begun at an executor. One before it that never ended is closed:
    /// the process ended meanwhile. One that failed begins anew: somebody redrove it.
    ///
    /// # Errors
    /// When it is over.
    pub fn begin(
        &mut self,
        number: u32,
        executor: &str,
        now: Timestamp,
    ) -> Result<(), IllegalMove> {
        if !matches!(self.status, Status::Pending | Status::Retrying) {
            let cut = Fault::new(FaultReason::Unknown, "the process ended meanwhile");
            self.close(Some(cut), now);
            self.become_(Status::Retrying, now)?;
        }
        self.become_(Status::Routed, now)?;
        self.become_(Status::Running, now)?;
        let faults = self.attempts.iter().filter_map(|attempt| attempt.error.as_ref());
        let possible_duplicate = faults.into_iter().any(|fault| fault.reason.may_have_acted());
        self.possible_duplicate |= possible_duplicate;
        self.attempts.push(Attempt {
            number,
            executor: executor.to_owned(),
            started_at: now,
            ended_at: None,
            error: None,
            possible_duplicate,
        });
        self.attempts.drain(..self.attempts.len().saturating_sub(ATTEMPTS_TOLD));
        Ok(())
    }

    /// Takes the output of the attempt that runs.
    ///
    /// # Errors
    /// When it does not run.
    pub fn complete(&mut self, output: Value, now: Timestamp) -> Result<(), IllegalMove> {
        self.become_(Status::Completed, now)?;
        self.close(None, now);
        (self.output, self.error) = (Some(output), None);
        Ok(())
    }

    /// Takes note of what went wrong; it waits to be tried again, or is given up.
    ///
    /// # Errors
    /// When it is over.
    pub fn fail(&mut self, fault: Fault, again: bool, now: Timestamp) -> Result<(), IllegalMove> {
        self.become_(if again { Status::Retrying } else { Status::Failed }, now)?;
        self.close(Some(fault.clone()), now);
        self.error = Some(fault);
        Ok(())
    }

    /// Cancels it.
    ///
    /// # Errors
    /// When it is over.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), IllegalMove> {
        self.become_(Status::Cancelled, now)?;
        self.close(None, now);
        Ok(())
    }

    fn close(&mut self, fault: Option<Fault>, now: Timestamp) {
        if let Some(last) = self.attempts.last_mut().filter(|last| last.ended_at.is_none()) {
            (last.ended_at, last.error) = (Some(now), fault);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Status; 7] = [
        Status::Pending,
        Status::Routed,
        Status::Running,
        Status::Retrying,
        Status::Completed,
        Status::Failed,
        Status::Cancelled,
    ];

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + secs).unwrap()
    }

    fn task() -> Task {
        Task::submitted("t-1".into(), "summarize".into(), "1".parse().unwrap(), at(0))
    }

    fn broken() -> Fault {
        Fault::new(FaultReason::Broken, "it broke")
    }

    #[test]
    fn a_task_goes_its_way_and_each_stage_is_noted_with_its_time() {
        let mut task = task();

        task.begin(1, "gpu", at(1)).unwrap();
        task.fail(broken(), true, at(2)).unwrap();
        task.begin(2, "cpu", at(3)).unwrap();
        task.complete(json!("short"), at(4)).unwrap();

        let stages: Vec<_> = task.lifecycle.iter().map(|stage| (stage.status, stage.at)).collect();
        use Status::{Completed, Pending, Retrying, Routed, Running};
        assert_eq!(
            stages,
            [
                (Pending, at(0)),
                (Routed, at(1)),
                (Running, at(1)),
                (Retrying, at(2)),
                (Routed, at(3)),
                (Running, at(3)),
                (Completed, at(4))
            ]
        );
        assert_eq!(task.attempts[0].error, Some(broken()));
        assert_eq!((task.attempts[1].ended_at, &task.error), (Some(at(4)), &None));
        assert!(task.attempts[1].possible_duplicate && task.possible_duplicate);
    }

    #[test]
    fn what_is_over_stays_as_it_is_and_nothing_becomes_pending_again() {
        for from in [Status::Completed, Status::Cancelled] {
            let moves = ALL.into_iter().filter(|to| from.may_become(*to)).count();
            assert_eq!(moves, 0, "{from:?}");
        }
        assert!(ALL.into_iter().all(|from| !from.may_become(Status::Pending)));
        let redriven: Vec<_> =
            ALL.into_iter().filter(|to| Status::Failed.may_become(*to)).collect();
        assert_eq!(redriven, [Status::Retrying]);
    }

    #[test]
    fn a_task_can_be_cancelled_wherever_it_is_and_only_once() {
        for from in ALL.into_iter().filter(|status| !status.is_over()) {
            let mut task = Task { status: from, ..task() };
            task.cancel(at(1)).unwrap();
            assert_eq!(task.cancel(at(2)).unwrap_err().from, Status::Cancelled);
        }
    }

    #[test]
    fn a_task_that_the_process_died_with_says_that_it_may_be_a_duplicate() {
        let mut task = task();
        task.begin(1, "gpu", at(1)).unwrap();

        task.begin(2, "gpu", at(9)).unwrap();

        assert_eq!(task.attempts[0].error.as_ref().unwrap().reason, FaultReason::Unknown);
        assert!(task.attempts[1].possible_duplicate && task.possible_duplicate);
    }

    #[test]
    fn an_executor_that_was_never_reached_makes_no_duplicate() {
        let mut task = task();
        task.begin(1, "gpu", at(1)).unwrap();
        task.fail(Fault::new(FaultReason::Unreachable, "nobody there"), true, at(2)).unwrap();

        task.begin(2, "gpu", at(3)).unwrap();

        assert!(!task.possible_duplicate);
    }

    #[test]
    fn what_did_not_begin_cannot_work_out_twice() {
        let mut task = task();
        task.complete(json!(1), at(1)).unwrap();

        assert!(task.complete(json!(2), at(2)).is_err());
        assert_eq!(task.output, Some(json!(1)));
    }
}
