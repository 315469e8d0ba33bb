//! What is read of a request: its query string and its body. What cannot be read is refused by its name.

use axum::{
    body::Bytes,
    extract::{Request, rejection::BytesRejection},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, header};
use jiff::Timestamp;
use motia_core::{json::strict, role::may_change};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_html_form::Deserializer;
use serde_json::Value;

use crate::{Refusal, unread};

/// What is nested deeper is refused.
const JSON_DEPTH: usize = 100;

/// What a handler takes a body as.
pub(crate) type Body = Result<Bytes, BytesRejection>;

/// Reads a query string.
pub(crate) fn query<T: DeserializeOwned + JsonSchema>(text: Option<&str>) -> Result<T, Refusal> {
    let text = text.unwrap_or_default();
    let form = Deserializer::from_bytes(text.as_bytes());
    serde_path_to_error::deserialize(form).map_err(|error| unread::query::<T>(text, &error))
}

/// Refuses what says that it brings something else than JSON to change something with, whatever the route
/// makes of it: a form of another site can send nothing that passes here.
pub(crate) async fn only_json(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if may_change(request.method())
        && headers.contains_key(header::CONTENT_TYPE)
        && !is_json(headers)
    {
        return not_json().into_response();
    }
    next.run(request).await
}

/// Whether a request says once that its body is JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = said.next().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json") && said.next().is_none()
}

fn not_json() -> Refusal {
    Refusal::unsupported("send the body as `content-type: application/json`")
}

/// Reads a body that must say that it is JSON: no form of another site can send one.
pub(crate) fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    if !is_json(headers) {
        return Err(not_json());
    }
    strict::parse(body, JSON_DEPTH)
        .map_err(|error| Refusal::bad(format!("the body is no JSON: {error}")))
}

/// Reads a JSON body of certain fields.
pub(crate) fn fields<T: DeserializeOwned + JsonSchema>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, Refusal> {
    let body = json_body(headers, body)?;
    // A list is no object of fields, though it could be read as their values in turn.
    if body.is_array() {
        return Err(unread::list::<T>(&body));
    }
    serde_path_to_error::deserialize(&body).map_err(|error| unread::body::<T>(&body, &error))
}

/// The same of a body that may be left out.
pub(crate) fn optional<T: DeserializeOwned + JsonSchema + Default>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<T, Refusal> {
    if body.is_empty() {
        Ok(T::default())
    } else {
        Ok(fields::<Option<T>>(headers, body)?.unwrap_or_default())
    }
}

/// Reads an instant.
pub(crate) fn instant(what: &str, text: Option<String>) -> Result<Option<Timestamp>, Refusal> {
    let read = |text: String| {
        let expected = "an instant such as 2026-01-31T09:00:00Z";
        text.parse().map_err(|_| Refusal::bad(format!("`{what}` is {expected}, not `{text}`")))
    };
    text.map(read).transpose()
}

#[cfg(test)]
mod tests {
    use motia_core::event::EventId;
    use serde::Deserialize;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Debug, Default, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        #[expect(dead_code, reason = "only whether it can be read is asked")]
        event: Option<EventId>,
    }

    fn json() -> HeaderMap {
        let kind = http::HeaderValue::from_static("application/json");
        HeaderMap::from_iter([(header::CONTENT_TYPE, kind)])
    }

    fn told(refused: Result<Wanted, Refusal>) -> String {
        refused.unwrap_err().0.detail.unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let body = told(optional(&json(), br#"{"event":"7"}"#));
        assert_eq!(body, "`event` in the body is a UUID, not the text `7`");
        let asked = told(query(Some("event=7")));
        assert_eq!(asked, "`event` in the query string is a UUID, not `7`");
        let unknown = told(query(Some("colour=red")));
        assert_eq!(unknown, "there is no `colour` in the query string; there are `event`");
    }

    #[test]
    fn a_list_is_no_object_of_fields() {
        let told = told(fields(&json(), b"[\"7\"]"));
        assert_eq!(told, "the body is an object with `event`, not a list");
    }

    #[tokio::test]
    async fn what_brings_something_else_than_json_is_refused_on_every_route_that_changes_something()
    {
        let api = crate::testing::at_rest().await;
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain; application/json",
            "application/jsonp",
            "",
        ] {
            for (method, path) in [
                ("POST", "/api/queues/Charge/pause"),
                ("POST", "/api/cron/Audit/run"),
                ("POST", "/api/emit"),
                ("PUT", "/api/state/orders/o-1"),
                ("DELETE", "/api/state/orders/o-1"),
            ] {
                let request = Request::builder().method(method).uri(path);
                let request = request.header(header::CONTENT_TYPE, kind);
                let request = request.body(axum::body::Body::from("{}")).unwrap();
                let answer = api.clone().oneshot(request).await.unwrap();
                assert_eq!(answer.status(), 415, "{method} {path} {kind:?}");
            }
        }
    }

    #[test]
    fn a_body_that_is_left_out_is_an_empty_one() {
        assert!(optional::<Wanted>(&HeaderMap::new(), b"").is_ok());
        assert_eq!(optional::<Wanted>(&HeaderMap::new(), b"{}").unwrap_err().0.status, 415);
    }
}
