//! Who does something: told by the caller, in the body or in a header; shown wherever it is asked later.

use http::{HeaderMap, HeaderName};
use motia_runtime::log::printable;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Refusal, input::optional};

/// Who it was when the caller does not say.
const UNNAMED: &str = "the admin API";

/// The header that says who asks, as UTF-8.
pub const BY: HeaderName = HeaderName::from_static("x-motia-by");

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// A body that says who asks, and nothing else.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Asked {
    by: Option<String>,
}

/// Who asks, by a body that may be left out: `{"by": "ana"}`.
pub(crate) fn asks(headers: &HeaderMap, body: &[u8]) -> Result<String, Refusal> {
    let Asked { by } = optional(headers, body)?;
    name(headers, by)
}

/// The name of who asks, where the body may say it.
pub(crate) fn name(headers: &HeaderMap, by: Option<String>) -> Result<String, Refusal> {
    let Some(by) = by else { return Ok(told(headers)) };
    if by.is_empty() || by.len() > LONGEST {
        return Err(Refusal::bad(format!("`by` is a name of 1 to {LONGEST} bytes")));
    }
    Ok(printable(&by))
}

/// Who asks, as far as a header says.
pub(crate) fn told(headers: &HeaderMap) -> String {
    let said = headers.get(BY).and_then(|by| std::str::from_utf8(by.as_bytes()).ok());
    let said = said.filter(|by| (1..=LONGEST).contains(&by.len()));
    said.map_or_else(|| UNNAMED.to_owned(), printable)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn who_does_not_say_it_is_nobody_in_particular() {
        assert_eq!(asks(&HeaderMap::new(), b"").unwrap(), UNNAMED);
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let nobody = HeaderMap::new();
        assert_eq!(name(&nobody, Some("ana\nroot".into())).unwrap(), "ana\\u{a}root");
        assert!(name(&nobody, Some(String::new())).is_err());
        assert!(name(&nobody, Some("x".repeat(65))).is_err());
    }

    #[test]
    fn a_header_says_it_where_the_body_does_not() {
        let by = HeaderValue::from_bytes("Zoë".as_bytes()).unwrap();
        let headers = HeaderMap::from_iter([(BY, by)]);
        assert_eq!(asks(&headers, b"").unwrap(), "Zoë");
        assert_eq!(name(&headers, Some("ana".into())).unwrap(), "ana");

        let long = HeaderValue::from_str(&"x".repeat(65)).unwrap();
        assert_eq!(told(&HeaderMap::from_iter([(BY, long)])), UNNAMED);
    }
}
