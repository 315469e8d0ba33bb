//! Rows written as CSV or NDJSON.

use std::io::{self, Write};

use motia::prelude::*;

use super::{Batch, Row, draft::Draft, reader::Format};

/// Writes rows into a file that appears when it is whole.
pub enum RowWriter {
    /// As CSV; the first row says which columns there are.
    Csv(Box<csv::Writer<Draft>>, Option<Vec<String>>),
    /// As NDJSON.
    Ndjson(Draft),
}

impl RowWriter {
    /// Writes rows of this format.
    #[must_use]
    pub fn new(format: Format, draft: Draft) -> Self {
        match format {
            Format::Csv => Self::Csv(Box::new(csv::Writer::from_writer(draft)), None),
            Format::Ndjson => Self::Ndjson(draft),
        }
    }

    /// Writes a row, or says what is wrong with it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&mut self, row: &Row) -> io::Result<Result<(), String>> {
        match self {
            Self::Ndjson(draft) => {
                serde_json::to_writer(&mut *draft, row)?;
                draft.write_all(b"\n")?;
            }
            Self::Csv(writer, columns) => {
                let columns = match columns {
                    Some(columns) => columns,
                    None => {
                        let first = columns.insert(row.keys().cloned().collect());
                        writer.write_record(&*first)?;
                        first
                    }
                };
                if let Some(extra) = row.keys().find(|column| !columns.contains(column)) {
                    return Ok(Err(format!("the first row has no column `{extra}`")));
                }
                writer.write_record(columns.iter().map(|column| text(row.get(column))))?;
            }
        }
        Ok(Ok(()))
    }

    /// Writes rows, and leaves out those that the file cannot take; gives back those that were written.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_all(&mut self, batch: Batch) -> io::Result<Batch> {
        let Batch { rows, mut faults, filtered } = batch;
        let mut written = Vec::with_capacity(rows.len());
        for (place, row) in rows {
            match self.write(&row)? {
                Ok(()) => written.push((place, row)),
                Err(fault) => faults.push((place, fault)),
            }
        }
        Ok(Batch { rows: written, faults, filtered })
    }

    /// Moves the file to its place.
    ///
    /// # Errors
    /// When it cannot be written; it does not appear then.
    pub fn keep(self) -> io::Result<()> {
        match self {
            Self::Ndjson(draft) => draft.keep(),
            Self::Csv(writer, _) => {
                writer.into_inner().map_err(csv::IntoInnerError::into_error)?.keep()
            }
        }
    }
}

/// A value as CSV has it: text as it is, nothing for `null`, anything else as JSON.
fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::background_jobs::data::Folder;

    fn written(name: &str, rows: &[Value]) -> (String, usize) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let draft = folder.draft(name, "job-1").unwrap();
        let mut writer = RowWriter::new(Format::of(name).unwrap(), draft);
        let rows = rows.iter().map(|row| row.as_object().unwrap());
        let refused = rows.filter(|row| writer.write(row).unwrap().is_err()).count();
        writer.keep().unwrap();
        (std::fs::read_to_string(root.path().join(name)).unwrap(), refused)
    }

    #[test]
    fn the_first_row_says_which_columns_csv_has() {
        let rows =
            [json!({ "a": 1, "b": "x,y" }), json!({ "b": null }), json!({ "a": 1, "c": true })];

        assert_eq!(written("rows.csv", &rows), ("a,b\n1,\"x,y\"\n,\n".into(), 1));
    }

    #[test]
    fn ndjson_has_each_row_on_a_line() {
        let rows = [json!({ "a": 1 }), json!({ "b": "x\ny" })];

        assert_eq!(written("rows.ndjson", &rows), ("{\"a\":1}\n{\"b\":\"x\\ny\"}\n".into(), 0));
    }
}
