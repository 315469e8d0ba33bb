//! Reads JSON from strangers: no duplicate keys, no bottomless nesting.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Text from outside that is no acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Malformed {
    /// What is wrong and where, without the text itself.
    pub detail: String,
}

/// Reads one JSON document of at most `max_depth` nested arrays and objects; `serde_json` itself
/// stops at 127.
///
/// ```
/// use motia_core::json::strict;
///
/// assert!(strict::parse(br#"{"pet": {"name": "Rex"}}"#, 64).is_ok());
///
/// let twice = strict::parse(br#"{"name": "Rex", "name": "Max"}"#, 64).unwrap_err();
/// assert_eq!(twice.detail, "the key at `/name` stands twice, at line 1 column 30");
/// ```
///
/// # Errors
/// Text that is no JSON, is nested deeper, repeats a key, or holds a number beyond 64-bit floats.
pub fn parse(text: &[u8], max_depth: usize) -> Result<Value, Malformed> {
    // Most text is well-formed: where in it a fault lies is worked out in a second reading.
    read(text, Strict { left: max_depth, max_depth, path: None }).or_else(|_| {
        let mut path = Vec::new();
        let seed = Strict { left: max_depth, max_depth, path: Some(&mut path) };
        read(text, seed).map_err(|error| malformed(&error))
    })
}

fn read(text: &[u8], seed: Strict<'_>) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = seed.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Malformed {
    let said = error.to_string();
    let detail = match said.rsplit_once(" at line ") {
        Some((what, place)) => format!("{what}, at line {place}"),
        None => said,
    };
    Malformed { detail }
}

struct Strict<'p> {
    left: usize,
    max_depth: usize,
    /// The keys from the root to here, where they are asked for.
    path: Option<&'p mut Vec<String>>,
}

impl Strict<'_> {
    /// What reads a value one level further down.
    fn below(&mut self, left: usize) -> Strict<'_> {
        Strict { left, max_depth: self.max_depth, path: self.path.as_deref_mut() }
    }

    fn descend<E: serde::de::Error>(&self) -> Result<usize, E> {
        self.left
            .checked_sub(1)
            .ok_or_else(|| E::custom(format_args!("nested deeper than {} levels", self.max_depth)))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let left = self.descend()?;
        let mut list = Vec::new();
        loop {
            match items.next_element_seed(self.below(left))? {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let left = self.descend()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if let Some(path) = &mut self.path {
                path.push(key.clone());
            }
            let value = entries.next_value_seed(self.below(left))?;
            let twice = map.insert(key, value).is_some();
            if twice {
                let at = self.path.map(|path| pointer(path)).unwrap_or_default();
                return Err(A::Error::custom(format_args!("the key at `{at}` stands twice")));
            }
            if let Some(path) = &mut self.path {
                path.pop();
            }
        }
        Ok(Value::Object(map))
    }
}

/// Writes a JSON pointer (RFC 6901), with control characters left out.
fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, key| {
        let key: String = key.chars().filter(|c| !c.is_control()).take(64).collect();
        pointer + "/" + &key.replace('~', "~0").replace('/', "~1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text.as_bytes(), 4).unwrap_err().detail
    }

    #[test]
    fn what_serde_json_reads_reads_the_same_here() {
        for text in ["null", "true", "-1", "18446744073709551615", "1.5e3", "\"\\u00e9\"", "[]"] {
            let ours = parse(text.as_bytes(), 4).unwrap();
            assert_eq!(ours, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
    }

    #[test]
    fn nesting_ends_where_the_limit_says() {
        assert!(parse(b"[[[[]]]]", 4).is_ok());
        assert_eq!(refused("[[[[[]]]]]"), "nested deeper than 4 levels, at line 1 column 6");
    }

    #[test]
    fn a_key_that_stands_twice_is_named_with_its_path() {
        let said = refused(r#"{"pet": {"name": 1, "a": [{"x": 1}], "name": 2}}"#);
        assert!(said.starts_with("the key at `/pet/name` stands twice"), "{said}");
    }

    #[test]
    fn text_that_is_no_json_is_refused_with_its_place() {
        assert!(refused("{\"a\": }").contains("line 1 column"));
        assert!(refused("").contains("EOF"));
        assert!(refused("{} {}").contains("trailing"));
        assert!(refused("1e400").contains("out of range"));
        assert!(parse(b"\"\xff\"", 4).is_err());
    }
}
