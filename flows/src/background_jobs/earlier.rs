//! What an earlier build of the app left elsewhere: it kept files and letters below the folder in which it was
//! started, where they are kept in the data folder now.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Once,
};

use motia::prelude::*;

use super::settings::{FILES, OUTBOX, folder};

/// The folders of the earlier build, each with the setting that names it now.
const FOLDERS: [(&str, Setting<PathBuf>); 2] = [(".motia/files", FILES), (".motia/outbox", OUTBOX)];

/// Whether it was said already.
#[derive(Debug)]
struct Told(Once);

impl Default for Told {
    fn default() -> Self {
        Self(Once::new())
    }
}

/// Says once what an earlier build left elsewhere, and what to do.
pub fn tell<E>(ctx: &Context<E>) {
    ctx.shared::<Told>().0.call_once(|| {
        for (old, setting) in FOLDERS {
            let (old, new) = (Path::new(old), folder(ctx, setting));
            if is_left_behind(old, &new) {
                let todo = format!(
                    "an earlier build left files in `{}`: move them to `{}`, or set `{}`",
                    old.display(),
                    new.display(),
                    setting.name()
                );
                ctx.logger.warn(todo, ());
            }
        }
    });
}

/// Whether there is something in the old folder, and it is not the new one.
fn is_left_behind(old: &Path, new: &Path) -> bool {
    let has_something = fs::read_dir(old).is_ok_and(|mut files| files.next().is_some());
    let place = |folder: &Path| fs::canonicalize(folder).ok();
    has_something && place(old) != place(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_elsewhere_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        assert!(!is_left_behind(&old, &new));
        fs::create_dir(&old).unwrap();
        assert!(!is_left_behind(&old, &new), "nothing is in it");
        fs::write(old.join("rows.csv"), "a,b").unwrap();

        assert!(is_left_behind(&old, &new));
        assert!(!is_left_behind(&old, &folder.path().join("./old")));
    }
}
