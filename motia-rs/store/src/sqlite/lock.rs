//! One process, one data folder: a lock that the system releases when the process ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

use motia_core::store::StoreError;

/// The right to a data folder, held for as long as its store is open. The file stays behind, empty,
/// since removing it would race with the next process.
#[derive(Debug)]
pub struct FolderLock(File);

/// The lock's file in its folder.
const FILE: &str = "motia.lock";

impl FolderLock {
    /// What stays in a data folder whatever else is removed from it.
    pub const FILE: &str = FILE;

    /// Takes the lock of a data folder, or says who has it.
    ///
    /// # Errors
    /// When another process has it, or the folder cannot be written.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let failed = |error: std::io::Error| {
            StoreError::Io(format!("{}: {error}; is the folder writable?", path.display()))
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;

        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(folder, &mut file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }

        let mut lock = Self(file);
        lock.write(&std::process::id().to_string()).map_err(failed)?;
        Ok(lock)
    }

    fn write(&mut self, text: &str) -> std::io::Result<()> {
        self.0.set_len(0)?;
        self.0.rewind()?;
        self.0.write_all(text.as_bytes())
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        if let Err(error) = self.write("") {
            tracing::debug!(%error, "the lock file keeps an old process number");
        }
    }
}

fn in_use(folder: &Path, file: &mut File) -> StoreError {
    let mut pid = String::new();
    let read = file.read_to_string(&mut pid);
    let holder = match pid.trim() {
        pid if read.is_err() || pid.is_empty() => "another process".to_owned(),
        pid if pid == std::process::id().to_string() => format!("this process already (pid {pid})"),
        pid => format!("another process (pid {pid})"),
    };
    StoreError::InUse(format!(
        "{} is in use by {holder}: stop it, or choose another data folder",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_once_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();

        let refused = FolderLock::take(folder.path()).err().unwrap();
        let told = refused.to_string();
        assert!(matches!(refused, StoreError::InUse(_)));
        assert!(told.contains(&format!("(pid {})", std::process::id())), "{told}");

        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }
}
