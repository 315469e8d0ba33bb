//! How a command ends badly: a line for people, an exit code for scripts.

use std::process::ExitCode;

use motia_core::store::StoreError;
use motia_runtime::log::printable;

use crate::settings::Invalid;

/// A command ended badly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What went wrong and what to do.
    pub message: String,
    /// 2 for what must be set right before anything can be done, else 1.
    pub code: u8,
}

impl Failure {
    /// What was asked for could not be done: exit code 1.
    pub fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// Something must be set right first, such as a setting or a folder: exit code 2.
    pub fn unready(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }

    /// Tells people, and gives the exit code.
    pub(crate) fn tell(&self) -> ExitCode {
        let lines: Vec<_> = self.message.lines().map(printable).collect();
        eprintln!("error: {}", lines.join("\n"));
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
