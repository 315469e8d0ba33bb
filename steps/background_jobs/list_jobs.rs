//! `GET /jobs`: a page of jobs, the oldest first.

use flows::background_jobs::{BACKGROUND_JOBS, JOBS, Record, Status, Urgency};
use motia::prelude::*;

/// Jobs that are looked through for one page, however few of them are wanted.
const MOST_READ: usize = 1000;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Query {
    /// Jobs of this status alone.
    status: Option<Status>,
    /// Jobs of this type alone.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// At most so many.
    #[serde(default = "twenty")]
    #[schemars(range(min = 1, max = 100))]
    limit: usize,
    /// Where the last page ended.
    #[schemars(length(min = 1, max = 256))]
    cursor: Option<String>,
}

const fn twenty() -> usize {
    20
}

#[derive(Debug, Serialize, JsonSchema)]
struct Jobs {
    jobs: Vec<Summary>,
    /// Where the next page begins; `null` on the last.
    cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Summary {
    job_id: String,
    #[serde(rename = "type")]
    kind: String,
    status: Status,
    priority: Urgency,
    attempts: u32,
    max_attempts: u32,
    created_at: Timestamp,
    due: Option<Timestamp>,
}

const CONFIG: ApiConfig<(), Jobs> = ApiConfig::get("ListJobs", "/jobs")
    .description("Lists jobs, the oldest first; a page may be short and yet not the last")
    .query::<Query>()
    .flows(&[BACKGROUND_JOBS]);

async fn handler(req: ApiRequest<()>, ctx: Context) -> StepResult<ApiResponse<Jobs>> {
    let Query { status, kind, limit, mut cursor } = req.query()?;
    let wanted = |record: &Record| {
        status.is_none_or(|status| record.status == status)
            && kind.as_ref().is_none_or(|kind| record.job.kind == *kind)
    };

    let (mut jobs, mut read) = (Vec::new(), 0);
    while jobs.len() < limit && read < MOST_READ {
        let group = ctx.state.group(JOBS).limit(limit - jobs.len());
        let page = match cursor.take() {
            Some(key) => group.after(key).await?,
            None => group.await?,
        };
        read += page.items.len();
        let records = page.items.into_iter().map(|(_, record)| record);
        jobs.extend(records.filter(wanted).map(Summary::from));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }

    Ok(ApiResponse::ok(Jobs { jobs, cursor }))
}

step!(CONFIG, handler);

impl From<Record> for Summary {
    fn from(record: Record) -> Self {
        let due = record.due();
        let Record { job, status, created_at, .. } = record;
        Self {
            job_id: job.job_id,
            kind: job.kind,
            status,
            priority: job.priority,
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            created_at,
            due,
        }
    }
}

#[cfg(test)]
mod tests {
    use flows::background_jobs::Job;
    use motia_testkit::{START, fake};

    use super::*;

    #[tokio::test]
    async fn pages_follow_one_another_and_are_filtered() {
        let (ctx, probe) = fake();
        for n in 0..25 {
            let kind = if n % 2 == 0 { "email" } else { "data_export" };
            let job = Job { job_id: format!("job-{n:02}"), ..Job::new(kind, <_>::default()) };
            let id = job.job_id.clone();
            probe.state.set(JOBS, &id, &Record::taken_in(job, START)).await.unwrap();
        }

        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = format!("type=email&status=queued&limit=5{cursor}");
            let asked = ApiRequest::new(()).with_query(query);
            let page = handler(asked, ctx.clone()).await.unwrap().body;
            assert!(page.jobs.len() <= 5);
            found.extend(page.jobs.into_iter().map(|job| job.job_id));
            let Some(next) = page.cursor else { break };
            cursor = format!("&cursor={next}");
        }

        let even: Vec<_> = (0..25).step_by(2).map(|n| format!("job-{n:02}")).collect();
        assert_eq!(found, even);
    }
}
