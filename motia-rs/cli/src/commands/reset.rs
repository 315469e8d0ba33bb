//! `reset`: an empty data folder, as before the first start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use motia_store::FolderLock;
use serde_json::json;

use crate::{Failure, output::Output, settings::Settings, store};

/// Removes everything in the data folder, or says what that would be.
///
/// # Errors
/// When a server has the folder, when it is no data folder, or when something in it stays.
pub(super) fn run(settings: &Settings, confirm: bool, output: Output) -> Result<(), Failure> {
    let folder = &settings.data_dir;
    let shown = folder.display();
    if !store::exists(settings) {
        let nothing = json!({ "folder": folder, "removed": [], "confirmed": confirm });
        output.done(&nothing, &format!("nothing is kept in {shown}"));
        return Ok(());
    }
    refuse_home(folder)?;
    let _lock = FolderLock::take(folder)?;
    let failed = |error: io::Error| Failure::refused(format!("{shown} cannot be emptied: {error}"));
    let found = entries(folder).map_err(failed)?;

    let names: Vec<_> = found.iter().map(|path| path.display().to_string()).collect();
    let document = json!({ "folder": folder, "removed": names, "confirmed": confirm });
    if !confirm {
        let mut lines = vec!["these would be removed for good:".to_owned()];
        lines.extend(names.iter().map(|name| format!("  {name}")));
        output.told(&document, &lines);
        let advice = "nothing was removed: say `reset --confirm` to remove it";
        return Err(Failure::refused(advice).after_its_answer());
    }
    found.iter().try_for_each(|path| remove(path)).map_err(failed)?;
    output.done(&document, &format!("{shown} is empty: everything that was kept is gone"));
    Ok(())
}

/// A folder that somebody works in holds more than data.
fn refuse_home(folder: &Path) -> Result<(), Failure> {
    let whole = |path: &Path| path.canonicalize().ok();
    let here = std::env::current_dir().ok().and_then(|here| whole(&here));
    let within = here.zip(whole(folder)).is_some_and(|(here, folder)| here.starts_with(folder));
    if !within {
        return Ok(());
    }
    let shown = folder.display();
    Err(Failure::refused(format!(
        "{shown} is the present folder: go elsewhere, or remove it by hand"
    )))
}

/// All that lies in the folder, but for the lock that is held.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.ends_with(FolderLock::FILE) {
            found.push(path);
        }
    }
    // The database last: while it is there, another try finds the folder.
    found.sort_by_key(|path| (path.ends_with("motia.db"), path.clone()));
    Ok(found)
}

/// Removes a file, a link, or a folder with all that is in it; links are not followed.
fn remove(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Places;

    fn kept() -> (tempfile::TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let registry = motia_core::registry::Registry::default();
        let (mut settings, _) = Settings::load(&Places::default(), &registry).unwrap();
        settings.data_dir = folder.path().join("data");
        fs::create_dir_all(settings.data_dir.join("spool")).unwrap();
        fs::write(settings.data_dir.join("spool/1.pdf"), "a newspaper").unwrap();
        drop(store::open(&settings).unwrap());
        (folder, settings)
    }

    #[test]
    fn without_a_confirmation_nothing_is_removed() {
        let (_folder, settings) = kept();

        let told = run(&settings, false, Output::stdout(true)).unwrap_err();

        assert!(told.answered && told.message.contains("--confirm"), "{told}");
        assert!(store::exists(&settings) && settings.data_dir.join("spool/1.pdf").exists());
    }

    #[test]
    fn with_one_everything_is_and_nothing_outside() {
        let (folder, settings) = kept();
        let outside = folder.path().join("mine.txt");
        fs::write(&outside, "mine").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&outside, settings.data_dir.join("link")).unwrap();

        run(&settings, true, Output::stdout(true)).unwrap();

        assert!(entries(&settings.data_dir).unwrap().is_empty());
        assert!(outside.exists());
        run(&settings, true, Output::stdout(true)).unwrap();
    }

    #[test]
    fn while_a_store_is_open_it_is_refused() {
        let (_folder, settings) = kept();
        let _open = FolderLock::take(&settings.data_dir).unwrap();

        let refused = run(&settings, true, Output::stdout(true)).unwrap_err();

        assert!(refused.message.contains("in use"), "{refused}");
        assert!(store::exists(&settings));
    }
}
