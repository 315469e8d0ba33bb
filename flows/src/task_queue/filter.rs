//! Which tasks a list shows, in which order.
//!
//! # Layout
//! - [`instant`]: instants as clients write them; [`order`]: what a list is sorted by
//! - [`search`]: a look through the cards, where no order that is kept has what is wanted

mod instant;
mod order;
mod search;

use motia::{
    prelude::*,
    store::{Slice, Sliced},
};

pub use self::order::{Place, SortBy};
use self::{instant::instant, order::task_of};
use super::{
    board::TASKS,
    card::{self, CARDS, Card},
    index, layout,
    pick::directed,
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

impl ListQuery {
    /// Reads what is more than a schema can say.
    ///
    /// # Errors
    /// A rejection that names what cannot be read.
    pub fn read(self) -> StepResult<Wanted> {
        let from = instant("start_date", self.start_date.as_deref())?;
        let until = instant("end_date", self.end_date.as_deref())?;
        let by = SortBy::named(self.sort_by.as_deref().unwrap_or("created_at"));
        let by =
            by.ok_or_else(|| StepError::reject(StatusCode::BAD_REQUEST, "Invalid sort_by field"))?;
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
    /// When the cards cannot be read.
    pub async fn page<E>(&self, ctx: &Context<E>) -> StepResult<TaskList<String>> {
        let page = self.query.page.unwrap_or(1).max(1);
        let page_size = self.query.page_size.unwrap_or(20).max(1);
        let skip = (page - 1).saturating_mul(page_size);
        layout::bring_up_to_date(ctx).await?;
        let (tasks, total_items) = match self.in_order(ctx, skip, page_size).await? {
            Some(found) => found,
            None => self.looked_for(ctx, skip, page_size).await?,
        };
        let total_pages = total_items.div_ceil(page_size);
        Ok(TaskList { tasks, page, page_size, total_items, total_pages, status: self.status() })
    }

    fn status(&self) -> Option<TaskState> {
        self.query.task_status.or(self.query.status)
    }

    /// A part of what is wanted and how many there are in all, where they are kept in the order in which they
    /// are wanted.
    async fn in_order<E>(
        &self,
        ctx: &Context<E>,
        skip: usize,
        limit: usize,
    ) -> StepResult<Option<(Vec<String>, usize)>> {
        let ListQuery { task_type, queue, task_id, .. } = &self.query;
        let of_all_kinds = task_type.is_none() && queue.is_none() && task_id.is_none();
        if !of_all_kinds || self.from.is_some() || self.until.is_some() {
            return Ok(None);
        }
        let part = Slice { backwards: self.descending, skip, limit };
        let found = match (self.by, self.status()) {
            (SortBy::CreatedAt | SortBy::State, Some(state)) => {
                slice(ctx, card::cards(state), part).await?
            }
            (SortBy::CreatedAt, None) => slice(ctx, CARDS, part).await?,
            (SortBy::State, None) => self.state_by_state(ctx, part).await?,
            (SortBy::TaskId, None) => {
                let Sliced { items, total } = ctx.state.slice(TASKS, part).await?;
                (items.into_iter().map(|(id, _)| id).collect(), count(total))
            }
            (by, None) => match index::of(by) {
                Some(index) => slice(ctx, index, part).await?,
                None => return Ok(None),
            },
            (_, Some(_)) => return Ok(None),
        };
        Ok(Some(found))
    }

    /// A part of the tasks of one state after the other.
    async fn state_by_state<E>(
        &self,
        ctx: &Context<E>,
        Slice { backwards, mut skip, limit }: Slice,
    ) -> StepResult<(Vec<String>, usize)> {
        let mut states = TaskState::ALL;
        states.sort_by(|one, other| directed(one.name().cmp(other.name()), backwards));
        let (mut found, mut all) = (Vec::new(), 0);
        for state in states {
            let part = Slice { backwards, skip, limit: limit - found.len() };
            let (ids, total) = slice(ctx, card::cards(state), part).await?;
            found.extend(ids.into_iter().take(part.limit));
            all += total;
            skip = skip.saturating_sub(total);
        }
        Ok((found, all))
    }

    /// The groups in which there can be what is wanted.
    fn groups(&self) -> Vec<StateGroup<Card>> {
        let of_queue = self.query.queue.map(|queue| match queue {
            QueueName::Primary | QueueName::Retry => TaskState::Pending,
            QueueName::Scheduled => TaskState::Scheduled,
            QueueName::Dlq => TaskState::Dlq,
        });
        match (self.status(), of_queue) {
            (None, None) => vec![CARDS],
            (Some(one), Some(other)) if one != other => Vec::new(),
            (Some(state), _) | (None, Some(state)) => vec![card::cards(state)],
        }
    }

    fn takes(&self, card: &Card) -> bool {
        let ListQuery { task_type, queue, task_id: part, .. } = &self.query;
        task_type.is_none_or(|wanted| card.task_type == wanted)
            && queue.is_none_or(|wanted| card.queue == Some(wanted))
            && part.as_ref().is_none_or(|part| card.task_id.contains(part.as_str()))
            && self.from.is_none_or(|from| card.created_at >= from)
    }
}

/// The tasks of a part of a group, and how many it has in all.
async fn slice<T: serde::de::DeserializeOwned, E>(
    ctx: &Context<E>,
    group: StateGroup<T>,
    part: Slice,
) -> StepResult<(Vec<String>, usize)> {
    let Sliced { items, total } = ctx.state.slice(group, part).await?;
    let ids = items.iter().map(|(key, _)| task_of(key).to_owned());
    Ok((ids.collect(), count(total)))
}

fn count(total: u64) -> usize {
    usize::try_from(total).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use motia_testkit::START;

    use super::*;
    use crate::task_queue::{
        board,
        failure::{Failure, Kind},
        task::Task,
    };

    #[test]
    fn an_unknown_field_or_direction_is_refused() {
        let by = |field: &str| ListQuery { sort_by: Some(field.into()), ..ListQuery::default() };
        let order =
            |order: &str| ListQuery { sort_order: Some(order.into()), ..ListQuery::default() };

        assert!(by("created_at").read().is_ok() && order("asc").read().is_ok());
        assert_eq!(by("password").read().unwrap_err().status(), 400);
        assert_eq!(order("sideways").read().unwrap_err().status(), 400);
    }

    /// Tasks that came one second after the other, of all kinds, in no order.
    async fn given(tasks: u32) -> Context {
        let (ctx, _probe) = motia_testkit::fake();
        for n in 0..tasks {
            let came = START.checked_add(Duration::from_secs(u64::from(n * 7919 % tasks))).unwrap();
            let later = came.checked_add(Duration::from_secs(u64::from(n % 50))).unwrap();
            let kind = if n % 3 == 0 { TaskType::Pdfxtract } else { TaskType::Summarize };
            let mut task = Task::new(kind, n.into(), 3, came);
            task.retry_count = n % 4;
            match n % 5 {
                0 => task.complete(later),
                1 => task.start(later),
                2 => task.give_up(&Failure::new(Kind::Permanent, "401"), later),
                3 => task.wait_until(later, came),
                _ => {}
            }
            let mut tx = ctx.transaction();
            board::put(&mut tx, &task);
            tx.commit().await.unwrap();
        }
        ctx
    }

    /// What is wanted, by reading all and sorting it.
    async fn all_sorted(ctx: &Context, query: &str, keep: impl Fn(&Task) -> bool) -> Vec<String> {
        let page = ctx.state.group(board::TASKS).limit(1000).await.unwrap();
        let mut tasks: Vec<_> = page.items.into_iter().map(|(_, task)| task).collect();
        tasks.retain(keep);
        tasks.sort_by(|a, b| {
            let by = match query {
                "updated_at" => a.updated_at.cmp(&b.updated_at),
                "completed_at" => a.completed_at.cmp(&b.completed_at),
                "state" => a.state.name().cmp(b.state.name()),
                "task_type" => (a.task_type as u8).cmp(&(b.task_type as u8)),
                "retry_count" => a.retry_count.cmp(&b.retry_count),
                "task_id" => a.task_id.cmp(&b.task_id),
                _ => a.created_at.cmp(&b.created_at),
            };
            by.then(a.created_at.cmp(&b.created_at)).then(a.task_id.cmp(&b.task_id))
        });
        tasks.into_iter().map(|task| task.task_id).collect()
    }

    async fn pages(ctx: &Context, query: ListQuery) -> (Vec<String>, usize) {
        let (mut ids, mut page) = (Vec::new(), 1);
        loop {
            let asked = ListQuery { page: Some(page), page_size: Some(30), ..query.clone() };
            let list = asked.read().unwrap().page(ctx).await.unwrap();
            if list.tasks.is_empty() {
                return (ids, list.total_items);
            }
            ids.extend(list.tasks);
            page += 1;
        }
    }

    #[tokio::test]
    async fn pages_put_together_are_the_whole_list_however_it_is_sorted() {
        let ctx = given(350).await;
        let fields = [
            "created_at",
            "updated_at",
            "completed_at",
            "state",
            "task_type",
            "retry_count",
            "task_id",
        ];
        for by in fields {
            let mut expected = all_sorted(&ctx, by, |_| true).await;
            for order in ["asc", "desc"] {
                let (sort_by, sort_order) = (Some(by.to_owned()), Some(order.to_owned()));
                let query = ListQuery { sort_by, sort_order, ..ListQuery::default() };
                assert_eq!(pages(&ctx, query).await, (expected.clone(), 350), "{by} {order}");
                expected.reverse();
            }
        }
    }

    #[tokio::test]
    async fn a_whole_list_is_kept_in_every_order_and_read_in_part_also_when_tasks_change() {
        let ctx = given(50).await;
        let ids = all_sorted(&ctx, "task_id", |_| true).await;
        for (n, id) in ids.iter().enumerate().take(30) {
            let now = START.checked_add(Duration::from_secs(1000 + n as u64)).unwrap();
            board::change(&ctx, id, |task, _| {
                let mut task = task.clone();
                task.retry_count += 1;
                task.complete(now);
                Ok(if n % 3 == 0 { board::Change::Gone } else { task.into() })
            })
            .await
            .unwrap();
        }
        for by in ["updated_at", "completed_at", "state", "task_type", "retry_count", "task_id"] {
            let query = ListQuery { sort_by: Some(by.into()), ..ListQuery::default() };
            let mut expected = all_sorted(&ctx, by, |_| true).await;
            expected.reverse();

            let found = query.read().unwrap().in_order(&ctx, 0, 100).await.unwrap();

            assert_eq!(found, Some((expected, 40)), "{by}");
        }
    }

    #[tokio::test]
    async fn what_is_chosen_is_all_there_is_of_it_and_counted() {
        let ctx = given(350).await;
        let at = |secs| START.checked_add(Duration::from_secs(secs)).unwrap();
        let (from, until) = (at(100), at(200));
        let ascending = || ListQuery { sort_order: Some("asc".into()), ..ListQuery::default() };
        type Keep = fn(&Task) -> bool;
        let choices: [(ListQuery, Keep); 5] = [
            (ListQuery { task_status: Some(TaskState::Dlq), ..ascending() }, |task| {
                task.state == TaskState::Dlq
            }),
            (ListQuery { task_type: Some(TaskType::Pdfxtract), ..ascending() }, |task| {
                task.task_type == TaskType::Pdfxtract
            }),
            (ListQuery { queue: Some(QueueName::Scheduled), ..ascending() }, |task| {
                task.queue == Some(QueueName::Scheduled)
            }),
            (
                ListQuery {
                    task_status: Some(TaskState::Active),
                    queue: Some(QueueName::Dlq),
                    ..ascending()
                },
                |_| false,
            ),
            (
                ListQuery {
                    start_date: Some(from.to_string()),
                    end_date: Some(until.to_string()),
                    ..ascending()
                },
                |task| {
                    let secs = task.created_at.as_second() - START.as_second();
                    (100..=200).contains(&secs)
                },
            ),
        ];
        for (query, keep) in choices {
            let expected = all_sorted(&ctx, "created_at", keep).await;
            let count = expected.len();
            assert_eq!(pages(&ctx, query.clone()).await, (expected, count), "{query:?}");
        }
    }
}
