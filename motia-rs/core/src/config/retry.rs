//! When a failed attempt is made again.

use std::{num::NonZeroU32, time::Duration};

/// When a failed attempt is made again: exponential backoff with a cap and jitter.
///
/// ```
/// use std::time::Duration;
/// use motia_core::config::Retry;
///
/// const PATIENT: Retry = Retry::exponential(5, Duration::from_millis(200));
/// assert_eq!(PATIENT.jitter(0).delay(1, 0.5), Duration::from_millis(200));
/// assert_eq!(PATIENT.jitter(0).delay(3, 0.5), Duration::from_millis(800));
/// ```
///
/// # Example: a policy that could never try does not compile
/// ```compile_fail
/// # use std::time::Duration;
/// # use motia_core::config::Retry;
/// const NEVER: Retry = Retry::exponential(0, Duration::from_millis(200));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retry {
    /// Attempts in all, the first among them.
    pub attempts: NonZeroU32,
    /// How long after the first failure the second attempt starts.
    pub first_delay: Duration,
    /// Each delay is the last one times this.
    pub factor: u32,
    /// No delay is longer than this, before jitter.
    pub max_delay: Duration,
    /// Each delay is spread by up to so many percent to both sides.
    pub jitter_percent: u8,
    /// The delays one by one, the last for all that follow; empty: they grow as said above.
    #[serde(skip_serializing_if = "<[Duration]>::is_empty")]
    pub delays: &'static [Duration],
}

impl Retry {
    /// Three attempts, after 1 s and 2 s, each ±20 %.
    pub const DEFAULT: Self = Self::exponential(3, Duration::from_secs(1));

    /// Delays that double from `first_delay` up to 5 minutes, ±20 %.
    ///
    /// # Panics
    /// At compile time, when `attempts` is 0.
    #[must_use]
    pub const fn exponential(attempts: u32, first_delay: Duration) -> Self {
        let Some(attempts) = NonZeroU32::new(attempts) else {
            panic!("a retry policy needs at least one attempt");
        };
        let max_delay = Duration::from_secs(300);
        Self { attempts, first_delay, factor: 2, max_delay, jitter_percent: 20, delays: &[] }
    }

    /// The same delay each time, ±20 %.
    ///
    /// # Panics
    /// At compile time, when `attempts` is 0.
    #[must_use]
    pub const fn fixed(attempts: u32, delay: Duration) -> Self {
        let mut policy = Self::exponential(attempts, delay);
        policy.factor = 1;
        policy.max_delay = delay;
        policy
    }

    /// These delays one after the other, ±10 %: one attempt more than there are delays.
    ///
    /// ```
    /// use std::time::Duration;
    /// use motia_core::config::Retry;
    ///
    /// const RATE_LIMITED: Retry = Retry::schedule(&[Duration::from_secs(120), Duration::from_secs(300)]);
    /// assert_eq!(RATE_LIMITED.attempts.get(), 3);
    /// ```
    ///
    /// # Panics
    /// At compile time, when there is none.
    #[must_use]
    pub const fn schedule(delays: &'static [Duration]) -> Self {
        assert!(!delays.is_empty(), "a schedule has at least one delay");
        assert!(delays.len() < 1000, "a schedule has less than 1000 delays");
        let mut policy = Self::exponential(delays.len() as u32 + 1, delays[0]);
        policy.jitter_percent = 10;
        policy.delays = delays;
        policy
    }

    /// Makes so many attempts in all.
    ///
    /// # Panics
    /// At compile time, when it is 0.
    #[must_use]
    pub const fn attempts(self, attempts: u32) -> Self {
        let Some(attempts) = NonZeroU32::new(attempts) else {
            panic!("a retry policy needs at least one attempt");
        };
        Self { attempts, ..self }
    }

    /// One attempt, never another.
    #[must_use]
    pub const fn never() -> Self {
        Self::fixed(1, Duration::ZERO)
    }

    /// No delay is longer than this, before jitter.
    #[must_use]
    pub const fn max_delay(self, max_delay: Duration) -> Self {
        Self { max_delay, ..self }
    }

    /// Each delay is spread by up to so many percent to both sides; 0 for none.
    ///
    /// # Panics
    /// At compile time, over 100.
    #[must_use]
    pub const fn jitter(self, percent: u8) -> Self {
        assert!(percent <= 100, "jitter is a percentage, up to 100");
        Self { jitter_percent: percent, ..self }
    }

    /// How long after the failure of attempt `attempt` (from 1) the next one starts. `random` is
    /// between 0 and 1 and decides the jitter.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        if let Some(last) = self.delays.last() {
            let index = usize::try_from(attempt.max(1) - 1).unwrap_or(usize::MAX);
            return self.spread(self.delays.get(index).unwrap_or(last).as_secs_f64(), random);
        }
        let growth = f64::from(self.factor).powi(i32::try_from(attempt.max(1) - 1).unwrap_or(1024));
        let cap = self.max_delay.as_secs_f64();
        self.spread((self.first_delay.as_secs_f64() * growth).min(cap), random)
    }

    fn spread(&self, delay: f64, random: f64) -> Duration {
        let spread = 1.0 + (2.0 * random - 1.0) * f64::from(self.jitter_percent) / 100.0;
        Duration::try_from_secs_f64(delay * spread).unwrap_or(self.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_up_to_the_cap_however_many_attempts_there_were() {
        let policy = Retry::exponential(9, Duration::from_secs(1)).jitter(0);

        assert_eq!(policy.delay(9, 0.0), Duration::from_secs(256));
        assert_eq!(policy.delay(10, 0.0), Duration::from_secs(300));
        assert_eq!(policy.delay(u32::MAX, 0.0), Duration::from_secs(300));
    }

    #[test]
    fn a_schedule_is_followed_and_its_last_delay_holds_on() {
        const DELAYS: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(600)];
        let policy = Retry::schedule(&DELAYS).attempts(9).jitter(0);

        assert_eq!(policy.delay(1, 0.0), DELAYS[0]);
        assert_eq!(policy.delay(2, 0.0), DELAYS[1]);
        assert_eq!(policy.delay(8, 0.0), DELAYS[1]);
    }

    #[test]
    fn jitter_spreads_to_both_sides() {
        let policy = Retry::fixed(2, Duration::from_secs(10)).jitter(25);

        assert_eq!(policy.delay(1, 0.0), Duration::from_millis(7_500));
        assert_eq!(policy.delay(1, 0.5), Duration::from_secs(10));
        assert_eq!(policy.delay(1, 1.0), Duration::from_millis(12_500));
    }
}
