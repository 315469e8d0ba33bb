//! The HTTP endpoints of the app: what each takes and answers, with a body to try it with.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, State},
};
use motia_core::{
    http::BodyKind,
    registry::{ApiStep, Kind, Registry, Step},
    schema::{SchemaFn, Schemas, self_contained},
    store::Page,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    Desk, Refusal, example,
    input::query,
    operations::{Routes, does},
    paging::{Paging, page_of},
};

/// An HTTP endpoint of the app.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointInfo {
    /// The step behind it.
    pub step: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path, with parameters as `{id}`.
    pub path: &'static str,
    /// What it does.
    pub description: &'static str,
    /// The flows that it is drawn in.
    pub flows: Vec<&'static str>,
    /// The fields of its query string.
    pub query: Vec<Field>,
    /// The parameters of its path.
    pub path_params: Vec<Field>,
    /// The schema of its body, if it takes one.
    pub body: Option<Value>,
    /// A body that fits the schema.
    pub body_example: Option<Value>,
    /// The schema of its answer.
    pub response: Option<Value>,
    /// The kinds of body that it takes.
    pub media_types: Vec<&'static str>,
    /// What else it answers.
    pub replies: Vec<ReplyInfo>,
    /// The status that it answers with when all goes well.
    pub status: u16,
    /// Whether a request with an `Idempotency-Key` seen before gets the first answer again.
    pub idempotent: bool,
}

/// A field of a query string, or a parameter of a path.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether it has to be given.
    pub required: bool,
    /// What it looks like, if that is known.
    pub schema: Option<Value>,
}

/// An answer beside the usual one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReplyInfo {
    /// Its status.
    pub status: u16,
    /// When it is given.
    pub description: &'static str,
}

impl EndpointInfo {
    /// The endpoints of an app, by the names of their steps.
    #[must_use]
    pub fn all(registry: &Registry) -> Vec<Self> {
        let mut schemas = Schemas::default();
        let mut all = Vec::new();
        for step in &registry.steps {
            if let Kind::Api(api) = &step.kind {
                all.push(Self::of(step, api, &mut schemas));
            }
        }
        all
    }

    fn of(step: &Step, api: &ApiStep, schemas: &mut Schemas) -> Self {
        let body = api.body.map(|schema| coming_in(schemas, schema));
        let response = api.reply.map(|schema| {
            let schema = schemas.output(schema);
            self_contained(schema, schemas.output_definitions())
        });
        let is_sent = matches!(api.body_kind, BodyKind::Json | BodyKind::Form);
        let typed = api.options.params.map(|schema| fields(&coming_in(schemas, schema)));
        let typed = typed.unwrap_or_default();
        let reply = |reply: &motia_core::config::ReplySchema| ReplyInfo {
            status: reply.status,
            description: reply.description,
        };
        Self {
            step: step.name(),
            method: api.method.as_str(),
            path: api.path,
            description: step.about.description,
            flows: step.about.flows.iter().map(|flow| flow.name).collect(),
            query: api
                .options
                .query
                .map(|schema| fields(&coming_in(schemas, schema)))
                .unwrap_or_default(),
            path_params: parameters(api.path, typed),
            body_example: body.as_ref().filter(|_| is_sent).map(example::of),
            body,
            response,
            media_types: media_types(api.body_kind),
            replies: api.options.replies.iter().map(reply).collect(),
            status: api.default_status.as_u16(),
            idempotent: api.options.idempotent,
        }
    }
}

/// The schema of something that comes in, which stands by itself.
fn coming_in(schemas: &mut Schemas, of: SchemaFn) -> Value {
    let schema = schemas.input(of);
    self_contained(schema, schemas.input_definitions())
}

/// The kinds of body that are taken.
fn media_types(kind: BodyKind) -> Vec<&'static str> {
    match kind {
        BodyKind::Json => vec!["application/json"],
        BodyKind::Form => vec!["application/x-www-form-urlencoded"],
        BodyKind::Multipart => vec!["multipart/form-data"],
        BodyKind::Text => vec!["text/plain"],
        BodyKind::Bytes => vec!["*/*"],
        BodyKind::None => Vec::new(),
    }
}

/// The fields of an object's schema.
fn fields(schema: &Value) -> Vec<Field> {
    let object = example::resolve(schema, schema);
    let required = object["required"].as_array().cloned().unwrap_or_default();
    let none = Map::new();
    let properties = object["properties"].as_object().unwrap_or(&none);
    let field = |(name, property): (&String, &Value)| Field {
        name: name.clone(),
        description: description(example::resolve(schema, property), property),
        required: required.iter().any(|each| each == name),
        schema: Some(example::resolve(schema, property).clone()),
    };
    properties.iter().map(field).collect()
}

/// What is said at the place itself comes before what is said of the type.
fn description(of_type: &Value, at_place: &Value) -> String {
    let said = at_place["description"].as_str().or_else(|| of_type["description"].as_str());
    said.unwrap_or_default().to_owned()
}

/// The parameters of a path in their order, with what their type says of them.
fn parameters(path: &str, mut typed: Vec<Field>) -> Vec<Field> {
    let named = path.split('/').filter_map(|segment| {
        Some(segment.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*'))
    });
    named
        .map(|name| match typed.iter().position(|field| field.name == name) {
            Some(at) => Field { required: true, ..typed.swap_remove(at) },
            None => Field {
                name: name.to_owned(),
                description: String::new(),
                required: true,
                schema: None,
            },
        })
        .collect()
}

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/endpoints",
        list,
        does("Lists the HTTP endpoints of the app, with what each takes and answers")
            .query::<Paging>()
            .answers::<Page<EndpointInfo>>(),
    )
}

async fn list(
    State(desk): State<Arc<Desk>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Page<EndpointInfo>>, Refusal> {
    let request = query::<Paging>(text.as_deref())?.request()?;
    let all = EndpointInfo::all(desk.registry()).into_iter();
    Ok(Json(page_of(&request, all, |endpoint| endpoint.step)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{at_rest, get};

    #[tokio::test]
    async fn an_endpoint_is_shown_with_a_body_to_try_it_with() {
        let (status, list) = get(&at_rest().await, "/api/endpoints").await;

        assert_eq!(status, 200);
        let endpoint = &list["items"][0];
        assert_eq!(
            (&endpoint["method"], &endpoint["path"], &endpoint["step"]),
            (&json!("POST"), &json!("/orders"), &json!("PlaceOrder"))
        );
        assert_eq!(endpoint["bodyExample"], json!({ "id": "text", "cents": 0 }));
        assert_eq!(endpoint["mediaTypes"], json!(["application/json"]));
        assert_eq!(endpoint["flows"], json!(["orders"]));
    }

    #[test]
    fn parameters_stand_in_the_order_of_the_path() {
        let typed = fields(&json!({
            "properties": { "id": { "type": "integer", "description": "Its number" } },
        }));

        let found = parameters("/shops/{shop}/orders/{id}/{*rest}", typed);

        let told: Vec<_> = found.iter().map(|it| (it.name.as_str(), &*it.description)).collect();
        assert_eq!(told, [("shop", ""), ("id", "Its number"), ("rest", "")]);
        assert!(found.iter().all(|field| field.required));
    }
}
