//! Attributes: names with values of several types.

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value as Any,
};
use serde_json::Value;

/// An attribute.
#[must_use]
pub fn attribute(key: &str, value: impl Into<Attribute>) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value.into().0), ..KeyValue::default() }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute(pub AnyValue);

impl From<Any> for Attribute {
    fn from(value: Any) -> Self {
        Self(AnyValue { value: Some(value) })
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Any::StringValue(text.to_owned()).into()
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Any::StringValue(text).into()
    }
}

impl From<i64> for Attribute {
    fn from(number: i64) -> Self {
        Any::IntValue(number).into()
    }
}

impl From<u64> for Attribute {
    /// One that is larger than OpenTelemetry's integers is written as a text.
    fn from(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| number.to_string().into(), Self::from)
    }
}

impl From<bool> for Attribute {
    fn from(flag: bool) -> Self {
        Any::BoolValue(flag).into()
    }
}

impl From<&[&str]> for Attribute {
    fn from(texts: &[&str]) -> Self {
        let values = texts.iter().map(|text| Self::from(*text).0).collect();
        Any::ArrayValue(ArrayValue { values }).into()
    }
}

impl From<&Value> for Attribute {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self(AnyValue { value: None }),
            Value::Bool(flag) => (*flag).into(),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => number.into(),
                (None, Some(number)) => Any::DoubleValue(number).into(),
                (None, None) => number.to_string().into(),
            },
            Value::String(text) => text.as_str().into(),
            Value::Array(list) => {
                let values = list.iter().map(|item| Self::from(item).0).collect();
                Any::ArrayValue(ArrayValue { values }).into()
            }
            Value::Object(map) => {
                let values = map.iter().map(|(name, value)| attribute(name, value)).collect();
                Any::KvlistValue(KeyValueList { values }).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_keeps_its_types() {
        let value = json!({ "n": 1, "x": 0.5, "big": u64::MAX, "list": ["a", null, true] });

        let Attribute(AnyValue { value: Some(Any::KvlistValue(map)) }) = Attribute::from(&value)
        else {
            panic!("an object is a list of attributes")
        };

        let of =
            |name: &str| map.values.iter().find(|each| each.key == name).unwrap().value.clone();
        assert_eq!(of("n"), Some(Attribute::from(1_i64).0));
        assert_eq!(of("x"), Some(Attribute::from(Any::DoubleValue(0.5)).0));
        let Some(AnyValue { value: Some(Any::ArrayValue(list)) }) = of("list") else {
            panic!("a list is a list")
        };
        assert_eq!((list.values.len(), &list.values[1].value), (3, &None));
        assert_eq!(Attribute::from(u64::MAX), Attribute::from("18446744073709551615"));
    }
}
