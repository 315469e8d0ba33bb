//! How the text of a setting is read. Each function fails with what was expected.

use std::{
    net::{IpAddr, Ipv4Addr},
    num::NonZeroU32,
    time::Duration,
};

use motia_core::setting::{Size, Span, units::Unexpected};

/// What was expected instead.
pub type Expected = &'static str;

/// An address, or `localhost`.
///
/// # Errors
/// What was expected.
pub fn host(text: &str) -> Result<IpAddr, Expected> {
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let text = text.trim_start_matches('[').trim_end_matches(']');
    text.parse().map_err(|_| "an IP address such as 127.0.0.1 or ::, or localhost")
}

/// A port.
///
/// # Errors
/// What was expected.
pub fn port(text: &str) -> Result<u16, Expected> {
    text.parse().map_err(|_| "a port from 0 to 65535")
}

/// A whole number from 1.
///
/// # Errors
/// What was expected.
pub fn count(text: &str) -> Result<NonZeroU32, Expected> {
    text.replace('_', "").parse().map_err(|_| "a whole number from 1")
}

/// A whole number from 0.
///
/// # Errors
/// What was expected.
pub fn number(text: &str) -> Result<u32, Expected> {
    text.replace('_', "").parse().map_err(|_| "a whole number from 0")
}

/// How deep something may be nested: as deep as the JSON reader itself goes at the most.
///
/// # Errors
/// What was expected.
pub fn depth(text: &str) -> Result<NonZeroU32, Expected> {
    const EXPECTED: Expected = "a whole number from 1 to 127";
    count(text).ok().filter(|depth| depth.get() <= 127).ok_or(EXPECTED)
}

/// A number of bytes, at least one: `512`, `64KiB`, `1MiB`.
///
/// ```
/// use motia_cli::settings::value::size;
///
/// assert_eq!(size("1MiB"), Ok(1024 * 1024));
/// assert_eq!(size("1 lot"), Err("a size such as 512, 64KiB or 1MiB"));
/// ```
///
/// # Errors
/// What was expected.
pub fn size(text: &str) -> Result<usize, Expected> {
    text.parse().map(Size::get).map_err(|Unexpected(expected)| expected)
}

/// A length of time: `500ms`, `30s`, `5m`, `1h`.
///
/// ```
/// use std::time::Duration;
/// use motia_cli::settings::value::duration;
///
/// assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
/// assert_eq!(duration("30"), Err("a time such as 500ms, 30s, 5m or 1h"));
/// ```
///
/// # Errors
/// What was expected.
pub fn duration(text: &str) -> Result<Duration, Expected> {
    text.parse().map(Span::get).map_err(|Unexpected(expected)| expected)
}

/// Names parted by commas.
#[must_use]
pub fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_brackets() {
        for text in ["127.0.0.1", "localhost", "::1", "[::]", "0.0.0.0"] {
            assert!(host(text).is_ok(), "{text}");
        }
        assert!(host("example.com").is_err());
    }

    #[test]
    fn nothing_is_no_number_from_one() {
        assert!(size("0").is_err() && count("0").is_err());
    }
}
