//! What both stores decide alike, in one place so that they cannot drift apart.

use jiff::Timestamp;
use motia_core::store::{CommitError, Page, PageRequest, QueueId, StoreError, Write};

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
/// A write that can be refused checks before it changes anything. So the first write of a batch
/// needs no way back, and neither do batches that only set and publish: most of all batches.
pub(crate) fn may_stop_halfway(writes: &[Write]) -> bool {
    writes.iter().skip(1).any(|write| {
        matches!(
            write,
            Write::Increment { .. }
                | Write::Settle { .. }
                | Write::Redrive { .. }
                | Write::Purge { .. }
        )
    })
}

/// The batch publishes into a queue that nobody asked for: a fault of the caller, never of the data.
pub(crate) fn unknown_queue(queue: QueueId) -> CommitError {
    let QueueId(number) = queue;
    StoreError::Io(format!("there is no queue {number}: ask `Store::queues` for it first")).into()
}

/// The instant at which a delivery falls due, in whole microseconds as the file keeps it, so that
/// what is heard is what will be pulled. What is finer is cut off: rounded up, a delivery that is due
/// now could not be pulled now.
pub(crate) fn due(at: Timestamp) -> Timestamp {
    let nanos = at.subsec_nanosecond() / 1000 * 1000;
    Timestamp::new(at.as_second(), nanos).expect("an instant that is cut is in range")
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

/// The sequence number that a page of dead letters begins behind. A cursor that no page gave
/// begins at the start.
pub(crate) fn after_seq(request: &PageRequest) -> u64 {
    request.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0)
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
        assert_eq!(due(at(1_999)), at(1_000));
        assert_eq!(due(at(2_000)), at(2_000));

        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(due(end).as_microsecond(), end.as_microsecond());
        }
    }

    #[test]
    fn a_page_that_ends_exactly_with_the_list_is_the_last() {
        let request = PageRequest::first(2);
        assert_eq!(page(&request, vec![1, 2], i32::to_string).next, None);
        assert_eq!(page(&request, vec![1, 2, 3], i32::to_string).next, Some("2".into()));
    }
}
