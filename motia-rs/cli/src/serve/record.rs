//! `server.json` in the data folder: how the other commands find the server of that folder.
//!
//! A server that was killed leaves its record behind, and by then its port and its process number
//! may be another program's. So a server holds the lock of `server.lock`, which the system releases
//! with the process, and without that the record counts for nothing: the token in it is sent to
//! nobody.

use std::{
    fmt, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::ready::Ready;
use crate::settings::{Settings, resolved::Secret};

const FILE: &str = "server.json";
const LOCK: &str = "server.lock";

/// A command holds the lock for a moment while it looks; a server tries again so often.
const TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// What other commands need to know of a server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its process.
    pub pid: u32,
    /// Where this machine reaches it.
    pub url: String,
    /// What its admin API asks for.
    pub token: Option<String>,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("pid", &self.pid).field("url", &self.url).finish()
    }
}

impl Record {
    pub(super) fn of(ready: &Ready, settings: &Settings) -> Self {
        let token = settings.token.as_ref().map(Secret::reveal).map(str::to_owned);
        Self { pid: std::process::id(), url: ready.url(), token }
    }

    /// The record in a data folder, if its server runs.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let lock = fs::File::open(folder.join(LOCK)).ok()?;
        match lock.try_lock_shared() {
            Err(fs::TryLockError::WouldBlock) => {}
            Ok(()) | Err(fs::TryLockError::Error(_)) => return None,
        }
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the record for as long as what is returned lives. Without it the app runs all the
    /// same, so a failure is only logged.
    pub(super) fn write(&self, folder: &Path) -> Kept {
        let path = folder.join(FILE);
        let written = take_lock(folder).and_then(|lock| self.put(folder, &path).map(|()| lock));
        match written {
            Ok(lock) => Kept(Some((path, lock))),
            Err(error) => {
                let path = path.display();
                tracing::warn!("{path} was not written, so commands will not find us: {error}");
                Kept(None)
            }
        }
    }

    fn put(&self, folder: &Path, path: &Path) -> io::Result<()> {
        let fresh = folder.join(format!("{FILE}.{}", self.pid));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&fresh)?.write_all(serde_json::to_string(self)?.as_bytes())?;
        fs::rename(&fresh, path)
    }
}

/// Takes the lock, and removes the record of an earlier server: from here on it would be believed.
fn take_lock(folder: &Path) -> io::Result<fs::File> {
    motia_store::make_folder(folder)?;
    let path = folder.join(LOCK);
    let lock = fs::File::options().create(true).truncate(false).write(true).open(path)?;
    let mut left = TRIES;
    loop {
        match lock.try_lock() {
            Ok(()) => break,
            Err(fs::TryLockError::WouldBlock) if left > 0 => {
                left -= 1;
                std::thread::sleep(BETWEEN_TRIES);
            }
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::other("another server has this data folder"));
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    match fs::remove_file(folder.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(lock),
    }
}

/// A record that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Kept(Option<(PathBuf, fs::File)>);

impl Drop for Kept {
    fn drop(&mut self) {
        // The lock goes last: until then nobody else writes a record.
        let Some((path, _lock)) = self.0.take() else { return };
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(pid: u32) -> Record {
        Record { pid, url: "http://127.0.0.1:3000".into(), token: Some("t0ken".into()) }
    }

    #[test]
    fn a_record_is_found_while_it_is_kept_and_no_longer() {
        let folder = tempfile::tempdir().unwrap();

        let kept = record(std::process::id()).write(folder.path());
        assert_eq!(Record::read(folder.path()), Some(record(std::process::id())));

        drop(kept);
        assert_eq!(Record::read(folder.path()), None);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_the_token() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let _kept = record(std::process::id()).write(folder.path());

        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{:?}", record(1)).contains("t0ken"));
    }

    #[test]
    fn a_record_that_no_process_holds_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        drop(record(1).write(folder.path()));
        let text = serde_json::to_string(&record(std::process::id())).unwrap();
        fs::write(folder.path().join(FILE), text).unwrap();

        assert_eq!(Record::read(folder.path()), None);
    }

    #[test]
    fn a_second_server_does_not_take_the_record_from_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let _first = record(1).write(folder.path());

        drop(record(2).write(folder.path()));

        assert_eq!(Record::read(folder.path()), Some(record(1)));
    }
}
