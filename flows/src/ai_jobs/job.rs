//! A job and the moves that it can make. A move that is not allowed is refused and changes nothing, so that a late
//! attempt never overwrites what became of its job.
//!
//! # Layout
//! - [`status`]: how far it has come; [`view`]: what is seen of it

pub mod status;
pub mod view;

use motia::prelude::*;
use uuid::Uuid;

pub use self::{
    status::Status,
    view::{Change, JobView},
};

/// What the model is told beside the prompt.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JobOptions {
    /// How freely it answers.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub temperature: Option<f64>,
    /// How long its answer may be.
    #[schemars(range(min = 1, max = 4000))]
    pub max_tokens: Option<u32>,
}

/// How much of the work is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// So many percent.
    pub percent: u8,
    /// What is being done.
    pub message: String,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// What the model said.
    pub text: String,
    /// How long that is.
    pub tokens: u32,
}

/// One attempt at a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// Which it is, from 1; 0 before the first.
    pub number: u32,
    /// Its fencing token: higher than that of every attempt before.
    pub token: u64,
}

impl Attempt {
    /// The attempt that this context is of.
    #[must_use]
    pub fn of<E>(ctx: &Context<E>) -> Self {
        Self { number: ctx.attempt(), token: ctx.fencing_token() }
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// Names it.
    pub id: String,
    /// Who asked for it.
    pub user: String,
    /// What the model is asked.
    pub prompt: String,
    /// What else it is told.
    pub options: JobOptions,
    /// Who is called when it ends.
    pub webhook_url: Option<String>,
    /// How far it has come.
    pub status: Status,
    /// How much of the work is done, once it was begun.
    pub progress: Option<Progress>,
    /// What came of it.
    pub result: Option<Answer>,
    /// Why nothing did.
    pub error: Option<String>,
    /// The last attempt that was begun.
    pub attempt: Attempt,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the first attempt was begun.
    pub started_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it has changed.
    pub version: u64,
    /// Its last changes, the newest last; see [`Job::changes_after`].
    pub changes: Vec<Change>,
}

/// Why a job did not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not known.
    #[error("there is no such job")]
    Unknown,
    /// Nothing becomes of it any more.
    #[error("the job is {0} already")]
    Over(Status),
    /// Another attempt has taken it over, or none was begun.
    #[error("the job is in the hands of another attempt")]
    Superseded,
}

impl Job {
    /// How many changes are remembered: more than all attempts at a job make.
    pub const REMEMBERED: usize = 32;

    /// A job that was asked for just now.
    #[must_use]
    pub fn new(user: String, prompt: String, options: JobOptions, now: Timestamp) -> Self {
        let mut job = Self {
            id: Uuid::now_v7().to_string(),
            user,
            prompt,
            options,
            webhook_url: None,
            status: Status::Pending,
            progress: None,
            result: None,
            error: None,
            attempt: Attempt::default(),
            created_at: now,
            started_at: None,
            updated_at: now,
            version: 0,
            changes: Vec::new(),
        };
        job.changed(now);
        job
    }

    /// An attempt takes it up: the first one, the next after a failure, or one of a dead letter that was put back.
    ///
    /// # Errors
    /// When it ended otherwise than by failing, or a later attempt has it.
    pub fn begin(&mut self, attempt: Attempt, now: Timestamp) -> Result<(), Refused> {
        if matches!(self.status, Status::Completed | Status::Cancelled) {
            return Err(Refused::Over(self.status));
        }
        if attempt.token <= self.attempt.token {
            return Err(Refused::Superseded);
        }
        self.attempt = attempt;
        self.started_at.get_or_insert(now);
        (self.status, self.error, self.progress) = (Status::Processing, None, None);
        self.changed(now);
        Ok(())
    }

    /// The attempt has come so far.
    ///
    /// # Errors
    /// When it is over, or in other hands.
    pub fn advance(
        &mut self,
        attempt: Attempt,
        progress: Progress,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.held_by(attempt)?;
        self.progress = Some(progress);
        self.changed(now);
        Ok(())
    }

    /// The attempt has an answer.
    ///
    /// # Errors
    /// When it is over, or in other hands.
    pub fn complete(
        &mut self,
        attempt: Attempt,
        answer: Answer,
        now: Timestamp,
    ) -> Result<(), Refused> {
        self.held_by(attempt)?;
        self.progress = Some(Progress { percent: 100, message: "done".into() });
        (self.status, self.result) = (Status::Completed, Some(answer));
        self.changed(now);
        Ok(())
    }

    /// No attempt is made after this one.
    ///
    /// # Errors
    /// When it is over, or a later attempt has it.
    pub fn give_up(&mut self, last: Attempt, why: String, now: Timestamp) -> Result<(), Refused> {
        self.is_open()?;
        if self.attempt.token > last.token {
            return Err(Refused::Superseded);
        }
        self.attempt = last;
        (self.status, self.error) = (Status::Failed, Some(why));
        self.changed(now);
        Ok(())
    }

    /// Nobody wants it any more.
    ///
    /// # Errors
    /// When it is over.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), Refused> {
        self.is_open()?;
        self.status = Status::Cancelled;
        self.changed(now);
        Ok(())
    }

    /// What changed after the change of this number, in order. What was forgotten meanwhile is left out; the last
    /// change is always there.
    pub fn changes_after(&self, version: u64) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.version > version)
    }

    fn is_open(&self) -> Result<(), Refused> {
        if self.status.is_over() { Err(Refused::Over(self.status)) } else { Ok(()) }
    }

    fn held_by(&self, attempt: Attempt) -> Result<(), Refused> {
        self.is_open()?;
        let held = self.status == Status::Processing && self.attempt == attempt;
        if held { Ok(()) } else { Err(Refused::Superseded) }
    }

    fn changed(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
        let forgotten = (self.changes.len() + 1).saturating_sub(Self::REMEMBERED);
        self.changes.drain(..forgotten);
        self.changes.push(Change { version: self.version, view: self.view() });
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::START;

    use super::*;

    const FIRST: Attempt = Attempt { number: 1, token: 10 };
    const SECOND: Attempt = Attempt { number: 2, token: 11 };

    fn job() -> Job {
        Job::new("anna".into(), "hello".into(), JobOptions::default(), START)
    }

    fn half() -> Progress {
        Progress { percent: 50, message: "half of it".into() }
    }

    fn answer() -> Answer {
        Answer { text: "hello".into(), tokens: 1 }
    }

    #[test]
    fn a_job_goes_from_pending_to_completed_and_every_change_can_be_told() {
        let mut job = job();

        job.begin(FIRST, START).unwrap();
        job.advance(FIRST, half(), START).unwrap();
        job.complete(FIRST, answer(), START + Duration::from_secs(2)).unwrap();

        let seen = job.changes_after(0).map(|change| {
            (change.version, change.view.status, change.view.progress.as_ref().map(|p| p.percent))
        });
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                (1, Status::Pending, None),
                (2, Status::Processing, None),
                (3, Status::Processing, Some(50)),
                (4, Status::Completed, Some(100)),
            ]
        );
        assert_eq!(job.changes_after(3).count(), 1);
        assert_eq!(job.view().duration_ms, Some(2000));
    }

    #[test]
    fn what_is_over_stays_as_it_is() {
        for end in [
            (|job| job.complete(FIRST, answer(), START)) as fn(&mut Job) -> Result<(), Refused>,
            |job| job.give_up(FIRST, "no".into(), START),
            |job| job.cancel(START),
        ] {
            let mut job = job();
            job.begin(FIRST, START).unwrap();
            end(&mut job).unwrap();
            let (ended, over) = (job.clone(), Err(Refused::Over(job.status)));

            assert_eq!(job.advance(FIRST, half(), START), over);
            assert_eq!(job.complete(FIRST, answer(), START), over);
            assert_eq!(job.give_up(FIRST, "late".into(), START), over);
            assert_eq!(job.cancel(START), over);
            assert_eq!(job, ended);
        }
    }

    #[test]
    fn only_a_failed_job_can_be_taken_up_again_and_only_by_a_later_attempt() {
        let (mut failed, mut cancelled) = (job(), job());
        failed.give_up(FIRST, "no".into(), START).unwrap();
        cancelled.cancel(START).unwrap();

        assert_eq!(cancelled.begin(FIRST, START), Err(Refused::Over(Status::Cancelled)));
        assert_eq!(failed.begin(FIRST, START), Err(Refused::Superseded));
        assert_eq!(failed.begin(SECOND, START), Ok(()));
        assert_eq!((failed.status, failed.error), (Status::Processing, None));
    }

    #[test]
    fn a_late_attempt_is_refused_whatever_it_wants() {
        let mut job = job();
        job.begin(FIRST, START).unwrap();
        job.begin(SECOND, START).unwrap();

        assert_eq!(job.begin(FIRST, START), Err(Refused::Superseded));
        assert_eq!(job.advance(FIRST, half(), START), Err(Refused::Superseded));
        assert_eq!(job.complete(FIRST, answer(), START), Err(Refused::Superseded));
        assert_eq!(job.give_up(FIRST, "late".into(), START), Err(Refused::Superseded));
        assert_eq!(job.advance(SECOND, half(), START), Ok(()));
    }

    #[test]
    fn a_job_that_nobody_began_does_not_advance() {
        assert_eq!(job().advance(Attempt::default(), half(), START), Err(Refused::Superseded));
    }

    #[test]
    fn only_the_last_changes_are_remembered() {
        let mut job = job();
        job.begin(FIRST, START).unwrap();
        for _ in 0..100 {
            job.advance(FIRST, half(), START).unwrap();
        }

        assert_eq!(job.changes.len(), Job::REMEMBERED);
        assert_eq!(job.changes.last().unwrap().version, 102);
    }
}
