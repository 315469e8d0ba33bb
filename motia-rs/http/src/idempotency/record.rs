//! What is kept under an `Idempotency-Key`: that a request runs, and then what it was answered.

use http::{HeaderName, HeaderValue, StatusCode, header};
use motia_core::{
    http::{ApiResponse, Problem, ProblemShape, ReplyBody},
    trace::TraceId,
};
use serde::{Deserialize, Serialize};

use super::{another_request, still_running};

/// What is kept under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    fingerprint: String,
    /// The span of the request that runs, or ran.
    by: String,
    /// The answer; none while it runs.
    answer: Option<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    status: u16,
    headers: Vec<(String, Raw)>,
    body: Raw,
}

/// Bytes, which mostly are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Raw {
    Text(String),
    Bytes(Vec<u8>),
}

impl Raw {
    fn of(bytes: &[u8]) -> Self {
        String::from_utf8(bytes.to_vec()).map_or_else(|_| Self::Bytes(bytes.to_vec()), Self::Text)
    }

    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Says that an answer is not the step's of just now.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl Record {
    /// A request that runs.
    pub(super) fn running(fingerprint: &str, by: &str) -> Self {
        Self { fingerprint: fingerprint.to_owned(), by: by.to_owned(), answer: None }
    }

    /// The same, with its answer.
    pub(super) fn with(self, answer: &ApiResponse) -> Self {
        let mut headers: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), Raw::of(value.as_bytes())))
            .collect();
        if let ReplyBody::Bytes(kind, _) = answer.body
            && !answer.headers.contains_key(header::CONTENT_TYPE)
        {
            headers.push((header::CONTENT_TYPE.to_string(), Raw::of(kind.as_bytes())));
        }
        let (status, body) = (answer.status.as_u16(), Raw::of(answer.body.bytes()));
        Self { answer: Some(Answer { status, headers, body }), ..self }
    }

    /// What a request of this fingerprint is answered.
    ///
    /// # Errors
    /// 422 for another request, 409 while the first runs.
    pub(super) fn again(self, fingerprint: &str) -> Result<ApiResponse, Box<Problem>> {
        if self.fingerprint != fingerprint {
            return Err(another_request().into());
        }
        let Answer { status, headers, body } = self.answer.ok_or_else(still_running)?;
        let body = match body.into_bytes() {
            empty if empty.is_empty() => ReplyBody::Empty,
            bytes => ReplyBody::Bytes("", bytes.into()),
        };
        let mut again =
            ApiResponse::with_status(StatusCode::from_u16(status).unwrap_or_default(), body);
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_bytes(&value.into_bytes()))
            {
                again.headers.append(name, value);
            }
        }
        again.headers.insert(REPLAYED, HeaderValue::from_static("true"));
        Ok(again)
    }
}

/// Whether an answer is kept: all of it is at hand and not too large, and asking again would not
/// help. Who is turned away for want of a right or of patience may come back.
pub(super) fn is_kept(answer: &ApiResponse, largest: usize) -> bool {
    let passing = matches!(answer.status.as_u16(), 401 | 403 | 408 | 429 | 500..);
    let at_hand = matches!(answer.body, ReplyBody::Empty | ReplyBody::Bytes(..));
    !passing && at_hand && answer.body.bytes().len() <= largest
}

/// An answer of either kind as it goes over the wire, so that it can be kept.
pub(super) fn ready(
    answer: Result<ApiResponse, Box<Problem>>,
    shape: Option<ProblemShape>,
    trace_id: TraceId,
) -> ApiResponse {
    answer.unwrap_or_else(|problem| {
        let written = problem.answer(shape, trace_id);
        let mut answer =
            ApiResponse::with_status(written.status, ReplyBody::Bytes("", written.body));
        answer.headers = written.headers;
        answer
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn an_answer_survives_being_kept() {
        for body in [&b"{\"a\":1}"[..], b"\xff\xfe", b""] {
            let body = ReplyBody::Bytes("application/json", Bytes::from_static(body));
            let answer = ApiResponse::created(body).header("location", "/a/1");

            let kept = Record::running("f", "s").with(&answer);
            let text = serde_json::to_string(&kept).unwrap();
            let again = serde_json::from_str::<Record>(&text).unwrap().again("f").unwrap();

            assert_eq!(again.status, 201);
            assert_eq!(again.headers["location"], "/a/1");
            assert_eq!(again.headers["content-type"], "application/json");
            assert_eq!(again.body.bytes(), answer.body.bytes());
        }
    }

    #[test]
    fn a_failure_of_the_moment_is_not_kept() {
        let of = |status| {
            ApiResponse::with_status(StatusCode::from_u16(status).unwrap(), ReplyBody::Empty)
        };

        for passing in [401, 403, 408, 429, 500, 503] {
            assert!(!is_kept(&of(passing), 10), "{passing}");
        }
        for lasting in [200, 201, 204, 303, 400, 404, 409, 422] {
            assert!(is_kept(&of(lasting), 10), "{lasting}");
        }
    }
}
