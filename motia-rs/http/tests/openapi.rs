//! The document keeps the rules of `OpenAPI` 3.1 that tools trip over.
#![allow(clippy::unwrap_used, reason = "a test says so by failing")]

mod common;

use std::collections::HashSet;

use common::registry;
use motia_core::{
    config::{ApiConfig, rejection, reply},
    context::Context,
    error::StepResult,
    flow::Flow,
    http::{ApiRequest, ApiResponse, Body, Form, Multipart, Reply, Sse},
    registry::Definition,
    schema::Checker,
};
use motia_http::{HttpSettings, openapi};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SHOP: Flow = Flow::new("shop").description("From the window to the parcel");

/// Differs on its way out: `tags` is always there.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Pet {
    name: String,
    #[serde(default)]
    tags: Vec<String>,
    children: Vec<Pet>,
}

/// Says nothing of its own that differs, but refers to what does.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Kennel {
    pets: Vec<Pet>,
}

/// Has the name of the framework's own.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Problem {
    what: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Same {
    id: u64,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Paging {
    limit: u32,
    after: Option<String>,
}

fn described() -> Value {
    openapi::document(&registry(steps()), &HttpSettings::default())
}

async fn never<B: Body, R: Reply>(_: ApiRequest<B>, _: Context) -> StepResult<ApiResponse<R>> {
    unreachable!("only the document is looked at")
}

const ADD_KENNEL: ApiConfig<Kennel, Kennel> = ApiConfig::post("AddKennel", "/kennels/{id}")
    .description("Adds a kennel")
    .flows(&[SHOP])
    .params::<Same>()
    .idempotent()
    .replies(&[reply::<Problem>(409, "It is full")]);

const ADOPT: ApiConfig<(), Same> = ApiConfig::post("Adopt", "/kennels/{id}/adoptions")
    .status(201)
    .replies(&[rejection(404, "there is no such kennel"), reply::<()>(303, "Go there")]);

fn steps() -> Vec<Definition> {
    vec![
        ADD_KENNEL.bind(never),
        ApiConfig::<(), Same>::get("ReadKennel", "/kennels/{kennel}").query::<Paging>().bind(never),
        ApiConfig::<Problem, Problem>::put("Report", "/problems").bind(never),
        ApiConfig::<Form<Same>, ()>::post("Form", "/form").bind(never),
        ApiConfig::<Multipart, ()>::post("Upload", "/upload").bind(never),
        ApiConfig::<(), Sse>::get("Events", "/events/{*rest}").bind(never),
        ADOPT.bind(never),
    ]
}

fn references<'d>(part: &'d Value, found: &mut Vec<&'d str>) {
    match part {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|part| references(part, found));
        }
        Value::Array(list) => list.iter().for_each(|part| references(part, found)),
        _ => {}
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        item.as_object().unwrap().values().map(move |operation| (path, operation))
    })
}

#[test]
fn every_reference_leads_somewhere() {
    let document = described();
    let mut found = Vec::new();
    references(&document, &mut found);

    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_and_answers() {
    let document = described();
    let ids: Vec<_> = operations(&document).map(|(_, it)| it["operationId"].as_str()).collect();

    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 7);
    for (path, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{path}");
        assert!(responses.values().all(|it| it["description"].is_string()), "{path}");
    }
}

#[test]
fn the_parameters_of_a_path_are_those_in_its_name() {
    let document = described();
    for (path, operation) in operations(&document) {
        let all = operation["parameters"].as_array().cloned().unwrap_or_default();
        let named: Vec<_> = all.iter().filter(|it| it["in"] == "path").collect();
        assert_eq!(named.len(), path.matches('{').count(), "{path}");
        for parameter in named {
            assert!(path.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap())));
            assert_eq!(parameter["required"], true);
        }
    }
    // One path, although its steps name the parameter differently.
    assert_eq!(document["paths"]["/kennels/{id}"].as_object().unwrap().len(), 2);
}

#[test]
fn every_schema_compiles() {
    let document = described();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let mut alone = schema.clone();
        alone["components"] = document["components"].clone();
        Checker::compile(&alone).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn what_goes_out_otherwise_than_it_comes_in_has_a_name_of_its_own() {
    let document = described();
    let schemas = &document["components"]["schemas"];
    let post = &document["paths"]["/kennels/{id}"]["post"];

    let body = &post["requestBody"]["content"]["application/json"]["schema"];
    let reply = &post["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(body["$ref"], "#/components/schemas/Kennel");
    assert_eq!(reply["$ref"], "#/components/schemas/KennelOutput");
    assert_eq!(schemas["Pet"]["required"], json!(["name", "children"]));
    assert_eq!(schemas["PetOutput"]["required"], json!(["name", "tags", "children"]));
    let children = &schemas["PetOutput"]["properties"]["children"]["items"];
    assert_eq!(children["$ref"], "#/components/schemas/PetOutput");
    assert!(schemas["SameOutput"].is_null(), "what does not differ has one name");
}

#[test]
fn an_apps_own_problem_does_not_take_the_place_of_ours() {
    let document = described();
    let schemas = &document["components"]["schemas"];

    assert!(schemas["Problem"]["properties"]["traceId"].is_object());
    assert!(schemas["ProblemInput"]["properties"]["what"].is_object());
    let conflict = &document["paths"]["/kennels/{id}"]["post"]["responses"]["409"];
    let schema = &conflict["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/ProblemOutput");
}

#[test]
fn a_step_is_described_as_it_was_declared() {
    let document = described();
    let post = &document["paths"]["/kennels/{id}"]["post"];
    let get = &document["paths"]["/kennels/{id}"]["get"];

    assert_eq!(post["operationId"], "AddKennel");
    assert_eq!(post["summary"], "Adds a kennel");
    assert_eq!(post["tags"], json!(["shop"]));
    assert_eq!(document["tags"][0]["description"], "From the window to the parcel");
    let key = post["parameters"].as_array().unwrap().last().unwrap();
    assert_eq!((&key["name"], &key["in"]), (&json!("Idempotency-Key"), &json!("header")));
    for status in ["200", "400", "404", "409", "413", "415", "422", "500", "503"] {
        assert!(post["responses"][status].is_object(), "{status}");
    }
    let query: Vec<_> = get["parameters"].as_array().unwrap()[1..]
        .iter()
        .map(|it| (it["name"].as_str().unwrap(), it["required"].as_bool().unwrap()))
        .collect();
    assert_eq!(query, [("limit", true), ("after", false)]);
    let upload = &document["paths"]["/upload"]["post"]["requestBody"];
    assert!(upload["content"]["multipart/form-data"].is_object());
    let events = &document["paths"]["/events/{rest}"]["get"]["responses"]["200"];
    assert!(events["content"]["text/event-stream"].is_object());
}

#[test]
fn what_a_step_answers_and_refuses_is_described_with_its_status() {
    let document = described();
    let responses = &document["paths"]["/kennels/{id}/adoptions"]["post"]["responses"];

    assert!(responses["200"].is_null(), "{responses}");
    assert_eq!(
        responses["201"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/Same"
    );
    assert_eq!(responses["303"], json!({ "description": "Go there" }));
    assert_eq!(responses["404"]["description"], "there is no such kennel");
    let refused = &responses["404"]["content"]["application/problem+json"];
    assert_eq!(refused["schema"]["$ref"], "#/components/schemas/Problem");
    assert_eq!(refused["example"]["detail"], "there is no such kennel");
    assert_eq!(refused["example"]["title"], "Not Found");
    let failed = &responses["500"]["content"]["application/problem+json"];
    assert!(failed["example"].is_null(), "{failed}");
}

#[test]
fn integers_have_the_bounds_that_are_enforced() {
    let document = described();
    let id = &document["components"]["schemas"]["Same"]["properties"]["id"];

    assert_eq!((&id["minimum"], &id["maximum"]), (&json!(0), &json!(u64::MAX)));
}
