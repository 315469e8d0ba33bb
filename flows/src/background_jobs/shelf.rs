//! Where jobs stand that are looked for by time, so that nobody ever has to look through all of them.
//!
//! A job stands on one shelf at most: it is due, it runs, it is done, or it was given up. Its place is written in the same
//! transaction as the job itself.

use motia::{
    context::{State, StateError, Transaction},
    prelude::*,
    topic::MemberOf,
};

use super::{JOBS, Job, JobEnqueued, Record, Status};

/// Jobs whose time will come, the next one first.
pub const DUE: StateGroup<Placed> = StateGroup::new("jobs-due");
/// Jobs that are being done, the longest-running first.
pub const RUNNING: StateGroup<Placed> = StateGroup::new("jobs-running");
/// Jobs that are done, the oldest first.
pub const DONE: StateGroup<Placed> = StateGroup::new("jobs-done");

/// Jobs that were given up, or ran for too long, the oldest first.
pub const GIVEN_UP: StateGroup<Placed> = StateGroup::new("jobs-given-up");

/// A job on a shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placed {
    /// The job.
    pub job_id: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// When it is due, began, was done, or was given up.
    pub at: Timestamp,
}

impl Placed {
    /// The key on its shelf: keys sort as instants do.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{:.9}/{}", self.at, self.job_id)
    }
}

/// Where a job stands, if it is looked for by time.
#[must_use]
pub fn place(record: &Record) -> Option<(StateGroup<Placed>, Placed)> {
    let (shelf, at) = match record.status {
        Status::Scheduled => (DUE, record.due()?),
        Status::Failed => match record.due() {
            Some(due) => (DUE, due),
            None => (GIVEN_UP, record.ended_at?),
        },
        Status::Timeout => (GIVEN_UP, record.ended_at?),
        Status::Processing => (RUNNING, record.started_at?),
        Status::Completed => (DONE, record.ended_at?),
        Status::Queued => return None,
    };
    let (job_id, kind) = (record.job.job_id.clone(), record.job.kind.clone());
    Some((shelf, Placed { job_id, kind, at }))
}

/// Keeps a job, and its place.
pub fn keep<E>(tx: &mut Transaction<E>, before: Option<&Record>, after: &Record) {
    if let Some((shelf, placed)) = before.and_then(place) {
        tx.delete(shelf, &placed.key());
    }
    if let Some((shelf, placed)) = place(after) {
        tx.set(shelf, &placed.key(), &placed);
    }
    tx.set(JOBS, &after.job.job_id, after);
}

/// Keeps a job that was taken in, and has it done unless its time has not come.
pub fn submit<E, At>(tx: &mut Transaction<E>, record: &Record)
where
    JobEnqueued: MemberOf<E, At>,
{
    keep(tx, None, record);
    if record.status == Status::Queued {
        tx.emit_with(JobEnqueued(record.job.clone()), delivery(&record.job));
    }
}

/// How a job's events are delivered: by its urgency, and to be cancelled by its name.
#[must_use]
pub fn delivery(job: &Job) -> EmitOptions<'_> {
    EmitOptions::new().priority(job.priority.into()).cancel_key(&job.job_id)
}

/// A page of what stood on a shelf by `until`, the oldest first, and the key to read on from.
///
/// # Errors
/// When it cannot be read.
pub async fn page(
    state: &State,
    shelf: StateGroup<Placed>,
    until: Timestamp,
    after: Option<String>,
) -> Result<(Vec<Placed>, Option<String>), StateError> {
    let group = state.group(shelf).limit(100);
    let page = match after {
        Some(key) => group.after(key).await?,
        None => group.await?,
    };
    let found = page.items.len();
    let by_then = page.items.into_iter().map(|(_, placed)| placed);
    let placed: Vec<_> = by_then.take_while(|placed| placed.at <= until).collect();
    let next = page.next.filter(|_| placed.len() == found);
    Ok((placed, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_instants_do() {
        let key = |nanosecond| {
            let at = Timestamp::constant(1_767_225_600, nanosecond);
            Placed { job_id: "a".into(), kind: "email".into(), at }.key()
        };

        assert!(key(0) < key(1) && key(1) < key(100) && key(99) < key(500_000_000));
    }
}
