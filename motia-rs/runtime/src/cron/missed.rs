//! Which of the firings that nobody was there for are made up for.

use std::time::Duration;

use jiff::Timestamp;
use motia_core::{
    config::{CatchUp, cron::CronOptions},
    schedule::Schedule,
};

/// Those of the firings after `from`, up to and including `until`, that the step makes up for, in
/// order. Its window is counted back from `now`.
pub(super) fn made_up(
    schedule: &Schedule,
    options: &CronOptions,
    (from, until): (Timestamp, Timestamp),
    now: Timestamp,
) -> Vec<Timestamp> {
    let most = match options.catch_up {
        CatchUp::Last => 1,
        CatchUp::All(most) => usize::from(most),
        _ => 0,
    };
    let window = now.checked_sub(options.catch_up_window).unwrap_or(Timestamp::MIN);
    last(schedule, from.max(window), until, most)
}

/// The last firings after `from`, at most `most`. Looks back in growing strides, so that a year of
/// seconds is not counted up for the sake of one.
fn last(schedule: &Schedule, from: Timestamp, until: Timestamp, most: usize) -> Vec<Timestamp> {
    if most == 0 || from >= until {
        return Vec::new();
    }
    let mut stride = Duration::from_secs(60);
    loop {
        let start = until.checked_sub(stride).map_or(from, |start| start.max(from));
        let mut found: Vec<_> = schedule.between(start, until).collect();
        if found.len() >= most || start == from {
            return found.split_off(found.len().saturating_sub(most));
        }
        stride = stride.saturating_mul(4);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up_for(catch_up: CatchUp, window: Duration, from: &str) -> Vec<String> {
        let options = CronOptions {
            schedule: "0 * * * *",
            timezone: "UTC",
            overlap: motia_core::config::Overlap::Skip,
            catch_up,
            catch_up_window: window,
            timeout: None,
            emits_raw: &[],
        };
        let schedule = Schedule::of(&options).unwrap();
        let (from, now) = (from.parse().unwrap(), "2026-11-21T12:30:00Z".parse().unwrap());
        let made_up = made_up(&schedule, &options, (from, now), now);
        made_up.iter().map(|firing| firing.strftime("%d %H:%M").to_string()).collect()
    }

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[test]
    fn the_policy_says_how_many_and_the_latest_count() {
        let since = "2026-11-21T08:00:00Z";

        assert!(made_up_for(CatchUp::None, DAY, since).is_empty());
        assert_eq!(made_up_for(CatchUp::Last, DAY, since), ["21 12:00"]);
        assert_eq!(made_up_for(CatchUp::All(3), DAY, since), ["21 10:00", "21 11:00", "21 12:00"]);
        assert_eq!(made_up_for(CatchUp::All(99), DAY, since).len(), 4);
    }

    #[test]
    fn what_lies_beyond_the_window_is_left_out() {
        let (since, hour) = ("2026-11-01T08:00:00Z", Duration::from_secs(60 * 60));

        assert_eq!(made_up_for(CatchUp::All(99), 2 * hour, since), ["21 11:00", "21 12:00"]);
        assert!(made_up_for(CatchUp::Last, hour / 4, since).is_empty());
    }

    #[test]
    fn a_year_of_seconds_is_not_counted_up_for_the_last() {
        let seconds = Schedule::parse("* * * * * *", "Europe/Paris").unwrap();
        let until: Timestamp = "2026-11-21T12:30:00Z".parse().unwrap();
        let began = std::time::Instant::now();

        let found = last(&seconds, until - 365 * DAY, until, 1);

        assert_eq!(found, [until]);
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
