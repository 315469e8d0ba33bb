//! Lengths of time, numbers of bytes and shares of processors, as people write them in JSON.

use std::{fmt, str::FromStr, time::Duration};

use motia::{prelude::*, setting};

/// A length of time in JSON: `"500ms"`, `"30s"`, `"5m"`, `"1h"`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    #[must_use]
    pub const fn secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }
}

impl FromStr for Span {
    type Err = setting::units::Unexpected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<setting::Span>().map(|span| Self(span.get()))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let units = [(3_600_000_u128, "h"), (60_000, "m"), (1000, "s")];
        match units.into_iter().find(|(unit, _)| millis > 0 && millis.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", millis / unit),
            None => write!(f, "{millis}ms"),
        }
    }
}

/// A number of bytes in JSON: `"64MiB"`, `"512kB"`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Bytes(pub u64);

impl FromStr for Bytes {
    type Err = setting::units::Unexpected;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<setting::Size>().map(|size| Self(size.get() as u64))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units.into_iter().find(|(unit, _)| self.0 > 0 && self.0.is_multiple_of(*unit)) {
            Some((unit, name)) => write!(f, "{}{name}", self.0 / unit),
            None => write!(f, "{}B", self.0),
        }
    }
}

/// A share of processors in JSON, in thousandths of one: `"500m"`, or whole ones: `"2"`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Cores {
    /// Thousandths of a processor.
    pub millis: u32,
}

/// It is no share of processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoCores;

impl fmt::Display for NoCores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it is not a share of processors such as 500m or 2")
    }
}

impl FromStr for Cores {
    type Err = NoCores;

    fn from_str(text: &str) -> Result<Self, NoCores> {
        let (number, unit) = text.strip_suffix('m').map_or((text, 1000), |millis| (millis, 1));
        let millis = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
        millis.filter(|millis| *millis > 0).map(|millis| Self { millis }).ok_or(NoCores)
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.millis {
            whole if whole.is_multiple_of(1000) => write!(f, "{}", whole / 1000),
            millis => write!(f, "{millis}m"),
        }
    }
}

macro_rules! written {
    ($($Type:ident)+) => {
        $(impl TryFrom<String> for $Type {
            type Error = <Self as FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$Type> for String {
            fn from(amount: $Type) -> Self {
                amount.to_string()
            }
        })+
    };
}
written!(Span Bytes Cores);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_was_read() {
        for text in ["500ms", "30s", "5m", "1h", "90s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in ["64MiB", "1GiB", "1500B"] {
            let bytes = text.parse::<Bytes>().unwrap();
            assert_eq!(bytes.to_string(), text);
        }
        for text in ["500m", "2"] {
            assert_eq!(text.parse::<Cores>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "0", "1.5", "-1", "many", "5000000000"] {
            assert!(text.parse::<Cores>().is_err(), "{text}");
        }
        assert!("soon".parse::<Span>().is_err() && "big".parse::<Bytes>().is_err());
    }
}
