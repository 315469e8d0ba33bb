//! How often something may happen.

use std::{num::NonZeroU32, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How often something may happen.
///
/// A token bucket spreads: each start takes a token, tokens come back one by one, and as many as the
/// burst can be saved up. A fixed window counts the starts since the window began, the windows
/// standing at whole multiples of their length since 1970.
///
/// What goes beyond a step's limit waits; it is never dropped. What was used is kept in the store, so
/// that a restart gives nobody a second helping.
///
/// ```
/// use std::time::Duration;
/// use motia_core::config::RateLimit;
///
/// const PROVIDER: RateLimit = RateLimit::token_bucket(230, Duration::from_secs(10)).burst(20);
/// const PER_USER: RateLimit = RateLimit::fixed_window(2, Duration::from_secs(60));
/// const THROTTLED: RateLimit = RateLimit::every(Duration::from_millis(500));
/// ```
///
/// # Example: a rate of nothing does not compile
/// ```compile_fail
/// # use std::time::Duration;
/// # use motia_core::config::RateLimit;
/// const NOTHING: RateLimit = RateLimit::token_bucket(0, Duration::from_secs(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RateLimit {
    algorithm: Algorithm,
    /// So many starts.
    pub count: NonZeroU32,
    /// In this long.
    pub per: Duration,
    /// As many at once, of a token bucket.
    burst: NonZeroU32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
enum Algorithm {
    TokenBucket,
    FixedWindow,
}

/// What was used of a [`RateLimit`] so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Of a token bucket, when it is full again; of a fixed window, when it began.
    pub at: Timestamp,
    /// Starts since the window began.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub count: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl RateLimit {
    /// `count` tokens that come back in the time `per`, and can be saved up to the same number.
    ///
    /// # Panics
    /// At compile time, when one of them is zero.
    #[must_use]
    pub const fn token_bucket(count: u32, per: Duration) -> Self {
        Self::new(Algorithm::TokenBucket, count, per)
    }

    /// `count` starts in each window of the length `per`.
    ///
    /// # Panics
    /// At compile time, when one of them is zero.
    #[must_use]
    pub const fn fixed_window(count: u32, per: Duration) -> Self {
        Self::new(Algorithm::FixedWindow, count, per)
    }

    /// One start in each `pause`, and nothing saved up: a throttle.
    ///
    /// # Panics
    /// At compile time, when it is zero.
    #[must_use]
    pub const fn every(pause: Duration) -> Self {
        Self::token_bucket(1, pause)
    }

    const fn new(algorithm: Algorithm, count: u32, per: Duration) -> Self {
        let Some(count) = NonZeroU32::new(count) else {
            panic!("a rate of nothing lets nothing start");
        };
        assert!(!per.is_zero(), "a rate needs a time that it is counted in");
        assert!(per.as_nanos() / count.get() as u128 > 0, "a rate is at most one in a nanosecond");
        Self { algorithm, count, per, burst: count }
    }

    /// Saves up no more than so many tokens of a token bucket.
    ///
    /// # Panics
    /// At compile time, when it is 0, or for a fixed window.
    #[must_use]
    pub const fn burst(mut self, tokens: u32) -> Self {
        assert!(
            matches!(self.algorithm, Algorithm::TokenBucket),
            "a fixed window has no burst: its count is how much comes at once"
        );
        let Some(tokens) = NonZeroU32::new(tokens) else {
            panic!("a bucket that holds nothing lets nothing start");
        };
        self.burst = tokens;
        self
    }

    /// Takes one start at `now`: what is used then, or the instant from which it may be taken.
    ///
    /// The token bucket is the generic cell rate algorithm (ITU-T I.371, annex A.1): only the
    /// instant is kept at which the bucket is full again.
    ///
    /// # Errors
    /// The instant from which on it may be taken, when the limit is used up.
    pub fn take(&self, used: Option<Used>, now: Timestamp) -> Result<Used, Timestamp> {
        match self.algorithm {
            Algorithm::TokenBucket => {
                let token = self.per / self.count.get();
                let bucket = token * self.burst.get();
                let full = match used {
                    // No bucket is that empty: the clock was set back. One is let through, and it is empty
                    // from then on.
                    Some(used) if used.at > now.checked_add(bucket).unwrap_or(Timestamp::MAX) => {
                        now + (bucket - token)
                    }
                    used => used.map_or(now, |used| used.at.max(now)),
                };
                let full = full.checked_add(token).unwrap_or(Timestamp::MAX);
                let earliest = full.checked_sub(bucket).unwrap_or(now);
                if earliest > now { Err(earliest) } else { Ok(Used { at: full, count: 0 }) }
            }
            Algorithm::FixedWindow => {
                let began = self.window_of(now);
                let next = began.checked_add(self.per).unwrap_or(Timestamp::MAX);
                // A clock that was set back a little does not open the window anew; one that was set back
                // by more than a window lets one through in this one.
                let used = match used {
                    Some(used) if used.at > next => Used { at: began, count: self.count.get() - 1 },
                    Some(used) if used.at >= began => used,
                    _ => Used { at: began, count: 0 },
                };
                if used.count >= self.count.get() {
                    return Err(used.at.checked_add(self.per).unwrap_or(Timestamp::MAX));
                }
                Ok(Used { count: used.count + 1, ..used })
            }
        }
    }

    /// How many more starts could be taken at `now`.
    #[must_use]
    pub fn left(&self, used: Option<Used>, now: Timestamp) -> u32 {
        match self.algorithm {
            Algorithm::TokenBucket => {
                let token = self.per / self.count.get();
                let full = used.map_or(now, |used| used.at.max(now));
                let missing = full.duration_since(now).unsigned_abs();
                let whole = token.saturating_mul(self.burst.get()).saturating_sub(missing);
                u32::try_from(whole.as_nanos() / token.as_nanos()).unwrap_or(u32::MAX)
            }
            Algorithm::FixedWindow => {
                let used = used.filter(|used| used.at >= self.window_of(now));
                self.count.get().saturating_sub(used.map_or(0, |used| used.count))
            }
        }
    }

    /// When nothing of what was used counts any more.
    #[must_use]
    pub fn forgotten_at(&self, used: Used) -> Timestamp {
        match self.algorithm {
            Algorithm::TokenBucket => used.at,
            Algorithm::FixedWindow => used.at.checked_add(self.per).unwrap_or(Timestamp::MAX),
        }
    }

    fn window_of(&self, now: Timestamp) -> Timestamp {
        let per = i128::try_from(self.per.as_nanos()).unwrap_or(i128::MAX);
        let began = now.as_nanosecond().div_euclid(per).saturating_mul(per);
        Timestamp::from_nanosecond(began).unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000 + millis).unwrap()
    }

    /// Takes at each instant; gives those at which it was let.
    fn taken(limit: RateLimit, instants: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut used = None;
        let let_in = |millis: &i64| match limit.take(used, at(*millis)) {
            Ok(then) => {
                used = Some(then);
                true
            }
            Err(_) => false,
        };
        instants.into_iter().filter(let_in).collect()
    }

    #[test]
    fn a_token_bucket_gives_its_burst_at_once_and_then_a_token_at_a_time() {
        let limit = RateLimit::token_bucket(2, SECOND);
        assert_eq!(taken(limit, [0, 0, 0, 499, 500, 500, 1000]), [0, 0, 500, 1000]);
    }

    #[test]
    fn a_burst_of_one_spreads_the_starts() {
        let limit = RateLimit::token_bucket(4, SECOND).burst(1);
        assert_eq!(taken(limit, [0, 100, 250, 260, 500, 2000, 2001]), [0, 250, 500, 2000]);
    }

    #[test]
    fn a_fixed_window_begins_anew_at_whole_multiples() {
        let limit = RateLimit::fixed_window(2, SECOND);
        assert_eq!(
            taken(limit, [900, 950, 990, 1000, 1001, 1999, 2000]),
            [900, 950, 1000, 1001, 2000]
        );
    }

    #[test]
    fn a_clock_that_was_set_back_holds_up_nothing_for_longer_and_gives_no_second_helping() {
        const HOUR: i64 = 3_600_000;
        let starts = |limit: RateLimit| {
            let mut used = None;
            let mut take = |millis: i64| match limit.take(used, at(millis)) {
                Ok(then) => used.insert(then).at > Timestamp::MIN,
                Err(_) => false,
            };
            assert!((0..3).all(|_| take(HOUR)) && !take(HOUR));
            (0..2000).step_by(100).filter(|millis| take(500 + millis)).count()
        };

        assert_eq!(starts(RateLimit::fixed_window(3, SECOND)), 1 + 2 * 3);
        assert_eq!(starts(RateLimit::token_bucket(3, SECOND)), 1 + 5);
    }

    #[test]
    fn what_is_refused_is_let_at_the_instant_that_is_told() {
        for limit in [RateLimit::token_bucket(3, SECOND), RateLimit::fixed_window(3, SECOND)] {
            let mut used = None;
            let mut now = at(123);
            for _ in 0..10 {
                match limit.take(used, now) {
                    Ok(then) => used = Some(then),
                    Err(earliest) => {
                        assert!(limit.take(used, earliest - Duration::from_micros(1)).is_err());
                        now = earliest;
                        used = Some(limit.take(used, now).unwrap());
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_left_is_what_can_be_taken() {
        let limit = RateLimit::token_bucket(5, SECOND);
        assert_eq!(limit.left(None, at(0)), 5);
        let used = limit.take(None, at(0)).unwrap();
        assert_eq!(limit.left(Some(used), at(0)), 4);
        assert_eq!(limit.left(Some(used), at(200)), 5);

        let window = RateLimit::fixed_window(3, SECOND);
        let used = window.take(None, at(0)).unwrap();
        assert_eq!((window.left(Some(used), at(0)), window.left(Some(used), at(1000))), (2, 3));
    }
}
