//! A version of a task as it is offered, and what is to be right about it.

use std::num::NonZeroU32;

use motia::{prelude::*, schema::Violation};

use super::{
    amount::Span,
    contract::Contract,
    definition::{
        Definition, LONGEST_TIMEOUT, MOST_ATTEMPTS, RatePerSecond, ResourceQuota, RetryPolicy,
    },
    safety::SafetyRules,
    settings::{DEFAULT_TASK_TIMEOUT, MAX_RETRY_ATTEMPTS, common_safety},
    version::Version,
};

/// A version of a task as it is offered; what it leaves out, the settings say.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDefinition {
    /// Names the task.
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[a-zA-Z0-9][a-zA-Z0-9._-]*$"))]
    pub task_id: String,
    /// What people call it.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,
    /// Which version it is.
    pub version: Version,
    /// What may come in.
    pub input_schema: Value,
    /// What may come out.
    pub output_schema: Value,
    /// How long an attempt may take.
    pub timeout: Option<Span>,
    /// When it is tried again.
    #[serde(default)]
    pub retry_policy: NewPolicy,
    /// How often tasks of it start.
    pub rate_limit: Option<RatePerSecond>,
    /// What its tasks may use.
    pub resource_quota: Option<ResourceQuota>,
    /// How urgent its tasks are.
    #[serde(default)]
    pub priority: Priority,
    /// How long an output serves for equal inputs.
    pub cache_ttl: Option<Span>,
    /// What an executor must be capable of; the `taskId` where nothing is said.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 100)))]
    pub requires: Option<Vec<String>>,
    /// Whether a client's tasks go to the same executor.
    #[serde(default)]
    pub sticky: bool,
    /// What no input may hold.
    #[serde(default)]
    pub safety: SafetyRules,
    /// The share of the traffic that it gets at first; all where nothing is said.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub rollout: Option<f64>,
}

/// When a task is tried again, as it is offered.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPolicy {
    /// Attempts in all.
    #[schemars(range(min = 1, max = 100))]
    pub max_attempts: Option<NonZeroU32>,
    /// The first delay.
    pub backoff_initial: Option<Span>,
    /// The longest delay.
    pub backoff_max: Option<Span>,
    /// How many times as long each delay is as the one before.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub backoff_factor: Option<f64>,
}

impl NewDefinition {
    /// The definition with what it leaves to the settings.
    #[must_use]
    pub fn complete<E>(self, ctx: &Context<E>) -> Definition {
        let policy = self.retry_policy;
        let attempts = || ctx.setting(MAX_RETRY_ATTEMPTS);
        Definition {
            requires: self.requires.unwrap_or_else(|| vec![self.task_id.clone()]),
            task_id: self.task_id,
            name: self.name,
            version: self.version,
            input_schema: self.input_schema,
            output_schema: self.output_schema,
            timeout: self.timeout.unwrap_or_else(|| Span(ctx.setting(DEFAULT_TASK_TIMEOUT).get())),
            retry_policy: RetryPolicy {
                max_attempts: policy.max_attempts.unwrap_or_else(attempts),
                backoff_initial: policy.backoff_initial.unwrap_or(Span::secs(1)),
                backoff_max: policy.backoff_max.unwrap_or(Span::secs(30)),
                backoff_factor: policy.backoff_factor.unwrap_or(2.0),
            },
            rate_limit: self.rate_limit,
            resource_quota: self.resource_quota,
            priority: self.priority,
            cache_ttl: self.cache_ttl,
            sticky: self.sticky,
            safety: self.safety,
        }
    }
}

impl Definition {
    /// All that is wrong with it: what is longer or shorter than it may be, and what does not compile.
    #[must_use]
    pub fn faults<E>(&self, ctx: &Context<E>) -> Vec<Violation> {
        let mut faults = Vec::new();
        if self.timeout.0.is_zero() || self.timeout.0 > LONGEST_TIMEOUT {
            faults.push(Violation::new("/timeout", "is more than none, and an hour at most"));
        }
        if self.retry_policy.max_attempts.get() > MOST_ATTEMPTS {
            let detail = format!("is {MOST_ATTEMPTS} at most");
            faults.push(Violation::new("/retryPolicy/maxAttempts", detail));
        }
        if self.cache_ttl.is_some_and(|ttl| ttl.0.is_zero()) {
            faults.push(Violation::new("/cacheTtl", "is more than none"));
        }
        faults.extend(Contract::of(self, &common_safety(ctx)).err().into_iter().flatten());
        faults
    }
}
