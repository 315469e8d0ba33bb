use schemars::JsonSchema;
use serde_json::json;

use super::super::{Schemas, schema_of};
use super::*;

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Order {
    pet: Pet,
    quantity: u32,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Pet {
    name: String,
    children: Vec<Pet>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Mail {
    #[schemars(email)]
    to: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Weight {
    kilos: f64,
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only the schema is looked at")]
enum Urgency {
    /// It can wait.
    Low,
    /// It cannot.
    High,
}

#[derive(JsonSchema)]
#[serde(tag = "do", rename_all = "lowercase")]
#[expect(dead_code, reason = "only the schema is looked at")]
enum Deed {
    Drop { field: String },
    Rename { field: String, to: String },
}

fn checker<T: JsonSchema>() -> Checker {
    Schemas::default().checker(schema_of::<T>()).unwrap()
}

#[test]
fn every_violation_is_reported_with_its_pointer() {
    let order = json!({ "pet": { "children": [{ "name": 1 }] }, "quantity": "x" });

    let violations = checker::<Order>().check(&order).unwrap_err();

    let pointers: Vec<_> = violations.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/pet/children/0/children", "/pet/children/0/name", "/pet/name", "/quantity"]
    );
}

#[test]
fn what_is_no_variant_is_told_which_there_are() {
    let urgency = checker::<Option<Urgency>>().check(&json!("urgent")).unwrap_err();
    let deed = checker::<Deed>().check(&json!({ "do": "burn" })).unwrap_err();

    let told = |found: &[Violation]| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(told(&urgency), [r#"the value: is not one of "low", "high""#]);
    assert_eq!(told(&deed), [r#"/do: is not one of "drop", "rename""#]);
    assert_eq!(urgency[0].rule, "enum");
}

#[test]
fn a_tag_that_is_missing_is_not_called_a_wrong_one() {
    let deed = checker::<Deed>().check(&json!({ "field": "age" })).unwrap_err();

    assert!(!deed[0].detail.contains("one of"), "{deed:?}");
}

#[test]
fn a_number_beyond_its_type_is_reported_with_the_rest() {
    let order = json!({ "pet": { "children": [] }, "quantity": 99_999_999_999_u64 });

    let violations = checker::<Order>().check(&order).unwrap_err();

    let pointers: Vec<_> = violations.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(pointers, ["/pet/name", "/quantity"]);
}

#[test]
fn a_float_that_its_type_would_take_for_infinite_is_reported() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is looked at")]
    struct Reading {
        celsius: f32,
    }

    let violations = checker::<Reading>().check(&json!({ "celsius": 1e39 })).unwrap_err();

    assert_eq!(violations[0].pointer, "/celsius");
    assert_eq!(checker::<Reading>().check(&json!({ "celsius": f32::MAX })), Ok(()));
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only the schema is looked at")]
struct Parcel {
    order: Option<Order>,
    by: Carrier,
}

#[derive(JsonSchema)]
#[serde(tag = "kind")]
#[expect(dead_code, reason = "only the schema is looked at")]
enum Carrier {
    Bike { rider: String },
    Van { plate: String, tonnes: u32 },
}

#[test]
fn a_fault_in_one_of_several_alternatives_is_named_at_its_own_place() {
    let parcel = json!({
        "order": { "pet": { "name": "Rex", "children": [] }, "quantity": "x" },
        "by": { "kind": "Van", "plate": 7 },
    });

    let violations = checker::<Parcel>().check(&parcel).unwrap_err();

    let pointers: Vec<_> = violations.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(pointers, ["/by/plate", "/by/tonnes", "/order/quantity"]);
}

#[test]
fn a_value_that_fits_no_alternative_is_named_as_a_whole() {
    let parcel = json!({ "by": {}, "order": 7 });

    let violations = checker::<Parcel>().check(&parcel).unwrap_err();

    let pointers: Vec<_> = violations.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(pointers, ["/by", "/order"]);
}

#[test]
fn a_violation_never_repeats_the_value() {
    let violations = checker::<Mail>().check(&json!({ "to": "hunter2" })).unwrap_err();

    assert_eq!(violations[0].pointer, "/to");
    assert!(!violations[0].detail.contains("hunter2"), "{}", violations[0].detail);
}

#[test]
fn only_rules_beyond_the_type_count_as_constraints() {
    assert!(!checker::<Order>().is_constrained());
    assert!(checker::<Mail>().is_constrained());
    assert!(checker::<Weight>().is_constrained());
}

#[test]
fn a_schema_that_points_outside_is_refused() {
    let outside = Checker::compile(&json!({ "$ref": "http://example.com/schema.json" }));

    assert!(outside.unwrap_err().contains("never fetched"));
}

#[test]
fn a_pattern_that_could_run_for_ever_is_refused() {
    assert!(Checker::compile(&json!({ "type": "string", "pattern": "^(?=a)a+$" })).is_err());
}

#[test]
fn text_is_read_as_the_type_of_its_field() {
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only the schema is looked at")]
    struct Query {
        #[schemars(range(min = 1, max = 100))]
        limit: Option<u32>,
        tag: Vec<String>,
        open: bool,
    }
    let checker = checker::<Query>();

    let good = [("limit", "20"), ("tag", "a"), ("tag", "b"), ("open", "true")];
    assert_eq!(checker.check_text(good), Ok(()));

    let bad = checker.check_text([("limit", "500"), ("open", "maybe")]).unwrap_err();
    let pointers: Vec<_> = bad.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(pointers, ["/limit", "/open"]);
}
