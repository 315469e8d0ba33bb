//! What both stores decide alike, in one place so that they cannot drift apart.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{
    json::JsonText,
    store::{
        Arrival, Change, CommitError, DeliveryId, Ended, Entry, Lane, Page, PageRequest, QueueId,
        Snapshot, StoreError, Target, What, Write,
    },
};

/// How many entries of a slice are read.
pub(crate) fn at_most(limit: usize) -> usize {
    limit.min(PageRequest::MAX)
}

/// The sum of a counter and `by`; `None` when the text is no integer or the sum leaves 64 bits.
/// What does not exist counts from 0.
pub(crate) fn counted(kept: Option<&str>, by: i64) -> Option<i64> {
    match kept {
        None => Some(by),
        Some(text) => text.parse::<i64>().ok()?.checked_add(by),
    }
}

/// Whether a batch could be refused after one of its writes was done, and so must be able to undo.
///
/// A write that can be refused checks before it changes anything that anybody could see. So the first write
/// of a batch needs no way back, and neither do batches that only set and publish: most of all batches.
pub(crate) fn may_stop_halfway(writes: &[Write]) -> bool {
    writes.iter().skip(1).any(|write| {
        matches!(
            write,
            Write::Delete { .. }
                | Write::Increment { .. }
                | Write::Settle { .. }
                | Write::End { .. }
                | Write::Redrive { .. }
                | Write::Purge { .. }
        )
    })
}

/// What is heard of an entry that was set.
pub(crate) fn set(seq: u64, (group, key): (&str, &str), there: bool, value: JsonText) -> Change {
    let what = if there { What::Updated(value) } else { What::Created(value) };
    Change { seq, group: group.into(), key: Some(key.into()), what }
}

/// What is heard of an entry that went.
pub(crate) fn gone(seq: u64, (group, key): (&str, &str), was: JsonText) -> Change {
    Change { seq, group: group.into(), key: Some(key.into()), what: What::Deleted(was) }
}

/// The last of the changes that a snapshot shows.
pub(crate) fn last_kept(changes: &[Change]) -> Option<u64> {
    changes.iter().rfind(|change| !matches!(change.what, What::Sent(_))).map(|change| change.seq)
}

/// Makes a snapshot of one entry more than it may have.
pub(crate) fn snapshot(mut items: Vec<(String, Entry)>, limit: usize, seq: u64) -> Snapshot {
    let more = items.len() > limit;
    items.truncate(limit);
    Snapshot { items, more, seq }
}

/// The first of the targets whose queue nobody asked for.
pub(crate) fn unknown(targets: &[Target], knows: impl Fn(QueueId) -> bool) -> Option<QueueId> {
    targets.iter().map(|target| target.queue).find(|queue| !knows(*queue))
}

/// The batch publishes into a queue that nobody asked for: a fault of the caller, never of the data.
pub(crate) fn unknown_queue(queue: QueueId) -> CommitError {
    let QueueId(number) = queue;
    StoreError::Io(format!("there is no queue {number}: ask `Store::queues` for it first")).into()
}

/// The instant in whole microseconds as the file keeps it, so that what is heard is what will be
/// read. What is finer is cut off: rounded up, a delivery that is due now could not be pulled now.
pub(crate) fn cut(at: Timestamp) -> Timestamp {
    let nanos = at.subsec_nanosecond() / 1000 * 1000;
    Timestamp::new(at.as_second(), nanos).expect("an instant that is cut is in range")
}

/// When a delivery falls due that is held. Nothing else does then, for this is no whole microsecond.
pub(crate) const HELD: Timestamp = Timestamp::MAX;

/// For what a delivery waits that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// To be tried again then.
    Due(Timestamp),
    /// To start as soon as it can, from this instant on.
    Now(Timestamp),
    /// To be released.
    Released,
}

impl Until {
    /// When it falls due among the delayed.
    pub(crate) fn due(self) -> Timestamp {
        match self {
            Self::Due(at) | Self::Now(at) => cut(at),
            Self::Released => HELD,
        }
    }

    /// When it may start in its place in an ordered lane, if it waits for a time there.
    pub(crate) fn due_in_place(self) -> Option<Timestamp> {
        match self {
            Self::Due(at) => Some(cut(at)),
            Self::Now(_) => None,
            Self::Released => Some(HELD),
        }
    }

    /// What is heard of it; with the key of its lane, if that is ordered.
    pub(crate) fn arrival(self, id: DeliveryId, ordered: Option<Arc<str>>) -> Arrival {
        match ordered {
            Some(key) => Arrival::Back { id, key, due: self.due_in_place() },
            None => Arrival::Due { id, due: self.due() },
        }
    }
}

/// The key of a lane that is ordered.
pub(crate) fn ordered(lane: Option<&Lane>) -> Option<Arc<str>> {
    lane.filter(|lane| lane.ordered).map(|lane| lane.key.clone())
}

/// How many of a history's entries are to go: those that ended too early, and those beyond the
/// newest to keep. Both are the first of it, so the larger number has the smaller within it.
pub(crate) fn pruned(all: u64, early: u64, keep: u64, limit: usize) -> u64 {
    early.max(all.saturating_sub(keep)).min(limit as u64)
}

/// How many items to fetch for a page: one more than it holds, to see whether another follows.
pub(crate) fn fetch(request: &PageRequest) -> usize {
    request.limit.clamp(1, PageRequest::MAX) + 1
}

/// Makes the page of what [`fetch`] brought.
pub(crate) fn page<T>(
    request: &PageRequest,
    mut items: Vec<T>,
    cursor: impl Fn(&T) -> String,
) -> Page<T> {
    let limit = fetch(request) - 1;
    let more = items.len() > limit;
    items.truncate(limit);
    Page { next: items.last().filter(|_| more).map(cursor), items }
}

/// The sequence number that a page of deliveries or dead letters begins behind. A cursor that no
/// page gave begins at the start.
pub(crate) fn after_seq(request: &PageRequest) -> u64 {
    request.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0)
}

/// When and as what ended the delivery that a page of the history begins behind: the last to end come
/// first. A cursor that no page gave begins at the start.
pub(crate) fn before_end(request: &PageRequest) -> (Timestamp, u64) {
    let cursor = |text: &str| {
        let (at, seq) = text.rsplit_once('-')?;
        Some((at.parse().ok()?, seq.parse().ok()?))
    };
    request.after.as_deref().and_then(cursor).unwrap_or((Timestamp::MAX, u64::MAX))
}

/// The cursor behind an entry of the history.
pub(crate) fn end_cursor(ended: &Ended) -> String {
    format!("{}-{}", ended.at, ended.id.seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_integers_within_64_bits_are_counted_on() {
        assert_eq!(counted(None, 3), Some(3));
        assert_eq!(counted(Some("-2"), 3), Some(1));

        for text in ["", "1.0", "1e3", "\"1\"", "null", "9223372036854775808"] {
            assert_eq!(counted(Some(text), 1), None, "{text}");
        }
        assert_eq!(counted(Some("9223372036854775807"), 1), None);
    }

    #[test]
    fn a_delivery_falls_due_at_a_whole_microsecond() {
        let at = |nanos| Timestamp::from_nanosecond(nanos).unwrap();
        assert_eq!(cut(at(1_999)), at(1_000));
        assert_eq!(cut(at(2_000)), at(2_000));

        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(cut(end).as_microsecond(), end.as_microsecond());
        }
        assert_ne!(cut(Timestamp::MAX), HELD, "only what is held falls due then");
    }

    #[test]
    fn a_cursor_into_the_history_reads_back_as_it_was_written() {
        let behind = |after: String| before_end(&PageRequest::default().after(Some(after)));
        for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, cut(Timestamp::MAX)] {
            assert_eq!(behind(format!("{at}-7")), (at, 7));
        }
        assert_eq!(behind("nonsense".into()), (Timestamp::MAX, u64::MAX));
    }

    #[test]
    fn what_ended_too_early_and_what_is_too_much_go_together() {
        assert_eq!(pruned(10, 3, 8, 100), 3);
        assert_eq!(pruned(10, 1, 8, 100), 2);
        assert_eq!(pruned(10, 0, 20, 100), 0);
        assert_eq!(pruned(10, 10, 0, 4), 4);
    }

    #[test]
    fn a_page_that_ends_exactly_with_the_list_is_the_last() {
        let request = PageRequest::first(2);
        assert_eq!(page(&request, vec![1, 2], i32::to_string).next, None);
        assert_eq!(page(&request, vec![1, 2, 3], i32::to_string).next, Some("2".into()));
    }
}
