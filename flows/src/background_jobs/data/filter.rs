//! Which rows are taken.

use std::cmp::Ordering;

use motia::prelude::*;

use super::Row;

/// A condition on one column. Numbers are compared as numbers also where they are written as text, as
/// all values of CSV are; a column that is missing is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum Filter {
    /// Is this value.
    Eq {
        /// The column.
        field: String,
        /// The value.
        value: Value,
    },
    /// Is another value.
    Ne {
        /// The column.
        field: String,
        /// The value.
        value: Value,
    },
    /// Is less.
    Lt {
        /// The column.
        field: String,
        /// Than this.
        value: Value,
    },
    /// Is greater.
    Gt {
        /// The column.
        field: String,
        /// Than this.
        value: Value,
    },
    /// Is text with this in it.
    Contains {
        /// The column.
        field: String,
        /// This.
        value: String,
    },
    /// Is one of these values.
    In {
        /// The column.
        field: String,
        /// The values.
        values: Vec<Value>,
    },
}

impl Filter {
    /// Whether the row is taken.
    #[must_use]
    pub fn lets_through(&self, row: &Row) -> bool {
        let found = |field: &String| row.get(field).unwrap_or(&Value::Null);
        match self {
            Self::Eq { field, value } => equal(found(field), value),
            Self::Ne { field, value } => !equal(found(field), value),
            Self::Lt { field, value } => compare(found(field), value) == Some(Ordering::Less),
            Self::Gt { field, value } => compare(found(field), value) == Some(Ordering::Greater),
            Self::Contains { field, value } => {
                found(field).as_str().is_some_and(|text| text.contains(value))
            }
            Self::In { field, values } => values.iter().any(|value| equal(found(field), value)),
        }
    }
}

fn equal(found: &Value, value: &Value) -> bool {
    found == value || compare(found, value) == Some(Ordering::Equal)
}

fn compare(found: &Value, value: &Value) -> Option<Ordering> {
    match (number(found), number(value)) {
        (Some(found), Some(value)) => found.partial_cmp(&value),
        _ => Some(found.as_str()?.cmp(value.as_str()?)),
    }
}

/// The number that a value is, or is written as.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lets_through(filter: Value, row: Value) -> bool {
        let filter: Filter = serde_json::from_value(filter).unwrap();
        let Value::Object(row) = row else { panic!("a row is an object") };
        filter.lets_through(&row)
    }

    #[test]
    fn numbers_are_compared_as_numbers_however_they_are_written() {
        let over_nine = json!({ "op": "gt", "field": "age", "value": 9 });

        assert!(lets_through(over_nine.clone(), json!({ "age": "10" })));
        assert!(lets_through(over_nine.clone(), json!({ "age": 10 })));
        assert!(!lets_through(over_nine.clone(), json!({ "age": "9.0" })));
        assert!(!lets_through(over_nine, json!({ "name": "Ann" })));
        assert!(lets_through(
            json!({ "op": "eq", "field": "age", "value": 9 }),
            json!({ "age": "9.0" })
        ));
    }

    #[test]
    fn each_condition_says_what_it_says() {
        let ann = || json!({ "name": "Ann", "town": "Rome", "age": 30 });

        assert!(lets_through(json!({ "op": "eq", "field": "name", "value": "Ann" }), ann()));
        assert!(!lets_through(json!({ "op": "ne", "field": "name", "value": "Ann" }), ann()));
        assert!(lets_through(json!({ "op": "lt", "field": "name", "value": "Bea" }), ann()));
        assert!(lets_through(json!({ "op": "contains", "field": "town", "value": "om" }), ann()));
        assert!(lets_through(json!({ "op": "in", "field": "age", "values": [29, 30] }), ann()));
        assert!(!lets_through(json!({ "op": "in", "field": "age", "values": [] }), ann()));
        assert!(lets_through(json!({ "op": "eq", "field": "gone", "value": null }), ann()));
    }

    #[test]
    fn a_condition_that_nobody_knows_is_no_filter() {
        let like = json!({ "op": "like", "field": "name", "value": "A%" });

        assert!(serde_json::from_value::<Filter>(like).is_err());
    }
}
