//! Control groups (cgroup v2): where the app may make some, each child process runs in one of its own, and
//! the kernel holds it and all that it starts to its memory and its share of the processors.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where the hierarchy of version 2 lies.
const ROOT: &str = "/sys/fs/cgroup";
/// What the groups of children are called, before their number.
const PREFIX: &str = "motia-task-";
/// The period of `cpu.max`, in microseconds.
const PERIOD: u64 = 100_000;

/// The group in which those of children are made.
#[derive(Debug)]
pub struct Cages {
    base: PathBuf,
}

impl Cages {
    /// The group that was named, or the app's own, if groups with limits can be made in it. Those that
    /// a process before this one left behind are removed.
    #[must_use]
    pub fn find(named: Option<&Path>) -> Option<Self> {
        let base = named.map(Path::to_path_buf).or_else(own)?;
        let controllers = fs::read_to_string(base.join("cgroup.subtree_control")).ok()?;
        let has = |wanted| controllers.split_whitespace().any(|known| known == wanted);
        if !has("memory") || !has("cpu") {
            return None;
        }
        let cages = Self { base };
        cages.sweep();
        cages.make("probe", None, None).ok().map(drop)?;
        Some(cages)
    }

    fn sweep(&self) {
        let left = fs::read_dir(&self.base).into_iter().flatten().flatten();
        for group in left.filter(|group| group.file_name().to_string_lossy().starts_with(PREFIX)) {
            drop(fs::remove_dir(group.path())); // one that is in use cannot be removed
        }
    }

    /// Makes a group with these limits: bytes of memory, and thousandths of a processor.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub fn make(
        &self,
        name: &str,
        memory: Option<u64>,
        millicores: Option<u32>,
    ) -> io::Result<Cage> {
        let cage = Cage { path: self.base.join(format!("{PREFIX}{name}")) };
        fs::create_dir(&cage.path)?;
        if let Some(bytes) = memory {
            fs::write(cage.path.join("memory.max"), bytes.to_string())?;
            // Where there is no swap there is no such file, and nothing to forbid.
            drop(fs::write(cage.path.join("memory.swap.max"), "0"));
        }
        if let Some(millis) = millicores {
            let quota = u64::from(millis) * PERIOD / 1000;
            fs::write(cage.path.join("cpu.max"), format!("{quota} {PERIOD}"))?;
        }
        Ok(cage)
    }
}

/// The app's own group.
fn own() -> Option<PathBuf> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    Some(Path::new(ROOT).join(own.trim_start_matches('/')))
}

/// A group of one child; all that is in it is killed and the group removed when this is dropped.
#[derive(Debug)]
pub struct Cage {
    path: PathBuf,
}

impl Cage {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something in it was killed for its memory.
    #[must_use]
    pub fn ran_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.path.join("memory.events")).unwrap_or_default();
        let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
        kills.is_some_and(|count| count.trim() != "0")
    }
}

impl Drop for Cage {
    fn drop(&mut self) {
        drop(fs::write(self.path.join("cgroup.kill"), "1"));
        drop(fs::remove_dir(&self.path)); // otherwise the next start sweeps it up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that looks like a group that is delegated to the app.
    fn delegated(controllers: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cgroup.subtree_control"), controllers).unwrap();
        folder
    }

    #[test]
    fn a_group_is_made_with_its_limits() {
        let folder = delegated("cpu io memory pids");
        let cages = Cages { base: folder.path().to_path_buf() };

        let cage = cages.make("1", Some(64 << 20), Some(500)).unwrap();

        let read = |file: &str| fs::read_to_string(cage.path().join(file)).unwrap();
        assert_eq!((read("memory.max"), read("memory.swap.max")), ("67108864".into(), "0".into()));
        assert_eq!(read("cpu.max"), "50000 100000");
        assert!(!cage.ran_out_of_memory());
        fs::write(cage.path().join("memory.events"), "oom 1\noom_kill 1\n").unwrap();
        assert!(cage.ran_out_of_memory());
    }

    #[test]
    fn where_no_limits_can_be_set_there_are_no_groups() {
        assert!(Cages::find(Some(delegated("pids").path())).is_none());
        assert!(Cages::find(Some(Path::new("/no/such/group"))).is_none());
        assert!(Cages::find(Some(delegated("cpu memory").path())).is_some());
    }
}
