//! What is told of a rule that a value breaks: where, and in words that do not repeat the value.

use jsonschema::{ValidationError, error::ValidationErrorKind};

use super::super::Violation;

/// Adds what an error says; several, where it has several places.
pub(super) fn report(error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
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
