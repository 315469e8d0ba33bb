//! The text of a PDF, page by page. What it is made of came from outside, so nothing in it is believed: it is read
//! in a process of its own, which is held to its memory and killed when its time is over.
//!
//! # Layout
//! - [`reading`]: what that process does
//! - [`fault`]: what can be wrong with a document

mod fault;
mod reading;

use std::{fs::File, io::ErrorKind, path::PathBuf};

use motia::prelude::*;

use self::fault::Fault;
use super::{
    failure::{Failure, Kind},
    settings::{PDF_MEMORY, PDF_TIMEOUT},
};
use crate::aside::{self, Ended, Input, Limits, NotDone, Order, Program};

/// The largest PDF, in bytes.
pub const LARGEST: usize = 50 * 1024 * 1024;
/// The most text that is taken of one, in bytes of JSON.
const LONGEST_TEXT: usize = 16 * 1024 * 1024;

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

/// Reads the text of each page.
///
/// # Errors
/// What is wrong with the file.
pub async fn text_of<E>(ctx: &Context<E>, path: PathBuf) -> Result<Vec<PageText>, Failure> {
    let patience = ctx.setting(PDF_TIMEOUT).get();
    let memory = ctx.setting(PDF_MEMORY).get() as u64;
    let program = Program::Own(reading::ASIDE, String::new());
    let order = Order {
        program: &program,
        input: Input::File(open(path).await?),
        limits: Limits { cage: None, memory: Some(memory), processor: Some(patience) },
        longest_output: LONGEST_TEXT,
    };

    match tokio::time::timeout(patience, aside::run(order)).await {
        Ok(Ok(ended)) => told(&ended),
        Ok(Err(NotDone::TooMuch(_))) => Err(Fault::TooLarge.into()),
        Ok(Err(why @ NotDone::NotTaken)) => Err(Failure::new(Kind::Dependency, why.to_string())),
        Ok(Err(why)) => Err(Failure::new(Kind::Default, format!("no process to read in: {why}"))),
        Err(_) => Err(Fault::TooSlow.into()),
    }
}

async fn open(path: PathBuf) -> Result<File, Failure> {
    let opened = tokio::fs::File::open(path).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new(
            Kind::Dependency,
            "the uploaded file is not there any more: upload it again",
        ),
        _ => Failure::new(Kind::Default, format!("the uploaded file cannot be read: {error}")),
    })?;
    Ok(opened.into_std().await)
}

/// What the process that read it says.
fn told(ended: &Ended) -> Result<Vec<PageText>, Failure> {
    if ended.ran_out_of_time() {
        return Err(Fault::TooSlow.into());
    }
    if ended.ran_out_of_memory() {
        return Err(Fault::TooLarge.into());
    }
    let odd =
        |what: String| Failure::new(Kind::Default, format!("the process that reads it {what}"));
    match ended.status.code() {
        Some(0) => serde_json::from_slice::<Result<_, Fault>>(&ended.output)
            .map_err(|error| odd(format!("makes no sense: {error}")))?
            .map_err(Failure::from),
        Some(code) => Err(odd(format!("ended with {code}: {}", ended.said))),
        // The document brought it down.
        None => Err(Fault::Unreadable.into()),
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::fake;

    use super::*;

    #[test]
    fn a_pdf_is_known_by_how_it_begins() {
        assert!(!looks_like_one(b"hello") && looks_like_one(b"\n%PDF-1.4\n"));
    }

    #[tokio::test]
    async fn a_program_that_takes_no_work_over_is_told_what_to_call() {
        let (ctx, _probe) = fake::<()>();
        let file = tempfile::NamedTempFile::new().unwrap();

        // A test's `main` is not the app's.
        let failed = text_of(&ctx, file.path().to_owned()).await.unwrap_err();

        assert!(failed.message.contains("flows::aside::take_over()"), "{failed:?}");
    }

    #[tokio::test]
    async fn a_file_that_is_gone_is_missing_and_not_at_fault() {
        let (ctx, _probe) = fake::<()>();

        let gone = text_of(&ctx, PathBuf::from("/nowhere/at/all.pdf")).await.unwrap_err();

        assert_eq!(gone.kind, Kind::Dependency);
    }

    #[cfg(unix)]
    #[test]
    fn the_end_of_the_process_tells_what_was_wrong() {
        use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus};

        let kind = |status, output: &str, said: &str| {
            let status = ExitStatus::from_raw(status);
            let ended = Ended { status, output: output.into(), said: said.into() };
            told(&ended).map_err(|failure| failure.kind.name())
        };
        let (segv, abort, xcpu, exit_71) = (11, 6, 24, 71 << 8);

        assert_eq!(kind(0, r#"{"Ok":["a",null]}"#, ""), Ok(vec![Some("a".into()), None]));
        assert_eq!(kind(0, r#"{"Err":"Encrypted"}"#, ""), Err("PdfEncrypted"));
        assert_eq!(kind(segv, "", ""), Err("PdfUnreadable"));
        assert_eq!(kind(abort, "", "memory allocation of 9 bytes failed"), Err("PdfTooLarge"));
        assert_eq!(kind(xcpu, "", ""), Err("PdfTooSlow"));
        assert_eq!(kind(exit_71, "", "the limits cannot be set"), Err("Default"));
        assert_eq!(kind(0, "running 0 tests", ""), Err("Default"));
    }
}
