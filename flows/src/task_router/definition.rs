//! What a task is: its schemas, its limits, and what is done when it fails.

use std::{num::NonZeroU32, time::Duration};

use motia::{config::RateLimit, prelude::*};

use super::{
    amount::{Bytes, Cores, Span},
    fingerprint,
    safety::SafetyRules,
    version::Version,
};

/// The longest that an attempt may take.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// The most attempts that a retry policy may ask for.
pub const MOST_ATTEMPTS: u32 = 100;

/// What a task is. It never changes: what is to be different is another version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// Names the kind of task.
    pub task_id: String,
    /// What people call it.
    pub name: String,
    /// Which of several it is.
    pub version: Version,
    /// The JSON Schema of what comes in.
    pub input_schema: Value,
    /// The JSON Schema of what goes out.
    pub output_schema: Value,
    /// How long an attempt may take.
    pub timeout: Span,
    /// When a failed attempt is made again.
    pub retry_policy: RetryPolicy,
    /// How often one may start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RatePerSecond>,
    /// What one may use, and how many run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_quota: Option<ResourceQuota>,
    /// How urgent its tasks are.
    #[serde(default)]
    pub priority: Priority,
    /// How long a result serves for equal inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_ttl: Option<Span>,
    /// What an executor must be capable of.
    pub requires: Vec<String>,
    /// Whether the tasks of a client go to the same executor while they can.
    #[serde(default)]
    pub sticky: bool,
    /// What no input may hold, beside what the settings say.
    #[serde(default)]
    pub safety: SafetyRules,
}

/// When a failed attempt is made again.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryPolicy {
    /// Attempts in all, the first among them.
    pub max_attempts: NonZeroU32,
    /// How long after the first failure the second attempt starts.
    pub backoff_initial: Span,
    /// No delay is longer than this.
    pub backoff_max: Span,
    /// Each delay is the last one times this.
    pub backoff_factor: f64,
}

impl RetryPolicy {
    /// How long after the failure of this attempt, from 1, the next one starts.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let growth = self.backoff_factor.powi(exponent);
        let delay = self.backoff_initial.0.as_secs_f64() * growth;
        Duration::try_from_secs_f64(delay).unwrap_or(self.backoff_max.0).min(self.backoff_max.0)
    }
}

/// How often one may start: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RatePerSecond {
    /// So many in a second.
    #[schemars(range(max = 1_000_000))]
    pub requests_per_second: NonZeroU32,
    /// As many at once, saved up.
    #[schemars(range(max = 1_000_000))]
    pub burst_size: NonZeroU32,
}

impl RatePerSecond {
    /// The limit that the queue keeps to.
    #[must_use]
    pub fn limit(self) -> RateLimit {
        RateLimit::token_bucket(self.requests_per_second.get(), Duration::from_secs(1))
            .burst(self.burst_size.get())
    }
}

/// What one task may use, and how many run at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceQuota {
    /// So many run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent: Option<NonZeroU32>,
    /// So much memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<Bytes>,
    /// Such a share of the processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Cores>,
}

impl Definition {
    /// The key of a definition: `summarize/1.2.0`.
    #[must_use]
    pub fn key_of(task_id: &str, version: &Version) -> String {
        format!("{task_id}/{version}")
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> String {
        Self::key_of(&self.task_id, &self.version)
    }

    /// The key of the output for this input, which is the same for equal inputs.
    ///
    /// # Errors
    /// When the input is no JSON.
    pub fn result_key(&self, input: &Value) -> serde_json::Result<String> {
        Ok(format!("{}/{}", self.key(), fingerprint::of(input)?))
    }

    /// What one of its tasks may use.
    #[must_use]
    pub fn quota(&self) -> ResourceQuota {
        self.resource_quota.unwrap_or_default()
    }
}

/// Every definition, by task and version.
pub const DEFINITIONS: StateGroup<Definition> = StateGroup::new("router-definitions");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_by_the_factor_up_to_the_longest() {
        let policy = RetryPolicy {
            max_attempts: NonZeroU32::MIN,
            backoff_initial: Span::secs(1),
            backoff_max: Span::secs(10),
            backoff_factor: 3.0,
        };

        let delays = [1, 2, 3, 4, u32::MAX].map(|attempt| policy.delay(attempt).as_secs());

        assert_eq!(delays, [1, 3, 9, 10, 10]);
    }
}
