//! `POST /ai/start`: takes a prompt in and answers at once; the work goes on in the background.

use flows::{
    ai_jobs::{AI_JOBS, JOBS, Job, JobCreated, JobOptions, Refusal, STARTS, Status},
    outbound,
};
use motia::{prelude::*, schema::Violation};

/// Who asks, where nobody says it.
const SOMEBODY: &str = "demo-user";
/// The longest name of a user, in characters.
const USER_MAX: usize = 64;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StartJob {
    #[schemars(length(min = 1, max = 500))]
    prompt: String,
    options: Option<JobOptions>,
    /// Who asks; the header `x-user-id` goes before it.
    #[schemars(length(min = 1, max = "USER_MAX"))]
    user_id: Option<String>,
    /// Is posted the job when it has ended.
    #[schemars(length(min = 1, max = 2000))]
    webhook_url: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Started {
    job_id: String,
    status: Status,
    message: &'static str,
    /// How many more the user may start in this minute.
    remaining: u32,
}

type Emits = (JobCreated,);

const CONFIG: ApiConfig<StartJob, Started, Emits> = ApiConfig::post("StartAIJob", "/ai/start")
    .description("Takes a prompt in and answers at once")
    .flows(&[AI_JOBS])
    .status(201)
    .replies(&[reply::<Refusal>(429, "The user has started as many as a minute allows")]);

async fn handler(
    req: ApiRequest<StartJob>,
    ctx: Context<Emits>,
) -> StepResult<ApiResponse<Started>> {
    let header = req.header("x-user-id").map(str::trim).filter(|user| !user.is_empty());
    let user = header.or(req.body.user_id.as_deref()).unwrap_or(SOMEBODY).to_owned();
    let StartJob { prompt, options, webhook_url, user_id: _ } = req.body;

    if user.chars().count() > USER_MAX {
        return Err(at_fault("", format!("`x-user-id` has {USER_MAX} characters at most")));
    }
    if let Some(url) = &webhook_url {
        outbound::allowed(url, ctx.setting(outbound::PRIVATE))
            .map_err(|why| at_fault("/webhookUrl", why.to_string()))?;
    }
    let remaining = match ctx.take(STARTS, &user).await? {
        Taken::Granted { left } => left,
        Taken::Refused { retry_after } => return Err(too_many(retry_after)),
    };

    let job = Job::new(user, prompt, options.unwrap_or_default(), ctx.now());
    let job = Job { webhook_url, ..job };
    let created = JobCreated { job_id: job.id.clone() };
    let mut tx = ctx.transaction();
    tx.set(JOBS, &job.id, &job);
    tx.emit_with(created, EmitOptions::new().cancel_key(&job.id));
    tx.commit().await?;

    let message = "the job is kept and waits for its turn";
    Ok(ApiResponse::created(Started { job_id: job.id, status: job.status, message, remaining }))
}

fn at_fault(pointer: &str, detail: String) -> StepError {
    StepError::Reject(Box::new(Problem::violations(vec![Violation::new(pointer, detail)])))
}

fn too_many(retry_after: Duration) -> StepError {
    let secs = retry_after.as_millis().div_ceil(1000).max(1);
    let secs = u64::try_from(secs).unwrap_or(u64::MAX);
    let message = "you have started as many jobs as a minute allows".to_owned();
    let refusal = Refusal { error: "too_many_jobs", message, retry_after: Some(secs) };
    let response = ApiResponse::with_status(StatusCode::TOO_MANY_REQUESTS, refusal);
    StepError::respond(response.header("retry-after", &secs.to_string()))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use motia_testkit::{Fake, fake};

    use super::*;

    fn hello() -> ApiRequest<StartJob> {
        ApiRequest::new(StartJob { prompt: "hello".into(), ..StartJob::default() })
    }

    #[tokio::test]
    async fn a_job_is_kept_and_announced_so_that_it_can_be_cancelled() {
        let (ctx, probe) = fake();

        let reply = handler(hello(), ctx).await.unwrap();

        let Started { job_id, status, remaining, .. } = reply.body;
        assert_eq!((reply.status.as_u16(), status, remaining), (201, Status::Pending, 1));
        let kept = probe.state.get(JOBS, &job_id).await.unwrap().unwrap();
        assert_eq!((kept.prompt.as_str(), kept.user.as_str()), ("hello", SOMEBODY));
        assert_eq!(probe.emitted::<JobCreated>(), [JobCreated { job_id: job_id.clone() }]);
        assert_eq!(probe.emissions()[0].cancel_key, Some(job_id));
    }

    #[tokio::test]
    async fn the_third_job_in_a_minute_is_refused_and_nobody_hears_of_it() {
        let (ctx, probe) = fake();
        for _ in 0..2 {
            handler(hello(), ctx.clone()).await.unwrap();
        }

        let refused = handler(hello(), ctx.clone()).await.unwrap_err();
        let by_header = handler(hello().with_header("x-user-id", "anna"), ctx.clone()).await;
        probe.advance(Duration::from_secs(60));
        let later = handler(hello(), ctx).await;

        assert_eq!(refused.status(), 429);
        assert!(by_header.is_ok() && later.is_ok());
        assert_eq!(probe.emissions().len(), 4);
    }

    #[tokio::test]
    async fn the_header_goes_before_the_body() {
        let (ctx, probe) = fake();
        let both = hello().with_header("x-user-id", "anna");
        let both = both.map(|body| StartJob { user_id: Some("bert".into()), ..body });

        let reply = handler(both, ctx).await.unwrap();

        let kept = probe.state.get(JOBS, &reply.body.job_id).await.unwrap().unwrap();
        assert_eq!(kept.user, "anna");
    }

    #[tokio::test]
    async fn a_webhook_that_leads_home_is_refused_and_costs_no_start() {
        let (ctx, probe) = fake();
        let home = || hello().map(|body| StartJob { webhook_url: Some(HOME.into()), ..body });

        let refused = handler(home(), ctx).await.unwrap_err();
        let (allowing, _probe) = Fake::default().setting(outbound::PRIVATE, true).build();
        let allowed = handler(home(), allowing).await;

        assert_eq!(refused.status(), 400);
        assert!(refused.to_string().contains("/webhookUrl"), "{refused}");
        assert_eq!(probe.emissions(), []);
        assert_eq!(allowed.unwrap().body.remaining, 1);
    }

    const HOME: &str = "http://127.0.0.1:9/hook";

    #[tokio::test]
    async fn a_job_that_cannot_be_kept_is_not_acknowledged() {
        let (ctx, probe) = fake();
        probe.break_store().await;

        assert!(handler(hello(), ctx).await.is_err());
    }
}
