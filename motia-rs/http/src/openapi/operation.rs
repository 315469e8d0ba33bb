//! One API step as an operation of the document.

use http::StatusCode;
use motia_core::{
    config::path::parameters,
    http::{BodyKind, Problem},
    registry::{ApiStep, Step},
    schema::{REFERENCE_PREFIX, Schemas},
};
use serde_json::{Map, Value, json};

use super::components::{Components, PROBLEM};

/// A step, with its schemas generated.
pub(super) struct Operation<'r> {
    step: &'r Step,
    api: &'r ApiStep,
    body: Option<Value>,
    query: Option<Value>,
    params: Option<Value>,
    reply: Option<Value>,
    replies: Vec<Value>,
}

impl<'r> Operation<'r> {
    /// Generates the schemas of a step.
    pub(super) fn of(step: &'r Step, api: &'r ApiStep, schemas: &mut Schemas) -> Self {
        let mut input = |schema: Option<_>| schema.map(|schema| schemas.input(schema));
        let body = input(api.body);
        let query = input(api.options.query);
        let params = input(api.options.params);
        let reply = api.reply.map(|schema| schemas.output(schema));
        let replies = api.options.replies.iter().map(|reply| schemas.output(reply.schema));
        Self { step, api, body, query, params, reply, replies: replies.collect() }
    }

    /// The path as the step writes it.
    pub(super) fn path(&self) -> &'static str {
        self.api.path
    }

    /// The method, in lower case.
    pub(super) fn method(&self) -> String {
        self.api.method.as_str().to_ascii_lowercase()
    }

    /// Writes the operation, as one of `path`, which may name the parameters otherwise.
    pub(super) fn to_json(&self, path: &str, components: &Components) -> Value {
        let mut operation = json!({ "operationId": self.step.name() });
        let about = &self.step.about;
        if !about.description.is_empty() {
            operation["summary"] = json!(about.description);
        }
        if !about.flows.is_empty() {
            operation["tags"] = about.flows.iter().map(|flow| json!(flow.name)).collect();
        }
        let parameters = self.parameters(path, components);
        if !parameters.is_empty() {
            operation["parameters"] = Value::Array(parameters);
        }
        if let Some(body) = self.request_body() {
            operation["requestBody"] = body;
        }
        operation["responses"] = Value::Object(self.responses(components));
        operation
    }

    fn parameters(&self, path: &str, components: &Components) -> Vec<Value> {
        let declared = |schema: &Option<Value>| {
            schema.as_ref().map(|it| components.resolve(it).clone()).unwrap_or_default()
        };
        let (params, query) = (declared(&self.params), declared(&self.query));
        let path = parameters(path).zip(parameters(self.api.path)).map(|(shown, name)| {
            let schema = params["properties"].get(name).cloned();
            let schema = schema.unwrap_or_else(|| json!({ "type": "string" }));
            parameter(shown, "path", true, &Components::coming_in(schema))
        });
        let required = |name: &String| {
            query["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name))
        };
        let fields = query["properties"].as_object().cloned().unwrap_or_default();
        let query = fields.into_iter().map(|(name, schema)| {
            let required = required(&name);
            parameter(&name, "query", required, &Components::coming_in(schema))
        });
        let key = self.api.options.idempotent.then(idempotency_key);
        path.chain(query).chain(key).collect()
    }

    fn request_body(&self) -> Option<Value> {
        let (media, otherwise) = match self.api.body_kind {
            BodyKind::None => return None,
            BodyKind::Json => ("application/json", json!({})),
            BodyKind::Form => ("application/x-www-form-urlencoded", json!({ "type": "object" })),
            BodyKind::Text => ("text/plain", json!({ "type": "string" })),
            BodyKind::Bytes => ("application/octet-stream", json!({})),
            BodyKind::Multipart => ("multipart/form-data", json!({ "type": "object" })),
        };
        let schema = self.body.clone().map_or(otherwise, Components::coming_in);
        let required = matches!(self.api.body_kind, BodyKind::Json | BodyKind::Multipart);
        Some(json!({ "required": required, "content": { media: { "schema": schema } } }))
    }

    fn responses(&self, components: &Components) -> Map<String, Value> {
        let mut responses = Map::new();
        for (reply, schema) in self.api.options.replies.iter().zip(&self.replies) {
            let content = json!({ "schema": components.going_out(schema.clone()) });
            let response = json!({
                "description": reply.description,
                "content": { "application/json": content },
            });
            responses.insert(reply.status.to_string(), response);
        }
        let success = responses.keys().any(|status| status.starts_with('2'));
        let status = self.api.default_status;
        if !success || self.reply.is_some() || !self.api.reply_type.is_empty() {
            let own = responses.entry(status.as_u16().to_string());
            own.or_insert_with(|| self.reply(components));
        }
        for (status, when) in self.failures() {
            let status_text = status.as_u16().to_string();
            responses.entry(status_text).or_insert_with(|| failure(when));
        }
        responses.sort_keys();
        responses
    }

    fn reply(&self, components: &Components) -> Value {
        let description = self.api.default_status.canonical_reason().unwrap_or("Answered");
        if self.api.reply_type.is_empty() {
            return json!({ "description": description });
        }
        let content = match &self.reply {
            Some(schema) => json!({ "schema": components.going_out(schema.clone()) }),
            None => json!({}),
        };
        let media = self.api.reply_type.split(';').next().unwrap_or_default();
        json!({ "description": description, "content": { media: content } })
    }

    /// The failures that the framework answers for this step.
    fn failures(&self) -> Vec<(StatusCode, &'static str)> {
        let takes_body = self.api.body_kind != BodyKind::None;
        let typed =
            matches!(self.api.body_kind, BodyKind::Json | BodyKind::Form | BodyKind::Multipart);
        let idempotent = self.api.options.idempotent;
        let has_params = parameters(self.api.path).next().is_some();
        let may_be_bad = takes_body || has_params || self.query.is_some() || idempotent;
        [
            (may_be_bad, StatusCode::BAD_REQUEST, "The request breaks a rule; `errors` has all."),
            (self.params.is_some(), StatusCode::NOT_FOUND, "Nothing lies at this path."),
            (takes_body, StatusCode::REQUEST_TIMEOUT, "The body took too long to arrive."),
            (idempotent, StatusCode::CONFLICT, "The first request with this key still runs."),
            (takes_body, StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
            (typed, StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is of another type."),
            (idempotent, StatusCode::UNPROCESSABLE_ENTITY, "The key came with another request."),
            (true, StatusCode::INTERNAL_SERVER_ERROR, "Something failed inside."),
            (true, StatusCode::SERVICE_UNAVAILABLE, "Not now: try again after `Retry-After`."),
        ]
        .into_iter()
        .filter_map(|(occurs, status, when)| occurs.then_some((status, when)))
        .collect()
    }
}

fn parameter(name: &str, place: &str, required: bool, schema: &Value) -> Value {
    json!({ "name": name, "in": place, "required": required, "schema": schema })
}

fn idempotency_key() -> Value {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    let mut key = parameter("Idempotency-Key", "header", false, &schema);
    key["description"] = json!("A request that is sent again with it gets the first answer again.");
    key
}

fn failure(when: &str) -> Value {
    let schema = json!({ "$ref": format!("{REFERENCE_PREFIX}{PROBLEM}") });
    json!({ "description": when, "content": { Problem::CONTENT_TYPE: { "schema": schema } } })
}
