//! Which run a request belongs to: the caller's, where it sent a `traceparent`, or a new one.

use http::{HeaderMap, HeaderName, HeaderValue};
use motia_core::trace::{TraceContext, TraceId};

/// Where an answer carries its trace id.
pub(crate) const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A span for this request. A `traceparent` that is malformed, or stands there twice, is none.
pub(crate) fn span(headers: &HeaderMap) -> TraceContext {
    parent(headers).map_or_else(TraceContext::root, TraceContext::child)
}

fn parent(headers: &HeaderMap) -> Option<TraceContext> {
    let mut sent = headers.get_all(TRACEPARENT).iter();
    let header = sent.next()?;
    sent.next().is_none().then_some(())?;
    TraceContext::parse(header.to_str().ok()?)
}

/// The trace id as a header, written once and on the stack.
pub(crate) fn header(id: TraceId) -> HeaderValue {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(id.to_bytes()) {
        pair[0] = HEX[usize::from(byte >> 4)];
        pair[1] = HEX[usize::from(byte & 0xf)];
    }
    HeaderValue::from_bytes(&text).expect("hex digits may stand in a header")
}

/// Says in the answer to a caller who takes part in tracing which span answered it.
pub(crate) fn say(headers: &mut HeaderMap, span: TraceContext) {
    if let Ok(value) = HeaderValue::from_str(&span.to_string()) {
        headers.insert(TRACEPARENT, value);
    }
}

/// Whether the caller takes part in tracing.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    headers.contains_key(TRACEPARENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (TRACEPARENT, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_traceparent_is_followed_by_a_span_of_its_own() {
        let span = span(&headers(&[SENT]));

        assert_eq!(span.trace_id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(span.span_id.to_string(), "00f067aa0ba902b7");
    }

    #[test]
    fn two_traceparents_are_none() {
        assert_ne!(span(&headers(&[SENT, SENT])).trace_id.to_string(), SENT[3..35]);
    }

    #[test]
    fn the_header_reads_like_the_id() {
        let id = TraceContext::root().trace_id;

        assert_eq!(header(id).to_str().unwrap(), id.to_string());
    }
}
