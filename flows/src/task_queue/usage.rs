//! How often the provider was asked, with which success, and how it stood in between.

use motia::{context::TransactionError, prelude::*, store::CommitError};

use super::{account::Account, failure::Failure, pace::PROVIDER};

/// How the provider stands.
pub const SERVICE: StateGroup<Service> = StateGroup::new("task-queue.service");
/// What was counted, by day and name: `2026-01-31.total_calls`.
pub const USAGE: StateGroup<i64> = StateGroup::new("task-queue.usage");

/// How the provider stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// It answers.
    Active,
    /// Nobody may ask it.
    ApiKeyMissing,
    /// It does not know the key.
    ApiKeyInvalid,
    /// The account is empty.
    CreditsExhausted,
    /// It was asked too much.
    RateLimited,
    /// Something else is wrong.
    Error,
}

impl ServiceState {
    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ApiKeyMissing => "api_key_missing",
            Self::ApiKeyInvalid => "api_key_invalid",
            Self::CreditsExhausted => "credits_exhausted",
            Self::RateLimited => "rate_limited",
            Self::Error => "error",
        }
    }

    /// What a failed call shows.
    #[must_use]
    pub const fn of(failure: &Failure) -> Self {
        match failure.status {
            Some(401) => Self::ApiKeyInvalid,
            Some(402 | 403) => Self::CreditsExhausted,
            Some(429) => Self::RateLimited,
            _ => Self::Error,
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Active => "Service active",
            Self::ApiKeyMissing => "API Key missing",
            Self::ApiKeyInvalid => "API key is invalid",
            Self::CreditsExhausted => "Credits exhausted",
            Self::RateLimited => "Rate limited",
            Self::Error => "API error",
        }
    }
}

/// How the provider stood when it was asked last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// How.
    pub state: ServiceState,
    /// When it was asked.
    pub last_check: Timestamp,
    /// What it said of the account, if it did.
    pub account: Option<Account>,
    /// What went wrong.
    pub error_details: Option<String>,
    /// How many calls failed since the last that did not.
    pub consecutive_failures: u32,
}

/// Takes note of a call and how it ended; `account` is what it said of the account, if it did.
///
/// # Errors
/// When it cannot be kept.
pub async fn note<E>(
    ctx: &Context<E>,
    ended: Result<ServiceState, &Failure>,
    account: Option<Account>,
) -> StepResult<Service> {
    loop {
        let (now, mut tx) = (ctx.now(), ctx.transaction());
        let before = tx.get(SERVICE, PROVIDER).await?;
        let worked = matches!(ended, Ok(ServiceState::Active));
        let failures = before.as_ref().map_or(0, |before| before.consecutive_failures);
        let service = Service {
            state: ended.unwrap_or_else(ServiceState::of),
            last_check: now,
            account: account.or_else(|| before.as_ref()?.account),
            error_details: ended.err().map(|failure| failure.message.clone()),
            consecutive_failures: if worked { 0 } else { failures.saturating_add(1) },
        };
        tx.set(SERVICE, PROVIDER, &service);
        let day = day(now);
        let mut count = |name: &str, by| tx.increment(USAGE, &format!("{day}.{name}"), by);
        count("total_calls", 1);
        count(if worked { "successful_calls" } else { "failed_calls" }, 1);
        count(&format!("state_{}", service.state.name()), 1);
        if let Some(before) = before {
            count(
                &format!("seconds_{}", before.state.name()),
                secs_between(before.last_check, now),
            );
        }
        match tx.commit().await {
            Ok(_) => return Ok(service),
            Err(TransactionError::Commit(CommitError::Conflict { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What was counted in the last `days`, by day, newest first; days on which nothing was are left out.
///
/// # Errors
/// When it cannot be read.
pub async fn by_day<E>(ctx: &Context<E>, days: u32) -> StepResult<serde_json::Map<String, Value>> {
    let mut by_day = serde_json::Map::new();
    let mut at = ctx.now();
    for _ in 0..days {
        let (today, mut counted) = (day(at), serde_json::Map::new());
        // A day has fewer names than this; those of the next day come behind them.
        let of_day = ctx.state.group(USAGE).after(format!("{today}.")).limit(32).await?;
        for (name, count) in of_day.items {
            if let Some(name) = name.strip_prefix(&format!("{today}.")) {
                counted.insert(name.to_owned(), json!(count));
            }
        }
        if !counted.is_empty() {
            by_day.insert(today, Value::Object(counted));
        }
        at = at.checked_sub(Duration::from_secs(24 * 60 * 60)).unwrap_or(Timestamp::MIN);
    }
    Ok(by_day)
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn secs_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs().max(0)
}
