//! The folder that a store keeps its files in.

use std::{fs, io, path::Path};

/// Makes a data folder that is not there yet, for its owner alone: what is in it, others may not read.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    // The new folder's name is kept by its parent, which has to be synced as well.
    #[cfg(unix)]
    if let Some(parent) = folder.canonicalize()?.parent() {
        fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_new_folder_is_for_its_owner_alone_and_one_that_is_there_stays_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let mode = |folder: &Path| folder.metadata().unwrap().permissions().mode() & 0o777;
        let (new, old) = (parent.path().join("deep/new"), parent.path().join("old"));
        fs::create_dir(&old).unwrap();
        fs::set_permissions(&old, fs::Permissions::from_mode(0o750)).unwrap();

        make_folder(&new).unwrap();
        make_folder(&old).unwrap();

        assert_eq!((mode(&new), mode(&old)), (0o700, 0o750));
    }
}
