//! Where the element of an index lies in a row of chunks that double in size.

use std::sync::OnceLock;

/// The logarithm of how many slots of a chunk are made at once, so that a large one takes memory only as it is filled.
const PART: u32 = 15;

/// Slots that lie side by side; made when one of them is first written to.
type Part<S> = OnceLock<Box<[S]>>;

/// A row of chunks, the first of `2^FIRST` slots, each later one twice as large.
///
/// Chunks of up to `2^PART` slots are made as a whole, one step from the row; those of larger ones are in parts. What was made
/// never moves or changes its size, so readers need no lock.
#[derive(Debug)]
pub(super) struct Chunks<S, const FIRST: u32> {
    /// The chunks that are one part, by number; the places behind them stay empty.
    whole: [Part<S>; PART as usize + 1],
    /// The larger chunks, by how many times they are larger than one of one part.
    parted: [OnceLock<Box<[Part<S>]>>; (u32::BITS - PART) as usize],
}

impl<S: Default, const FIRST: u32> Chunks<S, FIRST> {
    /// The largest number of slots.
    pub(super) const SLOTS_MAX: u32 = u32::MAX - (1 << FIRST);

    /// How many chunks are one part.
    const WHOLE: usize = (PART - FIRST) as usize + 1;

    pub(super) const fn new() -> Self {
        Self {
            whole: [const { OnceLock::new() }; PART as usize + 1],
            parted: [const { OnceLock::new() }; (u32::BITS - PART) as usize],
        }
    }

    /// Returns the slot of an index, where it has been made.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&S> {
        let (chunk, slot) = Self::locate(index)?;
        if chunk < Self::WHOLE {
            return self.whole[chunk].get()?.get(slot);
        }
        let parts = self.parted[chunk - Self::WHOLE].get()?;
        parts.get(slot >> PART)?.get()?.get(slot & ((1 << PART) - 1))
    }

    /// Returns the slot of an index and makes its part where it is missing.
    pub(super) fn get_or_make(&self, index: u32) -> &S {
        let (chunk, slot) = Self::locate(index).expect("the caller keeps below SLOTS_MAX");
        let slots = 1_usize << (FIRST as usize + chunk);
        let make = || (0..slots.min(1 << PART)).map(|_| S::default()).collect();
        if chunk < Self::WHOLE {
            return &self.whole[chunk].get_or_init(make)[slot];
        }
        let row = &self.parted[chunk - Self::WHOLE];
        let parts = row.get_or_init(|| (0..slots >> PART).map(|_| OnceLock::new()).collect());
        &parts[slot >> PART].get_or_init(make)[slot & ((1 << PART) - 1)]
    }

    /// Returns every slot made so far.
    pub(super) fn slots(&self) -> impl Iterator<Item = &S> {
        self.parts().flatten()
    }

    /// Returns the bytes of what was made so far, without what the slots own.
    pub(super) fn heap_bytes(&self) -> usize {
        let parted = self.parted.iter().filter_map(OnceLock::get);
        parted.map(|parts| size_of_val(&**parts)).sum::<usize>() + self.parts().map(size_of_val).sum::<usize>()
    }

    fn parts(&self) -> impl Iterator<Item = &[S]> {
        let parted = self.parted.iter().filter_map(OnceLock::get).flatten();
        self.whole.iter().chain(parted).filter_map(OnceLock::get).map(|part| &**part)
    }

    /// Returns the chunk and the slot in it of an index: `index + 2^FIRST` has the chunk as its highest bit.
    #[inline]
    fn locate(index: u32) -> Option<(usize, usize)> {
        let shifted = index.checked_add(1 << FIRST)?;
        let highest = shifted.ilog2();
        Some(((highest - FIRST) as usize, (shifted ^ 1 << highest) as usize))
    }
}
