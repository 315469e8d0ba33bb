//! One name for equal things: inputs that mean the same, and callers that are drawn lots for.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// The fingerprint of a value as canonical JSON (RFC 8785): neither the order of fields nor the way in
/// which a number is written changes it.
///
/// # Errors
/// When the value is no JSON.
pub fn of<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let canonical = serde_json_canonicalizer::to_vec(value)?;
    Ok(Sha256::digest(canonical).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A number from 0 to 1, without 1, that is the same for the same parts and else spread evenly.
#[must_use]
pub fn fraction(parts: &[&str]) -> f64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let first: [u8; 4] = [digest[0], digest[1], digest[2], digest[3]];
    f64::from(u32::from_be_bytes(first)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn neither_the_order_of_fields_nor_the_way_of_writing_a_number_matters() {
        let one: Value = serde_json::from_str(r#"{"a":1.0,"b":{"x":1,"y":[2e2]}}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"b":{"y":[200],"x":1},"a":1}"#).unwrap();

        assert_eq!(of(&one).unwrap(), of(&other).unwrap());
        assert_ne!(of(&one).unwrap(), of(&json!({ "a": 1, "b": { "x": 1, "y": [201] } })).unwrap());
    }

    #[test]
    fn parts_are_not_mixed_up() {
        assert!(fraction(&["ab", "c"]).to_bits() != fraction(&["a", "bc"]).to_bits());
        assert!((0.0..1.0).contains(&fraction(&["ab"])));
    }
}
