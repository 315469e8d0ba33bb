//! Reads a PDF that came in on stdin, in a process of its own; a panic is the document's fault.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use lopdf::{Document, LoadOptions};

use super::{PageText, fault::Fault};
use crate::aside::{NoOutput, Work};

/// What this work is called.
pub(super) const ASIDE: &str = "pdf";
inventory::submit! { Work { name: ASIDE, run: read_aside } }

/// The most pages that are read.
pub(super) const MOST_PAGES: usize = 500;
/// The most that one stream in it may unpack to, in bytes.
const LARGEST_STREAM: usize = 32 * 1024 * 1024;
/// The most text that is kept of a page, in characters.
const LONGEST_PAGE: usize = 40_000;
/// The stack of the thread that reads: deep nesting is refused by the reader long before this is used up.
const STACK: usize = 16 * 1024 * 1024;

fn read_aside(_: &str, pdf: Vec<u8>) -> Result<Vec<u8>, NoOutput> {
    let failed = |error: std::io::Error| NoOutput::Failed(error.to_string());
    let reading = thread::Builder::new().stack_size(STACK);
    let reading = reading.spawn(move || guarded(|| pages(&pdf))).map_err(failed)?;
    let read = reading.join().unwrap_or(Err(Fault::Unreadable));
    serde_json::to_vec(&read).map_err(|error| failed(error.into()))
}

/// What `read` gives; a panic is the document's fault.
fn guarded<T>(read: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or(Err(Fault::Unreadable))
}

fn pages(bytes: &[u8]) -> Result<Vec<PageText>, Fault> {
    let options =
        LoadOptions { max_decompressed_size: Some(LARGEST_STREAM), ..LoadOptions::default() };
    let document =
        Document::load_mem_with_options(bytes, options).map_err(|error| match error {
            lopdf::Error::InvalidPassword
            | lopdf::Error::Decryption(_)
            | lopdf::Error::UnsupportedSecurityHandler(_) => Fault::Encrypted,
            _ => Fault::Unreadable,
        })?;
    if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
        // It was not decrypted, for its password is not the empty one.
        return Err(Fault::Encrypted);
    }
    // Counted before they are gathered: a page tree may claim any number.
    match document.page_iter().take(MOST_PAGES + 1).count() {
        0 => return Err(Fault::Empty),
        count if count > MOST_PAGES => return Err(Fault::TooManyPages),
        _ => {}
    }
    Ok(document.get_pages().into_keys().map(|number| page(&document, number)).collect())
}

/// The text of a page. One that cannot be read is no reason to give the others up.
fn page(document: &Document, number: u32) -> PageText {
    let read = || document.extract_text_with_limit(&[number], LARGEST_STREAM);
    let text = guarded(|| read().map_err(|_| Fault::Unreadable)).ok()?;
    let printable = |letter: &char| !letter.is_control() || *letter == '\n';
    let text: String = text.chars().filter(printable).take(LONGEST_PAGE).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PDF of these objects, the first of them the catalog.
    fn document(objects: &[&str]) -> Vec<u8> {
        let mut pdf = b"%PDF-1.4\n".to_vec();
        let mut places = Vec::new();
        for (number, object) in objects.iter().enumerate() {
            places.push(pdf.len());
            pdf.extend(format!("{} 0 obj\n{object}\nendobj\n", number + 1).bytes());
        }
        let table = pdf.len();
        pdf.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
        places.iter().for_each(|place| pdf.extend(format!("{place:010} 00000 n \n").bytes()));
        let size = objects.len() + 1;
        let trailer =
            format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
        pdf.extend(trailer.bytes());
        pdf
    }

    fn with_text(text: &str) -> Vec<u8> {
        let drawn = format!("BT /F1 12 Tf 72 700 Td ({text}) Tj ET");
        let stream = format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len());
        document(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R \
             /Resources << /Font << /F1 5 0 R >> >> >>",
            &stream,
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        ])
    }

    fn fault(bytes: &[u8]) -> Fault {
        guarded(|| pages(bytes)).unwrap_err()
    }

    #[test]
    fn the_text_of_a_page_is_read() {
        assert_eq!(pages(&with_text("Bridge closed")).unwrap(), [Some("Bridge closed".to_owned())]);
    }

    #[test]
    fn a_page_without_text_is_a_page_without_text() {
        assert_eq!(pages(&with_text("")).unwrap(), [None]);
    }

    #[test]
    fn what_is_no_pdf_is_unreadable() {
        let cut = &with_text("Bridge closed")[..40];
        for bytes in [b"".as_slice(), b"%PDF-1.7", b"hello", cut, &[0; 4096]] {
            assert!([Fault::Unreadable, Fault::Empty].contains(&fault(bytes)), "{bytes:?}");
        }
    }

    #[test]
    fn a_pdf_without_pages_is_empty() {
        let empty = document(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [] /Count 0 >>",
        ]);

        assert_eq!(fault(&empty), Fault::Empty);
    }

    #[test]
    fn a_pdf_that_asks_for_a_password_is_encrypted() {
        let mut pdf = with_text("secret");
        let at = pdf.windows(7).position(|window| window == b"trailer").unwrap();
        let id = "<00112233445566778899aabbccddeeff>";
        let word = "00".repeat(32);
        let encrypted = format!(
            "trailer\n<< /Encrypt << /Filter /Standard /V 1 /R 2 /O <{word}> /U <{word}> /P -4 >> \
             /ID [{id} {id}] "
        );
        pdf.splice(at..at + "trailer\n<<".len(), encrypted.bytes());

        assert_eq!(fault(&pdf), Fault::Encrypted);
    }

    #[test]
    fn a_pdf_of_more_pages_than_are_read_is_refused_before_they_are() {
        let pages: Vec<_> = (0..=MOST_PAGES).map(|_| "<< /Type /Page /Parent 2 0 R >>").collect();
        let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", page + 3)).collect();
        let tree = format!("<< /Type /Pages /Kids [{kids}] /Count 1000000 >>");
        let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>", &tree];
        objects.extend(&pages);

        assert_eq!(fault(&document(&objects)), Fault::TooManyPages);
    }

    #[test]
    fn a_page_tree_that_bites_its_tail_ends() {
        let circle = document(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>",
        ]);

        assert!([Fault::Empty, Fault::Unreadable, Fault::TooManyPages].contains(&fault(&circle)));
    }

    #[test]
    fn a_panic_is_the_documents_fault() {
        let fault = guarded::<()>(|| panic!("as parsers do")).unwrap_err();

        assert_eq!(fault, Fault::Unreadable);
    }

    #[test]
    fn what_was_read_is_told_as_json() {
        let told = |pdf| String::from_utf8(read_aside("", pdf).unwrap()).unwrap();

        assert_eq!(told(with_text("Bridge closed")), r#"{"Ok":["Bridge closed"]}"#);
        assert_eq!(told(b"hello".to_vec()), r#"{"Err":"Unreadable"}"#);
    }
}
