//! A request to an API step.

use std::{borrow::Cow, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::de::DeserializeOwned;

use super::{
    body::{RawBody, masked, pointer},
    segment,
};
use crate::{
    error::{StepError, StepResult},
    http::Problem,
    redact::{REDACTED, in_text, is_secret},
    schema::{Place, Violation},
};

/// A request to an API step, its body read as `B`.
///
/// ```
/// use motia_core::http::ApiRequest;
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Paging {
///     limit: u32,
/// }
///
/// let req = ApiRequest::new(()).with_param("id", "42").with_query("limit=20");
/// assert_eq!(req.param("id"), Some("42"));
/// assert_eq!(req.query::<Paging>().unwrap().limit, 20);
///
/// let bad = ApiRequest::new(()).with_query("limit=many").query::<Paging>();
/// assert_eq!(bad.err().unwrap().status(), 400);
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ApiRequest<B = RawBody> {
    /// The body.
    pub body: B,
    /// The headers.
    pub headers: HeaderMap,
    params: Vec<(Arc<str>, String)>,
    query: Cow<'static, str>,
}

/// The token of `Authorization: Bearer`; or the one that follows `Authorization` among the protocols of a
/// WebSocket, where browsers can set no header.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let offered = || {
        let protocols = headers.get(http::header::SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
        protocols
            .split_once(',')
            .filter(|(first, _)| first.trim().eq_ignore_ascii_case("authorization"))
    };
    let sent = || {
        let authorization = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
        authorization.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
    };
    sent().or_else(offered).map(|(_, token)| token.trim())
}

impl<B> ApiRequest<B> {
    /// The token that the caller brings: of `Authorization: Bearer`, or behind `Authorization` among the
    /// protocols of a WebSocket, where browsers can set no header.
    ///
    /// ```
    /// use motia_core::http::ApiRequest;
    ///
    /// let req = ApiRequest::new(()).with_header("authorization", "Bearer s3cret");
    /// assert_eq!(req.bearer(), Some("s3cret"));
    ///
    /// let socket = ApiRequest::new(()).with_header("sec-websocket-protocol", "Authorization, s3cret");
    /// assert_eq!(socket.bearer(), Some("s3cret"));
    /// ```
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        bearer(&self.headers)
    }

    /// A request with this body and nothing else.
    pub fn new(body: B) -> Self {
        Self { body, headers: HeaderMap::new(), params: Vec::new(), query: Cow::Borrowed("") }
    }

    /// A request as it came over the wire; path parameters are decoded already.
    pub fn from_parts(
        body: B,
        headers: HeaderMap,
        params: Vec<(Arc<str>, String)>,
        query: Option<String>,
    ) -> Self {
        Self { body, headers, params, query: query.map_or(Cow::Borrowed(""), Cow::Owned) }
    }

    /// The same request with a path parameter.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// The same request with this query string, without the `?`.
    #[must_use]
    pub fn with_query(self, query: impl Into<String>) -> Self {
        Self { query: Cow::Owned(query.into()), ..self }
    }

    /// The same request with a header.
    ///
    /// # Panics
    /// When the name or the value cannot stand in a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name is a token");
        let value = HeaderValue::from_str(value).expect("a header's value is visible ASCII");
        self.headers.append(name, value);
        self
    }

    /// The same request with another body.
    pub fn map<C>(self, change: impl FnOnce(B) -> C) -> ApiRequest<C> {
        let (body, rest) = self.take_body();
        rest.with_body(change(body))
    }

    /// Parts the body from the rest.
    pub fn take_body(self) -> (B, ApiRequest<()>) {
        let Self { body, headers, params, query } = self;
        (body, ApiRequest { body: (), headers, params, query })
    }

    /// The same request with this body.
    pub fn with_body<C>(self, body: C) -> ApiRequest<C> {
        ApiRequest { body, headers: self.headers, params: self.params, query: self.query }
    }

    /// One path parameter: `id` of `/orders/{id}`.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| &**known == name).map(|(_, value)| value.as_str())
    }

    /// A path's template with the parameters of this request in it: `/orders/7`.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let mut path = template.to_owned();
        for (name, value) in self.params() {
            path =
                path.replace(&format!("{{{name}}}"), value).replace(&format!("{{*{name}}}"), value);
        }
        path
    }

    /// The path as people may see it, without the parameters whose names say that they are secret, and without
    /// what looks like a secret in the others. What would part a parameter, or end the path, is written as
    /// `%2F` and the like, so that it can be read back.
    #[must_use]
    pub fn fill_shown(&self, template: &str) -> String {
        let mut path = template.to_owned();
        for (name, value) in self.params() {
            let value = if is_secret(name) { REDACTED.into() } else { in_text(value) };
            let (one, several) = (segment::written(&value), segment::several_written(&value));
            path = path
                .replace(&format!("{{{name}}}"), &one)
                .replace(&format!("{{*{name}}}"), &several);
        }
        path
    }

    /// All path parameters in the order of the path.
    pub fn params(&self) -> impl Iterator<Item = (&str, &str)> {
        self.params.iter().map(|(name, value)| (&**name, value.as_str()))
    }

    /// The path parameters as a type.
    ///
    /// # Errors
    /// A rejection: 404, since a path with such parameters leads nowhere.
    pub fn path<P: DeserializeOwned>(&self) -> StepResult<P> {
        let encoded = serde_html_form::to_string(self.params().collect::<Vec<_>>())?;
        decode_form(Place::Path, encoded.as_bytes()).map_err(|error| match error {
            StepError::Reject(problem) => StepError::Reject(Box::new(Problem {
                status: StatusCode::NOT_FOUND,
                ..problem.detail("nothing lies at a path with such parameters")
            })),
            other => other,
        })
    }

    /// The query string as a type; a field that repeats becomes a list.
    ///
    /// # Errors
    /// A rejection, 400, that names the field at fault.
    pub fn query<Q: DeserializeOwned>(&self) -> StepResult<Q> {
        decode_form(Place::Query, self.query.as_bytes())
    }

    /// The query string as it came, without the `?`.
    #[must_use]
    pub fn query_string(&self) -> &str {
        &self.query
    }

    /// One header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Reads `a=1&b=2`, which stands in this part of the request.
pub(crate) fn decode_form<T: DeserializeOwned>(place: Place, text: &[u8]) -> StepResult<T> {
    let form = serde_html_form::Deserializer::from_bytes(text);
    serde_path_to_error::deserialize(form).map_err(|error| {
        let pointer = pointer(error.path());
        let detail = masked(&error.into_inner().to_string());
        let violation = match missing_field(&detail) {
            Some(field) => {
                Violation::new(format!("{pointer}/{field}"), "is required").of_rule("required")
            }
            None => Violation::new(pointer, detail),
        };
        StepError::Reject(Box::new(Problem::violations(vec![violation.within(place)])))
    })
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.strip_suffix('`')
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Job {
        id: u64,
    }

    fn problem(error: StepError) -> Problem {
        match error {
            StepError::Reject(problem) => *problem,
            other => panic!("no rejection: {other}"),
        }
    }

    #[test]
    fn path_parameters_read_as_a_type() {
        let req = ApiRequest::new(()).with_param("id", "7");
        assert_eq!(req.path::<Job>().unwrap(), Job { id: 7 });
    }

    #[test]
    fn a_secret_parameter_is_not_shown() {
        let req = ApiRequest::new(()).with_param("id", "7").with_param("token", "t0p");
        assert_eq!(req.fill("/users/{id}/reset/{token}"), "/users/7/reset/t0p");
        assert_eq!(req.fill_shown("/users/{id}/reset/{token}"), "/users/7/reset/[redacted]");

        let req = ApiRequest::new(()).with_param("id", "eyJhbGciOi.eyJzdWIi.c2ln");
        assert_eq!(req.fill_shown("/invitations/{id}"), "/invitations/[redacted]");
    }

    #[test]
    fn what_a_parameter_has_in_it_does_not_part_the_path_that_is_shown() {
        let req = ApiRequest::new(()).with_param("id", "a/b?c %41 ü").with_param("rest", "d/e?f");
        assert_eq!(req.fill_shown("/users/{id}/{*rest}"), "/users/a%2Fb%3Fc %2541 ü/d/e%3Ff");
    }

    #[test]
    fn a_path_parameter_that_does_not_fit_leads_nowhere() {
        let req = ApiRequest::new(()).with_param("id", "seven");
        assert_eq!(problem(req.path::<Job>().unwrap_err()).status, 404);
    }

    #[test]
    fn a_query_that_does_not_fit_names_the_field() {
        let missing = problem(ApiRequest::new(()).query::<Job>().unwrap_err());
        let required = Violation::new("/id", "is required").within(Place::Query);
        assert_eq!(missing.errors, [required.of_rule("required")]);

        let wrong = ApiRequest::new(()).with_query("id=hunter2").query::<Job>();
        let wrong = problem(wrong.unwrap_err());
        assert_eq!(wrong.errors[0].pointer, "/id");
        assert!(!wrong.errors[0].detail.contains("hunter2"), "{}", wrong.errors[0].detail);
    }
}
