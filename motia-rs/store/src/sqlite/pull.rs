//! Reads what waits in a queue, in the order in which it is to start.

use std::ops::ControlFlow::{Break, Continue};

use motia_core::store::{Delivery, DeliveryId, Pull, PullLane, Pulled};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{
    place::{ForEach, Table, for_each},
    queue::{delivery, delivery_columns},
    row::{MAX_SEQ, delayed, delivery_at, due_micros, last, micros, ready},
    walk,
};

pub(super) fn pull(db: &Connection, pull: &Pull) -> rusqlite::Result<Pulled> {
    let at_once = db.unchecked_transaction()?;
    let mut pulled = Pulled { ready: pull_ready(&at_once, pull)?, ..Pulled::default() };
    pull_ranked(&at_once, pull, &mut pulled)?;
    pull_due(&at_once, pull, &mut pulled)?;
    Ok(pulled)
}

fn pull_ready(db: &Connection, pull: &Pull) -> rusqlite::Result<Vec<Delivery>> {
    macro_rules! ready {
        ($table:ident, $but:literal) => {
            concat!(
                "SELECT ",
                delivery_columns!($table),
                " FROM ",
                stringify!($table),
                " WHERE id > ?1 AND id <= ?2",
                $but,
                " ORDER BY id LIMIT ?3"
            )
        };
    }
    const ALL: ForEach = [ready!(delivery, ""), ready!(special, "")];
    const NORMAL: ForEach = [ALL[0], ready!(special, " AND priority IS NULL")];
    let sql = if pull.ranked_after.is_none() { ALL } else { NORMAL };
    let after = DeliveryId { queue: pull.queue, seq: pull.after.min(MAX_SEQ) };

    let read = |table: Table| -> rusqlite::Result<Vec<_>> {
        let mut statement = db.prepare_cached(table.of(sql))?;
        let behind = (ready(after), last(pull.queue), limit(pull.limit));
        statement.query_map(behind, delivery)?.collect()
    };
    let mut found = Vec::new();
    let end = DeliveryId { queue: pull.queue, seq: MAX_SEQ };
    walk::each(db, (after, end), |segment| {
        found.extend(segment.waiting()?.into_iter().filter(|found| found.id > after));
        Ok(if found.len() < pull.limit { Continue(()) } else { Break(()) })
    })?;
    for table in Table::ALL {
        merge(&mut found, read(table)?, |delivery| delivery.id.seq);
    }
    found.truncate(pull.limit);
    Ok(found)
}

// The next two have two statements each, for SQLite walks an index from a pair on only if it has one
// range.

fn pull_ranked(db: &Connection, pull: &Pull, pulled: &mut Pulled) -> rusqlite::Result<()> {
    const TOGETHER: &str = concat!(
        "SELECT ",
        delivery_columns!(special),
        " FROM special INDEXED BY special_rank
        WHERE (id >> 47) & 65535 = ?1 AND emitted_at - priority * 60000000 = ?2
            AND priority IS NOT NULL AND id > 0 AND id > ?3
        ORDER BY id LIMIT ?4"
    );
    const LATER: &str = concat!(
        "SELECT ",
        delivery_columns!(special),
        " FROM special INDEXED BY special_rank
        WHERE (id >> 47) & 65535 = ?1 AND emitted_at - priority * 60000000 > ?2
            AND priority IS NOT NULL AND id > 0
        ORDER BY emitted_at - priority * 60000000, id LIMIT ?3"
    );
    let Some((rank, after)) = pull.ranked_after else { return Ok(()) };
    let (queue, rank) = (pull.queue.0, micros(rank));
    let from = ready(DeliveryId { queue: pull.queue, seq: after.min(MAX_SEQ) });
    let mut together = db.prepare_cached(TOGETHER)?;
    let together = together.query_map((queue, rank, from, limit(pull.limit)), delivery)?;
    pulled.ranked = together.collect::<Result<_, _>>()?;

    let left = pull.limit - pulled.ranked.len();
    if left > 0 {
        let mut later = db.prepare_cached(LATER)?;
        for later in later.query_map((queue, rank, limit(left)), delivery)? {
            pulled.ranked.push(later?);
        }
    }
    Ok(())
}

fn pull_due(db: &Connection, pull: &Pull, pulled: &mut Pulled) -> rusqlite::Result<()> {
    let of = |delivery: &Delivery| (delivery.due, delivery.id.seq);
    let mut found = due_in(Table::Plain, db, pull)?;
    merge(&mut found, due_in(Table::Special, db, pull)?, of);

    for delivery in found {
        if delivery.due > Some(pull.now) || pulled.due.len() == pull.limit {
            pulled.next_due = delivery.due;
            break;
        }
        pulled.due.push(delivery);
    }
    Ok(())
}

/// What lies among the delayed of one table beyond the cursor: what is due, up to the limit, and the
/// next one.
fn due_in(table: Table, db: &Connection, pull: &Pull) -> rusqlite::Result<Vec<Delivery>> {
    macro_rules! due {
        ($table:ident, $cursor:literal) => {
            concat!(
                "SELECT ",
                delivery_columns!($table),
                " FROM ",
                stringify!($table),
                " INDEXED BY ",
                stringify!($table),
                "_due WHERE (id >> 47) & 65535 = ?1 AND id < 0
                    AND due_at < 9223372036854775807 AND ",
                $cursor
            )
        };
    }
    macro_rules! together {
        ($table:ident) => {
            due!($table, "due_at = ?2 AND id > ?3 ORDER BY id")
        };
    }
    macro_rules! later {
        ($table:ident) => {
            due!($table, "due_at > ?2 ORDER BY due_at, id")
        };
    }
    const TOGETHER: ForEach = for_each!(together);
    const LATER: ForEach = for_each!(later);
    let (due, after) = pull.due_after;
    let (queue, due) = (pull.queue.0, due_micros(due));
    let from = delayed(DeliveryId { queue: pull.queue, seq: after.min(MAX_SEQ) });
    let mut found = Vec::new();
    let mut is_enough = |row: &Row<'_>| -> rusqlite::Result<bool> {
        let next = delivery(row)?;
        let enough = next.due > Some(pull.now) || found.len() == pull.limit;
        found.push(next);
        Ok(enough)
    };

    let mut together = db.prepare_cached(table.of(TOGETHER))?;
    let mut rows = together.query((queue, due, from))?;
    while let Some(row) = rows.next()? {
        if is_enough(row)? {
            return Ok(found);
        }
    }
    let mut later = db.prepare_cached(table.of(LATER))?;
    let mut rows = later.query((queue, due))?;
    while let Some(row) = rows.next()? {
        if is_enough(row)? {
            break;
        }
    }
    Ok(found)
}

pub(super) fn pull_lane(db: &Connection, pull: &PullLane) -> rusqlite::Result<Vec<Delivery>> {
    macro_rules! lane {
        ($but:literal) => {
            concat!(
                "SELECT ",
                delivery_columns!(special),
                " FROM special INDEXED BY special_lane
                WHERE (id >> 47) & 65535 = ?1 AND lane = ?2 AND id > ?3 AND id <= ?4",
                $but,
                " ORDER BY id LIMIT ?5"
            )
        };
    }
    const READY: &str = lane!("");
    const DUE: &str = lane!(" AND due_at <= ?6");
    let &PullLane { queue, ref key, after, due_by, limit: most } = pull;
    let (after, end) = (after.min(MAX_SEQ), MAX_SEQ);
    let [after, end] = [after, end].map(|seq| DeliveryId { queue, seq });
    let most = limit(most);

    let at_once = db.unchecked_transaction()?;
    let mut lane = at_once.prepare_cached(READY)?;
    let lane = lane.query_map((queue.0, key, ready(after), ready(end), most), delivery)?;
    let mut found: Vec<_> = lane.collect::<Result<_, _>>()?;
    if let Some(by) = due_by {
        let mut due = at_once.prepare_cached(DUE)?;
        let between = (queue.0, key, delayed(after), delayed(end), most, micros(by));
        let due: Vec<_> = due.query_map(between, delivery)?.collect::<Result<_, _>>()?;
        merge(&mut found, due, |delivery| delivery.id.seq);
        found.truncate(pull.limit);
    }
    Ok(found)
}

/// What of a delivery says where it stands.
struct Standing {
    lane: Option<String>,
    is_ranked: bool,
    /// When it was emitted, a minute earlier for each level of priority; microseconds since 1970.
    rank: i64,
}

pub(super) fn ahead(db: &Connection, id: DeliveryId) -> rusqlite::Result<u64> {
    const STANDING: &str = "SELECT NULL, 0, emitted_at FROM delivery WHERE id IN (?1, ?2)
        UNION ALL
        SELECT lane, priority IS NOT NULL, emitted_at - ifnull(priority, 0) * 60000000
        FROM special WHERE id IN (?1, ?2)";
    const IN_LANE: &str = "SELECT count(*) FROM special INDEXED BY special_lane
        WHERE (id >> 47) & 65535 = ?1 AND lane = ?2 AND id > 0 AND id < ?3";
    let at_once = db.unchecked_transaction()?;
    let standing = |row: &Row<'_>| {
        Ok(Standing { lane: row.get(0)?, is_ranked: row.get(1)?, rank: row.get(2)? })
    };
    let mut look = at_once.prepare_cached(STANDING)?;
    let standing = match look.query_row((ready(id), delayed(id)), standing).optional()? {
        None => walk::find(&at_once, id)?.map(|found| Standing {
            lane: None,
            is_ranked: false,
            rank: micros(found.event.emitted_at),
        }),
        found => found,
    };
    let Some(standing) = standing else { return Ok(0) };
    match &standing.lane {
        None => ahead_in_queue(&at_once, id, &standing),
        Some(key) => at_once
            .prepare_cached(IN_LANE)?
            .query_row((id.queue.0, key, ready(id)), |row| row.get(0)),
    }
}

/// Those of normal priority start in their order, those of another as soon as the first of them is of
/// a later rank.
fn ahead_in_queue(db: &Connection, id: DeliveryId, of: &Standing) -> rusqlite::Result<u64> {
    const NORMAL: &str = "SELECT (SELECT count(*) FROM delivery WHERE id > ?1 AND id < ?2)
        + (SELECT count(*) FROM special WHERE id > ?1 AND id < ?2 AND priority IS NULL)";
    const RANKED: &str = "SELECT count(*) FROM special INDEXED BY special_rank
        WHERE (id >> 47) & 65535 = ?1 AND priority IS NOT NULL AND id > 0
            AND emitted_at - priority * 60000000 <= ?2
            AND NOT (emitted_at - priority * 60000000 = ?2 AND id >= ?3)";
    macro_rules! later {
        ($table:ident, $which:literal) => {
            concat!(
                "SELECT id FROM ",
                stringify!($table),
                " WHERE id > ?1 AND id <= ?2 AND (emitted_at, id) > (?3, ?4)",
                $which,
                " ORDER BY id LIMIT 1"
            )
        };
    }
    const LATER: ForEach = [later!(delivery, ""), later!(special, " AND priority IS NULL")];
    let first = ready(DeliveryId { seq: 0, ..id });
    let count = |row: &Row<'_>| row.get::<_, u64>(0);

    let mut end = ready(id);
    if of.is_ranked {
        end = last(id.queue);
        for table in Table::ALL {
            let mut later = db.prepare_cached(table.of(LATER))?;
            let place = later.query_row((first, end, of.rank, ready(id)), |row| row.get(0));
            end = place.optional()?.unwrap_or(end);
        }
        let range = (delivery_at(first), delivery_at(end));
        if let Some(later) = walk::first_later(db, range, (of.rank, id))? {
            end = ready(later);
        }
    }
    let normal = db.prepare_cached(NORMAL)?.query_row((first, end), count)?;
    let normal = normal + walk::count(db, (delivery_at(first), delivery_at(end)))?;
    let ranked = db.prepare_cached(RANKED)?.query_row((id.queue.0, of.rank, ready(id)), count)?;
    Ok(normal + ranked)
}

/// Adds deliveries of the other table, in their order.
fn merge<K: Ord>(found: &mut Vec<Delivery>, others: Vec<Delivery>, order: impl Fn(&Delivery) -> K) {
    if !others.is_empty() {
        found.extend(others);
        found.sort_by_key(order);
    }
}

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}
