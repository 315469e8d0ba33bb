//! A cron schedule in its time zone: when it fires next, and when it fired last.

use croner::{Cron, parser::CronParser};
use jiff::{Timestamp, Zoned, tz::TimeZone};

use crate::config::{cron::CronOptions, schedule::expand};

/// A cron schedule in its time zone.
///
/// A local time that a clock change skips fires at the jump; one that comes twice fires once.
///
/// ```
/// use motia_core::schedule::Schedule;
///
/// let mondays = Schedule::parse("0 9 * * MON", "Europe/Rome").unwrap();
/// let saturday = "2026-11-21T08:00:00Z".parse().unwrap();
/// assert_eq!(mondays.next(saturday).unwrap().to_string(), "2026-11-23T08:00:00Z");
///
/// assert!(Schedule::parse("0 9 * * MON", "Europe/Roma").is_err());
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    cron: Cron,
    zone: TimeZone,
}

/// The schedule could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSchedule {
    /// The fields make no schedule.
    #[error("`{schedule}` is no cron schedule: {reason}")]
    Fields {
        /// The schedule.
        schedule: String,
        /// Why.
        reason: String,
    },
    /// There is no such time zone.
    #[error("`{0}` is no time zone: use an IANA name such as `Europe/Rome`, or `UTC`")]
    TimeZone(String),
    /// It never fires, like 31 February.
    #[error("`{0}` never fires: no such date exists")]
    Never(String),
}

impl Schedule {
    /// Reads a schedule of five fields, of six with seconds first, or a form such as `@daily`. Day of
    /// month and day of week are alternatives when both are given, as in Vixie cron.
    ///
    /// # Errors
    /// When the fields make no schedule, the zone is unknown, or it would never fire.
    pub fn parse(schedule: &str, timezone: &str) -> Result<Self, InvalidSchedule> {
        let parser = CronParser::builder()
            .seconds(croner::parser::Seconds::Optional)
            .year(croner::parser::Year::Disallowed)
            .build();
        let cron = parser.parse(expand(schedule)).map_err(|error| InvalidSchedule::Fields {
            schedule: schedule.to_owned(),
            reason: error.to_string(),
        })?;
        let zone =
            TimeZone::get(timezone).map_err(|_| InvalidSchedule::TimeZone(timezone.to_owned()))?;
        let parsed = Self { cron, zone };
        match parsed.next(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(parsed),
            None => Err(InvalidSchedule::Never(schedule.to_owned())),
        }
    }

    /// The schedule of a cron step.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn of(options: &CronOptions) -> Result<Self, InvalidSchedule> {
        Self::parse(options.schedule, options.timezone)
    }

    /// The first firing after `after`; `None` in the year 5000 or so.
    #[must_use]
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from: Zoned = after.to_zoned(self.zone.clone());
        loop {
            let found = self.cron.find_next_occurrence(&from, false).ok()?;
            // Never standing still is what keeps the caller's loop an honest one.
            if found.timestamp() > after {
                return Some(found.timestamp());
            }
            from = found;
        }
    }

    /// The firings after `after`, up to and including `until`.
    pub fn between(
        &self,
        after: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next(after), |last| self.next(*last))
            .take_while(move |firing| *firing <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn firings(schedule: &str, zone: &str, from: &str, until: &str) -> Vec<String> {
        let schedule = Schedule::parse(schedule, zone).unwrap();
        schedule.between(at(from), at(until)).map(|firing| firing.to_string()).collect()
    }

    #[test]
    fn five_fields_six_fields_and_names_are_read() {
        for schedule in ["*/5 * * * *", "*/10 * * * * *", "@daily", "0 0 * * MON", "0 0 L * *"] {
            assert!(Schedule::parse(schedule, "UTC").is_ok(), "{schedule}");
        }
    }

    #[test]
    fn what_never_fires_is_refused() {
        let never = Schedule::parse("0 0 31 2 *", "UTC").unwrap_err();
        assert_eq!(never, InvalidSchedule::Never("0 0 31 2 *".into()));
    }

    #[test]
    fn a_local_time_that_is_skipped_fires_at_the_jump() {
        // In Paris the clocks went from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC.
        let fired =
            firings("30 2 * * *", "Europe/Paris", "2026-03-28T12:00:00Z", "2026-03-30T12:00:00Z");
        assert_eq!(fired, ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    }

    #[test]
    fn a_local_time_that_comes_twice_fires_once() {
        // In Paris the clocks went from 03:00 back to 02:00 on 25 October 2026, at 01:00 UTC.
        let fired =
            firings("30 2 * * *", "Europe/Paris", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z");
        assert_eq!(fired, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn an_hour_that_comes_twice_does_not_stop_a_schedule_of_minutes() {
        let fired =
            firings("*/30 * * * *", "Europe/Paris", "2026-10-25T00:10:00Z", "2026-10-25T02:10:00Z");
        assert!(fired.len() >= 3, "{fired:?}");
        assert!(fired.is_sorted() && fired.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
