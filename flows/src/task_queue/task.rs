//! A task, and how it goes from one state to the next.
//!
//! # Layout
//! - [`state`]: the states, queues and types that there are

pub mod state;

use motia::prelude::*;
use uuid::Uuid;

pub use self::state::{QueueName, TaskState, TaskType};
use super::failure::Failure;

/// How many errors and how many states a task remembers; the oldest are forgotten first.
pub const MEMORY: usize = 100;

/// A PDF that somebody uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upload {
    /// What it was called where it came from; never a path here.
    pub filename: String,
    /// When the newspaper appeared, as the client wrote it.
    pub issue_date: Option<String>,
}

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorEntry {
    /// When.
    pub timestamp: Timestamp,
    /// What.
    pub error: String,
    /// Of which kind.
    pub error_type: String,
    /// How often the task had been tried again by then.
    pub retry_count: u32,
    /// What it did to the task: `ACTIVE -> SCHEDULED`.
    pub state_transition: String,
}

/// One state that a task was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StateEntry {
    /// The state.
    pub state: TaskState,
    /// Since when.
    pub timestamp: Timestamp,
}

/// A task, without its content and its result: those are kept apart, so that lists do not read them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Names it; later tasks have greater ids.
    pub task_id: String,
    /// What is to be done.
    pub task_type: TaskType,
    /// How far it has come.
    pub state: TaskState,
    /// Where it waits, if it does.
    pub queue: Option<QueueName>,
    /// Since when it waits there; in `scheduled`, until when.
    pub queued_at: Timestamp,
    /// Which time it was queued.
    pub round: u32,
    /// How often it was tried again.
    pub retry_count: u32,
    /// How often it may be.
    pub max_retries: u32,
    /// How often the program went down during an attempt.
    pub interruptions: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Of which kind that was.
    pub error_type: Option<String>,
    /// When it is tried again.
    pub retry_after: Option<Timestamp>,
    /// When it came.
    pub created_at: Timestamp,
    /// When somebody wanted it last: when it came, or was to be tried again.
    pub wanted_at: Timestamp,
    /// When anything happened to it last.
    pub updated_at: Timestamp,
    /// When it was completed or given up.
    pub completed_at: Option<Timestamp>,
    /// How much there is to work on: characters of a text, bytes of a PDF.
    pub content_length: u64,
    /// The PDF to work on, if it is one.
    pub upload: Option<Upload>,
    /// Whether its result is there.
    pub has_result: bool,
    /// What went wrong, oldest first.
    pub error_history: Vec<ErrorEntry>,
    /// The states it was in, oldest first.
    pub state_history: Vec<StateEntry>,
}

impl Task {
    /// A task that just came.
    #[must_use]
    pub fn new(task_type: TaskType, content_length: u64, max_retries: u32, now: Timestamp) -> Self {
        let mut task = Self {
            task_id: Uuid::now_v7().to_string(),
            task_type,
            state: TaskState::Pending,
            queue: None,
            queued_at: now,
            round: 1,
            retry_count: 0,
            max_retries,
            interruptions: 0,
            last_error: None,
            error_type: None,
            retry_after: None,
            created_at: now,
            wanted_at: now,
            updated_at: now,
            completed_at: None,
            content_length,
            upload: None,
            has_result: false,
            error_history: Vec::new(),
            state_history: Vec::new(),
        };
        task.enter(TaskState::Pending, Some(QueueName::Primary), now);
        task
    }

    /// Whether an event of this round may start it.
    #[must_use]
    pub fn is_wanted(&self, round: u32) -> bool {
        self.round == round && !self.state.is_final()
    }

    /// A worker takes it. One that another worker had when the program went down counts that.
    pub fn start(&mut self, now: Timestamp) {
        if self.state == TaskState::Active {
            self.interruptions += 1;
        }
        self.retry_after = None;
        self.enter(TaskState::Active, None, now);
    }

    /// Its result is there.
    pub fn complete(&mut self, now: Timestamp) {
        self.has_result = true;
        self.completed_at = Some(now);
        self.enter(TaskState::Completed, None, now);
    }

    /// Whether there is an attempt left after this failure.
    #[must_use]
    pub fn may_retry(&self, failure: &Failure) -> bool {
        !failure.kind.is_permanent() && self.retry_count < self.max_retries
    }

    /// It failed and is tried again at `due`.
    pub fn schedule(&mut self, failure: &Failure, due: Timestamp, now: Timestamp) {
        self.note(failure, TaskState::Scheduled, now);
        self.retry_count += 1;
        self.wait_until(due, now);
    }

    /// It waits until `due`, and that is nobody's fault.
    pub fn wait_until(&mut self, due: Timestamp, now: Timestamp) {
        self.retry_after = Some(due);
        self.enter(TaskState::Scheduled, Some(QueueName::Scheduled), now);
        self.queued_at = due;
    }

    /// Whether it waits to be tried again, and its time has come. Events come in whole microseconds.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let due = self.queued_at.as_microsecond();
        self.state == TaskState::Scheduled && due <= now.as_microsecond()
    }

    /// Its time to be tried again has come.
    pub fn fall_due(&mut self, now: Timestamp) {
        let due = self.queued_at;
        self.enter(TaskState::Pending, Some(QueueName::Retry), now);
        self.queued_at = due;
    }

    /// It is given up.
    pub fn give_up(&mut self, failure: &Failure, now: Timestamp) {
        self.note(failure, TaskState::Dlq, now);
        self.retry_after = None;
        self.completed_at = Some(now);
        self.enter(TaskState::Failed, None, now);
        self.enter(TaskState::Dlq, Some(QueueName::Dlq), now);
    }

    /// It failed, and somebody has to look at it.
    pub fn fail(&mut self, failure: &Failure, now: Timestamp) {
        self.note(failure, TaskState::Failed, now);
        self.retry_after = None;
        self.enter(TaskState::Failed, None, now);
    }

    /// Somebody wants it tried again, whatever became of it.
    pub fn queue_again(&mut self, reset_retry_count: bool, now: Timestamp) {
        if reset_retry_count {
            self.retry_count = 0;
        }
        self.round += 1;
        self.interruptions = 0;
        self.wanted_at = now;
        (self.retry_after, self.completed_at) = (None, None);
        self.enter(TaskState::Pending, Some(QueueName::Retry), now);
    }

    /// It was in no queue although it should be in one.
    pub fn requeue(&mut self, now: Timestamp) {
        self.round += 1;
        self.retry_after = None;
        self.enter(TaskState::Pending, Some(QueueName::Primary), now);
    }

    /// Whether it is older than a task may grow, since somebody wanted it last.
    #[must_use]
    pub fn is_older_than(&self, age: Duration, now: Timestamp) -> bool {
        Duration::try_from(now.duration_since(self.wanted_at)).is_ok_and(|grown| grown > age)
    }

    fn note(&mut self, failure: &Failure, next: TaskState, now: Timestamp) {
        let error_type = failure.kind.name().to_owned();
        self.last_error = Some(failure.message.clone());
        self.error_type = Some(error_type.clone());
        self.error_history.push(ErrorEntry {
            timestamp: now,
            error: failure.message.clone(),
            error_type,
            retry_count: self.retry_count,
            state_transition: format!("{} -> {}", self.state.name(), next.name()),
        });
        forget_beyond(MEMORY, &mut self.error_history);
    }

    fn enter(&mut self, state: TaskState, queue: Option<QueueName>, now: Timestamp) {
        (self.state, self.queue) = (state, queue);
        (self.queued_at, self.updated_at) = (now, now);
        self.state_history.push(StateEntry { state, timestamp: now });
        forget_beyond(MEMORY, &mut self.state_history);
    }
}

fn forget_beyond<T>(limit: usize, entries: &mut Vec<T>) {
    let excess = entries.len().saturating_sub(limit);
    entries.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task_queue::failure::Kind;

    const NOON: Timestamp = Timestamp::constant(1_767_268_800, 0);

    fn after(secs: i64) -> Timestamp {
        Timestamp::from_second(NOON.as_second() + secs).unwrap()
    }

    fn task() -> Task {
        Task::new(TaskType::Summarize, 5, 3, NOON)
    }

    fn states(task: &Task) -> Vec<TaskState> {
        task.state_history.iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn a_task_that_works_out_goes_from_pending_over_active_to_completed() {
        let mut task = task();
        assert_eq!((task.state, task.queue), (TaskState::Pending, Some(QueueName::Primary)));

        task.start(after(1));
        task.complete(after(2));

        assert_eq!(states(&task), [TaskState::Pending, TaskState::Active, TaskState::Completed]);
        assert_eq!((task.completed_at, task.queue), (Some(after(2)), None));
    }

    #[test]
    fn a_task_may_be_tried_again_three_times_and_never_after_a_permanent_error() {
        let (down, refused) =
            (Failure::new(Kind::ServiceUnavailable, "503"), Failure::new(Kind::Permanent, "401"));
        let mut task = task();
        for retry in 1..=3 {
            assert!(task.may_retry(&down) && !task.may_retry(&refused));
            task.start(after(1));
            task.schedule(&down, after(60), after(2));
            assert_eq!((task.retry_count, task.retry_after), (retry, Some(after(60))));
        }
        assert!(!task.may_retry(&down));

        task.start(after(60));
        task.give_up(&down, after(61));

        assert_eq!((task.state, task.queue), (TaskState::Dlq, Some(QueueName::Dlq)));
        assert_eq!(task.error_history.len(), 4);
        assert_eq!(task.error_history[3].state_transition, "ACTIVE -> DLQ");
        assert_eq!(task.error_type.as_deref(), Some("ServiceUnavailable"));
    }

    #[test]
    fn a_task_queued_by_hand_is_young_again_and_hears_no_event_of_before() {
        let mut task = task();
        task.start(after(1));
        task.give_up(&Failure::new(Kind::Permanent, "401"), after(2));
        assert!(!task.is_wanted(1));

        task.queue_again(false, after(7200));

        assert_eq!((task.state, task.queue), (TaskState::Pending, Some(QueueName::Retry)));
        assert!(task.is_wanted(2) && !task.is_wanted(1));
        assert!(!task.is_older_than(Duration::from_secs(3600), after(7201)));
        assert!(task.is_older_than(Duration::from_secs(3600), after(7200 + 3601)));
    }

    #[test]
    fn a_task_that_was_taken_twice_counts_the_interruption() {
        let mut task = task();
        task.start(after(1));
        task.start(after(2));

        assert_eq!(task.interruptions, 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut task = task();
        for n in 0..500 {
            task.start(after(n));
        }

        assert_eq!(task.state_history.len(), MEMORY);
        assert_eq!(task.state_history.last().unwrap().timestamp, after(499));
    }
}
