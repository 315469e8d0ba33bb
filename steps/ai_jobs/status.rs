//! `GET /ai/status/{jobId}`: tells how far a job is; a browser gets a page that moves by itself.

use flows::ai_jobs::{AI_JOBS, JOBS, JobView, Refusal, page};
use motia::{
    http::{Reply as _, reply::ReplyBody},
    prelude::*,
};

const CONFIG: ApiConfig<(), ReplyBody> = ApiConfig::get("CheckAIJobStatus", "/ai/status/{jobId}")
    .description("Tells how far a job is; a browser gets a page that moves by itself")
    .flows(&[AI_JOBS])
    .replies(&[
        reply::<JobView>(200, "The job, or its page for `Accept: text/html`"),
        reply::<Refusal>(404, "There is no such job"),
    ]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<ReplyBody>> {
    let job_id = req.param("jobId").unwrap_or_default();
    let browser = req.header("accept").is_some_and(|accepts| accepts.contains("text/html"));

    let job = ctx.state.get(JOBS, job_id).await?;
    match (job, browser) {
        (Some(job), true) => page(StatusCode::OK, page::of_job(&job)),
        (None, true) => page(StatusCode::NOT_FOUND, page::no_such_job(job_id)),
        (Some(job), false) => {
            let reply = ApiResponse::ok(job.view()).header("cache-control", "no-store");
            Ok(reply.header("vary", "accept").into_raw()?)
        }
        (None, false) => Err(Refusal::no_such_job(job_id)),
    }
}

fn page(status: StatusCode, html: String) -> StepResult<ApiResponse<ReplyBody>> {
    let reply = ApiResponse::with_status(status, Html(html.into()).into_body()?);
    let reply = reply.header("cache-control", "no-store").header("vary", "accept");
    Ok(reply.header("content-security-policy", page::POLICY))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{Job, JobOptions};
    use motia_testkit::{START, fake};

    use super::*;

    fn of(job_id: &str, accept: &str) -> ApiRequest<()> {
        ApiRequest::new(()).with_param("jobId", job_id).with_header("accept", accept)
    }

    #[tokio::test]
    async fn a_machine_gets_json_and_a_browser_a_page() {
        let (ctx, probe) = fake();
        let job = Job::new("anna".into(), "hello".into(), JobOptions::default(), START);
        probe.state.set(JOBS, &job.id, &job).await.unwrap();

        let json = handler(of(&job.id, "*/*"), ctx.clone()).await.unwrap();
        let page = handler(of(&job.id, "text/html,*/*;q=0.8"), ctx).await.unwrap();

        let view: JobView = serde_json::from_slice(json.body.bytes()).unwrap();
        assert_eq!(view, job.view());
        assert!(page.body.bytes().starts_with(b"<!DOCTYPE html>"));
        assert!(page.headers.contains_key("content-security-policy"));
    }

    #[tokio::test]
    async fn a_job_that_is_not_known_is_404_for_both() {
        let (ctx, _probe) = fake();

        let json = handler(of("nobody", "*/*"), ctx.clone()).await.unwrap_err();
        let page = handler(of("<b>", "text/html"), ctx).await.unwrap();

        assert_eq!((json.status(), page.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
        assert!(String::from_utf8_lossy(page.body.bytes()).contains("&lt;b&gt;"));
    }
}
