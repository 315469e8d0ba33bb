//! What the writer knows of [segments](super::segment): which there are, and what in them waits.
//!
//! It is read once when the file is opened and kept right by every commit, so that an attempt that ends well
//! is a bit that is cleared; the bits are written once for all that ended in a transaction. With sixteen
//! deliveries to a segment or more, a million of them are five megabytes at the most.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    sync::Arc,
};

use foldhash::fast::RandomState;
use motia_core::store::{CommitError, Delivery, DeliveryId, QueueId, Token};
use rusqlite::{Connection, OptionalExtension, Row, Statement};

use super::{
    bits::Bits,
    fault::{self, Stop},
    many::Many,
    row::{delivery_at, last, ready},
    segment::{self, offset},
    sum, walk,
};

/// Of so many segments the deliveries are kept, once one of them had to be moved: others follow, and those
/// of other queues in between.
const DECODED: usize = 8;

/// The segments of a file.
pub(super) struct Segments {
    all: BTreeMap<i64, Bits>,
    /// What an attempt may have been written of; of nothing else there is one.
    attempted: HashSet<i64, RandomState>,
    /// What the transaction at hand changed, to be undone.
    steps: Vec<Step>,
    /// What was moved from last comes first.
    decoded: VecDeque<(i64, Arc<[Delivery]>)>,
}

/// A change.
#[derive(Clone, Copy)]
enum Step {
    Made { segment: i64 },
    Cleared { segment: i64, offset: u16 },
}

/// A moment of a transaction.
#[derive(Clone, Copy)]
pub(super) struct Mark(usize);

/// The statements of the writer.
pub(super) struct Statements<'db> {
    attempt: Statement<'db>,
    attempt_ended: Statement<'db>,
    change: Statement<'db>,
    remove: Statement<'db>,
}

impl<'db> Statements<'db> {
    pub(super) fn prepare(db: &'db Connection) -> rusqlite::Result<Self> {
        const ATTEMPT: &str =
            "INSERT INTO segment_attempt (id, token, attempts) VALUES (?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET token = ?2, attempts = ?3 WHERE token <= ?2";
        const ENDED: &str = "DELETE FROM segment_attempt WHERE id = ?1 AND token <= ?2";
        const CHANGE: &str = "UPDATE segment_waiting SET bits = ?2, sum = ?3 WHERE id = ?1";
        Ok(Self {
            attempt: db.prepare(ATTEMPT)?,
            attempt_ended: db.prepare(ENDED)?,
            change: db.prepare(CHANGE)?,
            remove: db.prepare("DELETE FROM segment WHERE id = ?1")?,
        })
    }
}

impl Segments {
    /// Reads which there are.
    ///
    /// # Errors
    /// The file cannot be read, or a segment of which something waits is missing. One of which is not known
    /// what waits is told by whoever reads its queue.
    pub(super) fn load(db: &Connection) -> rusqlite::Result<Self> {
        const BITS: &str = "SELECT id, bits, sum FROM segment_waiting";
        const MISSING: &str = "SELECT id FROM segment_waiting
            WHERE NOT EXISTS (SELECT 1 FROM segment WHERE segment.id = segment_waiting.id) LIMIT 1";
        if let Some(id) = db.query_row(MISSING, (), |row| row.get(0)).optional()? {
            return Err(segment::damaged(id, "it is missing, and some of it still waits"));
        }
        let mut all = BTreeMap::new();
        let mut bits = db.prepare(BITS)?;
        let mut rows = bits.query(())?;
        while let Some(row) = rows.next()? {
            match segment::bits(row, 0) {
                Ok((id, bits)) => drop(all.insert(id, bits)),
                Err(error) => {
                    tracing::error!(error = %fault::told(&error), "a segment is left aside");
                }
            }
        }
        let mut attempted = db.prepare("SELECT id FROM segment_attempt")?;
        let attempted = attempted.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(Self { all, attempted, steps: Vec::new(), decoded: VecDeque::new() })
    }

    /// How many deliveries of a queue wait in segments.
    pub(super) fn count(&self, queue: QueueId) -> u64 {
        let first = ready(DeliveryId { queue, seq: 0 });
        self.all.range(first..=last(queue)).map(|(_, bits)| bits.count()).sum()
    }

    /// The highest sequence number that any of them had.
    pub(super) fn highest(&self) -> u64 {
        let end = |(id, bits): (&i64, &Bits)| delivery_at(id + i64::from(bits.len()) - 1).seq;
        self.all.iter().map(end).max().unwrap_or(0)
    }

    /// A segment was written.
    pub(super) fn add(&mut self, segment: i64, bits: Bits) {
        self.all.insert(segment, bits);
        self.steps.push(Step::Made { segment });
    }

    /// Records that an attempt starts, if the delivery waits in a segment; says whether it does.
    pub(super) fn start(
        &mut self,
        statements: &mut Statements<'_>,
        id: DeliveryId,
        attempt: u32,
        token: Token,
    ) -> rusqlite::Result<bool> {
        if self.find(id).is_none() {
            return Ok(false);
        }
        statements.attempt.execute((ready(id), token.0.cast_signed(), attempt))?;
        self.attempted.insert(ready(id));
        Ok(true)
    }

    /// Whether the delivery waits in a segment. Refused if a later attempt took it over.
    pub(super) fn held(&self, db: &Connection, id: DeliveryId, token: Token) -> Result<bool, Stop> {
        Ok(self.find_held(db, id, token)?.is_some())
    }

    fn find_held(
        &self,
        db: &Connection,
        id: DeliveryId,
        token: Token,
    ) -> Result<Option<(i64, u16)>, Stop> {
        const LATER: &str = "SELECT 1 FROM segment_attempt WHERE id = ?1 AND token > ?2";
        let Some(place) = self.find(id) else { return Ok(None) };
        let is_later = || db.prepare_cached(LATER)?.exists((ready(id), token.0.cast_signed()));
        if self.attempted.contains(&ready(id)) && is_later()? {
            return Err(CommitError::Superseded(id).into());
        }
        Ok(Some(place))
    }

    /// Removes the delivery if it waits in a segment; says whether it did. Refused if a later attempt took
    /// it over.
    pub(super) fn done(
        &mut self,
        db: &Connection,
        statements: &mut Statements<'_>,
        id: DeliveryId,
        token: Token,
    ) -> Result<bool, Stop> {
        let Some(place) = self.find_held(db, id, token)? else { return Ok(false) };
        if self.attempted.contains(&ready(id)) {
            statements.attempt_ended.execute((ready(id), token.0.cast_signed()))?;
        }
        self.clear(place);
        Ok(true)
    }

    /// Moves the delivery to a row of its own if it waits in a segment.
    pub(super) fn take_out(
        &mut self,
        db: &Connection,
        many: &mut Many<'_>,
        id: DeliveryId,
    ) -> rusqlite::Result<()> {
        const ATTEMPTS: &str =
            "DELETE FROM segment_attempt WHERE id = ?1 RETURNING token, attempts";
        let Some(place) = self.find(id) else { return Ok(()) };
        let (segment, _) = place;
        let deliveries = self.decoded(db, segment)?;
        let at = deliveries.binary_search_by_key(&id, |delivery| delivery.id);
        let at = at.map_err(|_| {
            segment::bits_damaged(segment, "it has bits of deliveries that are not there")
        })?;
        let attempts = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let attempts = match self.attempted.contains(&ready(id)) {
            true => db.prepare_cached(ATTEMPTS)?.query_row((ready(id),), attempts).optional()?,
            false => None,
        };
        many.write_row(id, &deliveries[at].event, attempts.unwrap_or_default(), None)?;
        self.clear(place);
        Ok(())
    }

    /// Writes what of the segments still waits, and removes those that are empty.
    pub(super) fn write(&self, statements: &mut Statements<'_>) -> rusqlite::Result<()> {
        let mut changed: Vec<_> = self.steps.iter().filter_map(Step::cleared).collect();
        changed.sort_unstable();
        changed.dedup();
        for segment in changed {
            let Some(bits) = self.all.get(&segment) else { continue };
            let changed = if bits.is_empty() {
                statements.remove.execute((segment,))?
            } else {
                let text = bits.to_text();
                statements.change.execute((segment, &text, sum::bits(segment, &text)))?
            };
            if changed == 0 {
                tracing::error!(segment, "somebody else removed a segment while it was in use");
            }
        }
        Ok(())
    }

    /// How far the transaction is, to come back to when a part of it is undone.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.steps.len())
    }

    /// What was changed since the mark was undone.
    pub(super) fn roll_back_to(&mut self, Mark(steps): Mark) {
        for step in self.steps.drain(steps..).rev() {
            match step {
                Step::Made { segment } => drop(self.all.remove(&segment)),
                Step::Cleared { segment, offset } => {
                    if let Some(bits) = self.all.get_mut(&segment) {
                        bits.set(offset);
                    }
                }
            }
        }
    }

    /// The transaction was rolled back.
    pub(super) fn roll_back(&mut self) {
        self.roll_back_to(Mark(0));
        self.decoded.clear();
    }

    /// The transaction was kept.
    pub(super) fn keep(&mut self) {
        for step in self.steps.drain(..) {
            let Step::Cleared { segment, offset } = step else { continue };
            self.attempted.remove(&(segment + i64::from(offset)));
            if self.all.get(&segment).is_some_and(Bits::is_empty) {
                self.all.remove(&segment);
                self.decoded.retain(|(id, _)| *id != segment);
            }
        }
    }

    /// Where the delivery waits, if it does so in a segment.
    fn find(&self, id: DeliveryId) -> Option<(i64, u16)> {
        let (segment, bits) = self.all.range(..=ready(id)).next_back()?;
        let offset = offset(*segment, id)?;
        bits.get(offset).then_some((*segment, offset))
    }

    /// What was found here waits no longer.
    fn clear(&mut self, (segment, offset): (i64, u16)) {
        self.all.get_mut(&segment).expect("it was found").clear(offset);
        self.steps.push(Step::Cleared { segment, offset });
    }

    /// The deliveries of a segment, whether they wait or not.
    fn decoded(&mut self, db: &Connection, segment: i64) -> rusqlite::Result<Arc<[Delivery]>> {
        let kept = self.decoded.iter().position(|(id, _)| *id == segment);
        let found = match kept.and_then(|at| self.decoded.remove(at)) {
            Some((_, found)) => found,
            None => walk::read(db, segment)?.into(),
        };
        self.decoded.truncate(DECODED - 1);
        self.decoded.push_front((segment, found.clone()));
        Ok(found)
    }
}

impl Step {
    fn cleared(&self) -> Option<i64> {
        match self {
            Self::Made { .. } => None,
            Self::Cleared { segment, .. } => Some(*segment),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use motia_core::{event::Event, json::JsonText, trace::TraceContext};

    use super::*;
    use crate::sqlite::schema;

    fn id(seq: u64) -> DeliveryId {
        DeliveryId { queue: QueueId(1), seq }
    }

    fn event() -> Arc<Event> {
        let (payload, trace) = (JsonText::from_trusted("{}"), TraceContext::root());
        Arc::new(Event::new("order.placed".into(), payload, trace, Timestamp::UNIX_EPOCH))
    }

    /// The deliveries 1 to 3 and 5 to 7 in two segments, and 9 in a row of its own.
    fn filled(db: &Connection) -> (Segments, Many<'_>) {
        let mut segments = Segments::load(db).unwrap();
        let mut many = Many::prepare(db, 2).unwrap();
        for seqs in [1..4, 5..8, 9..10] {
            seqs.for_each(|seq| many.publish(id(seq), &event()));
            many.write(&mut segments).unwrap();
        }
        segments.keep();
        (segments, many)
    }

    fn clear(segments: &mut Segments, id: DeliveryId) {
        let place = segments.find(id).expect("it waits");
        segments.clear(place);
    }

    fn db() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db, 0).unwrap();
        db
    }

    #[test]
    fn what_is_known_is_what_will_be_read_also_where_a_part_was_undone() {
        let db = db();
        let (mut segments, mut many) = filled(&db);
        let mut statements = Statements::prepare(&db).unwrap();
        let token = Token(1 << 40);

        assert!(segments.start(&mut statements, id(2), 1, token).unwrap());
        assert!(segments.done(&db, &mut statements, id(2), token).ok().unwrap());
        (5..8).for_each(|seq| clear(&mut segments, id(seq)));
        let mark = segments.mark();
        db.execute_batch("SAVEPOINT batch").unwrap();
        segments.take_out(&db, &mut many, id(1)).unwrap();
        assert!(segments.done(&db, &mut statements, id(3), token).ok().unwrap());
        db.execute_batch("ROLLBACK TO batch; RELEASE batch").unwrap();
        segments.roll_back_to(mark);
        segments.take_out(&db, &mut many, id(3)).unwrap();
        segments.write(&mut statements).unwrap();
        segments.keep();

        let read = Segments::load(&db).unwrap();
        assert_eq!(segments.all, read.all);
        assert_eq!((read.count(QueueId(1)), read.highest()), (1, 3));
        assert!(segments.attempted.is_empty() && read.attempted.is_empty());
        let rows = "SELECT group_concat(id & 0x7fffffffffff) FROM delivery";
        let rows: String = db.query_row(rows, (), |row| row.get(0)).unwrap();
        assert_eq!(rows, "3,9");
    }

    #[test]
    fn a_transaction_that_is_rolled_back_leaves_what_was_there() {
        let db = db();
        let (mut segments, mut many) = filled(&db);
        let before = segments.all.clone();

        db.execute_batch("BEGIN").unwrap();
        (11..14).for_each(|seq| many.publish(id(seq), &event()));
        many.write(&mut segments).unwrap();
        [1, 2, 3, 12].into_iter().for_each(|seq| clear(&mut segments, id(seq)));
        db.execute_batch("ROLLBACK").unwrap();
        segments.roll_back();

        assert_eq!(segments.all, before);
        assert_eq!(Segments::load(&db).unwrap().all, before);
    }
}
