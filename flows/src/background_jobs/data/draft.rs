//! A file that appears whole or not at all.

use std::{
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use cap_std::fs::{Dir, File};

/// A file that is being written beside its place, and moved there when it is whole. Dropped before that,
/// it leaves nothing.
#[derive(Debug)]
pub struct Draft {
    folder: Dir,
    name: PathBuf,
    written: PathBuf,
    file: BufWriter<File>,
    kept: bool,
}

impl Draft {
    /// Drafts of the same token take each other's place, so that what a dead process left is written over.
    pub(super) fn new(root: Dir, place: &Path, token: &str) -> io::Result<Self> {
        let folder = match place.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) => {
                root.create_dir_all(parent)?;
                root.open_dir(parent)?
            }
            None => root,
        };
        let name = place.file_name().map(PathBuf::from).unwrap_or_default();
        let written = PathBuf::from(format!(".{token}.partial"));
        let file = BufWriter::with_capacity(64 * 1024, folder.create(&written)?);
        Ok(Self { folder, name, written, file, kept: false })
    }

    /// Moves the file to its place, in the place of one that is there: on disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written; nothing is moved then.
    pub fn keep(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        self.folder.rename(&self.written, &self.folder, &self.name)?;
        self.kept = true;
        self.folder.open(Path::new("."))?.sync_all()
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            drop(self.folder.remove_file(&self.written));
        }
    }
}
