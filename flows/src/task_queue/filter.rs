//! Which tasks a list shows, in which order.

use std::cmp::Ordering;

use motia::{
    prelude::*,
    schema::{Place, Violation},
};

use super::{
    board::{self, Card},
    task::{QueueName, TaskState, TaskType},
    wire::TaskList,
};

/// What a list is asked for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ListQuery {
    /// Only tasks in this state.
    pub task_status: Option<TaskState>,
    /// The same, under its older name.
    pub status: Option<TaskState>,
    /// Only tasks of this type.
    pub task_type: Option<TaskType>,
    /// Only tasks in this queue.
    pub queue: Option<QueueName>,
    /// Only tasks that came then or later; UTC where no offset is given.
    pub start_date: Option<String>,
    /// Only tasks that came then or earlier; UTC where no offset is given.
    pub end_date: Option<String>,
    /// What to sort by: `created_at`, `updated_at`, `completed_at`, `state`, `task_type`, `retry_count` or
    /// `task_id`; `created_at` where nothing is said.
    pub sort_by: Option<String>,
    /// `asc` or `desc`; `desc` where nothing is said.
    pub sort_order: Option<String>,
    /// Which page, from 1.
    #[schemars(range(min = 1))]
    pub page: Option<usize>,
    /// How many tasks on a page: 20 where nothing is said.
    #[schemars(range(min = 1, max = 100))]
    pub page_size: Option<usize>,
    /// Only tasks whose id contains this.
    pub task_id: Option<String>,
}

/// A list that was asked for, read.
#[derive(Debug)]
pub struct Wanted {
    query: ListQuery,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    by: SortBy,
    descending: bool,
}

#[derive(Debug, Clone, Copy)]
enum SortBy {
    CreatedAt,
    UpdatedAt,
    CompletedAt,
    State,
    TaskType,
    RetryCount,
    TaskId,
}

impl ListQuery {
    /// Reads what is more than a schema can say.
    ///
    /// # Errors
    /// A rejection that names what cannot be read.
    pub fn read(self) -> StepResult<Wanted> {
        let from = instant("start_date", self.start_date.as_deref())?;
        let until = instant("end_date", self.end_date.as_deref())?;
        let by = match self.sort_by.as_deref().unwrap_or("created_at") {
            "created_at" => SortBy::CreatedAt,
            "updated_at" => SortBy::UpdatedAt,
            "completed_at" => SortBy::CompletedAt,
            "state" => SortBy::State,
            "task_type" => SortBy::TaskType,
            "retry_count" => SortBy::RetryCount,
            "task_id" => SortBy::TaskId,
            _ => return Err(StepError::reject(StatusCode::BAD_REQUEST, "Invalid sort_by field")),
        };
        let descending = match self.sort_order.as_deref().unwrap_or("desc") {
            "desc" => true,
            "asc" => false,
            _ => {
                let detail = "sort_order must be 'asc' or 'desc'";
                return Err(StepError::reject(StatusCode::BAD_REQUEST, detail));
            }
        };
        Ok(Wanted { query: self, from, until, by, descending })
    }
}

impl Wanted {
    /// The ids of one page of the tasks that are wanted.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn page<E>(&self, ctx: &Context<E>) -> StepResult<TaskList<String>> {
        let status = self.query.task_status.or(self.query.status);
        let states = status.as_ref().map_or(&TaskState::ALL[..], std::slice::from_ref);
        let mut found = board::read(ctx, states).await?;
        found.retain(|(task_id, card)| self.takes(task_id, card));
        found.sort_by(|one, other| self.order(one, other));

        let page = self.query.page.unwrap_or(1).max(1);
        let page_size = self.query.page_size.unwrap_or(20).max(1);
        let total_items = found.len();
        let before = (page - 1).saturating_mul(page_size);
        let ids = found.into_iter().skip(before).take(page_size).map(|(task_id, _)| task_id);
        Ok(TaskList {
            tasks: ids.collect(),
            page,
            page_size,
            total_items,
            total_pages: total_items.div_ceil(page_size),
            status,
        })
    }

    fn takes(&self, task_id: &str, card: &Card) -> bool {
        let ListQuery { task_type, queue, task_id: part, .. } = &self.query;
        task_type.is_none_or(|wanted| card.task_type == wanted)
            && queue.is_none_or(|wanted| card.queue == Some(wanted))
            && part.as_ref().is_none_or(|part| task_id.contains(part.as_str()))
            && self.from.is_none_or(|from| card.created_at >= from)
            && self.until.is_none_or(|until| card.created_at <= until)
    }

    /// Those that are equal by what is sorted by stand in the order in which they came.
    fn order(&self, one: &(String, Card), other: &(String, Card)) -> Ordering {
        let ((id, card), (other_id, other_card)) = (one, other);
        let order = match self.by {
            SortBy::CreatedAt => card.created_at.cmp(&other_card.created_at),
            SortBy::UpdatedAt => card.updated_at.cmp(&other_card.updated_at),
            SortBy::CompletedAt => card.completed_at.cmp(&other_card.completed_at),
            SortBy::State => card.state.name().cmp(other_card.state.name()),
            SortBy::TaskType => (card.task_type as u8).cmp(&(other_card.task_type as u8)),
            SortBy::RetryCount => card.retry_count.cmp(&other_card.retry_count),
            SortBy::TaskId => Ordering::Equal,
        };
        let order = order.then_with(|| id.cmp(other_id));
        if self.descending { order.reverse() } else { order }
    }
}

/// An instant as clients write it: with an offset, without one, or a date alone.
fn instant(field: &str, text: Option<&str>) -> StepResult<Option<Timestamp>> {
    use jiff::civil::{Date, DateTime};

    let Some(text) = text else { return Ok(None) };
    let utc = |civil: DateTime| civil.in_tz("UTC").map(|zoned| zoned.timestamp());
    let read = text
        .parse::<Timestamp>()
        // A `+` that was not escaped arrives as a space.
        .or_else(|_| text.replace(' ', "+").parse::<Timestamp>())
        .or_else(|_| text.parse::<DateTime>().and_then(utc))
        .or_else(|_| text.parse::<Date>().and_then(|date| utc(date.into())));
    read.map(Some).map_err(|_| {
        let violation = Violation::new(format!("/{field}"), "is not a date and time");
        let violation = violation.within(Place::Query);
        StepError::Reject(Box::new(Problem::violations(vec![violation])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_clients_write_them() {
        let read = |text| instant("start_date", Some(text)).unwrap().unwrap().to_string();

        assert_eq!(read("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05+01:00"), "2026-01-02T02:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05 01:00"), "2026-01-02T02:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05"), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02"), "2026-01-02T00:00:00Z");
        assert!(instant("start_date", Some("yesterday")).is_err());
    }

    #[test]
    fn an_unknown_field_or_direction_is_refused() {
        let by = |field: &str| ListQuery { sort_by: Some(field.into()), ..ListQuery::default() };
        let order =
            |order: &str| ListQuery { sort_order: Some(order.into()), ..ListQuery::default() };

        assert!(by("created_at").read().is_ok() && order("asc").read().is_ok());
        assert_eq!(by("password").read().unwrap_err().status(), 400);
        assert_eq!(order("sideways").read().unwrap_err().status(), 400);
    }
}
