//! Words with gaps: `Dear {{name}},`.

use motia::prelude::*;
use serde_json::Map;

use crate::background_jobs::{Code, JobError};

/// The words of a letter, with gaps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// As HTML.
    pub html: Option<String>,
    /// As plain text.
    pub text: Option<String>,
}

/// How a value is written into a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As it is.
    Plain,
    /// So that it is text in HTML, whatever is in it.
    Html,
}

/// Fills the gaps: `{{name}}` becomes the variable `name`.
///
/// # Errors
/// [`Code::UnknownVariable`] when a gap has no variable, or is never closed.
pub fn fill(
    words: &str,
    variables: &Map<String, Value>,
    escape: Escape,
) -> Result<String, JobError> {
    let (mut filled, mut rest) = (String::with_capacity(words.len()), words);
    while let Some((before, gap)) = rest.split_once("{{") {
        let Some((name, after)) = gap.split_once("}}") else {
            return Err(Code::UnknownVariable.because("a gap `{{` is never closed by `}}`"));
        };
        let value = variables.get(name.trim()).ok_or_else(|| unknown(name.trim(), variables))?;
        filled.push_str(before);
        match (value, escape) {
            (Value::String(text), Escape::Plain) => filled.push_str(text),
            (Value::String(text), Escape::Html) => push_escaped(&mut filled, text),
            (Value::Null, _) => {}
            (other, Escape::Plain) => filled.push_str(&other.to_string()),
            (other, Escape::Html) => push_escaped(&mut filled, &other.to_string()),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn unknown(name: &str, variables: &Map<String, Value>) -> JobError {
    let known: Vec<_> = variables.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "there are none".into() } else { known.join(", ") };
    Code::UnknownVariable.because(format!("no variable is called `{name}`; known: {known}"))
}

fn push_escaped(filled: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => filled.push_str("&amp;"),
            '<' => filled.push_str("&lt;"),
            '>' => filled.push_str("&gt;"),
            '"' => filled.push_str("&quot;"),
            '\'' => filled.push_str("&#39;"),
            _ => filled.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> Map<String, Value> {
        let Value::Object(map) = json!({ "name": "Ann <3", "n": 2 }) else { unreachable!() };
        map
    }

    #[test]
    fn gaps_are_filled_and_values_are_text_in_html() {
        let words = "Dear {{name}}, {{ n }} of {{n}}";

        assert_eq!(fill(words, &variables(), Escape::Plain).unwrap(), "Dear Ann <3, 2 of 2");
        assert_eq!(fill(words, &variables(), Escape::Html).unwrap(), "Dear Ann &lt;3, 2 of 2");
    }

    #[test]
    fn a_value_with_a_gap_in_it_is_not_filled_again() {
        let mut variables = variables();
        variables.insert("name".into(), json!("{{n}}"));

        assert_eq!(fill("{{name}}", &variables, Escape::Plain).unwrap(), "{{n}}");
    }

    #[test]
    fn a_gap_without_a_variable_is_named() {
        let fault = fill("Dear {{nme}}", &variables(), Escape::Plain).unwrap_err();

        assert_eq!(fault.code, Code::UnknownVariable);
        assert!(fault.message.contains("`nme`") && fault.message.contains("name"), "{fault}");
        assert!(fill("Dear {{name", &variables(), Escape::Plain).is_err());
    }
}
