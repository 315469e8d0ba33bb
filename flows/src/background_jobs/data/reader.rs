//! Rows of CSV and NDJSON files, a batch at a time, in memory that does not grow with the file.

use std::io::{self, BufRead, BufReader, Read};

use motia::prelude::*;

use super::{Batch, Row, folder::fault};
use crate::background_jobs::{Code, JobError};

/// The longest row, in bytes. A longer line of NDJSON is a broken row; in CSV nobody can tell where the
/// next one begins, so the file is refused.
pub const LONGEST_ROW: usize = 256 * 1024;
/// A batch is closed when its rows have so many bytes, however few they are.
const FULL_BATCH: usize = 2 * 1024 * 1024;

/// The format of a file, by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Values between commas, the first row with the names of the columns.
    Csv,
    /// A JSON object on each line.
    Ndjson,
}

impl Format {
    /// The format of a file of this name.
    ///
    /// # Errors
    /// [`Code::UnsupportedFormat`] for another end than `.csv`, `.ndjson` and `.jsonl`.
    pub fn of(path: &str) -> Result<Self, JobError> {
        match path.rsplit_once('.').map(|(_, end)| end.to_ascii_lowercase()).as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("ndjson" | "jsonl") => Ok(Self::Ndjson),
            _ => Err(Code::UnsupportedFormat
                .because(format!("`{path}` ends in none of `.csv`, `.ndjson` and `.jsonl`"))),
        }
    }
}

/// Reads the rows of a file.
pub struct RowReader<R> {
    path: String,
    rows: Rows<R>,
    place: u64,
}

enum Rows<R> {
    Csv { rows: Box<csv::Reader<Guard<R>>>, columns: Vec<String>, record: csv::StringRecord },
    Ndjson { lines: BufReader<R>, line: Vec<u8> },
}

/// A row, or what is wrong with it, and its length in bytes.
type Found = (Result<Row, String>, usize);

impl<R: Read> RowReader<R> {
    /// Reads the rows of `file`, whose name says its format.
    ///
    /// # Errors
    /// When the format is not known, or the columns of CSV have no names, or two the same.
    pub fn new(path: &str, file: R) -> Result<Self, JobError> {
        let rows = match Format::of(path)? {
            Format::Ndjson => {
                Rows::Ndjson { lines: BufReader::with_capacity(64 * 1024, file), line: Vec::new() }
            }
            Format::Csv => {
                let mut rows = csv::Reader::from_reader(Guard { file, left: LONGEST_ROW });
                let columns = rows.headers().map_err(|error| broken(path, &error))?;
                let columns: Vec<_> = columns.iter().map(str::to_owned).collect();
                let twice = |(n, name): (usize, &String)| columns[..n].contains(name);
                if columns.iter().enumerate().any(twice) {
                    let message = format!("`{path}` has two columns of one name");
                    return Err(Code::MalformedSource.because(message));
                }
                Rows::Csv { rows: Box::new(rows), columns, record: csv::StringRecord::new() }
            }
        };
        Ok(Self { path: path.to_owned(), rows, place: 0 })
    }

    /// The next rows, up to so many; `None` at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn batch(&mut self, size: usize) -> Result<Option<Batch>, JobError> {
        let (mut batch, mut bytes) = (Batch::default(), 0);
        while batch.rows.len() + batch.faults.len() < size && bytes < FULL_BATCH {
            let Some((row, length)) = self.row()? else { break };
            self.place += 1;
            bytes += length;
            match row {
                Ok(row) => batch.rows.push((self.place, row)),
                Err(fault) => batch.faults.push((self.place, fault)),
            }
        }
        Ok((batch.read() > 0).then_some(batch))
    }

    /// The next row; `None` at the end of the file.
    fn row(&mut self) -> Result<Option<Found>, JobError> {
        match &mut self.rows {
            Rows::Csv { rows, columns, record } => {
                let read = rows.read_record(record);
                rows.get_mut().left = LONGEST_ROW;
                Ok(match read {
                    Ok(false) => None,
                    Ok(true) => {
                        let values = record.iter().map(Value::from);
                        let row = columns.iter().cloned().zip(values).collect();
                        Some((Ok(row), record.as_slice().len()))
                    }
                    Err(error) if error.is_io_error() => return Err(broken(&self.path, &error)),
                    Err(error) => Some((Err(error.to_string()), 0)),
                })
            }
            Rows::Ndjson { lines, line } => loop {
                let whole = read_line(lines, line).map_err(|error| fault(&self.path, &error))?;
                let text = line.trim_ascii();
                return Ok(match whole {
                    None => None,
                    Some(false) => {
                        Some((Err(format!("the line has over {LONGEST_ROW} bytes")), LONGEST_ROW))
                    }
                    Some(true) if text.is_empty() => continue,
                    Some(true) => {
                        let row = serde_json::from_slice(text);
                        Some((row.map_err(|error| error.to_string()), text.len()))
                    }
                });
            },
        }
    }
}

fn broken(path: &str, error: &csv::Error) -> JobError {
    match error.kind() {
        csv::ErrorKind::Io(error) if error.kind() != io::ErrorKind::FileTooLarge => {
            fault(path, error)
        }
        _ => Code::MalformedSource.because(format!("`{path}`: {error}")),
    }
}

/// Reads a line into `line`; `None` at the end, `Some(false)` for one that is too long, which is read
/// over.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let read = lines.take(LONGEST_ROW as u64 + 1).read_until(b'\n', line)?;
    if read == 0 {
        return Ok(None);
    }
    if read <= LONGEST_ROW || line.ends_with(b"\n") {
        return Ok(Some(true));
    }
    lines.skip_until(b'\n')?;
    Ok(Some(false))
}

/// Lets only so many bytes through until it is told of a row: a quote that is never closed would make
/// one row of all the rest.
struct Guard<R> {
    file: R,
    left: usize,
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let message = format!("a row has over {LONGEST_ROW} bytes: is a quote never closed?");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let read = self.file.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(path: &str, text: &str, size: usize) -> Vec<Batch> {
        let mut reader = RowReader::new(path, text.as_bytes()).unwrap();
        std::iter::from_fn(|| reader.batch(size).unwrap()).collect()
    }

    #[test]
    fn csv_is_read_in_batches_and_broken_rows_are_told_by_their_place() {
        let text = "name,age\nAnn,30\nBob\n\"Cy, jr.\",5\nDee,7\n";

        let batches = batches("people.csv", text, 2);

        assert_eq!(batches.len(), 2);
        assert_eq!((batches[0].rows.len(), batches[0].faults[0].0), (1, 2));
        assert_eq!(json!(batches[1].rows[0]), json!([3, { "name": "Cy, jr.", "age": "5" }]));
    }

    #[test]
    fn ndjson_is_read_in_batches_and_broken_lines_are_told_by_their_place() {
        let text = "{\"a\":1}\n\n[1]\n{\"a\":\n{\"a\":2}";

        let batches = batches("rows.ndjson", text, 10);

        let places: Vec<_> = batches[0].rows.iter().map(|(place, _)| *place).collect();
        let faults: Vec<_> = batches[0].faults.iter().map(|(place, _)| *place).collect();
        assert_eq!((places, faults), (vec![1, 4], vec![2, 3]));
    }

    #[test]
    fn a_line_that_is_too_long_is_read_over() {
        let text = format!("{{\"a\":\"{}\"}}\n{{\"a\":2}}\n", "x".repeat(LONGEST_ROW));

        let batches = batches("rows.jsonl", &text, 10);

        assert_eq!((batches[0].faults.len(), batches[0].rows.len()), (1, 1));
    }

    #[test]
    fn a_quote_that_is_never_closed_does_not_read_all_the_rest_as_one_row() {
        let text = format!("a,b\n1,\"{}", "x\n".repeat(LONGEST_ROW));
        let mut reader = RowReader::new("rows.csv", text.as_bytes()).unwrap();

        let fault = reader.batch(10).unwrap_err();

        assert_eq!(fault.code, Code::MalformedSource);
        assert!(fault.message.contains("quote"), "{fault}");
    }

    #[test]
    fn a_batch_of_large_rows_is_closed_early() {
        let row = format!("{{\"a\":\"{}\"}}\n", "x".repeat(LONGEST_ROW / 2));

        let batches = batches("rows.ndjson", &row.repeat(40), 1000);

        assert!(batches.len() > 1 && batches.iter().all(|batch| batch.rows.len() < 20));
    }

    #[test]
    fn what_has_no_known_format_is_refused() {
        let refused = |path| RowReader::new(path, "a,a\n".as_bytes()).err().unwrap().code;

        assert_eq!(refused("rows.xml"), Code::UnsupportedFormat);
        assert_eq!(refused("csv"), Code::UnsupportedFormat);
        assert_eq!(refused("rows.csv"), Code::MalformedSource);
    }
}
