//! Requests to an app in the test's own process.

use axum::{Router, body::Body};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower::ServiceExt as _;

/// A request about to be sent.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    router: Router,
    request: http::request::Builder,
    body: Bytes,
}

impl Request {
    pub(super) fn new(router: Router, method: &str, path: &str) -> Self {
        let request = http::Request::builder().method(method).uri(path);
        Self { router, request, body: Bytes::new() }
    }

    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        Self { request: self.request.header(name, value), ..self }
    }

    /// With a JSON body.
    ///
    /// # Panics
    /// When the value does not serialise.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let body = serde_json::to_vec(value).expect("a test's body serialises");
        self.header(header::CONTENT_TYPE.as_str(), "application/json").body(body)
    }

    /// With these bytes as the body.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sends it and reads the whole answer.
    ///
    /// # Panics
    /// When the request is malformed, or the answer breaks off.
    pub async fn send(self) -> Reply {
        let request = self.request.body(Body::from(self.body)).expect("a test's request is one");
        let response = self.router.oneshot(request).await.unwrap_or_else(|never| match never {});
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("the answer does not break off").to_bytes();
        Reply { status: head.status, headers: head.headers, body }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it does not fit; with the body.
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The body as a tree of JSON.
    #[must_use]
    pub fn value(&self) -> Value {
        self.json()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The JSON pointers of a problem's errors, in order.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.value()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str().map(str::to_owned)).collect()
    }
}
