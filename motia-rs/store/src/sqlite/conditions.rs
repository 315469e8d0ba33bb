//! What a filter asks for, as a statement says it: a list and its count are made from the same words.

use motia_core::store::{DeadFilter, EndedFilter, WaitingFilter};
use rusqlite::types::Value;

use super::{
    ended,
    row::{micros_from, ready},
};

/// The words behind `WHERE`, and the values of their parameters. All of them have to apply.
pub(super) struct Conditions {
    pub(super) sql: String,
    pub(super) params: Vec<Value>,
}

impl Conditions {
    /// All that is asked for beyond some first condition.
    pub(super) fn new<const N: usize>(first: &str, params: [Value; N]) -> Self {
        Self { sql: first.to_owned(), params: params.into() }
    }

    /// The same with one condition more, which has one parameter, if there is a value for it.
    pub(super) fn and(mut self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(condition);
            self.params.push(value.into());
        }
        self
    }

    /// All but a single delivery, which is found by its row. Keys are only asked for where there are
    /// some.
    pub(super) fn and_waiting(self, filter: &WaitingFilter) -> Self {
        let WaitingFilter { queue, delivery: _, event, trace, cancel_key, lane, held } = filter;
        self.and("(id >> 47) & 65535 = ?", queue.map(|queue| i64::from(queue.0)))
            .and("cancel_key = ?", cancel_key.clone())
            .and("lane = ?", lane.clone())
            .and("due_at = ?", held.then_some(i64::MAX))
            .and("event = ?", event.map(|event| event.to_bytes().to_vec()))
            .and("substr(trace, 1, 16) = ?", trace.map(|trace| trace.to_bytes().to_vec()))
    }

    pub(super) fn and_dead(self, filter: &DeadFilter) -> Self {
        let DeadFilter { queue, topic, event, trace, lane, reason, since, until } = filter;
        self.and("queue = (SELECT id FROM queue WHERE step = ?)", queue.clone())
            .and("topic = ?", topic.clone())
            .and("lane = ?", lane.clone())
            .and("instr(reason, ?) > 0", reason.clone())
            .and("died_at >= ?", since.map(micros_from))
            .and("died_at < ?", until.map(micros_from))
            .and("event = ?", event.map(|event| event.to_bytes().to_vec()))
            .and("substr(trace, 1, 16) = ?", trace.map(|trace| trace.to_bytes().to_vec()))
    }

    pub(super) fn and_ended(self, filter: &EndedFilter) -> Self {
        let EndedFilter { queue, ending, delivery, event, trace } = filter;
        self.and("queue = (SELECT id FROM queue WHERE step = ?)", queue.clone())
            .and("ending = ?", ending.map(|ending| ended::name(ending).to_owned()))
            .and("queue << 47 | seq = ?", delivery.map(ready))
            .and("event = ?", event.map(|event| event.to_bytes().to_vec()))
            .and("substr(trace, 1, 16) = ?", trace.map(|trace| trace.to_bytes().to_vec()))
    }
}
