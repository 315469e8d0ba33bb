//! The request that an API step is called with again: as it was kept with the run, and what is added.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};
use motia_core::{
    context::notes::{Headers, LONGEST, headers::MOST},
    error::StepError,
    http::{ApiRequest, BodyKind, RawBody, segment},
    redact::REDACTED,
    registry::{ApiStep, Step},
};
use motia_runtime::runs::RunRecord;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{Replayed, cause, whole};
use crate::{Desk, Refusal};

/// Headers that somebody adds, by their names. They are sent, and written down nowhere.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(rename = "AddedHeaders")]
pub(super) struct Added(BTreeMap<String, String>);

impl Added {
    /// Reads them.
    ///
    /// # Errors
    /// What cannot stand in a header, by its name: a value may be a secret.
    pub(super) fn read(self) -> Result<HeaderMap, Refusal> {
        if self.0.len() > MOST {
            return Err(Refusal::bad(format!("`headers` has {MOST} of them at most")));
        }
        let read = |(name, value): (String, String)| {
            let refused = |what| Refusal::bad(format!("`{name}` in `headers` {what}"));
            let read = HeaderName::try_from(&name).map_err(|_| refused("is no header's name"))?;
            let value = HeaderValue::try_from(value);
            Ok((read, value.map_err(|_| refused("has a value that no header can have"))?))
        };
        self.0.into_iter().map(read).collect()
    }
}

impl std::fmt::Debug for Added {
    /// Their names.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Calls an API step with the body, the path, the query and the headers of a run, and those that are added.
pub(super) async fn call_again(
    desk: &Desk,
    run: &RunRecord,
    step: &Step,
    api: &ApiStep,
    added: &HeaderMap,
) -> Result<Replayed, Refusal> {
    let endpoints = desk.runtime().map(motia_runtime::Runtime::endpoints).unwrap_or_default();
    let endpoint = endpoints.iter().find(|endpoint| endpoint.step().name() == step.name());
    let endpoint = endpoint.ok_or_else(|| {
        Refusal::conflict("the app is not running, so nobody answers: start it with `serve`")
    })?;
    let input = whole(run).and_then(|input| Some((input, input.request.as_deref()?)));
    let is_whole = |asked: &str| asked.len() <= LONGEST && !asked.contains(REDACTED);
    let (input, asked) = input.filter(|(_, asked)| is_whole(asked)).ok_or_else(|| {
        Refusal::conflict(
            "the request of this run was not kept whole, for it was large, had secrets in it, or was \
             no JSON: send it again yourself",
        )
    })?;
    let mut request = request(api, asked, &input.value).ok_or_else(|| {
        Refusal::conflict(format!("`{}` answers {} {} now", run.step, api.method, api.path))
    })?;
    let (headers, headers_left_out) = headers(input.headers.as_ref(), added);
    request.headers = headers;

    let answer = endpoint.replay(request, cause(run).child(), run.id).await;
    let status = answer.as_ref().map_or_else(StepError::status, |answer| answer.status);
    let (status, trace_id) = (Some(status.as_u16()), run.trace_id);
    Ok(Replayed { event: None, status, trace_id, headers_left_out })
}

/// The headers that a request is sent again with, and the names of those that it is sent without.
fn headers(kept: Option<&Headers>, added: &HeaderMap) -> (HeaderMap, Option<Vec<String>>) {
    let mut all = kept.map(Headers::to_map).unwrap_or_default();
    for name in added.keys() {
        all.remove(name);
    }
    all.extend(added.clone());
    let missing = |name: &&String| !added.contains_key(name.as_str());
    let left_out = kept.map(|kept| kept.left_out.iter().filter(missing).cloned().collect());
    (all, left_out)
}

/// The request that was noted as `POST /orders/7?dry=true`, if the step still answers it.
fn request(api: &ApiStep, asked: &str, body: &Value) -> Option<ApiRequest> {
    let (method, target) = asked.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if method != api.method.as_str() {
        return None;
    }
    let body = match api.body_kind {
        BodyKind::None => RawBody::None,
        BodyKind::Json if body.is_null() => RawBody::None,
        BodyKind::Json => RawBody::Json(body.clone()),
        BodyKind::Form | BodyKind::Text | BodyKind::Bytes | BodyKind::Multipart => return None,
    };
    let mut request = ApiRequest::new(body).with_query(query.to_owned());
    let (mut template, mut path) = (api.path.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return Some(request),
            (Some(name), Some(value)) => match name.strip_prefix('{') {
                None if name == value => {}
                None => return None,
                Some(name) => {
                    let name = name.trim_end_matches('}');
                    let (name, value) = match name.strip_prefix('*') {
                        Some(name) => {
                            let rest: Vec<_> =
                                std::iter::once(value).chain(path.by_ref()).collect();
                            (name, segment::read(&rest.join("/")))
                        }
                        None => (name, segment::read(value)),
                    };
                    request = request.with_param(name, value);
                }
            },
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use motia_core::{
        config::ApiConfig,
        context::Context,
        error::StepResult,
        http::ApiResponse,
        registry::{Definition, Kind, Registry},
        trace::TraceContext,
    };
    use motia_runtime::Runtime;
    use serde_json::json;

    use super::*;
    use crate::testing::{after_a_charge, get, post, running, runtime};

    /// A step that answers tenants who say who they are.
    fn rooms() -> Definition {
        async fn handler(req: ApiRequest<()>, _: Context) -> StepResult<ApiResponse<()>> {
            if req.bearer() != Some("s3cret-s3cret") {
                return Err(StepError::reject(http::StatusCode::UNAUTHORIZED, "who are you?"));
            }
            if req.header("x-tenant") != Some("7") {
                return Err(StepError::reject(http::StatusCode::FORBIDDEN, "no room of yours"));
            }
            Ok(ApiResponse::ok(()))
        }
        ApiConfig::<(), ()>::get("Rooms", "/rooms").bind(handler)
    }

    /// An app whose `Rooms` has answered a tenant, and where that run is replayed.
    async fn after_a_visit() -> (Router, Runtime, String) {
        let runtime = runtime(Registry::of([(rooms(), motia_core::source!())], [])).await;
        let api = crate::api(runtime.clone(), Arc::default());
        let visit = ApiRequest::new(RawBody::None)
            .with_header("x-tenant", "7")
            .with_header("authorization", "Bearer s3cret-s3cret");
        runtime.endpoints()[0].clone().call(visit, TraceContext::root()).await.unwrap();
        let (_, list) = get(&api, "/api/runs").await;
        let path = format!("/api/runs/{}/replay", list["items"][0]["id"].as_str().unwrap());
        (api, runtime, path)
    }

    #[tokio::test]
    async fn a_request_has_the_headers_that_were_kept_and_what_it_lacks_is_told() {
        let (api, runtime, path) = after_a_visit().await;

        let (status, replayed) = post(&api, &path, &json!(null)).await;

        assert_eq!((status.as_u16(), &replayed["status"]), (200, &json!(401)), "{replayed}");
        assert_eq!(replayed["headersLeftOut"], json!(["authorization"]));
        let token = json!({ "headers": { "Authorization": "Bearer s3cret-s3cret" } });
        let (_, replayed) = post(&api, &path, &token).await;
        assert_eq!((&replayed["status"], &replayed["headersLeftOut"]), (&json!(200), &json!([])));
        let other =
            json!({ "headers": { "authorization": "Bearer s3cret-s3cret", "x-tenant": "8" } });
        let (_, replayed) = post(&api, &path, &other).await;
        assert_eq!(replayed["status"], json!(403), "what is added stands instead of what was kept");
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn headers_that_are_added_are_written_down_nowhere() {
        let (api, runtime, path) = after_a_visit().await;
        let token = json!({ "headers": { "authorization": "Bearer s3cret-s3cret" } });

        let (_, one) = post(&api, &path, &token).await;
        let all = json!({ "step": "Rooms", "outcome": "ok", "headers": token["headers"] });
        let (_, all) = post(&api, "/api/runs/replay", &all).await;

        assert_eq!((&one["status"], &all), (&json!(200), &json!({ "replayed": 2, "refused": [] })));
        let (_, audit) = get(&api, "/api/audit").await;
        assert_eq!(audit["items"].as_array().unwrap().len(), 2);
        let (_, list) = get(&api, "/api/runs").await;
        let runs = list["items"].as_array().unwrap();
        assert_eq!(runs.len(), 4);
        let mut shown = audit.to_string();
        for run in runs {
            let (_, run) = get(&api, &format!("/api/runs/{}", run["id"].as_str().unwrap())).await;
            assert_eq!(run["input"]["headers"]["kept"], json!([["x-tenant", "7"]]), "{run}");
            shown.push_str(&run.to_string());
        }
        assert!(!shown.contains("s3cret"), "{shown}");
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn of_many_requests_it_is_told_together_what_they_lacked() {
        let (api, runtime, _) = after_a_visit().await;

        let wanted = json!({ "step": "Rooms", "outcome": "ok" });
        let (_, all) = post(&api, "/api/runs/replay", &wanted).await;

        let expected = json!({ "replayed": 1, "refused": [], "headersLeftOut": ["authorization"] });
        assert_eq!(all, expected);
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn what_cannot_be_a_header_is_refused_and_no_value_is_told() {
        let (api, runtime, path) = after_a_visit().await;
        for headers in
            [json!({ "a b": "s3cret" }), json!({ "x-key": "s3cret\n" }), json!({ "": "s3cret" })]
        {
            let (status, problem) = post(&api, &path, &json!({ "headers": headers })).await;
            assert_eq!(status, 400, "{headers}");
            assert!(!problem.to_string().contains("s3cret"), "{problem}");
        }
        runtime.shutdown().await.unwrap();

        let (api, runtime, line) = after_a_charge().await;
        let path = format!("/api/runs/{}/replay", line["id"].as_str().unwrap());
        let (status, _) = post(&api, &path, &json!({ "headers": { "x": "1" } })).await;
        assert_eq!(status, 400, "an event step takes no headers");
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_request_with_a_secret_in_its_query_is_not_sent_again_without_it() {
        let (api, runtime, _) = after_a_visit().await;
        let visit = ApiRequest::new(RawBody::None)
            .with_header("x-tenant", "7")
            .with_header("authorization", "Bearer s3cret-s3cret")
            .with_query("api_key=s3cret".to_owned());
        runtime.endpoints()[0].clone().call(visit, TraceContext::root()).await.unwrap();
        let (_, list) = get(&api, "/api/runs").await;
        let run = &list["items"][0];
        assert_eq!(run["trigger"], json!("GET /rooms?api_key=[redacted]"), "{run}");

        let path = format!("/api/runs/{}/replay", run["id"].as_str().unwrap());
        let (status, problem) = post(&api, &path, &json!(null)).await;

        assert_eq!(status, 409, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("had secrets in it"), "{problem}");
        runtime.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_request_is_sent_again_through_its_step() {
        let (api, runtime) = running().await;
        let endpoint = runtime.endpoints()[0].clone();
        let body = RawBody::Json(json!({ "id": "o-1", "cents": 5 }));
        endpoint.call(ApiRequest::new(body), TraceContext::root()).await.unwrap();
        let (_, list) = get(&api, "/api/runs?step=PlaceOrder").await;
        let first = &list["items"][0];

        let path = format!("/api/runs/{}/replay", first["id"].as_str().unwrap());
        let (status, replayed) = post(&api, &path, &json!(null)).await;

        assert_eq!((status.as_u16(), &replayed["status"]), (200, &json!(200)), "{replayed}");
        let (_, list) = get(&api, "/api/runs?step=PlaceOrder").await;
        let again = &list["items"][0];
        assert_eq!((&again["replayOf"], &again["parent"]), (&first["id"], &first["spanId"]));
        assert_eq!(again["traceId"], first["traceId"]);
        runtime.shutdown().await.unwrap();
    }

    #[test]
    fn a_request_is_read_back_as_it_was_noted() {
        let definition = crate::testing::ship();
        let Kind::Api(api) = &definition.kind else { panic!("an API step") };

        let back =
            request(api, "PUT /shops/7/files/a/b.txt?dry=true", &json!({ "id": 1 })).unwrap();

        assert_eq!((back.param("shop"), back.param("rest")), (Some("7"), Some("a/b.txt")));
        assert_eq!(back.query_string(), "dry=true");
        let odd = request(api, "PUT /shops/a%2Fb%3Fc/files/d/e%3Ff", &json!({ "id": 1 })).unwrap();
        assert_eq!((odd.param("shop"), odd.param("rest")), (Some("a/b?c"), Some("d/e?f")));
        for other in ["POST /shops/7/files/a", "PUT /shops/7", "PUT /shelves/7/files/a", "PUT"] {
            assert!(request(api, other, &Value::Null).is_none(), "{other}");
        }
    }
}
