//! `GET /ai/assets/{file}`: the script and the style of a job's page.

use flows::ai_jobs::{AI_JOBS, Refusal, page::ASSETS};
use motia::{http::reply::ReplyBody, prelude::*};

const CONFIG: ApiConfig<(), ReplyBody> = ApiConfig::get("AIJobPageAsset", "/ai/assets/{file}")
    .description("The script and the style of a job's page")
    .flows(&[AI_JOBS])
    .replies(&[reply::<Refusal>(404, "There is no such file")]);

async fn handler(req: ApiRequest<()>, _ctx: Context) -> StepResult<ApiResponse<ReplyBody>> {
    let wanted = req.param("file").unwrap_or_default();

    let Some((_, media, text)) = ASSETS.into_iter().find(|(file, ..)| *file == wanted) else {
        let message = "there is no such file".to_owned();
        let refusal = Refusal { error: "not_found", message, retry_after: None };
        return Err(StepError::respond(ApiResponse::with_status(StatusCode::NOT_FOUND, refusal)));
    };

    let body = ReplyBody::Bytes(media, text.into());
    Ok(ApiResponse::ok(body).header("cache-control", "no-cache"))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[tokio::test]
    async fn the_files_of_the_page_are_there_and_no_others() {
        for (file, ..) in ASSETS {
            let (ctx, _probe) = fake();
            let found = handler(ApiRequest::new(()).with_param("file", file), ctx).await.unwrap();
            assert!(!found.body.bytes().is_empty());
        }
        let (ctx, _probe) = fake();
        let none = handler(ApiRequest::new(()).with_param("file", "../job.rs"), ctx).await;
        assert_eq!(none.unwrap_err().status(), 404);
    }
}
