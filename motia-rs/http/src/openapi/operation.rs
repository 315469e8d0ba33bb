//! One API step as an operation of the document.

use motia_core::{
    config::{ReplySchema, path::parameters},
    http::{BodyKind, ProblemShape},
    registry::{ApiStep, Step},
    schema::Schemas,
};
use serde_json::{Map, Value, json};

use super::{components::Components, failures::Failure};
use crate::settings::HttpSettings;

/// A step, with its schemas generated.
pub(super) struct Operation<'r> {
    step: &'r Step,
    api: &'r ApiStep,
    body: Option<Value>,
    query: Option<Value>,
    params: Option<Value>,
    reply: Option<Value>,
    /// Beside the reply, each with its schema.
    replies: Vec<(&'static ReplySchema, Value)>,
    failures: Vec<Failure>,
}

impl<'r> Operation<'r> {
    /// Generates the schemas of a step.
    pub(super) fn of(
        step: &'r Step,
        api: &'r ApiStep,
        settings: &HttpSettings,
        schemas: &mut Schemas,
    ) -> Self {
        let mut input = |schema: Option<_>| schema.map(|schema| schemas.input(schema));
        let body = input(api.body);
        let query = input(api.options.query);
        let params = input(api.options.params);
        let reply = api.reply.map(|schema| schemas.output(schema));
        let typed = api.options.replies.iter().filter_map(|reply| Some((reply, reply.schema?)));
        let replies = typed.map(|(reply, schema)| (reply, schemas.output(schema))).collect();
        let failures = Failure::all(api, ProblemShape::of(&settings.problems, api.path), schemas);
        Self { step, api, body, query, params, reply, replies, failures }
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
        for (reply, schema) in &self.replies {
            let mut response = json!({ "description": reply.description });
            if *schema != json!({ "type": "null" }) {
                let content = json!({ "schema": components.going_out(schema.clone()) });
                response["content"] = json!({ "application/json": content });
            }
            responses.insert(reply.status.to_string(), response);
        }
        let success = responses.keys().any(|status| status.starts_with('2'));
        let status = self.api.default_status;
        if !success || self.reply.is_some() || !self.api.reply_type.is_empty() {
            let own = responses.entry(status.as_u16().to_string());
            own.or_insert_with(|| self.reply(components));
        }
        for failure in &self.failures {
            let own = responses.entry(failure.status().to_string());
            own.or_insert_with(|| failure.to_json(components));
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
