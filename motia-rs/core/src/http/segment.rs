//! Parameters of a path, written so that they can be told from what stands around them.

/// A parameter that is one segment of a path: what would end it is written as `%2F` and `%3F`. The rest stays as
/// people read it.
#[must_use]
pub fn written(value: &str) -> String {
    several_written(value).replace('/', "%2F")
}

/// A parameter that is the rest of a path, of several segments.
#[must_use]
pub fn several_written(value: &str) -> String {
    value.replace('%', "%25").replace('?', "%3F")
}

/// The parameter that was written so.
///
/// ```
/// use motia_core::http::segment::{read, written};
///
/// let id = "50%/a?b=%2F";
/// assert_eq!(written(id), "50%25%2Fa%3Fb=%252F");
/// assert_eq!(read(&written(id)), id);
/// ```
#[must_use]
pub fn read(text: &str) -> String {
    text.replace("%2F", "/").replace("%3F", "?").replace("%25", "%")
}
