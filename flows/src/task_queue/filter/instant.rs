//! Instants as clients write them.

use motia::{
    prelude::*,
    schema::{Place, Violation},
};

/// An instant as clients write it: with an offset, without one, or a date alone.
pub(super) fn instant(field: &str, text: Option<&str>) -> StepResult<Option<Timestamp>> {
    use jiff::civil::{Date, DateTime};

    let Some(text) = text else { return Ok(None) };
    let utc = |civil: DateTime| civil.in_tz("UTC").map(|zoned| zoned.timestamp());
    let read = text
        .parse::<Timestamp>()
        // A `+` that was not escaped arrives as a space.
        .or_else(|_| text.replace(' ', "+").parse::<Timestamp>())
        .or_else(|_| text.parse::<DateTime>().and_then(utc))
        .or_else(|_| text.parse::<Date>().and_then(|date| utc(date.into())));
    read.map(Some).map_err(|_| {
        let violation = Violation::new(format!("/{field}"), "is not a date and time");
        let violation = violation.within(Place::Query);
        StepError::Reject(Box::new(Problem::violations(vec![violation])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_as_clients_write_them() {
        let read = |text| instant("start_date", Some(text)).unwrap().unwrap().to_string();

        assert_eq!(read("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05+01:00"), "2026-01-02T02:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05 01:00"), "2026-01-02T02:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05"), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02"), "2026-01-02T00:00:00Z");
        assert!(instant("start_date", Some("yesterday")).is_err());
    }
}
