//! How a command ends badly: a line for people, an exit code for scripts, a document for machines.

use std::process::ExitCode;

use motia_core::store::StoreError;
use motia_runtime::log::printable;
use serde_json::{Value, json};

use crate::{output::Output, settings::Invalid};

/// A command ended badly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong and what to do.
    pub message: String,
    /// 2 for what must be set right before anything can be done, else 1.
    pub code: u8,
    /// The rules that were broken, each with its `pointer` and its `detail`.
    pub errors: Vec<Value>,
    /// Whether stdout has its one document already.
    pub answered: bool,
}

impl Failure {
    /// What was asked for could not be done: exit code 1.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1, errors: Vec::new(), answered: false }
    }

    /// Something must be set right first, such as a setting or a folder: exit code 2.
    pub fn unready(message: impl Into<String>) -> Self {
        Self { code: 2, ..Self::refused(message) }
    }

    /// The same failure with the rules that were broken.
    #[must_use]
    pub fn with_errors(self, errors: Vec<Value>) -> Self {
        Self { errors, ..self }
    }

    /// The same failure, of a command that has written its document.
    #[must_use]
    pub fn after_its_answer(self) -> Self {
        Self { answered: true, ..self }
    }

    /// Tells people, and machines that asked for JSON, and gives the exit code.
    pub(crate) fn tell(&self, output: Output) -> ExitCode {
        let mut lines: Vec<_> = self.message.lines().map(printable).collect();
        for error in &self.errors {
            let part = |name: &str| error[name].as_str().unwrap_or_default();
            let pointer = Some(part("pointer")).filter(|place| !place.is_empty()).unwrap_or("/");
            lines.push(format!("  {}: {}", printable(pointer), printable(part("detail"))));
        }
        eprintln!("error: {}", lines.join("\n"));
        if output.is_json() && !self.answered {
            output.document(&json!({ "error": self.message, "errors": self.errors }));
        }
        ExitCode::from(self.code)
    }
}

impl From<Invalid> for Failure {
    fn from(error: Invalid) -> Self {
        Self::unready(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::unready(error.to_string())
    }
}
