//! Where uploads lie until they are worked on: one file for each task, named after it.

use std::{
    io,
    path::{Path, PathBuf},
};

use motia::prelude::*;
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt as _,
};

use super::settings::SPOOL;

/// A file that belongs to no task is swept when it is older than this: until then its upload may be under
/// way.
pub const GRACE: Duration = Duration::from_secs(60 * 60);

/// The folder of uploads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spool(PathBuf);

impl Spool {
    /// The folder that the app's settings name.
    #[must_use]
    pub fn of<E>(ctx: &Context<E>) -> Self {
        Self(ctx.data_dir().join(ctx.setting(SPOOL)))
    }

    /// The file of a task.
    #[must_use]
    pub fn file(&self, task_id: &str) -> PathBuf {
        // An id is one of ours; whatever it is, it names no other folder.
        let name: String = task_id.chars().filter(char::is_ascii_alphanumeric).collect();
        self.0.join(format!("{name}.pdf"))
    }

    /// Opens the file of a new task.
    ///
    /// # Errors
    /// When the folder or the file cannot be made.
    pub async fn receive(&self, task_id: &str) -> io::Result<Receiving> {
        fs::create_dir_all(&self.0).await?;
        let path = self.file(task_id);
        let file = File::create_new(&path).await?;
        Ok(Receiving { file, path, length: 0, kept: false })
    }

    /// Removes the file of a task, if there is one.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub async fn remove(&self, task_id: &str) -> io::Result<()> {
        absent_is_fine(fs::remove_file(self.file(task_id)).await)
    }

    /// The files that have lain here since before `before`, by the names of their tasks.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub async fn older_than(&self, before: Timestamp) -> io::Result<Vec<PathBuf>> {
        let mut folder = match fs::read_dir(&self.0).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            folder => folder?,
        };
        let mut old = Vec::new();
        while let Some(entry) = folder.next_entry().await? {
            let modified = entry.metadata().await?.modified()?;
            if Timestamp::try_from(modified).is_ok_and(|modified| modified < before) {
                old.push(entry.path());
            }
        }
        Ok(old)
    }
}

/// The task that a file belongs to, if its name is one of ours: UUIDs without their dashes.
#[must_use]
pub fn owner(file: &Path) -> Option<String> {
    let name = file.file_stem()?.to_str()?;
    uuid::Uuid::try_parse(name).ok().map(|id| id.to_string())
}

/// A file that is being received; unless it is kept, it goes when this goes.
#[derive(Debug)]
pub struct Receiving {
    file: File,
    path: PathBuf,
    length: u64,
    kept: bool,
}

impl Receiving {
    /// Writes on.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    /// How much was written, in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Makes sure that it is on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub async fn sync(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await
    }

    /// Leaves it where it is.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed now is swept later.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn absent_is_fine(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use motia_testkit::Fake;

    use super::*;

    const TASK: &str = "0197f3a0-0000-7000-8000-000000000001";

    #[tokio::test]
    async fn an_upload_that_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool(folder.path().join("spool"));

        let mut receiving = spool.receive(TASK).await.unwrap();
        receiving.write(b"%PDF-").await.unwrap();
        assert_eq!(receiving.length(), 5);
        drop(receiving);

        assert!(!spool.file(TASK).exists());
    }

    #[tokio::test]
    async fn an_upload_that_is_kept_stays_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool(folder.path().join("spool"));
        let mut receiving = spool.receive(TASK).await.unwrap();
        receiving.write(b"%PDF-").await.unwrap();
        receiving.sync().await.unwrap();
        receiving.keep();

        assert_eq!(std::fs::read(spool.file(TASK)).unwrap(), b"%PDF-");
        assert_eq!(owner(&spool.file(TASK)).as_deref(), Some(TASK));
        let old = spool.older_than(Timestamp::MAX).await.unwrap();
        assert_eq!(old, [spool.file(TASK)]);
        assert!(spool.older_than(Timestamp::UNIX_EPOCH).await.unwrap().is_empty());

        spool.remove(TASK).await.unwrap();
        spool.remove(TASK).await.unwrap();
        assert!(!spool.file(TASK).exists());
    }

    #[test]
    fn a_folder_is_named_from_the_data_folder_or_from_the_root() {
        let spool = |fake: Fake| Spool::of(&fake.build::<()>().0);
        let named = |folder: &str| spool(Fake::default().setting(SPOOL, PathBuf::from(folder)));

        assert_eq!(spool(Fake::default()), Spool(PathBuf::from(".motia/spool")));
        assert_eq!(named("uploads"), Spool(PathBuf::from(".motia/uploads")));
        assert_eq!(named("/srv/uploads"), Spool(PathBuf::from("/srv/uploads")));
    }

    #[test]
    fn no_id_names_another_folder() {
        let spool = Spool(PathBuf::from("spool"));

        assert_eq!(spool.file("../../etc/passwd"), Path::new("spool/etcpasswd.pdf"));
        assert_eq!(owner(Path::new("spool/notes.txt")), None);
    }
}
