//! What the process and its files take up, from `/proc` and the data folder.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
    time::Duration,
};

use anyhow::Context as _;
use serde::Serialize;

use super::super::child::Child;

/// What was seen at one moment.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sample {
    /// After the beginning.
    #[serde(serialize_with = "seconds")]
    pub(super) at: Duration,
    /// How often the app had been started again.
    pub(super) life: usize,
    /// Resident memory in bytes.
    pub(super) resident: u64,
    /// Open file descriptors.
    pub(super) open: u64,
    /// Threads.
    pub(super) threads: u64,
    /// Bytes of the database. It never gives back the room that the largest backlog took.
    pub(super) database: u64,
    /// Bytes of it that hold something, as of its last checkpoint.
    pub(super) in_use: u64,
    /// Bytes of its log.
    pub(super) log: u64,
    /// Events that wait, are delayed, held or at work.
    pub(super) left: u64,
    /// Processes of the whole machine that run or wait to, on average over a minute.
    pub(super) machine: f64,
}

fn seconds<S: serde::Serializer>(at: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(at.as_secs_f64())
}

impl Sample {
    pub(super) fn take(
        child: &Child,
        data: &Path,
        at: Duration,
        life: usize,
    ) -> anyhow::Result<Self> {
        let process = Path::new("/proc").join(child.pid().to_string());
        let status = fs::read_to_string(process.join("status"))
            .context("the process is looked at through /proc, which only Linux has")?;
        let number = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
        };
        Ok(Self {
            at,
            life,
            resident: number("VmRSS").context("resident memory")? * 1024,
            threads: number("Threads").context("threads")?,
            open: fs::read_dir(process.join("fd"))?.count() as u64,
            database: size(&data.join("motia.db"))?,
            in_use: in_use(&data.join("motia.db"))?,
            log: size(&data.join("motia.db-wal"))?,
            left: child.left()?,
            machine: machine_load()?,
        })
    }
}

fn machine_load() -> anyhow::Result<f64> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().context("the load of the machine")?.parse()?)
}

/// Pages that are not free, from the header of the file: <https://www.sqlite.org/fileformat.html#the_database_header>.
fn in_use(file: &Path) -> anyhow::Result<u64> {
    let mut header = [0; 40];
    fs::File::open(file)?.read_exact(&mut header)?;
    let word = |at| u32::from_be_bytes([0, 1, 2, 3].map(|byte: usize| header[at + byte]));
    let page = u64::from(u16::from_be_bytes([header[16], header[17]]));
    let (pages, free) = (word(28), word(36));
    Ok(u64::from(pages.saturating_sub(free)) * page)
}

fn size(file: &Path) -> io::Result<u64> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        other => other.map(|file| file.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_is_not_in_use_though_the_file_keeps_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("motia.db");
        let db = rusqlite::Connection::open(&file).unwrap();
        let fill = "CREATE TABLE filled AS SELECT zeroblob(1000000) AS bytes";
        db.execute_batch(fill).unwrap();
        let filled = in_use(&file).unwrap();
        assert_eq!(filled, size(&file).unwrap());

        db.execute_batch("DELETE FROM filled").unwrap();

        assert_eq!(size(&file).unwrap(), filled);
        assert!(in_use(&file).unwrap() < 20_000);
    }
}
