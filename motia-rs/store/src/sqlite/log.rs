//! Looks for damage in the write-ahead log of a store that was not closed properly.
//!
//! After a crash SQLite reads the log up to the first frame whose checksum is wrong, and takes that
//! for the end. A transaction torn by a power cut looks like this, and was acknowledged to nobody. But
//! so does a bit that flipped in the middle, and then everything behind it would be gone without a
//! word. The two can be told apart: each transaction is synced before the next one begins, so only
//! the last one can be torn. If another transaction lies behind the one with the wrong frame, the log
//! is damaged. What cannot be told from a torn end is damage to the very last transaction (and, since
//! a disk writes by the sector, to the end of the last but one if its head lies in two of them).
//!
//! Only the last transaction can be torn as long as nothing is written over what failed or was torn:
//! so the log begins anew after a failure, and after a crash.
//!
//! Where [`relaxed`](super::relaxed) commits were made, several may be torn. But a transaction that
//! syncs those before it writes the page of the counters, and is synced before anything follows: if
//! such a one lies behind the wrong frame with something behind it, the log is damaged all the same.
//!
//! A log that a crash left behind may also be there only in the system's memory: a sync that failed
//! makes it forget which pages still had to be written. So all of it is written once more.
//!
//! Format: <https://www.sqlite.org/fileformat.html#the_write_ahead_log>.

use std::{
    fs::{File, OpenOptions},
    io::{BufReader, ErrorKind, Read, Seek, Write},
    path::Path,
};

use motia_core::store::StoreError;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
const MAGIC: u32 = 0x377f_0682;
/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The page of the table `meta`, which is the first that was made.
const COUNTERS: u32 = 2;

/// Refuses a log that lost anything but a torn last transaction, or torn last relaxed ones.
pub(super) fn check(path: &Path, relaxed: bool) -> Result<(), StoreError> {
    let read = |log| sound(BufReader::with_capacity(1 << 20, log), relaxed);
    match File::open(path).and_then(read) {
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

/// Writes a log once more as it is, and syncs it, so that what is read from it is on the disk too.
pub(super) fn renew(path: &Path) -> std::io::Result<()> {
    let log = OpenOptions::new().read(true).write(true).open(path);
    let mut log = match log {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        log => log?,
    };
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = log.read(&mut piece)?;
        if length == 0 {
            return log.sync_all();
        }
        log.seek_relative(-(length as i64))?;
        log.write_all(&piece[..length])?;
    }
}

fn sound(mut log: impl Read, relaxed: bool) -> std::io::Result<bool> {
    let mut header = [0; HEADER];
    if !fill(&mut log, &mut header)? || header == [0; HEADER] {
        return Ok(true);
    }
    let Some(mut before) = Sum::of_header(&header) else { return Ok(false) };
    let salt = &header[16..24];
    let mut frame = vec![0; FRAME_HEADER + word(&header, 8) as usize];

    let (mut valid, mut at) = (true, HEADER);
    let mut commits_behind = 0;
    let mut frames_behind = false;
    // Whether the transaction at hand syncs those before it, and whether one did that is whole.
    let (mut syncs, mut synced) = (false, false);
    while fill(&mut log, &mut frame)? {
        let stored = Sum::stored(&frame[16..FRAME_HEADER], before);
        let follows = before.and(&frame) == stored;
        // Otherwise it is a frame of an earlier round of the log, or one that is damaged right here.
        let ours = &frame[8..16] == salt;
        if valid && follows && !ours {
            return Ok(false);
        }
        valid = valid && follows;
        // A power cut may put a part of a new head together with one of an old frame's.
        let whole_head = at % SECTOR + FRAME_HEADER <= SECTOR;
        if !valid && ours && (follows || whole_head) {
            let ends = word(&frame, 4) != 0 || before.lacks_its_end(&frame, stored);
            frames_behind |= if relaxed { synced } else { commits_behind > 0 };
            syncs |= word(&frame, 0) == COUNTERS;
            if ends {
                commits_behind += 1;
                synced |= std::mem::take(&mut syncs);
            }
        }
        before = stored;
        at += frame.len();
    }
    Ok(!frames_behind && (relaxed || commits_behind < 2))
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
#[derive(Clone, Copy, PartialEq, Eq)]
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
        (sum == Self::stored(&header[24..], sum)).then_some(sum)
    }

    /// The sum that was written down, of the kind of another.
    fn stored(bytes: &[u8], like: Self) -> Self {
        Self { sum: (word(bytes, 0), word(bytes, 4)), ..like }
    }

    /// The sum with one more frame.
    fn and(mut self, frame: &[u8]) -> Self {
        self.add(&frame[..8]);
        self.add(&frame[FRAME_HEADER..]);
        self
    }

    /// Whether a frame would have the sum that was written down if it ended a transaction, and only
    /// the bit that says so were flipped.
    fn lacks_its_end(self, frame: &[u8], stored: Self) -> bool {
        // A word counts in the sum by a factor that depends on how many pairs of words follow.
        let mut factors = [(1_u32, 0_u32), (0, 1)];
        for _ in frame[FRAME_HEADER..].chunks_exact(8) {
            let [(a, b), (c, d)] = factors;
            let (e, f) = (a.wrapping_add(c), b.wrapping_add(d));
            factors = [(e, f), (e.wrapping_add(c), f.wrapping_add(d))];
        }
        let (found, (one, two)) = (self.and(frame).sum, factors[1]);
        let with = |bit: u32| {
            let first = found.0.wrapping_add(bit.wrapping_mul(one));
            (first, found.1.wrapping_add(bit.wrapping_mul(two))) == stored.sum
        };
        word(frame, 4) == 0 && (0..32).any(|bit| with(1 << bit))
    }

    fn add(&mut self, bytes: &[u8]) {
        let (mut first, mut second) = self.sum;
        for (one, two) in bytes.chunks_exact(8).map(|pair| self.words(pair)) {
            first = first.wrapping_add(one).wrapping_add(second);
            second = second.wrapping_add(two).wrapping_add(first);
        }
        self.sum = (first, second);
    }

    fn words(self, pair: &[u8]) -> (u32, u32) {
        let (one, two) = (word(pair, 0), word(pair, 4));
        if self.big_endian { (one, two) } else { (one.swap_bytes(), two.swap_bytes()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 512;
    const FRAME: usize = FRAME_HEADER + PAGE;

    /// A log whose frames end a transaction where `ends` says so.
    fn log(salt: u8, frames: usize, ends: impl Fn(usize) -> bool) -> Vec<u8> {
        let mut log = Vec::new();
        log.extend(MAGIC.to_be_bytes());
        log.extend(3_007_000_u32.to_be_bytes());
        log.extend((PAGE as u32).to_be_bytes());
        log.extend([0; 4]);
        log.extend([salt; 8]);
        let mut sum = Sum { big_endian: false, sum: (0, 0) };
        sum.add(&log);
        let write = |sum: Sum| [sum.sum.0.to_be_bytes(), sum.sum.1.to_be_bytes()].concat();
        log.extend(write(sum));
        for n in 0..frames {
            let mut frame =
                [n as u32 + u32::from(salt), u32::from(ends(n))].map(u32::to_be_bytes).concat();
            frame.extend([salt; 16]);
            frame.extend([n as u8; PAGE]);
            sum = sum.and(&frame);
            frame[16..FRAME_HEADER].copy_from_slice(&write(sum));
            log.extend(frame);
        }
        log
    }

    fn is_sound(log: &[u8]) -> bool {
        sound(log, false).expect("memory can be read")
    }

    #[test]
    fn a_flipped_bit_before_the_last_transaction_is_noticed() {
        let whole = log(7, 8, |n| n % 2 == 1);
        assert!(is_sound(&whole));

        for bit in 0..(HEADER + 6 * FRAME) * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_sound(&damaged), "bit {bit}");
        }
    }

    #[test]
    fn a_damaged_page_before_the_last_transaction_is_noticed() {
        let whole = log(7, 9, |n| n % 3 == 2);

        for at in (0..6).map(|frame| HEADER + frame * FRAME + FRAME_HEADER) {
            let mut damaged = whole.clone();
            damaged[at..][..PAGE].fill(0xa5);
            assert!(!is_sound(&damaged), "byte {at}");
        }
    }

    #[test]
    fn a_last_transaction_that_a_power_cut_tore_is_no_damage() {
        let whole = log(7, 9, |n| n % 3 == 2);
        let last = HEADER + 6 * FRAME;

        for at in last..whole.len() {
            assert!(is_sound(&whole[..at]), "cut off at {at}");
        }
        for sector in last.div_ceil(SECTOR)..whole.len() / SECTOR {
            let mut torn = whole.clone();
            torn[sector * SECTOR..][..SECTOR].fill(0);
            assert!(is_sound(&torn), "sector {sector} was not written");
        }
    }

    #[test]
    fn an_old_sector_within_the_last_transaction_is_no_damage() {
        let (old, new) = (log(7, 60, |_| true), log(8, 60, |n| n == 59));

        for sector in 1..new.len() / SECTOR {
            let mut torn = new.clone();
            let bytes = sector * SECTOR..(sector + 1) * SECTOR;
            torn[bytes.clone()].copy_from_slice(&old[bytes]);
            assert!(is_sound(&torn), "sector {sector}");
        }
    }
}
