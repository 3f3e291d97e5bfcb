//! Where the element of an index lies in a row of chunks that double in size.

use std::sync::OnceLock;

/// The logarithm of how many slots of a chunk are made at once, so that a large one takes memory only as it is filled.
const PART: u32 = 15;

/// Slots of a chunk that lie side by side.
type Part<S> = OnceLock<Box<[S]>>;

/// A row of chunks, the first of `2^FIRST` slots, each later one twice as large; made part by part when first written to.
///
/// A part never moves or changes its size, so readers need no lock.
#[derive(Debug)]
pub(super) struct Chunks<S, const FIRST: u32>([OnceLock<Box<[Part<S>]>>; 32]);

impl<S: Default, const FIRST: u32> Chunks<S, FIRST> {
    /// The largest number of slots.
    pub(super) const SLOTS_MAX: u32 = u32::MAX - (1 << FIRST);

    pub(super) const fn new() -> Self {
        Self([const { OnceLock::new() }; 32])
    }

    /// Returns the slot of an index, where it has been made.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&S> {
        let (chunk, slot) = Self::locate(index)?;
        let parts = self.0[chunk].get()?;
        parts.get(slot >> PART)?.get()?.get(slot & ((1 << PART) - 1))
    }

    /// Returns the slot of an index and makes its part where it is missing.
    pub(super) fn get_or_make(&self, index: u32) -> &S {
        let (chunk, slot) = Self::locate(index).expect("the caller keeps below SLOTS_MAX");
        let slots = 1_usize << (FIRST as usize + chunk);
        let parts = self.0[chunk].get_or_init(|| (0..slots.div_ceil(1 << PART)).map(|_| OnceLock::new()).collect());
        let make = || (0..slots.min(1 << PART)).map(|_| S::default()).collect();
        &parts[slot >> PART].get_or_init(make)[slot & ((1 << PART) - 1)]
    }

    /// Returns every slot made so far.
    pub(super) fn slots(&self) -> impl Iterator<Item = &S> {
        self.parts().flatten()
    }

    /// Returns the bytes of the parts made so far, without what their slots own.
    pub(super) fn heap_bytes(&self) -> usize {
        let chunks = self.0.iter().filter_map(OnceLock::get);
        chunks.map(|parts| size_of_val(&**parts)).sum::<usize>() + self.parts().map(size_of_val).sum::<usize>()
    }

    fn parts(&self) -> impl Iterator<Item = &[S]> {
        self.0.iter().filter_map(OnceLock::get).flatten().filter_map(OnceLock::get).map(|part| &**part)
    }

    /// Returns the chunk and the slot in it of an index: `index + 2^FIRST` has the chunk as its highest bit.
    #[inline]
    fn locate(index: u32) -> Option<(usize, usize)> {
        let shifted = index.checked_add(1 << FIRST)?;
        let highest = shifted.ilog2();
        Some(((highest - FIRST) as usize, (shifted ^ 1 << highest) as usize))
    }
}
