//! Many deliveries by one statement.
//!
//! A statement for each would cost twice as much, most of it in binding, beginning and ending it, and in
//! finding the end of the table anew. SQLite asks for the rows one after the other, through functions
//! of the writer's connection that look into what is to be written.

use std::{cell::RefCell, sync::Arc};

use motia_core::{event::Event, store::DeliveryId};
use rusqlite::{
    Connection, Result, Statement, ToSql,
    functions::FunctionFlags,
    types::{ToSqlOutput, ValueRef},
    vtab::series,
};

use super::{
    row::{micros, ready, trace},
    sum,
};

/// Deliveries without anything [special](super::place), to be written together.
pub(super) struct Many<'db> {
    insert: Statement<'db>,
    /// Those to be written.
    new: Vec<New>,
}

struct New {
    place: i64,
    sum: u32,
    event: Arc<Event>,
}

thread_local! {
    /// What the functions look into while the statement runs. SQLite calls them on the thread that runs it,
    /// eight times for a row: a lock for each call would be a tenth of the row's time.
    static CURSOR: RefCell<Cursor> = const { RefCell::new(Cursor { rows: Vec::new(), next: 0 }) };
}

struct Cursor {
    rows: Vec<New>,
    /// Behind the row that SQLite is at.
    next: usize,
}

impl<'db> Many<'db> {
    pub(super) fn prepare(db: &'db Connection) -> Result<Self> {
        const INSERT: &str = "INSERT INTO delivery
            (id, token, attempts, due_at, emitted_at, event, trace, topic, payload, sum)
            SELECT new_id(), 0, 0, NULL, new_emitted_at(), new_event(), new_trace(), new_topic(),
                new_payload(), new_sum()
            FROM generate_series(1, ?1) WHERE next_new()";
        series::load_module(db)?;
        function(db, "next_new", |cursor| {
            cursor.next += 1;
            true
        })?;
        column(db, "new_id", |new| new.place)?;
        column(db, "new_emitted_at", |new| micros(new.event.emitted_at))?;
        column(db, "new_event", |new| new.event.id.to_bytes())?;
        column(db, "new_trace", |new| trace(new.event.trace))?;
        column(db, "new_topic", |new| Text(new.event.clone(), |event| &event.topic))?;
        column(db, "new_payload", |new| Text(new.event.clone(), |event| event.payload.as_str()))?;
        column(db, "new_sum", |new| new.sum)?;
        Ok(Self { insert: db.prepare(INSERT)?, new: Vec::new() })
    }

    /// Notes a delivery that may start at once.
    pub(super) fn publish(&mut self, id: DeliveryId, event: &Arc<Event>) {
        let sum = sum::content(id, event, None);
        self.new.push(New { place: ready(id), sum, event: event.clone() });
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
    pub(super) fn write(&mut self) -> Result<()> {
        if self.new.is_empty() {
            return Ok(());
        }
        // In the order of the table, which is not that of the commits if there are several queues.
        if !self.new.is_sorted_by_key(|new| new.place) {
            self.new.sort_unstable_by_key(|new| new.place);
        }
        let rows = self.new.len();
        CURSOR.set(Cursor { rows: std::mem::take(&mut self.new), next: 0 });
        let written = self.insert.execute((rows,));
        self.new = CURSOR.with_borrow_mut(|cursor| std::mem::take(&mut cursor.rows));
        self.new.clear();
        written.map(drop)
    }
}

/// Makes a function of SQL that gives one column of the row that SQLite is at.
fn column<T: ToSql>(
    db: &Connection,
    name: &str,
    of: impl Fn(&New) -> T + Send + 'static,
) -> Result<()> {
    function(db, name, move |Cursor { rows, next }| {
        let row = next.checked_sub(1).and_then(|at| rows.get(at));
        row.map(&of)
    })
}

fn function<T: ToSql>(
    db: &Connection,
    name: &str,
    call: impl Fn(&mut Cursor) -> T + Send + 'static,
) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function(name, 0, flags, move |_| Ok(CURSOR.with_borrow_mut(&call)))
}

/// A text of an event, without a copy on its way to SQLite.
struct Text(Arc<Event>, fn(&Event) -> &str);

impl ToSql for Text {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        let Self(event, text) = self;
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(text(event).as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use motia_core::{json::JsonText, store::QueueId, trace::TraceContext};

    use super::{super::queue, *};
    use crate::sqlite::schema;

    #[test]
    fn deliveries_of_several_queues_are_written_together_but_for_those_forgotten() {
        let mut db = Connection::open_in_memory().unwrap();
        schema::migrate(&mut db, 0).unwrap();
        let mut many = Many::prepare(&db).unwrap();
        let event = |payload: &str| {
            let (payload, trace) = (JsonText::from_trusted(payload), TraceContext::root());
            Arc::new(Event::new("order.placed".into(), payload, trace, Timestamp::UNIX_EPOCH))
        };
        let id = |queue, seq| DeliveryId { queue: QueueId(queue), seq };

        many.publish(id(2, 1), &event("1"));
        many.publish(id(1, 2), &event("2"));
        many.publish(id(1, 3), &event("3"));
        many.truncate(2);
        many.write().unwrap();
        many.publish(id(1, 4), &event("4"));
        many.write().unwrap();
        many.write().unwrap();

        // Every row has the sum of its own content.
        queue::check_all(&db).unwrap();
        let mut rows = db.prepare("SELECT id & 0x7fffffffffff, payload FROM delivery").unwrap();
        let rows = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let rows: Vec<(i64, String)> = rows.map(Result::unwrap).collect();
        assert_eq!(rows, [(2, "2".into()), (4, "4".into()), (1, "1".into())]);
    }
}
