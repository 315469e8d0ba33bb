//! A compiled schema.
//!
//! # Layout
//! - [`report`]: what is told of a rule that a value breaks; [`constraints`]: whether there are such rules

mod constraints;
mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jsonschema::{PatternOptions, Retrieve, Uri};
use serde_json::Value;

use self::{constraints::constrains, report::report};
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
