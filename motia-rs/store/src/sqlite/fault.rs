//! What can go wrong inside the file, and how it is told to the outside.

use motia_core::store::{CommitError, StoreError};
use rusqlite::{Error, ErrorCode};

use super::sum::Damaged;

/// Why a batch stopped.
pub(super) enum Stop {
    /// The batch asked for what cannot be; its neighbours go on.
    Refused(CommitError),
    /// The file failed; the whole group is lost.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        match damage(&error) {
            // Of one row: who does not need it goes on.
            Some(damaged) => Self::Refused(StoreError::Corrupt(damaged.to_string()).into()),
            None => Self::Failed(error),
        }
    }
}

impl From<CommitError> for Stop {
    fn from(error: CommitError) -> Self {
        Self::Refused(error)
    }
}

/// Tells an error of SQLite as one of the store.
pub(super) fn told(error: &Error) -> StoreError {
    if let Some(damaged) = damage(error) {
        return StoreError::Corrupt(damaged.to_string());
    }
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt(format!(
            "the store file holds a value that is none of ours: {error}"
        )),
        Error::SqliteFailure(cause, _) => match cause.code {
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt(format!(
                "the store file is damaged: {error}; put back a copy, or save what can be read with \
                 `sqlite3 motia.db .recover`"
            )),
            ErrorCode::DiskFull => StoreError::Io(format!("{error}: make room on the disk")),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Io(format!(
                "{error}: another program holds a write lock on the store file; close it"
            )),
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen => {
                StoreError::Io(format!("{error}: check who owns the data folder and its files"))
            }
            _ => StoreError::Io(error.to_string()),
        },
        _ => StoreError::Io(error.to_string()),
    }
}

/// The row that is damaged, if that is what went wrong.
fn damage(error: &Error) -> Option<&Damaged> {
    match error {
        Error::FromSqlConversionFailure(_, _, cause) => cause.downcast_ref(),
        _ => None,
    }
}
