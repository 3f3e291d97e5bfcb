//! Where the element of an index lies in a row of chunks that double in size.

use std::sync::OnceLock;

/// A row of chunks, the first of `2^FIRST` slots, each later one twice as large; made when first written to.
///
/// A chunk never moves or changes its size, so readers need no lock.
#[derive(Debug)]
pub(super) struct Chunks<S, const FIRST: u32>([OnceLock<Box<[S]>>; 32]);

impl<S: Default, const FIRST: u32> Chunks<S, FIRST> {
    /// The largest number of slots.
    pub(super) const SLOTS_MAX: u32 = u32::MAX - (1 << FIRST);

    pub(super) const fn new() -> Self {
        Self([const { OnceLock::new() }; 32])
    }

    /// Returns the slot of an index, where its chunk has been made.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&S> {
        let (chunk, slot) = Self::locate(index)?;
        self.0[chunk].get()?.get(slot)
    }

    /// Returns the slot of an index and makes its chunk where it is missing.
    pub(super) fn get_or_make(&self, index: u32) -> &S {
        let (chunk, slot) = Self::locate(index).expect("the caller keeps below SLOTS_MAX");
        let make = || (0..1_u32 << (FIRST as usize + chunk)).map(|_| S::default()).collect();
        &self.0[chunk].get_or_init(make)[slot]
    }

    /// Returns every slot of the chunks made so far.
    pub(super) fn slots(&self) -> impl Iterator<Item = &S> {
        self.0.iter().filter_map(OnceLock::get).flatten()
    }

    /// Returns the bytes of the chunks made so far, without what their slots own.
    pub(super) fn heap_bytes(&self) -> usize {
        self.0.iter().filter_map(OnceLock::get).map(|chunk| size_of_val(&**chunk)).sum()
    }

    /// Returns the chunk and the slot in it of an index: `index + 2^FIRST` has the chunk as its highest bit.
    #[inline]
    fn locate(index: u32) -> Option<(usize, usize)> {
        let shifted = index.checked_add(1 << FIRST)?;
        let highest = shifted.ilog2();
        Some(((highest - FIRST) as usize, (shifted ^ 1 << highest) as usize))
    }
}
