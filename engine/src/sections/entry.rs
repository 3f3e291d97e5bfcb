//! The entries of the section table.

use crate::pages::PAGE_LEN;

/// Sections start at multiples of this, bytes.
pub const ALIGNMENT: u64 = 64;

/// The length of an entry of the section table, bytes.
pub const ENTRY_LEN: usize = 32;

/// An entry of the section table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// The number of its kind.
    pub kind: u32,
    /// The bits that each element takes.
    pub width: u32,
    /// How many elements there are.
    pub count: u64,
    /// Where it starts in the file.
    pub offset: u64,
    /// Its length, bytes.
    pub length: u64,
}

impl Section {
    /// Returns the entry as it stands in a file.
    pub fn to_bytes(&self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[0..4].copy_from_slice(&self.kind.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.width.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.count.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.offset.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// Reads an entry.
    pub fn from_bytes(bytes: &[u8; ENTRY_LEN]) -> Self {
        let half = |at: usize| u32::from_le_bytes(*bytes[at..].first_chunk().expect("the field lies within"));
        let whole = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("the field lies within"));
        Self { kind: half(0), width: half(4), count: whole(8), offset: whole(16), length: whole(24) }
    }

    pub(super) fn pages(&self) -> u64 {
        self.length.div_ceil(PAGE_LEN as u64)
    }
}

/// Returns how many zero bytes stand between `at` and the next place where a section may start.
pub fn padding(at: u64) -> usize {
    usize::try_from(at.next_multiple_of(ALIGNMENT) - at).expect("the gap is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let section = Section { kind: 1, width: 2, count: 3, offset: 4, length: u64::MAX };
        assert_eq!(Section::from_bytes(&section.to_bytes()), section);
    }
}
