//! A list that one writer appends to while others read.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::chunks::Chunks;

/// An append-only list: one writer pushes, any number of readers get, without locks.
///
/// A reader asks only for indices that the writer has published to it; an index not yet written is `None`.
pub struct Arena<T> {
    chunks: Chunks<OnceLock<T>, 6>,
    len: AtomicU32,
}

impl<T> Arena<T> {
    /// Makes an empty list, without heap.
    pub const fn new() -> Self {
        Self { chunks: Chunks::new(), len: AtomicU32::new(0) }
    }

    /// Appends a value and returns its index. One thread at a time may push.
    ///
    /// # Panics
    /// Where two threads push at once, or the list holds nearly 2^32 values.
    pub fn push(&self, value: T) -> u32 {
        let index = self.len.load(Ordering::Relaxed);
        assert!(index < Chunks::<OnceLock<T>, 6>::SLOTS_MAX, "an arena holds fewer than 2^32 values");
        assert!(self.chunks.get_or_make(index).set(value).is_ok(), "an arena has one writer");
        self.len.store(index + 1, Ordering::Release);
        index
    }

    /// Returns the value at `index`.
    #[inline]
    pub fn get(&self, index: u32) -> Option<&T> {
        self.chunks.get(index)?.get()
    }

    /// Returns how many values have been appended.
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire)
    }

    /// Returns whether nothing has been appended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the values in order, up to the length at the time of the call.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// Returns the bytes on the heap, without what the values themselves own.
    pub fn heap_bytes(&self) -> usize {
        self.chunks.heap_bytes()
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for Arena<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_index_and_place() {
        let arena = Arena::new();
        assert_eq!((arena.len(), arena.heap_bytes(), arena.get(0)), (0, 0, None));
        arena.push(String::from("first"));
        let first = arena.get(0).expect("it was pushed");
        for number in 1..5000 {
            assert_eq!(arena.push(number.to_string()), number);
        }
        assert_eq!(first, "first");
        assert!(arena.iter().skip(1).eq((1..5000).map(|number: u32| number.to_string()).collect::<Vec<_>>().iter()));
        assert_eq!(arena.get(5000), None);
        assert_eq!(arena.get(u32::MAX), None);
    }

    #[test]
    fn no_more_than_a_part_is_made_ahead() {
        let (arena, slot) = (Arena::new(), size_of::<OnceLock<u64>>());
        for number in 0..300_000_u64 {
            arena.push(number);
            let ahead = arena.heap_bytes() / slot - arena.len() as usize;
            assert!(ahead <= (1 << 15) + 1_000, "{ahead} slots ahead of {number}");
        }
    }

    #[test]
    fn readers_see_what_was_published_while_the_writer_appends() {
        let arena = Arena::new();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut seen = 0;
                    while seen < 20_000 {
                        seen = arena.len();
                        for index in (0..seen).rev().take(100) {
                            assert_eq!(arena.get(index), Some(&u64::from(index)));
                        }
                    }
                });
            }
            for number in 0..20_000_u64 {
                arena.push(number);
            }
        });
    }
}
