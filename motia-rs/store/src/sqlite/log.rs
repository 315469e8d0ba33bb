//! Looks for damage in the write-ahead log of a store that was not closed properly.
//!
//! After a crash SQLite reads the log up to the first frame whose checksum is wrong, and takes that
//! for the end. A transaction torn by a power cut looks like this, and was acknowledged to nobody. But
//! so does a bit that flipped in the middle, and then everything behind it would be gone without a
//! word. The two can be told apart: each transaction is synced before the next one begins, so only
//! the last one can be torn. If whole transactions lie behind the wrong frame, the log is damaged.
//!
//! Format: <https://www.sqlite.org/fileformat.html#the_write_ahead_log>.

use std::{
    fs::File,
    io::{BufReader, ErrorKind, Read},
    path::Path,
};

use motia_core::store::StoreError;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const MAGIC: u32 = 0x377f_0682;

/// Refuses a log that lost more than its last transaction.
pub(super) fn check(path: &Path) -> Result<(), StoreError> {
    match sound(path) {
        Ok(true) => Ok(()),
        Ok(false) => Err(StoreError::Corrupt(format!(
            "{0} is damaged, and commits behind the damage would be lost: put back a copy of the data \
             folder, or move {0} away to go on without the last commits",
            path.display()
        ))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreError::Io(format!("{}: {error}", path.display()))),
    }
}

fn sound(path: &Path) -> std::io::Result<bool> {
    let mut log = BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? || header == [0; HEADER] {
        return Ok(true);
    }
    let Some(mut sum) = Sum::of_header(&header) else { return Ok(false) };
    let salt = &header[16..24];
    let mut frame = vec![0; FRAME_HEADER + word(&header, 8) as usize];

    let mut valid = true;
    let mut commits_behind = 0;
    let mut frames_behind = false;
    while fill(&mut log, &mut frame)? {
        // A frame of an earlier round of the log, or one that is damaged right here.
        let ours = &frame[8..16] == salt;
        valid = valid && ours && {
            sum.add(&frame[..8]);
            sum.add(&frame[FRAME_HEADER..]);
            sum.matches(&frame[16..FRAME_HEADER])
        };
        if !valid && ours {
            frames_behind |= commits_behind > 0;
            commits_behind += u32::from(word(&frame, 4) != 0);
        }
    }
    Ok(!frames_behind && commits_behind < 2)
}

/// Reads a whole piece, or says that there is none.
fn fill(log: &mut impl Read, piece: &mut [u8]) -> std::io::Result<bool> {
    match log.read_exact(piece) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// The running checksum of the log.
struct Sum {
    big_endian: bool,
    sum: (u32, u32),
}

impl Sum {
    fn of_header(header: &[u8; HEADER]) -> Option<Self> {
        let magic = word(header, 0);
        let page = word(header, 8);
        if magic & !1 != MAGIC || !page.is_power_of_two() || !(512..=65536).contains(&page) {
            return None;
        }
        let mut sum = Self { big_endian: magic & 1 == 1, sum: (0, 0) };
        sum.add(&header[..24]);
        sum.matches(&header[24..]).then_some(sum)
    }

    fn add(&mut self, bytes: &[u8]) {
        let (mut first, mut second) = self.sum;
        for pair in bytes.chunks_exact(8) {
            let (one, two) = if self.big_endian {
                (word(pair, 0), word(pair, 4))
            } else {
                (word(pair, 0).swap_bytes(), word(pair, 4).swap_bytes())
            };
            first = first.wrapping_add(one).wrapping_add(second);
            second = second.wrapping_add(two).wrapping_add(first);
        }
        self.sum = (first, second);
    }

    fn matches(&self, bytes: &[u8]) -> bool {
        self.sum == (word(bytes, 0), word(bytes, 4))
    }
}
