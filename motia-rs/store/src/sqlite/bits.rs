//! Which of the deliveries of a segment wait.

/// A 1 at the offset of each delivery that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    len: u16,
    words: Box<[u64]>,
}

impl Bits {
    /// With a 1 at each of the offsets, which rise.
    pub(super) fn at(offsets: &[u16]) -> Self {
        let mut bits = Self::zeros(offsets.last().map_or(0, |last| last + 1));
        offsets.iter().for_each(|offset| bits.set(*offset));
        bits
    }

    /// Those that were written as a [text](Self::to_text).
    pub(super) fn from_text(text: &str) -> Option<Self> {
        let mut bits = Self::zeros(u16::try_from(text.len()).ok()?);
        for (offset, bit) in (0..).zip(text.bytes()) {
            match bit {
                b'1' => bits.set(offset),
                b'0' => {}
                _ => return None,
            }
        }
        Some(bits)
    }

    fn zeros(len: u16) -> Self {
        Self { len, words: vec![0; usize::from(len).div_ceil(64)].into() }
    }

    pub(super) fn to_text(&self) -> String {
        (0..self.len).map(|offset| if self.get(offset) { '1' } else { '0' }).collect()
    }

    /// One more than the highest offset that it was made with.
    pub(super) fn len(&self) -> u16 {
        self.len
    }

    pub(super) fn get(&self, offset: u16) -> bool {
        let word = self.words.get(usize::from(offset / 64));
        word.is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }

    pub(super) fn set(&mut self, offset: u16) {
        self.words[usize::from(offset / 64)] |= 1 << (offset % 64);
    }

    pub(super) fn clear(&mut self, offset: u16) {
        self.words[usize::from(offset / 64)] &= !(1 << (offset % 64));
    }

    /// Where there is a 1.
    pub(super) fn offsets(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len).filter(|offset| self.get(*offset)).map(i64::from)
    }

    /// How many wait.
    pub(super) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_read_back_as_they_were_written() {
        for offsets in [&[0][..], &[0, 1, 63, 64, 65], &[7, 1023]] {
            let bits = Bits::at(offsets);
            assert_eq!(Bits::from_text(&bits.to_text()), Some(bits.clone()));
            assert_eq!(bits.count(), offsets.len() as u64);
            assert!((0..1100).filter(|at| bits.get(*at)).eq(offsets.iter().copied()));
        }
        assert_eq!(Bits::at(&[0, 2]).to_text(), "101");
    }

    #[test]
    fn what_is_cleared_is_gone_until_it_is_set_again() {
        let mut bits = Bits::at(&[0, 70]);
        bits.clear(70);
        assert!(!bits.get(70) && !bits.is_empty());
        bits.clear(0);
        assert!(bits.is_empty());
        bits.set(70);
        assert_eq!((bits.count(), bits.len()), (1, 71));
    }

    #[test]
    fn other_text_is_none() {
        for text in ["10 ", "102", "é", &"1".repeat(70_000)] {
            assert_eq!(Bits::from_text(text), None, "{text:.5}");
        }
    }
}
