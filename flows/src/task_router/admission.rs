//! What a submission has to pass before it is taken in: a definition, its schema, the content rules, the client's
//! rate.

use std::sync::Arc;

use http::{HeaderValue, header::RETRY_AFTER};
use motia::{context::Transaction, prelude::*, schema::Violation};
use uuid::Uuid;

use super::{
    contract::{self, Contract},
    definition::Definition,
    lineage::LINEAGES,
    settings::{ROUTER_CLIENT_BURST, ROUTER_CLIENT_RATE},
    submission::NewTask,
};

/// The definition that is named, or the one that falls to the client; to the task, where no client is named.
///
/// # Errors
/// 404, when there is none.
pub async fn contract<E>(ctx: &Context<E>, new: &NewTask, id: Uuid) -> StepResult<Arc<Contract>> {
    let gone = || StepError::reject(StatusCode::NOT_FOUND, "there is no such definition");
    let version = match &new.version {
        Some(version) => version.clone(),
        None => {
            let lineage = ctx.state.get(LINEAGES, &new.task_id).await?.ok_or_else(gone)?;
            let who = new.client_id.clone().unwrap_or_else(|| id.to_string());
            lineage.version_for(&who).cloned().ok_or_else(gone)?
        }
    };
    contract::of(ctx, &Definition::key_of(&new.task_id, &version)).await?.ok_or_else(gone)
}

/// Refuses an input that breaks the schema, or a content rule.
///
/// # Errors
/// 400 with every place, or 422 with the rule.
pub fn check(contract: &Contract, input: &Value) -> StepResult {
    if let Err(violations) = contract.input.check(input) {
        let below =
            |found: Violation| Violation::new(format!("/input{}", found.pointer), found.detail);
        let violations = violations.into_iter().map(below).collect();
        return Err(StepError::Reject(Box::new(Problem::violations(violations))));
    }
    let breaches = contract.screen.breaches(input, input.to_string().len() as u64);
    if let Some(first) = breaches.first() {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY);
        let problem = problem.detail(format!("the input {}", first.detail));
        return Err(StepError::Reject(Box::new(Problem { errors: breaches, ..problem })));
    }
    Ok(())
}

/// Refuses what is beyond the client's rate; what is taken of it is kept with the task, or not at all.
///
/// # Errors
/// 429 with `Retry-After`.
pub async fn within_rate<E>(ctx: &Context<E>, tx: &mut Transaction<E>, client: &str) -> StepResult {
    let rate =
        RateLimit::token_bucket(ctx.setting(ROUTER_CLIENT_RATE).get(), Duration::from_secs(1))
            .burst(ctx.setting(ROUTER_CLIENT_BURST).get());
    match tx.take(Limit::new("router-clients", rate), client).await? {
        Taken::Granted { .. } => Ok(()),
        Taken::Refused { retry_after } => {
            let secs = (retry_after.as_millis().div_ceil(1000)).max(1);
            let secs = HeaderValue::from(u64::try_from(secs).unwrap_or(u64::MAX));
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS)
                .detail("the client submits more than it may")
                .header(RETRY_AFTER, secs);
            Err(StepError::Reject(Box::new(problem)))
        }
    }
}
