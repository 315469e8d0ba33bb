//! Bodies of requests: read within their limits, and parsed as the step's kind of body asks.

mod media;
mod multipart;

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use motia_core::{
    error::StepError,
    http::{BodyKind, Problem, RawBody},
    json::strict,
    schema::Violation,
};

use self::media::Media;

/// How the bodies of one step are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// How the step takes them.
    pub(crate) kind: BodyKind,
    /// The largest, in bytes.
    pub(crate) limit: usize,
    /// How deep JSON may be nested.
    pub(crate) depth: usize,
    /// How long one may take to arrive.
    pub(crate) timeout: Duration,
}

/// A body as it arrived.
#[derive(Debug)]
pub(crate) enum Received {
    /// There is none, or the step does not look at it.
    None,
    /// All of it.
    Whole(Bytes),
    /// Parts still to be read.
    Parts(motia_core::http::Multipart),
}

impl Received {
    /// The bytes, where they were read whole.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::None | Self::Parts(_) => &[],
        }
    }
}

impl Rules {
    /// Reads a body: 415 for a type that the step does not take, 413 for one that is too large, 408
    /// for one that takes too long.
    pub(crate) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Received, Box<Problem>> {
        if self.kind == BodyKind::None {
            return Ok(Received::None);
        }
        let refused = if body.size_hint().lower() > self.limit as u64 {
            Some(too_large(self.limit))
        } else {
            self.refuse_type(headers, body.is_end_stream())
        };
        if let Some(problem) = refused {
            // A client that awaits `100 Continue` has sent nothing, and is not asked to.
            if !headers.contains_key(header::EXPECT) {
                discard(body).await;
            }
            return Err(problem.into());
        }
        if self.kind == BodyKind::Multipart {
            return multipart::open(headers, body, self.limit, self.timeout).map(Received::Parts);
        }
        let mut whole = pin!(whole(body, self.limit));
        // A small body came with the head: no timer for that.
        let at_hand = poll_fn(|cx| Poll::Ready(whole.as_mut().poll(cx))).await;
        let read = match at_hand {
            Poll::Ready(read) => read,
            Poll::Pending => match tokio::time::timeout(self.timeout, whole).await {
                Ok(read) => read,
                Err(_) => Err(too_slow().into()),
            },
        };
        read.map(Received::Whole)
    }

    /// Parses what was read.
    pub(crate) fn parse(&self, received: Received) -> Result<RawBody, Box<Problem>> {
        match received {
            Received::None => Ok(RawBody::None),
            Received::Parts(parts) => Ok(RawBody::Multipart(parts)),
            Received::Whole(bytes) if self.kind != BodyKind::Json => Ok(RawBody::Bytes(bytes)),
            // That a body is required, the step's schema says.
            Received::Whole(bytes) if bytes.is_empty() => Ok(RawBody::None),
            Received::Whole(bytes) => {
                strict::parse(&bytes, self.depth).map(RawBody::Json).map_err(|malformed| {
                    let broken = Violation::new("", malformed.to_string()).of_rule("json");
                    let detail = format!("the body is no acceptable JSON: {malformed}");
                    Problem::violations(vec![broken]).detail(detail).into()
                })
            }
        }
    }

    fn refuse_type(&self, headers: &HeaderMap, is_empty: bool) -> Option<Problem> {
        let unsupported =
            |detail: String| Some(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE).detail(detail));
        if let Some(coding) = headers.get(header::CONTENT_ENCODING)
            && coding != "identity"
        {
            return unsupported("bodies are taken without a `content-encoding`".into()).map(|it| {
                it.header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            });
        }
        let media = match headers.get(header::CONTENT_TYPE) {
            Some(value) => Media::parse(value),
            None if is_empty => return None,
            None => Media::default(),
        };
        let (taken, wanted) = match self.kind {
            BodyKind::Json => (media.is_json(), "application/json"),
            BodyKind::Form => (media.is_form(), "application/x-www-form-urlencoded"),
            BodyKind::Multipart => (media.is_multipart(), "multipart/form-data"),
            BodyKind::Text => (media.is_utf8(), "text in UTF-8"),
            BodyKind::Bytes | BodyKind::None => (true, ""),
        };
        if taken { None } else { unsupported(format!("this step takes {wanted}")) }
    }
}

/// Reads all of a body. One that comes in one piece, as nearly all do, is not copied.
async fn whole(mut body: Body, limit: usize) -> Result<Bytes, Box<Problem>> {
    let Some(first) = chunk(&mut body, limit).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    while let Some(more) = chunk(&mut body, limit - whole.len()).await.map_err(|problem| {
        if problem.status == StatusCode::PAYLOAD_TOO_LARGE {
            Box::new(too_large(limit))
        } else {
            problem
        }
    })? {
        whole.extend_from_slice(&more);
    }
    Ok(whole.freeze())
}

/// The next bytes, which must not be more than `left`; trailers are passed over.
async fn chunk(body: &mut Body, left: usize) -> Result<Option<Bytes>, Box<Problem>> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| bad_request("the body was cut off".into()))?;
        if let Ok(data) = frame.into_data() {
            return if data.len() > left { Err(too_large(left).into()) } else { Ok(Some(data)) };
        }
    }
    Ok(None)
}

/// Reads on for a moment, so that a client that is still sending gets to read why it was refused.
async fn discard(mut body: Body) {
    const AT_MOST: usize = 8 * 1024 * 1024;
    let rest = async {
        let mut read = 0;
        while let Some(Ok(frame)) = body.frame().await {
            read += frame.data_ref().map_or(0, Bytes::len);
            if read > AT_MOST {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_millis(500), rest).await;
}

fn bad_request(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST).detail(detail)
}

fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE)
        .detail(format!("the body must not be longer than {limit} bytes"))
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT)
        .detail("the body took too long to arrive")
        .header(header::CONNECTION, HeaderValue::from_static("close"))
}

/// A body that goes on while the step runs may fail then: the reason travels to the step as this.
fn rejection(problem: Problem) -> StepError {
    StepError::Reject(Box::new(problem))
}
