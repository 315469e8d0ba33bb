//! How often the provider may be asked: as often as it said, by all workers together.

use motia::{
    context::{Limit, Taken},
    prelude::*,
    setting::Span,
};

/// How often the provider said that it may be asked.
pub const KNOWN: StateGroup<Pace> = StateGroup::new("task-queue.pace");
/// The entry of the one provider that there is.
pub const PROVIDER: &str = "openrouter";
/// How long an attempt waits for its turn.
const PATIENCE: Duration = Duration::from_secs(60);

/// So many requests in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// So many requests.
    pub requests: u32,
    /// In so many milliseconds.
    pub interval_ms: u64,
}

impl Default for Pace {
    /// Until the provider says something else.
    fn default() -> Self {
        Self { requests: 230, interval_ms: 10_000 }
    }
}

impl Pace {
    /// What the provider says: `{"requests": 230, "interval": "10s"}`. What is no limit, as a negative
    /// number is, says nothing.
    #[must_use]
    pub fn read(told: &Value) -> Option<Self> {
        let requests = u32::try_from(told["requests"].as_u64()?).ok()?;
        let interval = told["interval"].as_str()?.parse::<Span>().ok()?.get();
        let interval_ms = u64::try_from(interval.as_millis()).ok()?;
        let sensible =
            (1..=1_000_000).contains(&requests) && (1..=86_400_000).contains(&interval_ms);
        sensible.then_some(Self { requests, interval_ms })
    }

    fn limit(self) -> Limit {
        let interval = Duration::from_millis(self.interval_ms.max(1));
        Limit::new(PROVIDER, RateLimit::token_bucket(self.requests.max(1), interval))
    }
}

/// Waits until the provider may be asked; after a minute, gives how long it would have to wait still.
///
/// # Errors
/// When the limit cannot be read or written.
pub async fn wait<E>(ctx: &Context<E>) -> StepResult<Option<Duration>> {
    let limit = ctx.state.get(KNOWN, PROVIDER).await?.unwrap_or_default().limit();
    let mut left = PATIENCE;
    loop {
        match ctx.take(limit, PROVIDER).await? {
            Taken::Granted { .. } => return Ok(None),
            Taken::Refused { retry_after } if retry_after > left => return Ok(Some(retry_after)),
            Taken::Refused { retry_after } => {
                left -= retry_after;
                tokio::time::sleep(retry_after).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_says_is_read_and_nonsense_is_passed_over() {
        let read = |told: Value| Pace::read(&told);

        assert_eq!(read(json!({ "requests": 230, "interval": "10s" })), Some(Pace::default()));
        for nonsense in [
            json!(null),
            json!({ "requests": -1, "interval": "10s" }),
            json!({ "requests": 0, "interval": "10s" }),
            json!({ "requests": 5, "interval": "soon" }),
            json!({ "requests": 5, "interval": "0s" }),
            json!({ "requests": 5_000_000_000_u64, "interval": "10s" }),
        ] {
            assert_eq!(read(nonsense.clone()), None, "{nonsense}");
        }
    }
}
