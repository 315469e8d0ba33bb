//! Versions of definitions, ordered as semantic versioning has it.

use std::{fmt, str::FromStr};

use motia::prelude::*;

/// A version as semver.org has it; parts that are left out are 0: `1.1` is `1.1.0`.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Version(semver::Version);

impl Version {
    /// Whether it comes before the version that it announces, as `2.0.0-rc.1` does.
    #[must_use]
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }
}

/// The longest version, in bytes.
const LONGEST: usize = 64;

/// It is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a version such as 1.2.0")]
pub struct NoVersion;

impl FromStr for Version {
    type Err = NoVersion;

    fn from_str(text: &str) -> Result<Self, NoVersion> {
        if text.len() > LONGEST {
            return Err(NoVersion);
        }
        let numbers_end = text.find(['-', '+']).unwrap_or(text.len());
        let (numbers, rest) = text.split_at(numbers_end);
        let missing = 2_usize.saturating_sub(numbers.matches('.').count());
        let whole = format!("{numbers}{}{rest}", ".0".repeat(missing));
        semver::Version::parse(&whole).map(Self).map_err(|_| NoVersion)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Version {
    type Error = NoVersion;

    fn try_from(text: String) -> Result<Self, NoVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_in_the_order_of_semantic_versioning() {
        let ordered = ["0.9", "1.0.0-rc.1", "1.0.0", "1.2", "1.10", "2"];

        assert!(ordered.map(version).is_sorted());
    }

    #[test]
    fn parts_that_are_left_out_are_zero() {
        assert_eq!(version("1.1"), version("1.1.0"));
        assert_eq!(version("2-beta").to_string(), "2.0.0-beta");
        assert!(version("2-beta").is_prerelease());
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", "newest", "1.2.3.4", "v1", "1..2"] {
            assert_eq!(text.parse::<Version>(), Err(NoVersion), "{text}");
        }
    }
}
