//! Instants as people read them: the time of their own zone, and how far away it is.

use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

/// Tells instants as seen from another.
#[derive(Debug, Clone)]
pub struct Clock {
    now: Timestamp,
    zone: TimeZone,
}

impl Clock {
    /// Tells instants as seen from `now`, in the zone of this machine.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, zone: TimeZone::system() }
    }

    /// The same in UTC.
    #[must_use]
    pub fn utc(now: Timestamp) -> Self {
        Self { now, zone: TimeZone::UTC }
    }

    /// Whether an instant has come.
    #[must_use]
    pub fn is_over(&self, text: &str) -> bool {
        text.parse::<Timestamp>().is_ok_and(|at| at <= self.now)
    }

    /// How long it was from one instant to another.
    #[must_use]
    pub fn between(&self, from: &str, to: &str) -> String {
        let (Ok(from), Ok(to)) = (from.parse(), to.parse::<Timestamp>()) else {
            return String::new();
        };
        rough(to.duration_since(from).unsigned_abs())
    }

    /// The instant so long before now.
    #[must_use]
    pub fn ago(&self, time: Duration) -> Timestamp {
        self.now.checked_sub(time).unwrap_or(Timestamp::MIN)
    }

    /// `12:00:04`, on another day `2026-01-31 12:00:04`. What is no instant is told as it is.
    #[must_use]
    pub fn time(&self, text: &str) -> String {
        text.parse().map_or_else(|_| text.to_owned(), |at| self.of(at, ""))
    }

    /// `12:00:04.2 (in 3 s)`, `11:58:04 (2 min ago)`.
    #[must_use]
    pub fn told(&self, text: &str) -> String {
        let Ok(at) = text.parse::<Timestamp>() else { return text.to_owned() };
        let away = at.duration_since(self.now);
        let near = away.unsigned_abs() < Duration::from_secs(10);
        let time = self.of(at, if near { "%.1f" } else { "" });
        let rounded = rough(away.unsigned_abs());
        if away.is_positive() {
            format!("{time} (in {rounded})")
        } else {
            format!("{time} ({rounded} ago)")
        }
    }

    fn of(&self, at: Timestamp, fraction: &str) -> String {
        let (at, now) = (at.to_zoned(self.zone.clone()), self.now.to_zoned(self.zone.clone()));
        let day = if at.date() == now.date() { "" } else { "%Y-%m-%d " };
        at.strftime(&format!("{day}%H:%M:%S{fraction}")).to_string()
    }
}

/// A length of time in one unit, about: `900 ms`, `3 s`, `60 min`.
#[must_use]
pub fn rough(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [("ms", 1, 1), ("s", 1000, 1), ("min", 60_000, 2), ("h", 3_600_000, 2)];
    let days = ("days", 86_400_000, 2);
    let fits = |(_, size, from): &&(&str, u128, u128)| millis >= size * from;
    let all = units.iter().chain([&days]);
    let (unit, size, _) = all.rev().find(fits).unwrap_or(&units[0]);
    format!("{} {unit}", (millis + size / 2) / size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-01-31T12:00:00Z";

    fn clock() -> Clock {
        Clock::utc(NOON.parse().unwrap())
    }

    #[test]
    fn an_instant_is_told_with_how_far_away_it_is() {
        for (at, expected) in [
            ("2026-01-31T12:00:04.2Z", "12:00:04.2 (in 4 s)"),
            ("2026-01-31T12:00:00.9Z", "12:00:00.9 (in 900 ms)"),
            ("2026-01-31T11:57:30Z", "11:57:30 (3 min ago)"),
            ("2026-02-02T12:00:00Z", "2026-02-02 12:00:00 (in 2 days)"),
            (NOON, "12:00:00.0 (0 ms ago)"),
        ] {
            assert_eq!(clock().told(at), expected, "{at}");
        }
    }

    #[test]
    fn what_is_no_instant_is_told_as_it_is() {
        assert_eq!((clock().told("soon"), clock().time("")), ("soon".to_owned(), String::new()));
    }

    #[test]
    fn a_length_of_time_has_the_unit_that_says_most() {
        let told = [1, 1000, 1400, 90_000, 150_000, 3_600_000, 7_200_000, 200_000_000];
        let told = told.map(|millis| rough(Duration::from_millis(millis)));
        assert_eq!(told, ["1 ms", "1 s", "1 s", "90 s", "3 min", "60 min", "2 h", "2 days"]);
    }
}
