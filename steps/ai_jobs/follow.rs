//! `GET /ai/events/{jobId}`: tells every change of a job as it comes, until the job is over.

use flows::ai_jobs::{AI_JOBS, JOBS, Job, Refusal, job::Change};
use futures_util::{Stream, StreamExt as _, stream};
use motia::prelude::*;

/// How long to wait between two looks at a job: ten looks a second for each who follows it.
const PAUSE: Duration = Duration::from_millis(100);

const CONFIG: ApiConfig<(), Sse> = ApiConfig::get("FollowAIJob", "/ai/events/{jobId}")
    .description("Tells every change of a job as it comes, until the job is over")
    .flows(&[AI_JOBS])
    .replies(&[reply::<Refusal>(404, "There is no such job")]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Sse>> {
    let job_id = req.param("jobId").unwrap_or_default().to_owned();
    let seen = req.header("last-event-id").and_then(|id| id.parse().ok()).unwrap_or(0);

    if ctx.state.get(JOBS, &job_id).await?.is_none() {
        return Err(Refusal::no_such_job(&job_id));
    }

    Ok(ApiResponse::ok(Sse::new(changes(ctx, job_id, seen))))
}

/// The changes of a job after the one of the number `seen`.
fn changes(ctx: Context, job_id: String, seen: u64) -> impl Stream<Item = SseEvent> {
    let looks = stream::unfold(Some(seen), move |seen| {
        let (ctx, job_id) = (ctx.clone(), job_id.clone());
        async move {
            let job = news(&ctx, &job_id, seen?).await?;
            let told: Vec<_> = job.changes_after(seen?).map(told).collect();
            let next = (!job.status.is_over()).then_some(job.version);
            Some((stream::iter(told), next))
        }
    });
    looks.flatten()
}

/// The job as soon as it has changed; `None` when it does not change any more, or cannot be read.
async fn news(ctx: &Context, job_id: &str, seen: u64) -> Option<Job> {
    loop {
        let job = ctx.state.get(JOBS, job_id).await.ok()??;
        if job.version > seen {
            return Some(job);
        }
        if job.status.is_over() {
            return None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn told(Change { version, view }: &Change) -> SseEvent {
    let (id, event) = (Some(version.to_string()), Some("job".into()));
    SseEvent { id, event, data: json!(view).to_string() }
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{Attempt, JobOptions, Progress};
    use motia_testkit::{START, fake};

    use super::*;

    fn job() -> Job {
        Job::new("anna".into(), "hello".into(), JobOptions::default(), START)
    }

    #[tokio::test(start_paused = true)]
    async fn every_change_is_told_even_those_between_two_looks_and_the_end_ends_it() {
        let (ctx, probe) = fake();
        let mut job = job();
        probe.state.set(JOBS, &job.id, &job).await.unwrap();
        let mut events = Box::pin(changes(ctx, job.id.clone(), 0));
        let waiting = events.next().await.unwrap();

        let attempt = Attempt { number: 1, token: 1 };
        let half = Progress { percent: 50, message: "half".into() };
        job.begin(attempt, START).unwrap();
        job.advance(attempt, half, START).unwrap();
        job.cancel(START).unwrap();
        probe.state.set(JOBS, &job.id, &job).await.unwrap();
        let rest: Vec<_> = events.collect().await;

        assert!(waiting.data.contains("pending"), "{waiting:?}");
        let ids: Vec<_> = rest.iter().filter_map(|event| event.id.as_deref()).collect();
        assert_eq!(ids, ["2", "3", "4"]);
        assert!(rest[1].data.contains("50") && rest[2].data.contains("cancelled"), "{rest:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_back_hears_only_what_is_new() {
        let (ctx, probe) = fake();
        let mut job = job();
        job.cancel(START).unwrap();
        probe.state.set(JOBS, &job.id, &job).await.unwrap();

        let rest: Vec<_> = changes(ctx.clone(), job.id.clone(), 1).collect().await;
        let nothing: Vec<_> = changes(ctx, job.id, 2).collect().await;

        assert_eq!((rest.len(), nothing.len()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_stands_still_is_looked_at_ten_times_a_second() {
        let (ctx, probe) = fake();
        let job = job();
        probe.state.set(JOBS, &job.id, &job).await.unwrap();
        let mut events = Box::pin(changes(ctx, job.id.clone(), 1));

        let silence = tokio::time::timeout(Duration::from_secs(1), events.next()).await;
        let began = tokio::time::Instant::now();
        let mut cancelled = job.clone();
        cancelled.cancel(START).unwrap();
        probe.state.set(JOBS, &job.id, &cancelled).await.unwrap();

        assert!(silence.is_err());
        assert!(events.next().await.is_some());
        assert!(began.elapsed() <= PAUSE);
    }

    #[tokio::test]
    async fn a_job_that_is_not_known_is_not_followed() {
        let (ctx, _probe) = fake();

        let refused = handler(ApiRequest::new(()).with_param("jobId", "nobody"), ctx).await;

        assert_eq!(refused.unwrap_err().status(), 404);
    }
}
