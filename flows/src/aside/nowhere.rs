//! Processes of their own, where the system is not one on which their limits can be kept.

use std::{io, process::ExitCode};

use super::{Ended, NotDone, Order};

/// Does nothing here: no process of its own is ever started.
#[must_use]
pub fn take_over() -> Option<ExitCode> {
    None
}

/// Has nothing done here.
///
/// # Errors
/// Always.
pub async fn run(_: Order<'_>) -> Result<Ended, NotDone> {
    let why = "processes of their own need a Unix";
    Err(io::Error::new(io::ErrorKind::Unsupported, why).into())
}

impl Ended {
    /// Whether it said that its input is at fault.
    #[must_use]
    pub fn refused(&self) -> bool {
        false
    }

    /// Whether it used up its time of the processor.
    #[must_use]
    pub fn ran_out_of_time(&self) -> bool {
        false
    }

    /// Whether it died of being refused memory, as far as its last words tell.
    #[must_use]
    pub fn ran_out_of_memory(&self) -> bool {
        false
    }
}
