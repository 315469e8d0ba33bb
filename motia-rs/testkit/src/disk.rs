//! A disk that fails on command, under a real process: full, or with errors when it is written to or
//! synced. It can kill the process between any two of its actions, and lose what was not synced.
//!
//! A small library in C (`disk/faulty.c`) stands between the process and the C library, so this is
//! for Linux with a C compiler, which the bundled SQLite needs anyway.
#![expect(clippy::unwrap_used, reason = "all of this is test code, compiled into a library")]

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not.
    None,
    /// No file can grow any more: `ENOSPC`.
    Full,
    /// Nothing can be written: `EIO`.
    Write,
    /// Nothing can be synced: `EIO`. What was written since the last sync never reaches the disk.
    Sync,
}

impl Fault {
    /// Has the disk fail like this from now on, from within a process that works on it.
    ///
    /// # Panics
    /// If the process works on no faulty disk.
    pub fn begin_here(self) {
        let book = std::env::var_os("FAULTY_DISK_BOOK").expect("this process is on a faulty disk");
        self.begin(book.as_ref());
    }

    fn begin(self, book: &Path) {
        let word = match self {
            Self::None => "ok",
            Self::Full => "full",
            Self::Write => "write",
            Self::Sync => "sync",
        };
        // Renamed, for it may be read at any moment.
        fs::write(book.join("draft"), word).unwrap();
        fs::rename(book.join("draft"), book.join("fault")).unwrap();
    }
}

/// What a power cut leaves of the writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerCut {
    /// Nothing.
    LosesAll,
    /// Some of their sectors, chosen by a seed.
    LosesSome(u64),
}

/// The disk under one folder.
///
/// ```no_run
/// use std::process::Command;
///
/// use motia_testkit::disk::{Fault, FaultyDisk, PowerCut};
///
/// let folder = tempfile::tempdir().unwrap();
/// let disk = FaultyDisk::under(&folder.path().join("data"));
/// let mut app = disk.beneath(Command::new("app")).spawn().unwrap();
/// disk.fail(Fault::Sync);
/// app.kill().unwrap();
/// app.wait().unwrap();
/// disk.cut_power(PowerCut::LosesAll);
/// ```
#[derive(Debug)]
pub struct FaultyDisk {
    folder: PathBuf,
    book: TempDir,
}

/// What the book is about; see `disk/faulty.c`.
const CHAPTERS: [&str; 4] = ["durable", "named", "pending", "unlinked"];

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

impl FaultyDisk {
    /// The disk under a folder that need not exist yet, though its parent has to.
    ///
    /// # Panics
    /// If the folder can have no parent.
    #[must_use]
    pub fn under(folder: &Path) -> Self {
        let parent = folder.parent().unwrap().canonicalize().unwrap();
        let book = tempfile::tempdir().unwrap();
        for chapter in CHAPTERS {
            fs::create_dir(book.path().join(chapter)).unwrap();
        }
        Self { folder: parent.join(folder.file_name().unwrap()), book }
    }

    /// A disk under another folder that is as this one is now.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn copied_to(&self, folder: &Path) -> Self {
        let copy = Self::under(folder);
        copy_files(&self.folder, &copy.folder);
        for chapter in CHAPTERS {
            copy_files(&self.book.path().join(chapter), &copy.book.path().join(chapter));
        }
        copy
    }

    /// The folder that lies on it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has a command work on this disk.
    ///
    /// # Panics
    /// If there is no C compiler.
    #[must_use]
    pub fn beneath(&self, mut command: Command) -> Command {
        command
            .env("LD_PRELOAD", library())
            .env("FAULTY_DISK_FOLDER", &self.folder)
            .env("FAULTY_DISK_BOOK", self.book.path());
        command
    }

    /// As [`beneath`](Self::beneath), and the process is killed instead of its `action`th write,
    /// sync, truncation or removal, counted from 1.
    #[must_use]
    pub fn deadly_beneath(&self, command: Command, action: u32) -> Command {
        let mut command = self.beneath(command);
        command.env("FAULTY_DISK_DIE_AT", action.to_string());
        command
    }

    /// Fails like this from now on.
    ///
    /// # Panics
    /// If it cannot be told to.
    pub fn fail(&self, fault: Fault) {
        fault.begin(self.book.path());
    }

    /// Leaves what a power cut does. No process may work on the folder at the time.
    ///
    /// # Panics
    /// If the folder cannot be written.
    pub fn cut_power(&self, cut: PowerCut) {
        let chapter = |kind: &str| self.book.path().join(kind);
        let mut dice = Dice(match cut {
            PowerCut::LosesAll => 0,
            PowerCut::LosesSome(seed) => seed,
        });
        let named = names(&chapter("named"));
        let kept: Vec<_> = named
            .into_iter()
            .map(|name| {
                let mut bytes = fs::read(chapter("durable").join(&name)).unwrap_or_default();
                if cut != PowerCut::LosesAll && !chapter("unlinked").join(&name).exists() {
                    let now = fs::read(self.folder.join(&name)).unwrap_or_default();
                    let changes = fs::read(chapter("pending").join(&name)).unwrap_or_default();
                    keep_some(&mut bytes, &now, &changes, &mut dice);
                }
                (name, bytes)
            })
            .collect();

        for folder in [&self.folder, &chapter("durable"), &chapter("pending"), &chapter("unlinked")]
        {
            for name in names(folder) {
                fs::remove_file(folder.join(name)).unwrap();
            }
        }
        for (name, bytes) in kept {
            fs::write(self.folder.join(&name), &bytes).unwrap();
            fs::write(chapter("durable").join(&name), &bytes).unwrap();
        }
    }
}

/// Applies some of the changes that were not synced, sector by sector.
fn keep_some(bytes: &mut Vec<u8>, now: &[u8], changes: &[u8], dice: &mut Dice) {
    let number = |bytes: &[u8]| i64::from_ne_bytes(bytes.try_into().unwrap());
    for change in changes.chunks_exact(16) {
        let (at, length) = (number(&change[..8]), number(&change[8..]) as usize);
        let Ok(at) = usize::try_from(at) else {
            if dice.heads() {
                bytes.resize(length, 0);
            }
            continue;
        };
        let (mut from, end) = (at, (at + length).min(now.len()));
        while from < end {
            let to = ((from / SECTOR + 1) * SECTOR).min(end);
            if dice.heads() {
                bytes.resize(bytes.len().max(to), 0);
                bytes[from..to].copy_from_slice(&now[from..to]);
            }
            from = to;
        }
    }
}

/// Where the C library is compiled to: once for each version of its source.
fn library() -> PathBuf {
    const SOURCE: &str = include_str!("disk/faulty.c");
    let mut hash = DefaultHasher::new();
    SOURCE.hash(&mut hash);
    let library = std::env::temp_dir().join(format!("motia-faulty-disk-{:x}.so", hash.finish()));
    if !library.exists() {
        // Renamed, for several tests and threads may be at it.
        let draft = tempfile::tempdir_in(std::env::temp_dir()).unwrap();
        let (source, made) = (draft.path().join("faulty.c"), draft.path().join("faulty.so"));
        fs::write(&source, SOURCE).unwrap();
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&made, &source])
            .args(["-ldl", "-lpthread"])
            .status()
            .unwrap();
        assert!(compiled.success(), "the C compiler refuses faulty.c");
        fs::rename(made, &library).unwrap();
    }
    library
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in names(from) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
}

/// The files of a folder, in order.
fn names(folder: &Path) -> Vec<std::ffi::OsString> {
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    names.sort();
    names
}

/// Chance that repeats: splitmix64, see <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn heads(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) & 1 == 1
    }
}
