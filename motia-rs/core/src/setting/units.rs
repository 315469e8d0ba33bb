//! Lengths of time and numbers of bytes, as people write them.

use std::{ops::Deref, str::FromStr, time::Duration};

/// A text that is not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not {0}")]
pub struct Unexpected(
    /// What was expected instead.
    pub &'static str,
);

/// A length of time: `500ms`, `30s`, `5m`, `1h`, `7d`.
///
/// ```
/// use std::time::Duration;
/// use motia_core::setting::Span;
///
/// assert_eq!("5m".parse(), Ok(Span(Duration::from_secs(300))));
/// assert!("30".parse::<Span>().is_err()); // of what?
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span(pub Duration);

impl Span {
    /// The time itself.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        const EXPECTED: Unexpected = Unexpected("a time such as 500ms, 30s, 5m or 1h");
        let (number, unit) = number_and_unit(text).ok_or(EXPECTED)?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" | "min" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(EXPECTED),
        };
        let time = number.checked_mul(millis).map(Duration::from_millis);
        time.map(Self).ok_or(EXPECTED)
    }
}

impl Deref for Span {
    type Target = Duration;

    fn deref(&self) -> &Duration {
        &self.0
    }
}

impl From<Span> for Duration {
    fn from(span: Span) -> Self {
        span.0
    }
}

impl From<Duration> for Span {
    fn from(time: Duration) -> Self {
        Self(time)
    }
}

/// A number of bytes, at least one: `512`, `64KiB`, `1MiB`.
///
/// ```
/// use motia_core::setting::Size;
///
/// assert_eq!("1MiB".parse(), Ok(Size(1024 * 1024)));
/// assert!("1 lot".parse::<Size>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Size(pub usize);

impl Size {
    /// The number of bytes.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl FromStr for Size {
    type Err = Unexpected;

    fn from_str(text: &str) -> Result<Self, Unexpected> {
        const EXPECTED: Unexpected = Unexpected("a size such as 512, 64KiB or 1MiB");
        let (number, unit) = number_and_unit(text).ok_or(EXPECTED)?;
        let bytes = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "kB" | "KB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err(EXPECTED),
        };
        let bytes = number.checked_mul(bytes).and_then(|bytes| usize::try_from(bytes).ok());
        bytes.filter(|bytes| *bytes > 0).map(Self).ok_or(EXPECTED)
    }
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.replace('_', "").parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overflows_or_has_another_unit_is_refused() {
        for text in ["9999999999999999999d", "30", "5 weeks", "s", "-1s", ""] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for text in ["99999999999999GiB", "0", "1 lot", ""] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
