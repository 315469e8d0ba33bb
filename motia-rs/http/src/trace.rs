//! Which run a request belongs to: the caller's, where it sent a `traceparent`, or a new one.

use http::{HeaderMap, HeaderName, HeaderValue};
use motia_core::trace::{TraceContext, TraceId};

/// Where an answer carries its trace id.
pub(crate) const X_TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The span of a request, and whether its caller takes part in tracing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    /// Where in which run it is.
    pub(crate) context: TraceContext,
    is_asked_for: bool,
}

impl Span {
    /// A span for this request. A `traceparent` that is malformed, or stands there twice, is none.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let parent = parent(headers);
        let context = parent.map_or_else(TraceContext::root, TraceContext::child);
        Self { context, is_asked_for: parent.is_some() }
    }

    /// The run.
    pub(crate) fn trace_id(&self) -> TraceId {
        self.context.trace_id
    }

    /// Tells a caller who takes part in tracing which span answered.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        if self.is_asked_for
            && let Ok(value) = HeaderValue::from_str(&self.context.to_string())
        {
            headers.insert(TRACEPARENT, value);
        }
    }
}

fn parent(headers: &HeaderMap) -> Option<TraceContext> {
    let header = headers.get(TRACEPARENT)?;
    let mut sent = headers.get_all(TRACEPARENT).iter();
    sent.nth(1).is_none().then_some(())?;
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

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (TRACEPARENT, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_traceparent_is_followed_by_a_span_of_its_own() {
        let span = Span::of(&headers(&[SENT]));

        assert_eq!(span.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_ne!(span.context.span_id.to_string(), "00f067aa0ba902b7");
    }

    #[test]
    fn two_traceparents_are_none() {
        assert_ne!(Span::of(&headers(&[SENT, SENT])).trace_id().to_string(), SENT[3..35]);
    }

    #[test]
    fn the_header_reads_like_the_id() {
        let id = TraceContext::root().trace_id;

        assert_eq!(header(id).to_str().unwrap(), id.to_string());
    }
}
