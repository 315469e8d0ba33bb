//! Who does something: told by the caller, shown wherever it is asked later.

use http::HeaderMap;
use serde::Deserialize;

use crate::{Refusal, input::optional};

/// Who it was when the caller does not say.
const UNNAMED: &str = "the admin API";

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// A body that says who asks, and nothing else.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    by: Option<String>,
}

/// Who asks, by a body that may be left out: `{"by": "ana"}`.
pub(crate) fn asks(headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
    let Asked { by } = optional(headers, body)?;
    name(by)
}

/// The name of who asks.
pub(crate) fn name(by: Option<String>) -> Result<String, Refusal> {
    let by = by.unwrap_or_else(|| UNNAMED.to_owned());
    if by.is_empty() || by.len() > LONGEST {
        return Err(Refusal::bad(format!("`by` is a name of 1 to {LONGEST} bytes")));
    }
    Ok(motia_runtime::log::printable(&by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_say_it_is_nobody_in_particular() {
        assert_eq!(asks(&HeaderMap::new(), b"").unwrap(), UNNAMED);
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        assert_eq!(name(Some("ana\nroot".into())).unwrap(), "ana\\u{a}root");
        assert!(name(Some(String::new())).is_err());
        assert!(name(Some("x".repeat(65))).is_err());
    }
}
