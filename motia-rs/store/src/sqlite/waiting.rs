//! Looks for deliveries among all that waits.

use std::{
    ops::ControlFlow::{Break, Continue},
    time::{Duration, Instant},
};

use motia_core::store::{Delivery, DeliveryId, Page, PageRequest, QueueId, WaitingFilter};
use rusqlite::{Connection, OptionalExtension, Transaction, params_from_iter, types::Value};

use super::{
    conditions::Conditions,
    place::{ForEach, Table},
    queue::{delivery, delivery_columns},
    row::{MAX_SEQ, delayed, delivery_at, ready},
    walk::{self, Segment},
};
use crate::rules;

/// For how long one look may last: while it does, the log cannot begin anew, which in the end holds
/// up the writer.
const LOOK: Duration = Duration::from_millis(20);
/// How many sequence numbers are looked through at once.
const STRIDE: i64 = 1 << 14;

/// A page put together from as many looks as it takes. What moves in the meantime is listed once, for
/// the ready are looked through before the delayed; only what leaves the delayed for its place in an
/// ordered lane just then can be missed.
pub(super) fn page(
    db: &Connection,
    filter: &WaitingFilter,
    request: &PageRequest,
) -> rusqlite::Result<Page<Delivery>> {
    page_by_looks(db, filter, request, LOOK)
}

fn page_by_looks(
    db: &Connection,
    filter: &WaitingFilter,
    request: &PageRequest,
    longest: Duration,
) -> rusqlite::Result<Page<Delivery>> {
    let mut search = Search {
        db,
        longest,
        look: (Instant::now(), db.unchecked_transaction()?),
        filter,
        after: rules::after_seq(request).min(MAX_SEQ),
        limit: rules::fetch(request),
        found: Vec::new(),
    };
    search.run()?;
    let found = search.read()?;
    Ok(rules::page(request, found, |delivery: &Delivery| delivery.id.seq.to_string()))
}

struct Search<'s> {
    db: &'s Connection,
    /// The transaction that is read in, and since when.
    look: (Instant, Transaction<'s>),
    /// For how long one look may last.
    longest: Duration,
    filter: &'s WaitingFilter,
    after: u64,
    limit: usize,
    /// The first of those found so far, by sequence number.
    found: Vec<DeliveryId>,
}

/// How a list is read in the order of sequence numbers: from which table, by which index or along the
/// table itself, and what it is ordered by then.
type Way = (&'static str, &'static str);

const BY_CANCEL_KEY: Way = ("special INDEXED BY special_cancel_key", "id & 0x7fffffffffff");
const BY_LANE: Way = ("special INDEXED BY special_lane", "id");
const HELD: [Way; 2] = [
    ("delivery INDEXED BY delivery_due", "id"),
    ("special INDEXED BY special_held", "id & 0x7fffffffffff"),
];
const ALONG: [Way; 2] = [("delivery NOT INDEXED", "id"), ("special NOT INDEXED", "id")];

impl Search<'_> {
    /// Finds what is meant by the shortest way there is.
    fn run(&mut self) -> rusqlite::Result<()> {
        const BEHIND: &str = "id & 0x7fffffffffff > ?";
        const HELD_BEHIND: &str = "(id >> 47) & 65535 = ? AND due_at = 9223372036854775807
            AND id & 0x7fffffffffff > ?";
        const LANE_WITHIN: &str = "(id >> 47) & 65535 = ? AND id > ? AND id <= ?";
        let after = self.after.cast_signed();
        let WaitingFilter { delivery, cancel_key, lane, held, .. } = self.filter;
        // What has a key can only be special.
        let tables: &[Table] =
            if cancel_key.is_some() || lane.is_some() { &[Table::Special] } else { &Table::ALL };

        if let Some(only) = delivery {
            let after_it = self.after >= only.seq;
            for table in tables.iter().filter(|_| !after_it) {
                let rows = [ready(*only), delayed(*only)].map(Value::from);
                self.collect(table.of(ALONG), "id IN (?, ?)", rows)?;
            }
            let found = if after_it { None } else { walk::find(self.db, *only)? };
            self.keep(found.filter(|found| self.means(found)).map(|found| found.id));
            return Ok(());
        }
        if cancel_key.is_some() {
            return self.collect(BY_CANCEL_KEY, BEHIND, [after.into()]);
        }
        let queues = self.queues()?;
        if *held {
            for queue in &queues {
                for table in tables {
                    let behind = [i64::from(queue.0), after].map(Value::from);
                    self.collect(table.of(HELD), HELD_BEHIND, behind)?;
                }
            }
            return Ok(());
        }
        for queue in queues.iter().filter(|_| lane.is_none()) {
            self.look_through_segments(*queue)?;
        }
        for row in [ready, delayed] {
            for queue in &queues {
                if lane.is_some() {
                    let (from, to) = self.range(*queue, row);
                    let within = [i64::from(queue.0), from, to].map(Value::from);
                    self.collect(BY_LANE, LANE_WITHIN, within)?;
                } else {
                    for table in tables {
                        self.look_through(*table, *queue, row)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks through a part of a queue, stride by stride.
    fn look_through(
        &mut self,
        table: Table,
        queue: QueueId,
        row: fn(DeliveryId) -> i64,
    ) -> rusqlite::Result<()> {
        const NEXT: ForEach = [
            "SELECT min(id) FROM delivery WHERE id > ?1 AND id <= ?2",
            "SELECT min(id) FROM special WHERE id > ?1 AND id <= ?2",
        ];
        let mut next = self.db.prepare_cached(table.of(NEXT))?;
        let (mut from, _) = self.range(queue, row);
        loop {
            let (_, to) = self.range(queue, row);
            let first: Option<i64> = next.query_row((from, to), |row| row.get(0))?;
            let Some(first) = first else { return Ok(()) };
            from = first.saturating_add(STRIDE).min(to);
            let stride = [first, from].map(Value::from);
            self.collect(table.of(ALONG), "id >= ? AND id <= ?", stride)?;
            self.look_again()?;
        }
    }

    /// Looks through the segments of a queue, until the page is full of them.
    fn look_through_segments(&mut self, queue: QueueId) -> rusqlite::Result<()> {
        let mut behind = DeliveryId { queue, seq: self.after };
        loop {
            let (after, to) = self.range(queue, ready);
            let (mut meant, mut is_over) = (Vec::new(), true);
            walk::each(self.db, (behind, delivery_at(to)), |segment| {
                behind = segment.last();
                if self.may_be_in(segment)? {
                    let found = segment.waiting()?.into_iter().filter(|found| self.means(found));
                    meant.extend(found.map(|found| found.id).filter(|id| ready(*id) > after));
                }
                is_over = meant.len() >= self.limit;
                Ok(if is_over || self.has_lasted() { Break(()) } else { Continue(()) })
            })?;
            let is_over = is_over || !self.has_lasted();
            self.keep(meant);
            self.look_again()?;
            if is_over {
                return Ok(());
            }
        }
    }

    /// Whether something that is meant may be in a segment.
    fn may_be_in(&self, segment: &Segment<'_>) -> rusqlite::Result<bool> {
        let WaitingFilter { event, trace, .. } = self.filter;
        let has_event = event.map_or(Ok(true), |event| segment.has_event(event))?;
        Ok(has_event && trace.map_or(Ok(true), |trace| segment.has_trace(trace))?)
    }

    /// Whether a delivery of a segment is meant: it has no key, and is not held.
    fn means(&self, found: &Delivery) -> bool {
        let WaitingFilter { queue, delivery, event, trace, cancel_key, lane, held } = self.filter;
        queue.is_none_or(|queue| queue == found.id.queue)
            && delivery.is_none_or(|delivery| delivery == found.id)
            && event.is_none_or(|event| event == found.event.id)
            && trace.is_none_or(|trace| trace == found.event.trace.trace_id)
            && cancel_key.is_none()
            && lane.is_none()
            && !held
    }

    /// Where in a part of a queue those lie that can be on the page.
    fn range(&self, queue: QueueId, row: fn(DeliveryId) -> i64) -> (i64, i64) {
        let last = self.found.get(self.limit - 1).map_or(MAX_SEQ, |last| last.seq);
        let at = |seq| row(DeliveryId { queue, seq });
        (at(self.after), at(last))
    }

    /// Adds what is meant of a list.
    fn collect<const N: usize>(
        &mut self,
        (list, order): Way,
        first: &str,
        params: [Value; N],
    ) -> rusqlite::Result<()> {
        let meant = Conditions::new(first, params).and_waiting(self.filter);
        let sql = format!(
            "SELECT id FROM {list} WHERE {} ORDER BY {order} LIMIT {}",
            meant.sql, self.limit
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let places = statement.query_map(params_from_iter(&meant.params), |row| row.get(0))?;
        let ids = places.map(|place| place.map(delivery_at)).collect::<Result<Vec<_>, _>>()?;
        self.keep(ids);
        Ok(())
    }

    /// Adds to what was found, and forgets what is beyond the page.
    fn keep(&mut self, ids: impl IntoIterator<Item = DeliveryId>) {
        self.found.extend(ids);
        self.found.sort_unstable_by_key(|id| id.seq);
        self.found.dedup();
        self.found.truncate(self.limit);
    }

    fn has_lasted(&self) -> bool {
        self.look.0.elapsed() > self.longest
    }

    /// Begins another look, if this one has lasted.
    fn look_again(&mut self) -> rusqlite::Result<()> {
        if self.has_lasted() {
            // One after the other: a connection has one transaction at a time.
            self.look.1.execute_batch("COMMIT; BEGIN")?;
            self.look.0 = Instant::now();
        }
        Ok(())
    }

    /// Reads what was found and is still there.
    fn read(&self) -> rusqlite::Result<Vec<Delivery>> {
        const READ: &str = concat!(
            "SELECT ",
            delivery_columns!(delivery),
            " FROM delivery WHERE id IN (?1, ?2) UNION ALL SELECT ",
            delivery_columns!(special),
            " FROM special WHERE id IN (?1, ?2)"
        );
        let mut statement = self.db.prepare_cached(READ)?;
        let mut ids = self.found.clone();
        // Queue by queue, so that a segment is read once for all that are found in it.
        ids.sort_unstable();
        let (mut segment, mut found) = (Vec::new(), Vec::new());
        for id in ids {
            let row = statement.query_row((ready(id), delayed(id)), delivery).optional()?;
            if row.is_none() && !segment.iter().any(|near: &Delivery| near.id >= id) {
                segment = walk::holding(self.db, id)?;
            }
            found.extend(row.or_else(|| segment.iter().find(|near| near.id == id).cloned()));
        }
        found.sort_unstable_by_key(|delivery| delivery.id.seq);
        Ok(found)
    }

    fn queues(&self) -> rusqlite::Result<Vec<QueueId>> {
        if let Some(only) = self.filter.queue {
            return Ok(vec![only]);
        }
        let mut queues = self.db.prepare_cached("SELECT id FROM queue ORDER BY id")?;
        queues.query_map((), |row| row.get(0).map(QueueId))?.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::Arc};

    use jiff::Timestamp;
    use motia_core::{
        event::Event,
        json::JsonText,
        store::{Batch, Store, Target, Write},
        trace::TraceContext,
    };

    use super::{
        super::{SqliteOptions, SqliteStore, file},
        *,
    };

    /// The same is found whether it takes one look or one for each stride and segment.
    #[tokio::test]
    async fn a_page_is_the_same_however_many_looks_it_takes() {
        let folder = tempfile::tempdir().unwrap();
        let segment_from = NonZeroUsize::new(4).unwrap();
        let options = SqliteOptions { segment_from, ..SqliteOptions::default() };
        let store = SqliteStore::open(folder.path(), options.clone()).unwrap();
        let queues = store.queues(&["ship", "bill"]).await.unwrap();
        let trace = TraceContext::root();
        for n in 0..90 {
            let event = |m: usize| {
                let trace = if m == 2 { trace } else { TraceContext::root() };
                let payload = JsonText::from_trusted(n.to_string());
                Event::new("order.placed".into(), payload, trace, Timestamp::UNIX_EPOCH)
            };
            let targets: Arc<[Target]> = [queues[n % 2].into()].into();
            let publish = |m| Write::Publish { event: event(m).into(), targets: targets.clone() };
            // Every third publishes too few for a segment.
            let writes = (0..if n % 3 == 0 { 2 } else { 5 }).map(publish).collect();
            store.commit(Batch { writes, ..Batch::default() }).await.unwrap();
        }
        let db = file::open_reader(&file::path(folder.path()), &options).unwrap();

        let all = WaitingFilter::default();
        let of_trace = WaitingFilter { trace: Some(trace.trace_id), ..all.clone() };
        let of_queue = WaitingFilter { queue: Some(queues[1]), ..all.clone() };
        for (filter, count) in [(all, 360), (of_trace, 60), (of_queue, 180)] {
            for limit in [1, 7, 1000] {
                let pages = |longest| {
                    let (mut found, mut request) = (Vec::new(), PageRequest::first(limit));
                    loop {
                        let page = page_by_looks(&db, &filter, &request, longest).unwrap();
                        found.extend(page.items.into_iter().map(|found| found.id));
                        match page.next {
                            Some(next) => request = request.after(Some(next)),
                            None => return found,
                        }
                    }
                };
                let found = pages(Duration::ZERO);
                assert_eq!(found.len(), count, "{filter:?}");
                assert!(found.iter().map(|id| id.seq).is_sorted_by(|one, next| one < next));
                assert_eq!(found, pages(Duration::MAX));
            }
        }
    }
}
