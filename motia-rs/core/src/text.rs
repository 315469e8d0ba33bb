//! Texts that others wrote, as terminals and browsers may be given them: nothing in them ends a line, colours
//! it, hides in it or turns its direction.

/// The text with everything escaped that cannot be seen or moves what can: control characters, line ends,
/// marks of the writing direction, and characters without a width.
///
/// ```
/// use motia_core::text::printable;
///
/// assert_eq!(printable("ok\n12:00 ERROR forged\u{1b}[31m"), r"ok\u{a}12:00 ERROR forged\u{1b}[31m");
/// assert_eq!(printable("Grüße 🐕"), "Grüße 🐕");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    escaped(text, hides, |c, clean| clean.extend(c.escape_unicode()))
}

/// The same of a text that may have lines and tabs.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let hides = |c| hides(c) && c != '\n' && c != '\t';
    escaped(text, hides, |c, clean| clean.extend(c.escape_unicode()))
}

/// The same of a JSON document, by escapes of its own: it reads as the same document.
///
/// ```
/// use motia_core::text::printable_json;
///
/// assert_eq!(printable_json("{\"name\":\"\u{202e}eve\"}"), r#"{"name":"\u202eeve"}"#);
/// ```
#[must_use]
pub fn printable_json(document: &str) -> String {
    // A line end stands between its parts; in a text it is escaped already.
    let hides = |c| hides(c) && c != '\n';
    escaped(document, hides, |c, clean| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            clean.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

fn escaped(text: &str, hides: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if hides(c) {
            escape(c, &mut clean);
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Whether a character is not seen, or does something to others.
fn hides(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str =
        "a\r\n\t\u{0}\u{7f}\u{9b}31m\u{1b}]0;x\u{7}\u{202e}\u{2066}\u{200f}\u{feff}\u{e0041}z";

    #[test]
    fn nothing_hidden_is_left_in_a_text() {
        for clean in [printable(HOSTILE), printable_lines(HOSTILE), printable_json(HOSTILE)] {
            assert!(!clean.chars().any(|c| hides(c) && c != '\n' && c != '\t'), "{clean}");
        }
        assert_eq!(printable_lines("a\n\tb"), "a\n\tb");
    }

    #[test]
    fn a_document_stays_the_same_document() {
        let document = serde_json::json!({ "text": HOSTILE });
        let clean = printable_json(&document.to_string());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&clean).unwrap(), document);
    }

    #[test]
    fn what_is_escaped_once_is_not_escaped_again() {
        assert_eq!(printable(&printable(HOSTILE)), printable(HOSTILE));
    }
}
