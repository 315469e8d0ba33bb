//! The layout of what lists read: a data folder that an earlier build of the app wrote is laid out anew before
//! the first list is made of it.

use std::sync::atomic::{AtomicBool, Ordering};

use motia::prelude::*;
use tokio::sync::Mutex;

use super::{
    board::TASKS,
    card::{self, CARDS},
    index,
    task::{Task, TaskState},
};

/// The layout of a data folder, under [`LISTS`].
const LAYOUTS: StateGroup<u32> = StateGroup::new("task-queue.layout");
/// The key of the layout of what lists read.
const LISTS: &str = "lists";
/// The layout of this build. 1: cards in the order in which tasks came; 2: an index for each order.
const CURRENT: u32 = 2;
/// So many tasks are laid out in one commit.
const AT_ONCE: usize = 100;

/// Whether the data folder is known to be laid out as this build has it.
#[derive(Debug, Default)]
struct Layout {
    is_current: AtomicBool,
    one_by_one: Mutex<()>,
}

/// Lays everything out that lists read, if an earlier build wrote it; others wait meanwhile.
///
/// # Errors
/// When the store fails; what is left is laid out when a list is asked for next.
pub async fn bring_up_to_date<E>(ctx: &Context<E>) -> StepResult {
    let layout = ctx.shared::<Layout>();
    if layout.is_current.load(Ordering::Acquire) {
        return Ok(());
    }
    let _one_by_one = layout.one_by_one.lock().await;
    if ctx.state.get(LAYOUTS, LISTS).await? != Some(CURRENT) {
        let tasks = lay_out_all(ctx).await?;
        ctx.state.set(LAYOUTS, LISTS, &CURRENT).await?;
        if tasks > 0 {
            let message = "the lists of an earlier build were laid out anew";
            ctx.logger.info(message, json!({ "tasks": tasks }));
        }
    }
    layout.is_current.store(true, Ordering::Release);
    Ok(())
}

/// Removes what lists read, and makes it anew of the tasks; says of how many.
async fn lay_out_all<E>(ctx: &Context<E>) -> StepResult<usize> {
    for state in TaskState::ALL {
        ctx.state.clear(card::cards(state)).await?;
    }
    ctx.state.clear(CARDS).await?;
    for index in index::all() {
        ctx.state.clear(index).await?;
    }

    let (mut after, mut laid_out) = (None::<String>, 0);
    loop {
        let group = ctx.state.group(TASKS).limit(AT_ONCE);
        let page = match after {
            Some(key) => group.after(key).await?,
            None => group.await?,
        };
        let ids: Vec<_> = page.items.iter().map(|(id, _)| id.as_str()).collect();
        while !lay_out(ctx, &ids).await? {} // somebody changed one of them meanwhile
        laid_out += ids.len();
        after = page.next;
        if after.is_none() {
            return Ok(laid_out);
        }
    }
}

/// Lays tasks out as they are now; says whether nobody changed one of them meanwhile.
async fn lay_out<E>(ctx: &Context<E>, ids: &[&str]) -> StepResult<bool> {
    let mut tx = ctx.transaction();
    for id in ids {
        let Some(task): Option<Task> = tx.get(TASKS, id).await? else { continue };
        card::lay(&mut tx, &task);
        index::change(&mut tx, None, Some(&task));
    }
    match tx.commit().await {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::{START, fake};

    use super::*;
    use crate::task_queue::{board, filter::ListQuery, task::TaskType};

    async fn listed(ctx: &Context, by: &str) -> Vec<String> {
        let sort_by = Some(by.to_owned());
        let sort_order = Some("asc".to_owned());
        let query = ListQuery { sort_by, sort_order, ..ListQuery::default() };
        query.read().unwrap().page(ctx).await.unwrap().tasks
    }

    #[tokio::test]
    async fn tasks_of_an_earlier_build_are_in_every_list() {
        let (ctx, probe) = fake::<()>();
        let later = START.checked_add(Duration::from_secs(1)).unwrap();
        let old = Task::new(TaskType::Summarize, 1, 3, START);
        let new = Task::new(TaskType::Summarize, 2, 3, later);
        // The earlier build kept the task, and its card by its id alone.
        probe.state.set(TASKS, &old.task_id, &old).await.unwrap();
        let by_id = StateGroup::<Value>::new("task-queue.state.pending");
        probe.state.set(by_id, &old.task_id, &json!({ "state": "PENDING" })).await.unwrap();
        let mut tx = ctx.transaction();
        board::put(&mut tx, &new);
        tx.commit().await.unwrap();

        for by in ["created_at", "updated_at", "completed_at", "state", "task_type", "task_id"] {
            assert_eq!(listed(&ctx, by).await, [old.task_id.clone(), new.task_id.clone()], "{by}");
        }
        assert_eq!(probe.state.get(LAYOUTS, LISTS).await.unwrap(), Some(CURRENT));
    }

    #[tokio::test]
    async fn a_layout_that_was_broken_off_is_begun_anew() {
        let (ctx, probe) = fake::<()>();
        let task = Task::new(TaskType::Summarize, 1, 3, START);
        probe.state.set(TASKS, &task.task_id, &task).await.unwrap();
        lay_out_all(&ctx).await.unwrap(); // and killed before it said so

        assert_eq!(listed(&ctx, "updated_at").await, [task.task_id]);
    }
}
