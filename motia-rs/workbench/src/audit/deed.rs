//! What a handler did, as it tells the audit log.

use axum::response::{IntoResponseParts, ResponseParts};
use motia_core::redact::redact;
use motia_runtime::log::printable;
use serde::Serialize;
use serde_json::Value;

use super::Entry;

/// What was there before and after is kept up to this size, in bytes of JSON.
pub(super) const LARGEST: usize = 2048;

/// What a handler did: a part of its answer, which the audit log takes out again.
///
/// `Ok((Deed::new("queue.pause", &step).by(by), Json(queue)))`
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    did: &'static str,
    what: String,
    by: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
    is_nothing: bool,
}

impl Deed {
    /// This was done to that.
    pub(crate) fn new(did: &'static str, what: impl Into<String>) -> Self {
        Self { did, what: what.into(), by: None, before: None, after: None, is_nothing: false }
    }

    /// By whom, where the body said it.
    pub(crate) fn by(self, by: impl Into<String>) -> Self {
        Self { by: Some(by.into()), ..self }
    }

    /// What was there before.
    pub(crate) fn before(self, before: &impl Serialize) -> Self {
        Self { before: shown(before), ..self }
    }

    /// It changed nothing if this holds, and leaves no entry then.
    pub(crate) fn nothing_if(self, is_nothing: bool) -> Self {
        Self { is_nothing, ..self }
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.is_nothing
    }

    /// The entry of what was begun, with what was done.
    pub(super) fn complete(self, begun: Entry) -> Entry {
        let Self { did, what, by, before, after, .. } = self;
        let by = by.unwrap_or(begun.by);
        Entry { by, did: did.to_owned(), what: printable(&what), before, after, ..begun }
    }

    /// What is there since.
    pub(crate) fn after(self, after: &impl Serialize) -> Self {
        Self { after: shown(after), ..self }
    }
}

/// A value as it is kept here: without its secrets, and only if it is small.
fn shown(value: &impl Serialize) -> Option<Value> {
    let mut value = serde_json::to_value(value).ok().filter(|value| !value.is_null())?;
    redact(&mut value);
    match value.to_string().len() {
        0..=LARGEST => Some(value),
        size => Some(Value::String(format!("({size} bytes)"))),
    }
}

impl IntoResponseParts for Deed {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}
