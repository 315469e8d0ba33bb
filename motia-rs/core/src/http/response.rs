//! The answer of an API step.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::reply::{Reply, ReplyBody};

/// The answer of an API step.
///
/// ```
/// use motia_core::http::ApiResponse;
///
/// let made = ApiResponse::created("order-1").header("location", "/orders/order-1");
/// assert_eq!(made.status, 201);
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ApiResponse<R = ReplyBody> {
    /// The status.
    pub status: StatusCode,
    /// The headers; the content type is set by the body where it is not set here.
    pub headers: HeaderMap,
    /// The body.
    pub body: R,
}

impl<R> ApiResponse<R> {
    /// 200 with this body.
    pub fn ok(body: R) -> Self {
        Self::with_status(StatusCode::OK, body)
    }

    /// 201 with this body.
    pub fn created(body: R) -> Self {
        Self::with_status(StatusCode::CREATED, body)
    }

    /// 202 with this body.
    pub fn accepted(body: R) -> Self {
        Self::with_status(StatusCode::ACCEPTED, body)
    }

    /// Any status with this body.
    pub fn with_status(status: StatusCode, body: R) -> Self {
        Self { status, headers: HeaderMap::new(), body }
    }

    /// The same answer with a header more.
    ///
    /// # Panics
    /// When the name or the value cannot stand in a header. For values from outside, insert a
    /// checked [`HeaderValue`] into [`headers`](Self::headers).
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name is a token");
        let value = HeaderValue::from_str(value).expect("a header's value is visible ASCII");
        self.headers.append(name, value);
        self
    }

    /// The same answer, ready for the wire.
    ///
    /// # Errors
    /// When the body does not serialise.
    pub fn into_raw(self) -> Result<ApiResponse<ReplyBody>, serde_json::Error>
    where
        R: Reply,
    {
        let Self { status, headers, body } = self;
        Ok(ApiResponse { status, headers, body: body.into_body()? })
    }
}

impl ApiResponse<()> {
    /// 204 with no body.
    #[must_use]
    pub fn no_content() -> Self {
        Self::with_status(StatusCode::NO_CONTENT, ())
    }
}
