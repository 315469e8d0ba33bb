//! `GET /ai/jobs`: lists jobs, the newest first.

use flows::ai_jobs::{AI_JOBS, JOBS, JobView};
use motia::{
    prelude::*,
    store::{Slice, Sliced},
};

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Paging {
    /// At most so many; 20 where nothing is said.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// How many are passed over.
    #[schemars(range(min = 0, max = 1_000_000))]
    offset: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Jobs {
    jobs: Vec<JobView>,
    /// How many there are in all.
    total: u64,
}

const CONFIG: ApiConfig<(), Jobs> = ApiConfig::get("ListAIJobs", "/ai/jobs")
    .description("Lists jobs, the newest first")
    .flows(&[AI_JOBS])
    .query::<Paging>();

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Jobs>> {
    let Paging { limit, offset } = req.query()?;
    let (limit, skip) = (limit.unwrap_or(20) as usize, offset.unwrap_or(0) as usize);

    let newest = Slice { backwards: true, skip, limit };
    let Sliced { items, total } = ctx.state.slice(JOBS, newest).await?;
    let jobs = items.iter().map(|(_, job)| job.view()).collect();

    Ok(ApiResponse::ok(Jobs { jobs, total }))
}

step!(CONFIG, handler);

#[cfg(test)]
mod tests {
    use flows::ai_jobs::{Job, JobOptions};
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn the_newest_come_first_and_pages_go_on_from_there() {
        let (ctx, probe) = fake();
        let mut ids = Vec::new();
        for n in 0..5 {
            let job = Job::new("anna".into(), n.to_string(), JobOptions::default(), START);
            probe.state.set(JOBS, &job.id, &job).await.unwrap();
            ids.insert(0, job.id);
        }

        let read = |query| handler(ApiRequest::new(()).with_query(query), ctx.clone());
        let (first, second) = (read("limit=2").await, read("limit=2&offset=2").await);

        let listed = |reply: &ApiResponse<Jobs>| {
            reply.body.jobs.iter().map(|job| job.job_id.clone()).collect::<Vec<_>>()
        };
        let (first, second) = (first.unwrap(), second.unwrap());
        assert_eq!((listed(&first), first.body.total), (ids[..2].to_vec(), 5));
        assert_eq!(listed(&second), ids[2..4]);
    }
}
