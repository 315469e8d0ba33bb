//! `server.json` in the data folder: how the other commands find the server of that folder.

use std::{
    fmt, fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::ready::Ready;
use crate::settings::{Settings, resolved::Secret};

const FILE: &str = "server.json";

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

    /// The record in a data folder, if there is one and its process may still run.
    #[must_use]
    pub fn read(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join(FILE)).ok()?;
        let record: Self = serde_json::from_str(&text).ok()?;
        record.may_run().then_some(record)
    }

    /// Whether the process may still be there. Where the system does not say, its port will.
    fn may_run(&self) -> bool {
        let processes = Path::new("/proc");
        !processes.join("self").exists() || processes.join(self.pid.to_string()).exists()
    }

    /// Writes the record for as long as what is returned lives. Without it the app runs all the
    /// same, so a failure is only logged.
    pub(super) fn write(&self, folder: &Path) -> Kept {
        let path = folder.join(FILE);
        match self.put(folder, &path) {
            Ok(()) => Kept(Some(path)),
            Err(error) => {
                let path = path.display();
                tracing::warn!("{path} was not written, so commands will not find us: {error}");
                Kept(None)
            }
        }
    }

    fn put(&self, folder: &Path, path: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        let fresh = folder.join(format!("{FILE}.{}", self.pid));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&fresh)?.write_all(serde_json::to_string(self)?.as_bytes())?;
        fs::rename(&fresh, path)
    }
}

/// A record that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Kept(Option<PathBuf>);

impl Drop for Kept {
    fn drop(&mut self) {
        let Some(path) = &self.0 else { return };
        // Another server may have taken the folder over meanwhile.
        let ours = path.parent().and_then(Record::read);
        if ours.is_some_and(|record| record.pid == std::process::id()) {
            let _ = fs::remove_file(path);
        }
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

    #[cfg(target_os = "linux")]
    #[test]
    fn the_record_of_a_process_that_is_gone_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let _kept = record(u32::MAX - 1).write(folder.path());
        assert_eq!(Record::read(folder.path()), None);
    }
}
