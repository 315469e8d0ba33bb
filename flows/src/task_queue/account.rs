//! What the provider says of the key: whether it is good, what is left on it, how often it may ask.

use motia::prelude::*;

use super::{
    client::Client,
    failure::{Failure, Kind},
    pace::{KNOWN, PROVIDER, Pace},
    settings::{REFRESH_PAUSE, TIMEOUT},
    usage::{self, SERVICE, Service, ServiceState},
};

/// What is known is fresh for so long: 60 s.
pub const FRESH: Duration = Duration::from_secs(60);
/// What is known is of no use after so long: 300 s.
pub const STALE: Duration = Duration::from_secs(300);

/// The limit to how often it is asked how it stands.
const REFRESH: &str = "openrouter-refresh";

/// What is on the account, in the provider's currency.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Account {
    /// What is left; `None` where there is no limit, or none is told.
    pub balance: Option<f64>,
    /// What was used today.
    pub usage_today: Option<f64>,
    /// What was used this month.
    pub usage_month: Option<f64>,
}

/// How the provider stands, as clients are told.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Status {
    /// In a word.
    pub status: ServiceState,
    /// In a sentence.
    pub message: String,
    /// What is left on the account.
    pub balance: Option<f64>,
    /// What was used today.
    pub usage_today: Option<f64>,
    /// What was used this month.
    pub usage_month: Option<f64>,
    /// When the provider was asked last.
    pub last_check: Option<Timestamp>,
    /// What went wrong.
    pub error_details: Option<String>,
    /// How many calls failed since the last that did not.
    pub consecutive_failures: u32,
    /// Whether no call is let through to it.
    pub circuit_breaker_open: bool,
    /// Whether it was not asked now.
    pub cache_hit: bool,
}

/// Asks the provider, and remembers what it says.
///
/// # Errors
/// When that cannot be kept.
pub async fn ask<E>(ctx: &Context<E>, client: &Client) -> StepResult<Service> {
    let told = match client.get("/key").await {
        Ok(told) => told,
        Err(failure) => return usage::note(ctx, Err(&failure), None).await,
    };
    // The answer itself, or what is in its `data`.
    let told = told.get("data").unwrap_or(&told);
    if !told.is_object() {
        let failure = Failure::new(Kind::Default, "the provider's answer is not what was expected");
        return usage::note(ctx, Err(&failure), None).await;
    }
    if let Some(pace) = Pace::read(&told["rate_limit"]) {
        ctx.state.set(KNOWN, PROVIDER, &pace).await?;
    }
    let account = Account {
        balance: told["limit_remaining"].as_f64(),
        usage_today: told["usage_daily"].as_f64(),
        usage_month: told["usage_monthly"].as_f64().or_else(|| told["usage"].as_f64()),
    };
    let empty = account.balance.is_some_and(|balance| balance <= 0.0);
    let state = if empty { ServiceState::CreditsExhausted } else { ServiceState::Active };
    usage::note(ctx, Ok(state), Some(account)).await
}

/// How the provider stands: as it is known, if that is fresh, and otherwise as it says when it is asked. It
/// is not asked while its circuit is open, unless what is known is stale; and no oftener than
/// [`REFRESH_PAUSE`] says, whoever insists.
///
/// # Errors
/// When what is known cannot be read or written.
pub async fn status<E>(ctx: &Context<E>, refresh: bool) -> StepResult<Status> {
    let open = ctx.circuit(super::MODEL).state().keeps_out(ctx.now());
    let Some(client) = Client::of(ctx) else { return Ok(Status::without_key(open)) };
    let known = ctx.state.get(SERVICE, PROVIDER).await?;
    if let Some(known) = known.clone().filter(|_| !refresh) {
        let age = ctx.now().duration_since(known.last_check).unsigned_abs();
        if age <= FRESH {
            return Ok(Status::of(known, open, true));
        }
        if open && age <= STALE {
            let message = "Skipped API call: Circuit breaker is open".to_owned();
            return Ok(Status { message, ..Status::of(known, open, true) });
        }
    }
    let pause = RateLimit::every(ctx.setting(REFRESH_PAUSE).get());
    if let Taken::Granted { .. } = ctx.take(Limit::new(REFRESH, pause), PROVIDER).await? {
        return Ok(Status::of(ask(ctx, &client).await?, open, false));
    }
    let known = match known {
        Some(known) => known,
        None => first_answer(ctx).await?,
    };
    Ok(Status::of(known, open, true))
}

/// What the provider answers whoever asks it for the first time just now.
async fn first_answer<E>(ctx: &Context<E>) -> StepResult<Service> {
    const LOOK: Duration = Duration::from_millis(100);
    let mut left = ctx.setting(TIMEOUT).get();
    loop {
        if let Some(known) = ctx.state.get(SERVICE, PROVIDER).await? {
            return Ok(known);
        }
        left = left.checked_sub(LOOK).ok_or_else(|| {
            StepError::retry_after(LOOK, "the provider has been asked and has not answered yet")
        })?;
        tokio::time::sleep(LOOK).await;
    }
}

impl Status {
    fn of(service: Service, circuit_breaker_open: bool, cache_hit: bool) -> Self {
        let Account { balance, usage_today, usage_month } = service.account.unwrap_or_default();
        Self {
            status: service.state,
            message: service.state.message().to_owned(),
            balance,
            usage_today,
            usage_month,
            last_check: Some(service.last_check),
            error_details: service.error_details,
            consecutive_failures: service.consecutive_failures,
            circuit_breaker_open,
            cache_hit,
        }
    }

    fn without_key(circuit_breaker_open: bool) -> Self {
        Self {
            status: ServiceState::ApiKeyMissing,
            message: ServiceState::ApiKeyMissing.message().to_owned(),
            balance: None,
            usage_today: None,
            usage_month: None,
            last_check: None,
            error_details: None,
            consecutive_failures: 0,
            circuit_breaker_open,
            cache_hit: false,
        }
    }
}
