//! The folder that no path leads out of: not by `..`, not from the root, not by a link.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use cap_std::{ambient_authority, fs::Dir};

use super::draft::Draft;
use crate::background_jobs::{Code, JobError};

/// A file that is read.
pub type DataFile = cap_std::fs::File;

/// A folder that no path leads out of. The operating system checks each step of a path, links among
/// them, so nothing can be changed between the check and its use.
#[derive(Debug)]
pub struct Folder(Dir);

impl Folder {
    /// Opens the folder, and makes it where there is none.
    ///
    /// # Errors
    /// [`Code::TemporaryFailure`] when it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, JobError> {
        let opened = Dir::create_ambient_dir_all(path, ambient_authority())
            .and_then(|()| Dir::open_ambient_dir(path, ambient_authority()));
        opened.map(Self).map_err(|error| {
            Code::TemporaryFailure.because(format!("cannot open {}: {error}", path.display()))
        })
    }

    /// A file in it, to be read.
    ///
    /// # Errors
    /// [`Code::SourceNotFound`] when it is not there, [`Code::PathRefused`] when it lies outside or is no
    /// file.
    pub fn read(&self, path: &str) -> Result<DataFile, JobError> {
        let place = inside(path)?;
        let about = self.0.metadata(&place).map_err(|error| fault(path, &error))?;
        if !about.is_file() {
            return Err(Code::PathRefused.because(format!("`{path}` is no file")));
        }
        self.0.open(&place).map_err(|error| fault(path, &error))
    }

    /// A file in it, to be written: it appears when it is whole. Drafts of the same `token` take each
    /// other's place.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn draft(&self, path: &str, token: &str) -> Result<Draft, JobError> {
        let place = inside(path)?;
        let draft = self.0.try_clone().and_then(|folder| Draft::new(folder, &place, token));
        draft.map_err(|error| fault(path, &error))
    }
}

/// The path, if it says no way out.
fn inside(path: &str) -> Result<PathBuf, JobError> {
    let place = Path::new(path);
    let plain = |step| matches!(step, Component::Normal(_) | Component::CurDir);
    if place.file_name().is_none() || !place.components().all(plain) || path.contains('\0') {
        return Err(Code::PathRefused
            .because(format!("`{path}` is no path within the folder of data files")));
    }
    Ok(place.to_owned())
}

/// What went wrong with a file.
pub(super) fn fault(path: &str, error: &io::Error) -> JobError {
    let code = match error.kind() {
        io::ErrorKind::NotFound => Code::SourceNotFound,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::AlreadyExists // of a folder on the way: a file stands there, or a link that leads out
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory
        | io::ErrorKind::InvalidFilename => Code::PathRefused,
        _ => Code::TemporaryFailure,
    };
    code.because(format!("`{path}`: {error}"))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    fn refused<T>(result: Result<T, JobError>) -> Code {
        result.err().unwrap().code
    }

    #[test]
    fn no_path_leads_out() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.csv"), "a\n1\n").unwrap();
        let root = outside.path().join("files");
        let folder = Folder::open(&root).unwrap();
        let absolute = outside.path().join("secret.csv");

        for path in
            ["../secret.csv", "a/../../secret.csv", absolute.to_str().unwrap(), "", "..", "/"]
        {
            assert_eq!(refused(folder.read(path)), Code::PathRefused, "{path}");
            assert_eq!(refused(folder.draft(path, "t")), Code::PathRefused, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret.csv"), "a\n1\n").unwrap();
        let root = outside.path().join("files");
        let folder = Folder::open(&root).unwrap();
        std::os::unix::fs::symlink(outside.path(), root.join("out")).unwrap();
        std::os::unix::fs::symlink("../secret.csv", root.join("link.csv")).unwrap();

        assert_eq!(refused(folder.read("out/secret.csv")), Code::PathRefused);
        assert_eq!(refused(folder.read("link.csv")), Code::PathRefused);
        assert_eq!(refused(folder.draft("out/new.csv", "t")), Code::PathRefused);
        assert!(!outside.path().join("new.csv").exists());
    }

    #[test]
    fn a_draft_appears_when_it_is_kept_and_leaves_nothing_when_it_is_not() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();

        let mut dropped = folder.draft("deep/out.csv", "job-1").unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(root.path().join("deep")).unwrap().count(), 0);

        let mut kept = folder.draft("deep/out.csv", "job-1").unwrap();
        kept.write_all(b"whole").unwrap();
        assert!(!root.path().join("deep/out.csv").exists());
        kept.keep().unwrap();
        assert_eq!(fs::read_to_string(root.path().join("deep/out.csv")).unwrap(), "whole");
        assert_eq!(fs::read_dir(root.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_there_and_what_is_no_file_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("folder.csv")).unwrap();
        let folder = Folder::open(root.path()).unwrap();

        assert_eq!(refused(folder.read("gone.csv")), Code::SourceNotFound);
        assert_eq!(refused(folder.read("folder.csv")), Code::PathRefused);
    }
}
