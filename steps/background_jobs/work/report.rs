//! A report: how many jobs there are, by type and status.

use std::collections::BTreeMap;

use flows::background_jobs::{JOBS, JobError, Record};
use motia::prelude::*;

/// Types that are told apart; jobs of others are counted together.
const MOST_TYPES: usize = 100;

/// Counts the jobs that are kept, a page at a time.
pub(super) async fn generate<E>(ctx: &Context<E>) -> Result<Value, JobError> {
    let (mut total, mut by_type) = (0_u64, BTreeMap::<String, BTreeMap<String, u64>>::new());
    let mut page = ctx.state.group(JOBS).await?;
    loop {
        for (_, Record { job, status, .. }) in page.items {
            let known = by_type.len() < MOST_TYPES || by_type.contains_key(&job.kind);
            let kind = if known { job.kind } else { "others".into() };
            let status = json!(status).as_str().unwrap_or_default().to_owned();
            *by_type.entry(kind).or_default().entry(status).or_default() += 1;
            total += 1;
        }
        let Some(last) = page.next else { break };
        page = ctx.state.group(JOBS).after(last).await?;
    }
    Ok(json!({ "total": total, "byType": by_type, "timestamp": ctx.now() }))
}
