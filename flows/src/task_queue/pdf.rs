//! The text of a PDF, page by page. What it is made of came from outside: nothing in it is believed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use lopdf::{Document, LoadOptions};
use motia::prelude::*;

use super::failure::{Failure, Kind};

/// The largest PDF, in bytes.
pub const LARGEST: usize = 50 * 1024 * 1024;
/// The most pages that are read.
pub const MOST_PAGES: usize = 500;
/// The most that one stream in it may unpack to, in bytes.
const LARGEST_STREAM: usize = 32 * 1024 * 1024;
/// The most text that is kept of a page, in characters.
const LONGEST_PAGE: usize = 40_000;
/// How long reading one may take.
const LONGEST_READING: Duration = Duration::from_secs(60);
/// The stack of the thread that reads: deep nesting is refused by the reader long before this is used up.
const STACK: usize = 16 * 1024 * 1024;

/// How a PDF begins, somewhere in its first kilobyte.
const MAGIC: &[u8] = b"%PDF-";

/// The text of one page; `None` where it has none that can be read.
pub type PageText = Option<String>;

/// Whether a file that begins so may be a PDF.
#[must_use]
pub fn looks_like_one(beginning: &[u8]) -> bool {
    let beginning = &beginning[..beginning.len().min(1024)];
    beginning.windows(MAGIC.len()).any(|window| window == MAGIC)
}

/// Reads the text of each page, on a thread of its own: reading takes long, and may panic.
///
/// # Errors
/// What is wrong with the file.
pub async fn text_of(path: PathBuf) -> Result<Vec<PageText>, Failure> {
    let (say, said) = tokio::sync::oneshot::channel();
    let reading = std::thread::Builder::new().name("pdf".into()).stack_size(STACK);
    let begun = reading.spawn(move || drop(say.send(guarded(|| read(&path)))));
    begun.map_err(|error| {
        Failure::new(Kind::Default, format!("no thread to read a PDF: {error}"))
    })?;
    match tokio::time::timeout(LONGEST_READING, said).await {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => Err(broken()),
        Err(_) => Err(at_fault("PdfTooSlow", "reading the PDF takes too long")),
    }
}

/// What `read` gives; a panic is the document's fault.
fn guarded<T>(read: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(broken()))
}

fn read(path: &Path) -> Result<Vec<PageText>, Failure> {
    let bytes = std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new(
            Kind::Dependency,
            "the uploaded file is not there any more: upload it again",
        ),
        _ => Failure::new(Kind::Default, format!("the uploaded file cannot be read: {error}")),
    })?;
    pages(&bytes)
}

fn pages(bytes: &[u8]) -> Result<Vec<PageText>, Failure> {
    let options =
        LoadOptions { max_decompressed_size: Some(LARGEST_STREAM), ..LoadOptions::default() };
    let document =
        Document::load_mem_with_options(bytes, options).map_err(|error| match error {
            lopdf::Error::InvalidPassword
            | lopdf::Error::Decryption(_)
            | lopdf::Error::UnsupportedSecurityHandler(_) => encrypted(),
            _ => broken(),
        })?;
    if document.trailer.has(b"Encrypt") && !document.was_encrypted() {
        // It was not decrypted, for its password is not the empty one.
        return Err(encrypted());
    }
    // Counted before they are gathered: a page tree may claim any number.
    match document.page_iter().take(MOST_PAGES + 1).count() {
        0 => return Err(at_fault("PdfEmpty", "the PDF has no pages")),
        count if count > MOST_PAGES => {
            let message = format!("the PDF has more than {MOST_PAGES} pages: split it");
            return Err(at_fault("PdfTooManyPages", message));
        }
        _ => {}
    }
    Ok(document.get_pages().into_keys().map(|number| page(&document, number)).collect())
}

/// The text of a page. One that cannot be read is no reason to give the others up.
fn page(document: &Document, number: u32) -> PageText {
    let read = || document.extract_text_with_limit(&[number], LARGEST_STREAM).map_err(|_| broken());
    let text = guarded(read).ok()?;
    let printable = |letter: &char| !letter.is_control() || *letter == '\n';
    let text: String = text.chars().filter(printable).take(LONGEST_PAGE).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn encrypted() -> Failure {
    at_fault("PdfEncrypted", "the PDF is encrypted: save it without a password")
}

fn broken() -> Failure {
    at_fault("PdfUnreadable", "the PDF cannot be read: it is damaged, or no PDF")
}

fn at_fault(name: &'static str, message: impl Into<String>) -> Failure {
    Failure::new(Kind::Document(name), message)
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

    fn fault(bytes: &[u8]) -> &'static str {
        guarded(|| pages(bytes)).unwrap_err().kind.name()
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
            assert!(["PdfUnreadable", "PdfEmpty"].contains(&fault(bytes)), "{bytes:?}");
        }
        assert!(!looks_like_one(b"hello") && looks_like_one(b"\n%PDF-1.4\n"));
    }

    #[test]
    fn a_pdf_without_pages_is_empty() {
        let empty = document(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [] /Count 0 >>",
        ]);

        assert_eq!(fault(&empty), "PdfEmpty");
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

        assert_eq!(fault(&pdf), "PdfEncrypted");
    }

    #[test]
    fn a_pdf_of_more_pages_than_are_read_is_refused_before_they_are() {
        let pages: Vec<_> = (0..=MOST_PAGES).map(|_| "<< /Type /Page /Parent 2 0 R >>").collect();
        let kids: String = (0..pages.len()).map(|page| format!("{} 0 R ", page + 3)).collect();
        let tree = format!("<< /Type /Pages /Kids [{kids}] /Count 1000000 >>");
        let mut objects = vec!["<< /Type /Catalog /Pages 2 0 R >>", &tree];
        objects.extend(&pages);

        assert_eq!(fault(&document(&objects)), "PdfTooManyPages");
    }

    #[test]
    fn a_page_tree_that_bites_its_tail_ends() {
        let circle = document(&[
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>",
        ]);

        assert!(["PdfEmpty", "PdfUnreadable", "PdfTooManyPages"].contains(&fault(&circle)));
    }

    #[test]
    fn a_panic_is_the_documents_fault() {
        let fault = guarded::<()>(|| panic!("as parsers do")).unwrap_err();

        assert_eq!(fault.kind.name(), "PdfUnreadable");
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_missing_and_not_at_fault() {
        let gone = text_of(PathBuf::from("/nowhere/at/all.pdf")).await.unwrap_err();

        assert_eq!(gone.kind, Kind::Dependency);
    }
}
