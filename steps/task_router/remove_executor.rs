//! `DELETE /router/executors/{id}`: takes an executor off the list; what it runs, it runs on.

use flows::task_router::{TASK_ROUTER, executor::EXECUTORS, roster::Roster};
use motia::prelude::*;

const CONFIG: ApiConfig =
    ApiConfig::new("RemoveExecutor", Method::Delete, "/router/executors/{id}")
        .description("Takes an executor off the list")
        .flows(&[TASK_ROUTER])
        .status(204)
        .replies(&[rejection(404, "there is no such executor")]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<()>> {
    let was_there = ctx.state.delete(EXECUTORS, req.param("id").unwrap_or_default()).await?;
    ctx.shared::<Roster>().changed();

    if was_there {
        Ok(ApiResponse::no_content())
    } else {
        Err(StepError::reject(StatusCode::NOT_FOUND, "there is no such executor"))
    }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn what_is_not_on_the_list_cannot_be_taken_off() {
        let (ctx, _probe) = fake();

        let refused = handler(ApiRequest::new(()).with_param("id", "gpu"), ctx).await;

        assert_eq!(refused.unwrap_err().status(), 404);
    }
}
