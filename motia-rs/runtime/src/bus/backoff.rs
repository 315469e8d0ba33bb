//! How long the events of a step wait, or a cron step's run, that emit to a queue which is full: longer while it
//! stays so, so that a backlog does not run again and again for nothing.

use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

/// The longest wait, but for what it is spread by.
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait, as it was found last.
#[derive(Debug, Default)]
pub(crate) struct Backoff(Mutex<Option<Found>>);

#[derive(Debug, Clone, Copy)]
struct Found {
    at: Timestamp,
    delay: Duration,
}

impl Backoff {
    /// How long an event is to wait that found a queue full: `first`, and twice as long whenever one that
    /// waited finds it full still, up to 30 s. It is spread by up to a fifth, from 0 to 1 in `spread`.
    pub(crate) fn delay(&self, first: Duration, now: Timestamp, spread: f64) -> Duration {
        let mut last = self.0.lock();
        let delay = match *last {
            // Those that ran at the same time found the same.
            Some(Found { at, delay }) if now < after(at, delay) => delay,
            Some(Found { at, delay }) if now < after(at, 3 * delay) => {
                let delay = (2 * delay).min(LONGEST);
                *last = Some(Found { at: now, delay });
                delay
            }
            _ => {
                *last = Some(Found { at: now, delay: first });
                first
            }
        };
        delay + delay.mul_f64(0.2 * spread.clamp(0.0, 1.0))
    }
}

fn after(at: Timestamp, delay: Duration) -> Timestamp {
    at.checked_add(delay).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn it_is_twice_as_long_each_time_that_was_for_nothing_and_begins_anew_after_a_while() {
        let backoff = Backoff::default();
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..7 {
            let delay = backoff.delay(SECOND, at(now), 0.0);
            assert_eq!(backoff.delay(SECOND, at(now), 0.0), delay, "for all that ran at once");
            waits.push(delay.as_secs());
            now += delay.as_secs().cast_signed();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30]);

        assert_eq!(backoff.delay(SECOND, at(now + 100), 0.0), SECOND);
    }

    #[test]
    fn those_that_wait_do_not_all_come_back_at_once() {
        assert_eq!(Backoff::default().delay(5 * SECOND, at(0), 1.0), 6 * SECOND);
    }
}
