//! A compiled schema.

use std::sync::Arc;

use jsonschema::{PatternOptions, Retrieve, Uri, ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use super::{Violation, coerce, numbers, secrets};

/// A compiled schema. Formats are enforced, patterns run in linear time, and nothing is ever fetched.
/// Cloning it copies a pointer.
#[derive(Debug, Clone)]
pub struct Checker(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    validator: jsonschema::Validator,
    schema: Value,
    constrained: bool,
    secrets: bool,
}

/// At most so many violations are reported for one value.
pub const MAX_VIOLATIONS: usize = 100;

impl Checker {
    /// Compiles a schema that stands alone.
    ///
    /// # Errors
    /// A sentence that says why it does not compile.
    pub fn compile(schema: &Value) -> Result<Self, String> {
        let mut bounded = schema.clone();
        numbers::write_out(&mut bounded);
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::regex())
            .with_retriever(NoRetrieval)
            .build(&bounded)
            .map_err(|error| error.to_string())?;
        let (constrained, secrets) = (constrains(schema), secrets::has_some(schema));
        let schema = schema.clone();
        Ok(Self(Arc::new(Compiled { validator, schema, constrained, secrets })))
    }

    /// Whether a value of this schema can have a [`Secret`](crate::secret::Secret) in it.
    #[must_use]
    pub fn has_secrets(&self) -> bool {
        self.0.secrets
    }

    /// Replaces what the schema says is a secret: what it marks as `writeOnly`.
    pub fn hide(&self, value: &mut Value) {
        if self.0.secrets {
            secrets::hide(&self.0.schema, value);
        }
    }

    /// Whether the schema asks for more than its Rust type guarantees by itself: a range, a length,
    /// a pattern, a format, or floating-point numbers, which JSON cannot always hold.
    #[must_use]
    pub fn is_constrained(&self) -> bool {
        self.0.constrained
    }

    /// Checks a value against every rule.
    ///
    /// # Errors
    /// All violations, up to [`MAX_VIOLATIONS`].
    pub fn check(&self, value: &Value) -> Result<(), Vec<Violation>> {
        if self.0.validator.is_valid(value) {
            return Ok(());
        }
        let mut violations = Vec::new();
        for error in self.0.validator.iter_errors(value) {
            report(&error, &mut violations);
            if violations.len() >= MAX_VIOLATIONS {
                violations.truncate(MAX_VIOLATIONS);
                break;
            }
        }
        violations.sort_by(|one, other| one.pointer.cmp(&other.pointer));
        Err(violations)
    }

    /// Checks what arrives as text, such as a query string: each value is first read as the type
    /// that the schema gives its field.
    ///
    /// # Errors
    /// All violations, up to [`MAX_VIOLATIONS`].
    pub fn check_text<'t>(
        &self,
        fields: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Result<(), Vec<Violation>> {
        self.check(&coerce::object(&self.0.schema, fields))
    }
}

fn report(error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
    let at = error.instance_path().as_str();
    let below = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            violations.push(Violation::new(below(name), "is required").of_rule("required"));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            violations.extend(unexpected.iter().map(|name| {
                Violation::new(below(name), "is not a known field").of_rule("additionalProperties")
            }));
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            match meant(at, context) {
                Some(branch) => branch.iter().for_each(|error| report(error, violations)),
                None => violations.push(one_of(context).unwrap_or_else(|| plain(at, error))),
            }
        }
        _ => violations.push(plain(at, error)),
    }
}

fn plain(at: &str, error: &ValidationError<'_>) -> Violation {
    Violation::new(at, error.masked().to_string()).of_rule(error.kind().keyword().to_owned())
}

/// The one alternative that the value was meant for, if that can be told: all others want another
/// type altogether, as `null` beside an object, or another tag, as the variants of an enum.
fn meant<'e, 'v>(
    at: &str,
    alternatives: &'e [Vec<ValidationError<'v>>],
) -> Option<&'e Vec<ValidationError<'v>>> {
    let other_type = |error: &ValidationError<'_>| {
        matches!(error.kind(), ValidationErrorKind::Type { .. })
            && error.instance_path().as_str() == at
    };
    let other_tag =
        |error: &ValidationError<'_>| matches!(error.kind(), ValidationErrorKind::Constant { .. });
    let possible = |errors: &&Vec<ValidationError<'_>>| {
        !errors.iter().any(|error| other_type(error) || other_tag(error))
    };
    let mut left = alternatives.iter().filter(possible);
    left.next().filter(|_| left.next().is_none())
}

/// What the value could be, where each alternative asks for another constant at the same place: the
/// variants of an enum, or their tags.
fn one_of(alternatives: &[Vec<ValidationError<'_>>]) -> Option<Violation> {
    let constant = |errors: &Vec<ValidationError<'_>>| {
        errors.iter().find_map(|error| match error.kind() {
            ValidationErrorKind::Constant { expected_value } => {
                Some((error.instance_path().as_str().to_owned(), expected_value.to_string()))
            }
            _ => None,
        })
    };
    let constants: Option<Vec<_>> = alternatives.iter().map(constant).collect();
    let (places, values): (Vec<_>, Vec<_>) = constants?.into_iter().unzip();
    let place = places.first()?;
    let agreed = places.iter().all(|other| other == place);
    let detail = || format!("is not one of {}", values.join(", "));
    agreed.then(|| Violation::new(place, detail()).of_rule("enum"))
}

/// Rules that a Rust type does not keep by itself.
const CONSTRAINTS: [&str; 18] = [
    "contains",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "pattern",
    "propertyNames",
    "uniqueItems",
];

fn constrains(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(keyword, rule)| match keyword.as_str() {
            // How a field is shown is no rule.
            "format" if rule == "password" => false,
            // An integer's own width is kept by its type.
            "format" | "minimum" | "maximum" if is_integer_width(map) => false,
            "properties" | "schemas" | "$defs" => {
                rule.as_object().is_some_and(|parts| parts.values().any(constrains))
            }
            "const" | "default" | "examples" | "enum" | "description" | "title" => false,
            keyword => CONSTRAINTS.contains(&keyword) || constrains(rule),
        }),
        Value::Array(parts) => parts.iter().any(constrains),
        _ => false,
    }
}

fn is_integer_width(map: &serde_json::Map<String, Value>) -> bool {
    let format = map.get("format").and_then(Value::as_str).unwrap_or_default();
    let bits = format.trim_start_matches('u').strip_prefix("int");
    bits.is_some()
        && map.get("minimum").is_none_or(|minimum| {
            minimum == 0 && format.starts_with('u') || !format.starts_with('u') && small(format)
        })
        && map.get("maximum").is_none_or(|_| small(format))
}

/// Widths for which schemars writes the bounds out.
fn small(format: &str) -> bool {
    matches!(format, "int8" | "uint8" | "int16" | "uint16")
}

#[derive(Debug)]
struct NoRetrieval;

impl Retrieve for NoRetrieval {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        Err(format!("`{uri}` lies outside the app; schemas are never fetched").into())
    }
}

#[cfg(test)]
mod tests {
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
}
