//! What is published, written at the end of a transaction: many deliveries as [segments](super::segment),
//! few as a row each.

use std::sync::Arc;

use jiff::Timestamp;
use motia_core::{event::Event, store::DeliveryId};
use rusqlite::{Connection, Result, Statement};

use super::{
    bits::Bits,
    row::{delayed, delivery_at, micros, ready, trace},
    segment::{self, Segment},
    segments::Segments,
    sum,
};

/// Deliveries without anything [special](super::place), to be written together.
pub(super) struct Many<'db> {
    row: Statement<'db>,
    segment: Statement<'db>,
    bits: Statement<'db>,
    /// From so many of a queue on, they share a row.
    segment_from: usize,
    /// Those to be written.
    new: Vec<New>,
}

/// A delivery that may start at once.
pub(super) struct New {
    pub(super) place: i64,
    pub(super) event: Arc<Event>,
}

impl<'db> Many<'db> {
    pub(super) fn prepare(db: &'db Connection, segment_from: usize) -> Result<Self> {
        const ROW: &str = "INSERT INTO delivery
            (id, token, attempts, due_at, emitted_at, event, trace, topic, payload, sum)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        const BITS: &str = "INSERT INTO segment_waiting (id, bits, sum) VALUES (?1, ?2, ?3)";
        Ok(Self {
            row: db.prepare(ROW)?,
            segment: db.prepare(Segment::INSERT)?,
            bits: db.prepare(BITS)?,
            segment_from,
            new: Vec::new(),
        })
    }

    /// Notes a delivery that may start at once.
    pub(super) fn publish(&mut self, id: DeliveryId, event: &Arc<Event>) {
        self.new.push(New { place: ready(id), event: event.clone() });
    }

    /// How many are noted.
    pub(super) fn len(&self) -> usize {
        self.new.len()
    }

    /// Forgets what was noted after the first so many.
    pub(super) fn truncate(&mut self, len: usize) {
        self.new.truncate(len);
    }

    /// Writes what is noted.
    pub(super) fn write(&mut self, segments: &mut Segments) -> Result<()> {
        let mut new = std::mem::take(&mut self.new);
        // In the order of the table, which is not that of the commits if there are several queues.
        if !new.is_sorted_by_key(|new| new.place) {
            new.sort_unstable_by_key(|new| new.place);
        }
        let written = self.write_all(&new, segments);
        new.clear();
        self.new = new;
        written
    }

    fn write_all(&mut self, mut new: &[New], segments: &mut Segments) -> Result<()> {
        while !new.is_empty() {
            let (together, others) = new.split_at(segment::fitting(new));
            if together.len() >= self.segment_from {
                self.write_segment(&Segment::of(together), segments)?;
            } else {
                for New { place, event } in together {
                    self.write_row(delivery_at(*place), event, (0, 0), None)?;
                }
            }
            new = others;
        }
        Ok(())
    }

    fn write_segment(&mut self, segment: &Segment, segments: &mut Segments) -> Result<()> {
        segment.write(&mut self.segment)?;
        let bits = Bits::at(&segment.offsets);
        let text = bits.to_text();
        self.bits.execute((segment.id, &text, sum::bits(segment.id, &text)))?;
        segments.add(segment.id, bits);
        Ok(())
    }

    /// Writes a delivery into a row of its own, under a token and after some attempts.
    pub(super) fn write_row(
        &mut self,
        id: DeliveryId,
        event: &Event,
        (token, attempts): (i64, u32),
        due: Option<Timestamp>,
    ) -> Result<()> {
        let place = if due.is_some() { delayed(id) } else { ready(id) };
        self.row.execute((
            place,
            token,
            attempts,
            due.map(micros),
            micros(event.emitted_at),
            event.id.to_bytes(),
            trace(event.trace),
            &*event.topic,
            event.payload.as_str(),
            sum::content(id, event, None),
        ))?;
        Ok(())
    }
}
