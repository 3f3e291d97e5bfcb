//! A sparse table of numbers that one writer changes while others read.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::chunks::Chunks;

const PAGE_LEN: u32 = 64;

type Page = OnceLock<Box<[AtomicU32; PAGE_LEN as usize]>>;

/// A sparse map from `u32` to `u32` in which 0 means none: pages of 64 numbers, made when first written to.
///
/// Reading takes no lock. A table that was never written to owns no heap and answers from one flag.
#[derive(Debug)]
pub struct Paged {
    written: AtomicBool,
    pages: Chunks<Page, 4>,
}

impl Paged {
    /// Makes a table of zeros, without heap.
    pub const fn new() -> Self {
        Self { written: AtomicBool::new(false), pages: Chunks::new() }
    }

    /// Returns the number at `index`; 0 where none was set.
    #[inline]
    pub fn get(&self, index: u32) -> u32 {
        // Relaxed: a reader to whom a number was published has synchronised with the writer since.
        if !self.written.load(Ordering::Relaxed) {
            return 0;
        }
        let page = self.pages.get(index / PAGE_LEN).and_then(OnceLock::get);
        page.map_or(0, |page| page[(index % PAGE_LEN) as usize].load(Ordering::Acquire))
    }

    /// Sets the number at `index`; 0 takes it away.
    pub fn set(&self, index: u32, number: u32) {
        let page = self.pages.get_or_make(index / PAGE_LEN);
        let page = page.get_or_init(|| Box::new([const { AtomicU32::new(0) }; PAGE_LEN as usize]));
        page[(index % PAGE_LEN) as usize].store(number, Ordering::Release);
        self.written.store(true, Ordering::Release);
    }

    /// Returns whether nothing was ever set.
    pub fn is_untouched(&self) -> bool {
        !self.written.load(Ordering::Relaxed)
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let pages = self.pages.slots().filter(|page| page.get().is_some()).count();
        self.pages.heap_bytes() + pages * size_of::<[AtomicU32; PAGE_LEN as usize]>()
    }
}

impl Default for Paged {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_map(writes in prop::collection::vec((0u32..5000, 0u32..3), 0..200)) {
            let table = Paged::new();
            let mut model = HashMap::new();
            for (index, number) in writes {
                table.set(index, number);
                model.insert(index, number);
            }
            for index in 0..6000 {
                prop_assert_eq!(table.get(index), model.get(&index).copied().unwrap_or(0));
            }
        }
    }

    #[test]
    fn an_untouched_table_owns_no_heap() {
        let table = Paged::new();
        assert_eq!((table.get(7), table.get(u32::MAX), table.heap_bytes()), (0, 0, 0));
        assert!(table.is_untouched());
    }

    #[test]
    fn far_indices_cost_a_directory_and_a_page() {
        let table = Paged::new();
        table.set(1_000_000, 5);
        assert_eq!((table.get(1_000_000), table.get(999_999)), (5, 0));
        assert!(table.heap_bytes() < 200_000);
    }
}
