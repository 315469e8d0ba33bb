//! How much waits in each queue, and how many tasks are in each state.

use motia::{prelude::*, setting::Values};

use super::{
    board::{self, COUNTS},
    settings::{RETRY_CRITICAL, RETRY_RATIO, RETRY_WARNING},
    task::{QueueName, TaskState},
};

/// The share of starts for retries while too many of them wait.
const WITH_MANY: f64 = 0.2;
/// And while far too many do.
const WITH_FAR_TOO_MANY: f64 = 0.1;

/// How the queues stand.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct QueueStatus {
    /// How much waits in each queue.
    pub queues: Depths,
    /// How many tasks are in each state.
    pub states: States,
    /// The share of starts that go to what was tried before.
    pub retry_ratio: f64,
}

/// How much waits in each queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Depths {
    /// For a first attempt.
    pub primary: i64,
    /// For another attempt.
    pub retry: i64,
    /// Until another attempt is due.
    pub scheduled: i64,
    /// For somebody to look at it.
    pub dlq: i64,
}

/// How many tasks are in each state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct States {
    /// They wait for a worker.
    pub pending: i64,
    /// A worker has them.
    pub active: i64,
    /// Their results are there.
    pub completed: i64,
    /// They failed, and nobody decided what becomes of them.
    pub failed: i64,
    /// They are tried again later.
    pub scheduled: i64,
    /// They were given up.
    pub dlq: i64,
}

/// One message of the live status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Update {
    /// The first.
    InitialStatus(Told),
    /// Something changed.
    QueueUpdate(Told),
    /// Nothing did for a while.
    Heartbeat {
        /// When.
        timestamp: Timestamp,
    },
    /// It cannot be told.
    Error {
        /// Why.
        message: String,
        /// When.
        timestamp: Timestamp,
    },
}

/// How the queues stand, as the live status tells it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Told {
    /// How much waits in each queue.
    pub queue_depths: Depths,
    /// How many tasks are in each state.
    pub state_counts: States,
    /// The share of starts that go to what was tried before.
    pub retry_ratio: f64,
    /// When.
    pub timestamp: Timestamp,
}

impl QueueStatus {
    /// How they stand now.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn read<E>(ctx: &Context<E>) -> StepResult<Self> {
        // One read: all numbers are of the same moment.
        let counts = ctx.state.group(COUNTS).await?.items;
        let count = |name: String| {
            counts.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
        };
        let queue = |queue| count(board::queue_count(queue));
        let state = |state| count(board::state_count(state));
        let queues = Depths {
            primary: queue(QueueName::Primary),
            retry: queue(QueueName::Retry),
            scheduled: queue(QueueName::Scheduled),
            dlq: queue(QueueName::Dlq),
        };
        let states = States {
            pending: state(TaskState::Pending),
            active: state(TaskState::Active),
            completed: state(TaskState::Completed),
            failed: state(TaskState::Failed),
            scheduled: state(TaskState::Scheduled),
            dlq: state(TaskState::Dlq),
        };
        let (usual, many) = (ctx.setting(RETRY_RATIO), ctx.setting(RETRY_WARNING));
        let retry_ratio = retry_ratio(queues.retry, usual, (many, ctx.setting(RETRY_CRITICAL)));
        Ok(Self { queues, states, retry_ratio })
    }

    /// The same, as the live status tells it.
    #[must_use]
    pub fn told(self, timestamp: Timestamp) -> Told {
        let Self { queues, states, retry_ratio } = self;
        Told { queue_depths: queues, state_counts: states, retry_ratio, timestamp }
    }
}

/// How the queue shares its starts, of which so many are for what waits to be tried again.
#[must_use]
pub fn retry_share(waiting: u64, app: &Values) -> f64 {
    let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
    match (app.get(RETRY_RATIO), app.get(RETRY_WARNING), app.get(RETRY_CRITICAL)) {
        (Some(usual), Some(many), Some(far_too_many)) => {
            retry_ratio(waiting, usual, (many, far_too_many))
        }
        _ => WITH_FAR_TOO_MANY,
    }
}

/// The share of starts for retries, of which so many wait: less when they are many, for they fail more
/// often than what is new.
#[must_use]
pub fn retry_ratio(waiting: i64, usual: f64, (many, far_too_many): (i64, i64)) -> f64 {
    if waiting >= far_too_many {
        WITH_FAR_TOO_MANY
    } else if waiting >= many {
        WITH_MANY
    } else {
        usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_retries_wait_the_smaller_is_their_share() {
        let ratio = |waiting| retry_ratio(waiting, 0.3, (1000, 5000));

        assert_eq!([0, 999, 1000, 4999, 5000].map(ratio), [0.3, 0.3, 0.2, 0.2, 0.1]);
    }

    #[test]
    fn updates_are_told_by_their_type() {
        let now = Timestamp::UNIX_EPOCH;
        let heartbeat = json!(Update::Heartbeat { timestamp: now });
        assert_eq!(heartbeat, json!({ "type": "heartbeat", "timestamp": "1970-01-01T00:00:00Z" }));

        let status =
            QueueStatus { queues: Depths::default(), states: States::default(), retry_ratio: 0.3 };
        let first = json!(Update::InitialStatus(status.told(now)));
        assert_eq!(first["type"], "initial_status");
        assert_eq!(first["state_counts"]["PENDING"], 0);
        assert_eq!(first["queue_depths"]["dlq"], 0);
    }
}
