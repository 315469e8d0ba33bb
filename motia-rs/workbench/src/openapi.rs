//! This API described, as `OpenAPI` 3.1: made of the table that the routes are made of.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Extension, Json};
use motia_core::schema::{REFERENCE_PREFIX, Schemas};
use serde_json::{Map, Value, json};

use crate::operations::{About, Answer, Operation, Routes, does};

/// Where the API lies.
const SERVER: &str = "/__motia";

/// The description, made once.
#[derive(Debug, Clone)]
pub(crate) struct Document(Arc<Value>);

pub(crate) fn routes() -> Routes {
    Routes::default().get(
        "/api/openapi.json",
        show,
        does("Describes this API, as OpenAPI 3.1").answers::<Value>(),
    )
}

async fn show(Extension(Document(document)): Extension<Document>) -> Json<Arc<Value>> {
    Json(document)
}

impl Document {
    /// The description of these operations, and of what the HTTP floor serves beside them.
    pub(crate) fn of(operations: &[Operation]) -> Self {
        let mut schemas = Schemas::default();
        let mut paths: Map<String, Value> = Map::new();
        for operation in operations {
            let method = operation.method.as_str().to_ascii_lowercase();
            let path = paths.entry(operation.path).or_insert_with(|| json!({}));
            path[method] = described(operation, &mut schemas);
        }
        paths.extend(beside());
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "The admin API of a motia-rs app",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "servers": [{ "url": SERVER }],
            "security": [{}, { "token": [] }],
            "paths": paths,
            "components": {
                "schemas": components(&paths, &schemas),
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            },
        });
        Self(Arc::new(document))
    }
}

fn described(operation: &Operation, schemas: &mut Schemas) -> Value {
    let Operation { method, path, about } = operation;
    let About { does, query, body, status, answer } = about;
    let mut parameters: Vec<_> = path.split('/').filter_map(parameter).collect();
    if let Some(query) = query {
        let schema = schemas.input(*query);
        parameters.extend(fields(&resolved(&schema, schemas.input_definitions())));
    }
    let mut described = json!({
        "summary": does,
        "operationId": id(method.as_str(), path),
        "tags": [path.split('/').nth(2).unwrap_or_default()],
        "parameters": parameters,
        "responses": {
            status.as_str(): answered(answer, schemas),
            "default": {
                "description": "It could not be done",
                "content": { "application/problem+json": {
                    "schema": { "$ref": format!("{REFERENCE_PREFIX}Problem") },
                } },
            },
        },
    });
    if let Some(body) = body {
        let schema = schemas.input(*body);
        described["requestBody"] =
            json!({ "content": { "application/json": { "schema": schema } } });
    }
    described
}

fn answered(answer: &Answer, schemas: &mut Schemas) -> Value {
    match answer {
        Answer::Nothing => json!({ "description": "It is done" }),
        Answer::Json(schema) => json!({
            "description": "It is done",
            "content": { "application/json": { "schema": schemas.output(*schema) } },
        }),
        Answer::Events(schema) => json!({
            "description": "Server-sent events, each with such a document as its data",
            "content": { "text/event-stream": { "schema": schemas.output(*schema) } },
        }),
    }
}

/// `listQueues` would need a name for each; `get_api_queues_step` is as unique as the path.
fn id(method: &str, path: &str) -> String {
    let words = path.split('/').map(|word| word.trim_matches(['{', '}']).replace('.', "_"));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    format!("{}_{}", method.to_ascii_lowercase(), words.join("_"))
}

/// The parameter that a segment of a path is, if it is one.
fn parameter(segment: &str) -> Option<Value> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    let schema = json!({ "type": "string" });
    Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
}

/// The fields of a query string.
fn fields(schema: &Value) -> Vec<Value> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let field = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        let described = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        json!({
            "name": name,
            "in": "query",
            "required": required.iter().any(|each| each == name),
            "description": described.unwrap_or_else(|| json!("")),
            "schema": schema,
        })
    };
    schema["properties"].as_object().into_iter().flatten().map(field).collect()
}

fn resolved(schema: &Value, definitions: &Map<String, Value>) -> Value {
    let name = schema["$ref"].as_str().and_then(|it| it.strip_prefix(REFERENCE_PREFIX));
    name.and_then(|name| definitions.get(name)).unwrap_or(schema).clone()
}

/// The named types that the paths refer to, and those that these do.
fn components(paths: &Map<String, Value>, schemas: &Schemas) -> Map<String, Value> {
    let (input, output) = (schemas.input_definitions(), schemas.output_definitions());
    let mut reached = Map::from_iter([("Problem".to_owned(), problem())]);
    let mut open: Vec<String> = references(&Value::Object(paths.clone())).into_iter().collect();
    while let Some(name) = open.pop() {
        let definition = output.get(&name).or_else(|| input.get(&name));
        if let Some(definition) = definition.filter(|_| !reached.contains_key(&name)) {
            open.extend(references(definition));
            reached.insert(name, definition.clone());
        }
    }
    reached.sort_keys();
    reached
}

/// The names of the types that a part of the document refers to.
fn references(part: &Value) -> BTreeSet<String> {
    match part {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|target| target.strip_prefix(REFERENCE_PREFIX));
            let own = own.map(|name| name.replace("~1", "/").replace("~0", "~"));
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    }
}

/// RFC 9457.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why it could not be done (RFC 9457).",
        "required": ["type", "title", "status", "traceId"],
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What is wrong, and what to do." },
            "errors": { "type": "array", "items": { "type": "object" } },
            "traceId": { "type": "string" },
        },
    })
}

/// What lies under `/__motia` beside this API, served by the HTTP floor itself.
fn beside() -> Map<String, Value> {
    let text = |name: &str| parameter(&format!("{{{name}}}"));
    let events = |of: &str, parameters: Vec<Option<Value>>| {
        json!({ "get": {
            "summary": format!("Shows {of} live, as server-sent events"),
            "tags": ["streams"],
            "parameters": parameters,
            "responses": {
                "200": { "description": "The events", "content": { "text/event-stream": {} } },
            },
        } })
    };
    let session = json!({ "post": {
        "summary": "Trades the token for a cookie",
        "tags": ["session"],
        "security": [{ "token": [] }],
        "responses": { "204": { "description": "The cookie is set" } },
    } });
    let sockets = json!({ "get": {
        "summary": "Shows streams live over a WebSocket, in Motia's frames",
        "tags": ["streams"],
        "responses": { "101": { "description": "The socket is open" } },
    } });
    let group = events("a stream's group", vec![text("stream"), text("group")]);
    let item = events("an item of a stream", vec![text("stream"), text("group"), text("id")]);
    Map::from_iter([
        ("/session".to_owned(), session),
        ("/streams".to_owned(), sockets),
        ("/streams/{stream}/{group}".to_owned(), group),
        ("/streams/{stream}/{group}/{id}".to_owned(), item),
    ])
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body};
    use http::{Method, Request, StatusCode};
    use tower::ServiceExt as _;

    use super::*;
    use crate::testing::{at_rest, get};

    async fn document() -> Value {
        get(&at_rest().await, "/api/openapi.json").await.1
    }

    /// What a method of a path answers, its parameters filled with a name that nothing has.
    async fn asked(api: &Router, method: &Method, path: &str) -> StatusCode {
        let path = path.replace(['{', '}'], "");
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        api.clone().oneshot(request).await.unwrap().status()
    }

    #[tokio::test]
    async fn every_operation_is_described_and_every_one_described_is_served() {
        let (api, document) = (at_rest().await, document().await);
        let operations = crate::routes();

        for Operation { method, path, .. } in operations.operations() {
            let described = &document["paths"][path][method.as_str().to_ascii_lowercase()];
            assert!(described["summary"].is_string(), "{method} {path} is not described");
        }
        let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH];
        for (path, said) in document["paths"].as_object().unwrap() {
            if !path.starts_with("/api/") {
                continue; // the HTTP floor serves it, and tests it
            }
            for method in &methods {
                let status = asked(&api, method, path).await;
                let is_described = said.get(method.as_str().to_ascii_lowercase()).is_some();
                let is_served = status != StatusCode::METHOD_NOT_ALLOWED;
                assert_eq!(is_described, is_served, "{method} {path}: {status}");
            }
        }
    }

    #[tokio::test]
    async fn every_type_that_is_referred_to_is_there_under_one_meaning() {
        let document = document().await;
        let known = document["components"]["schemas"].as_object().unwrap();

        for name in references(&document) {
            assert!(known.contains_key(&name), "`{name}` is referred to and not there");
        }
        let mut schemas = Schemas::default();
        for operation in crate::routes().operations() {
            described(operation, &mut schemas);
        }
        let (input, output) = (schemas.input_definitions(), schemas.output_definitions());
        for (name, coming) in input.iter().filter(|(name, _)| known.contains_key(*name)) {
            let going = output.get(name);
            assert!(going.is_none_or(|going| going == coming), "`{name}` has two meanings");
        }
    }

    #[test]
    fn every_operation_stands_in_the_documentation() {
        let told = include_str!("../../../docs/admin-api.md");
        for Operation { method, path, about } in crate::routes().operations() {
            let line = format!("| `{method} {path}` | {} |", about.does);
            assert!(told.contains(&line), "docs/admin-api.md lacks: {line}");
        }
    }

    #[tokio::test]
    async fn ids_are_unique() {
        let operations = crate::routes();
        let ids = operations.operations().iter().map(|it| id(it.method.as_str(), it.path));
        let all: Vec<_> = ids.collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
