//! `GET /api/v1/tasks/summaries/`: lists tasks without reading what they are about.

use flows::task_queue::{
    TASK_QUEUE,
    filter::ListQuery,
    wire::{ErrorResponse, TaskList, TaskSummary},
};
use motia::prelude::*;

const CONFIG: ApiConfig<(), TaskList<TaskSummary>> =
    ApiConfig::get("ListSummaries", "/api/v1/tasks/summaries/")
        .description("Lists tasks without their contents and results")
        .query::<ListQuery>()
        .replies(&[reply::<ErrorResponse>(400, "It cannot be sorted like that.")])
        .flows(&[TASK_QUEUE]);

async fn handler(
    req: ApiRequest<()>,
    ctx: Context,
) -> StepResult<ApiResponse<TaskList<TaskSummary>>> {
    let wanted = req.query::<ListQuery>()?.read()?;

    Ok(ApiResponse::ok(wanted.page(&ctx).await?.read(&ctx).await?))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::task_queue::{
        board,
        task::{Task, TaskType},
    };
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn tasks_are_listed_newest_first_page_by_page() {
        let (ctx, _probe) = fake();
        for n in 0..25 {
            let now = START.checked_add(Duration::from_secs(n)).unwrap();
            let mut tx = ctx.transaction();
            board::put(&mut tx, &Task::new(TaskType::Summarize, n, 3, now));
            tx.commit().await.unwrap();
        }
        let listed = async |query: &str| {
            let asked = ApiRequest::new(()).with_query(query.to_owned());
            handler(asked, ctx.clone()).await.unwrap().body
        };

        let first = listed("page_size=10").await;
        let last = listed("page_size=10&page=3").await;
        let oldest = listed("sort_order=asc&page_size=1&end_date=2026-01-01T00:00:05Z").await;
        let none = listed("task_status=DLQ").await;

        assert_eq!((first.total_items, first.total_pages, first.tasks.len()), (25, 3, 10));
        assert_eq!((first.tasks[0].content_length, last.tasks.len()), (24, 5));
        assert_eq!((oldest.total_items, oldest.tasks[0].content_length), (6, 0));
        assert_eq!((none.total_items, none.total_pages), (0, 0));
    }
}
