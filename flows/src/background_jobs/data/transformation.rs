//! How rows are changed.

use motia::prelude::*;

use super::{Row, filter::number};

/// A change of each row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
pub enum Transformation {
    /// Keeps these columns alone, in this order.
    Select {
        /// The columns.
        fields: Vec<String>,
    },
    /// Leaves these columns out.
    Drop {
        /// The columns.
        fields: Vec<String>,
    },
    /// Gives a column another name.
    Rename {
        /// The column.
        from: String,
        /// Its name from then on.
        to: String,
    },
    /// Sets a column to one value in all rows.
    Set {
        /// The column.
        field: String,
        /// The value.
        value: Value,
    },
    /// Writes text in capital letters.
    Upper {
        /// The column.
        field: String,
    },
    /// Writes text in small letters.
    Lower {
        /// The column.
        field: String,
    },
    /// Takes blanks away from both ends of text.
    Trim {
        /// The column.
        field: String,
    },
    /// Makes a value of another type; a row whose value is none is broken.
    Cast {
        /// The column.
        field: String,
        /// The type.
        to: Type,
    },
}

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Text.
    String,
    /// A number.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
}

impl Transformation {
    /// The row, changed.
    ///
    /// # Errors
    /// What is wrong with the row.
    pub fn apply(&self, mut row: Row) -> Result<Row, String> {
        match self {
            Self::Select { fields } => {
                let value = |field: &String| row.get(field).cloned().unwrap_or_default();
                return Ok(fields.iter().map(|field| (field.clone(), value(field))).collect());
            }
            Self::Drop { fields } => row.retain(|column, _| !fields.contains(column)),
            Self::Rename { from, to } => {
                let renamed = |column: String| if column == *from { to.clone() } else { column };
                row = row.into_iter().map(|(column, value)| (renamed(column), value)).collect();
            }
            Self::Set { field, value } => drop(row.insert(field.clone(), value.clone())),
            Self::Upper { field } => change_text(&mut row, field, str::to_uppercase),
            Self::Lower { field } => change_text(&mut row, field, str::to_lowercase),
            Self::Trim { field } => change_text(&mut row, field, |text| text.trim().to_owned()),
            Self::Cast { field, to } => {
                if let Some(value) = row.get_mut(field) {
                    *value = to.cast(value).ok_or_else(|| format!("`{field}` is no {to:?}"))?;
                }
            }
        }
        Ok(row)
    }
}

fn change_text(row: &mut Row, field: &str, change: impl FnOnce(&str) -> String) {
    if let Some(Value::String(text)) = row.get_mut(field) {
        *text = change(text);
    }
}

impl Type {
    fn cast(self, value: &Value) -> Option<Value> {
        if value.is_null() {
            return Some(Value::Null);
        }
        match (self, value) {
            (Self::String, Value::String(_)) => Some(value.clone()),
            (Self::String, other) => Some(json!(other.to_string())),
            (Self::Integer, Value::String(text)) => {
                text.trim().parse::<i64>().ok().map(Value::from)
            }
            (Self::Integer, other) => {
                let whole = number(other).filter(|number| number.fract() == 0.0)?;
                let fits = whole.abs() < 9_007_199_254_740_992.0; // 2^53: beyond it, digits are lost
                other.as_i64().or_else(|| fits.then_some(whole as i64)).map(Value::from)
            }
            (Self::Number, other) => number(other).map(Value::from),
            (Self::Boolean, Value::Bool(_)) => Some(value.clone()),
            (Self::Boolean, Value::String(text)) => text.trim().parse().ok().map(Value::Bool),
            (Self::Boolean, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(changes: Value, row: Value) -> Result<Value, String> {
        let changes: Vec<Transformation> = serde_json::from_value(changes).unwrap();
        let Value::Object(row) = row else { panic!("a row is an object") };
        changes.iter().try_fold(row, |row, change| change.apply(row)).map(Value::Object)
    }

    #[test]
    fn changes_follow_one_another() {
        let changes = json!([
            { "do": "trim", "field": "name" },
            { "do": "upper", "field": "name" },
            { "do": "rename", "from": "name", "to": "NAME" },
            { "do": "cast", "field": "age", "to": "integer" },
            { "do": "set", "field": "seen", "value": true },
            { "do": "select", "fields": ["age", "NAME", "seen"] },
        ]);

        let row =
            changed(changes, json!({ "name": " ann ", "age": "30", "town": "Rome" })).unwrap();

        assert_eq!(row.to_string(), r#"{"age":30,"NAME":"ANN","seen":true}"#);
    }

    #[test]
    fn values_are_cast_or_the_row_is_broken() {
        let cast = |to: &str, value: Value| {
            changed(json!([{ "do": "cast", "field": "v", "to": to }]), json!({ "v": value }))
        };

        assert_eq!(cast("number", json!("1.5")).unwrap()["v"], 1.5);
        assert_eq!(cast("string", json!(7)).unwrap()["v"], "7");
        assert_eq!(cast("boolean", json!("true")).unwrap()["v"], true);
        assert_eq!(cast("integer", json!(3.0)).unwrap()["v"], 3);
        assert!(cast("integer", json!("1.5")).unwrap_err().contains("`v`"));
        assert!(cast("boolean", json!("yes")).is_err());
    }
}
