//! Answers on the wire: status and headers as the step set them, the body in its form.

use std::time::Duration;

use axum::{
    body::{Body, HttpBody},
    response::Response,
};
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use http_body_util::StreamBody;
use motia_core::{
    error::BoxError,
    http::{ApiResponse, ReplyBody},
    trace::TraceId,
};
use tokio_util::sync::CancellationToken;

use crate::{sse::EventBody, trace};

/// How streams of server-sent events are kept, and when they end.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    /// How often a silent one sends a comment.
    pub(crate) keep_alive: Duration,
    /// When they end.
    pub(crate) stopping: CancellationToken,
}

/// Writes an answer.
pub(crate) fn response(answer: ApiResponse, trace_id: TraceId, streams: &Streams) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    *headers = answer.headers;
    headers.insert(trace::X_TRACE_ID, trace::header(trace_id));
    let body = match answer.body {
        ReplyBody::Bytes(kind, bytes) => {
            set_type(headers, kind);
            Body::from(bytes)
        }
        ReplyBody::Stream(kind, stream) => {
            set_type(headers, kind);
            streamed(StreamBody::new(stream.map_ok(http_body::Frame::data)))
        }
        ReplyBody::Sse(events, keep_alive) => {
            set_type(headers, "text/event-stream");
            if !headers.contains_key(header::CACHE_CONTROL) {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            }
            streamed(EventBody::new(
                events,
                keep_alive.unwrap_or(streams.keep_alive),
                &streams.stopping,
            ))
        }
        // `Empty`, and no other is known.
        _ => return response,
    };
    *response.body_mut() = body;
    response
}

fn streamed(body: impl HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static) -> Body {
    Body::new(body)
}

/// Says the media type, unless the step said it.
fn set_type(headers: &mut HeaderMap, kind: &'static str) {
    if !kind.is_empty()
        && let http::header::Entry::Vacant(entry) = headers.entry(header::CONTENT_TYPE)
    {
        entry.insert(HeaderValue::from_static(kind));
    }
}
