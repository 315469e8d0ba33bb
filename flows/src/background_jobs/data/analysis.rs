//! What is in the columns of a file.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use motia::prelude::*;
use serde_json::Map;

use super::{Row, filter::number};

/// Columns that are looked at; others are counted alone.
const MOST_COLUMNS: usize = 256;
/// Distinct values of a column that are told apart.
const MOST_DISTINCT: usize = 10_000;

/// What is in the columns of a file, in memory that does not grow with the file.
#[derive(Debug, Default)]
pub struct Analysis {
    columns: Vec<(String, Column)>,
    beyond: HashSet<u64>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Column {
    values: u64,
    missing: u64,
    numbers: u64,
    min: Option<f64>,
    max: Option<f64>,
    mean: f64,
    distinct: HashSet<u64>,
    more_distinct: bool,
}

impl Analysis {
    /// Takes a row in.
    pub fn count(&mut self, row: &Row) {
        for (place, (name, value)) in row.iter().enumerate() {
            // The columns of a file stand in one order, so a column is mostly where it was last.
            let known = match self.columns.get(place) {
                Some((known, _)) if known == name => Some(place),
                _ => self.columns.iter().position(|(known, _)| known == name),
            };
            let place = match known {
                Some(place) => place,
                None if self.columns.len() < MOST_COLUMNS => {
                    self.columns.push((name.clone(), Column::default()));
                    self.columns.len() - 1
                }
                None => {
                    if self.beyond.len() < MOST_DISTINCT {
                        self.beyond.insert(self.hasher.hash_one(name));
                    }
                    continue;
                }
            };
            self.columns[place].1.count(value, &self.hasher);
        }
    }

    /// The figures: `{columns: {name: {values, missing, numbers, min, max, mean, distinct,
    /// distinctIsExact}}, moreColumns}`.
    #[must_use]
    pub fn report(&self) -> Value {
        let columns: Map<_, _> = self
            .columns
            .iter()
            .map(|(name, column)| (name.chars().take(128).collect(), column.report()))
            .collect();
        json!({ "columns": columns, "moreColumns": self.beyond.len() })
    }
}

impl Column {
    fn count(&mut self, value: &Value, hasher: &RandomState) {
        if value.is_null() || value.as_str() == Some("") {
            self.missing += 1;
            return;
        }
        self.values += 1;
        let hash = match value.as_str() {
            Some(text) => hasher.hash_one(text),
            None => hasher.hash_one(value.to_string()),
        };
        if self.distinct.len() < MOST_DISTINCT {
            self.distinct.insert(hash);
        } else if !self.more_distinct {
            self.more_distinct = !self.distinct.contains(&hash);
        }
        if let Some(number) = number(value) {
            self.numbers += 1;
            self.min = Some(self.min.map_or(number, |min| min.min(number)));
            self.max = Some(self.max.map_or(number, |max| max.max(number)));
            // Welford: a sum of all would lose digits.
            self.mean += (number - self.mean) / self.numbers as f64;
        }
    }

    fn report(&self) -> Value {
        json!({
            "values": self.values,
            "missing": self.missing,
            "numbers": self.numbers,
            "min": self.min,
            "max": self.max,
            "mean": (self.numbers > 0).then_some(self.mean),
            "distinct": self.distinct.len(),
            "distinctIsExact": !self.more_distinct,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: Value) -> Row {
        let Value::Object(row) = value else { panic!("a row is an object") };
        row
    }

    #[test]
    fn columns_are_counted_measured_and_told_apart() {
        let mut analysis = Analysis::default();

        for value in
            [json!({ "n": "1", "t": "a" }), json!({ "t": "a", "n": 3 }), json!({ "n": "" })]
        {
            analysis.count(&row(value));
        }

        let report = analysis.report();
        assert_eq!(
            report["columns"]["n"],
            json!({ "values": 2, "missing": 1, "numbers": 2, "min": 1.0, "max": 3.0, "mean": 2.0,
                    "distinct": 2, "distinctIsExact": true })
        );
        assert_eq!(
            (&report["columns"]["t"]["distinct"], &report["columns"]["t"]["mean"]),
            (&json!(1), &Value::Null)
        );
    }

    #[test]
    fn distinct_values_and_columns_are_bounded() {
        let mut analysis = Analysis::default();

        for n in 0..MOST_DISTINCT + 10 {
            analysis.count(&row(json!({ "n": n })));
        }
        for n in 0..MOST_COLUMNS + 4 {
            analysis.count(&row(json!({ format!("column-{n}"): 1 })));
        }

        let report = analysis.report();
        assert_eq!(report["columns"]["n"]["distinct"], MOST_DISTINCT);
        assert_eq!(report["columns"]["n"]["distinctIsExact"], false);
        assert_eq!(
            (report["columns"].as_object().unwrap().len(), &report["moreColumns"]),
            (MOST_COLUMNS, &json!(5))
        );
    }
}
