//! What can be wrong with a document.

use motia::prelude::*;

use super::reading::MOST_PAGES;
use crate::task_queue::failure::{Failure, Kind};

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    /// It is damaged, or no PDF.
    Unreadable,
    /// It asks for a password.
    Encrypted,
    /// It has no pages.
    Empty,
    /// It has more pages than are read.
    TooManyPages,
    /// Reading it takes too long.
    TooSlow,
    /// Reading it takes too much memory, or it has too much text.
    TooLarge,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let (name, message) = match fault {
            Fault::Unreadable => {
                ("PdfUnreadable", "the PDF cannot be read: it is damaged, or no PDF")
            }
            Fault::Encrypted => {
                ("PdfEncrypted", "the PDF is encrypted: save it without a password")
            }
            Fault::Empty => ("PdfEmpty", "the PDF has no pages"),
            Fault::TooManyPages => {
                let message = format!("the PDF has more than {MOST_PAGES} pages: split it");
                return Self::new(Kind::Document("PdfTooManyPages"), message);
            }
            Fault::TooSlow => ("PdfTooSlow", "reading the PDF takes longer than `PDF_TIMEOUT`"),
            Fault::TooLarge => ("PdfTooLarge", "reading the PDF takes more than `PDF_MEMORY`"),
        };
        Self::new(Kind::Document(name), message)
    }
}
