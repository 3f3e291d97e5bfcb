//! A frozen run of plain numbers: on the heap, or a part of a file that is mapped into memory.
//!
//! Whoever reads one cannot tell the difference. A part of a file may have a guard, which checks each page when it is
//! first touched; what was read through [`get`](Slab::get) and [`run`](Slab::run) holds. Clones share the bytes.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;
use bytes::Bytes;

use crate::pages::Guard;

/// A frozen run of numbers, little-endian where it is part of a file.
pub struct Slab<T> {
    bytes: Bytes,
    on_heap: bool,
    guard: Option<Arc<Guard>>,
    numbers: PhantomData<T>,
}

/// What keeps a run on the heap.
struct Heap<T>(Box<[T]>);

impl<T: Pod> AsRef<[u8]> for Heap<T> {
    fn as_ref(&self) -> &[u8] {
        bytemuck::cast_slice(&self.0)
    }
}

impl<T: Pod + Send> Slab<T> {
    /// Keeps numbers on the heap; none take no heap.
    pub fn new(numbers: impl Into<Box<[T]>>) -> Self {
        let numbers = numbers.into();
        let bytes = if numbers.is_empty() { Bytes::new() } else { Bytes::from_owner(Heap(numbers)) };
        Self { on_heap: true, bytes, guard: None, numbers: PhantomData }
    }

    /// Takes a part of a file as it is, with the guard of its pages where they were not checked before; `None` where its
    /// address or length is not that of whole numbers.
    pub fn of_file(bytes: Bytes, guard: Option<Arc<Guard>>) -> Option<Self> {
        let is_whole = bytes.is_empty() || bytemuck::try_cast_slice::<u8, T>(&bytes).is_ok();
        is_whole.then_some(Self { bytes, on_heap: false, guard, numbers: PhantomData })
    }

    /// Returns the bytes on the heap.
    pub const fn heap_bytes(&self) -> usize {
        if self.on_heap { self.bytes.len() } else { 0 }
    }
}

impl<T> Slab<T> {
    /// Returns the bytes of the numbers, whether they were checked or not.
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns how many numbers there are.
    #[inline]
    pub const fn len(&self) -> usize {
        self.bytes.len() / size_of::<T>()
    }

    /// Returns whether there is no number.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns whether there are numbers, and they are on the heap.
    pub const fn is_on_heap(&self) -> bool {
        self.on_heap && !self.bytes.is_empty()
    }

    /// Returns whether pages are still to be checked when they are touched.
    #[inline]
    pub const fn is_guarded(&self) -> bool {
        self.guard.is_some()
    }

    /// Says that what was read here leads nowhere: damage where it comes from a file that was not checked before.
    ///
    /// # Panics
    /// Always; with a message where no damaged file can be the reason.
    #[cold]
    pub fn broken(&self, what: &'static str) -> ! {
        match &self.guard {
            Some(guard) => guard.broken(what),
            None => panic!("{what}"),
        }
    }
}

impl<T: Pod> Slab<T> {
    /// Returns a number.
    ///
    /// # Panics
    /// Where `index` is not below the length.
    #[inline]
    pub fn get(&self, index: usize) -> T {
        match self.unchecked().get(index) {
            Some(number) => {
                self.touch(index, 1);
                *number
            }
            None => self.broken("a number is asked for beyond the last"),
        }
    }

    /// Returns consecutive numbers.
    ///
    /// # Panics
    /// Where the range does not lie within the length.
    #[inline]
    pub fn run(&self, range: Range<usize>) -> &[T] {
        let start = range.start;
        match self.unchecked().get(range) {
            Some(numbers) => {
                self.touch(start, numbers.len());
                numbers
            }
            None => self.broken("numbers are asked for beyond the last"),
        }
    }

    /// Returns two adjacent numbers, where there are two from `index` on.
    #[inline]
    pub fn pair(&self, index: usize) -> Option<&[T; 2]> {
        let pair = self.unchecked().get(index..)?.first_chunk()?;
        self.touch(index, 2);
        Some(pair)
    }

    /// Returns all numbers, every page checked.
    pub fn all(&self) -> &[T] {
        self.run(0..self.len())
    }

    #[inline]
    fn touch(&self, start: usize, len: usize) {
        if let Some(guard) = &self.guard {
            guard.touch(&self.bytes, start * size_of::<T>()..(start + len) * size_of::<T>());
        }
    }

    #[inline]
    fn unchecked(&self) -> &[T] {
        if self.bytes.is_empty() {
            return &[];
        }
        bytemuck::cast_slice(&self.bytes)
    }
}

impl<T> Clone for Slab<T> {
    fn clone(&self) -> Self {
        let guard = self.guard.clone();
        Self { bytes: self.bytes.clone(), on_heap: self.on_heap, guard, numbers: PhantomData }
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { bytes: Bytes::new(), on_heap: true, guard: None, numbers: PhantomData }
    }
}

impl<T> PartialEq for Slab<T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for Slab<T> {}

impl<T> fmt::Debug for Slab<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slab").field("bytes", &self.bytes.len()).field("on_heap", &self.on_heap).finish_non_exhaustive()
    }
}

impl<T: Pod + Send> FromIterator<T> for Slab<T> {
    fn from_iter<I: IntoIterator<Item = T>>(numbers: I) -> Self {
        Self::new(numbers.into_iter().collect::<Box<[T]>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read() {
        let slab = Slab::new(vec![3_u32, 1, 2]);
        assert_eq!((slab.all(), slab.get(1), slab.run(1..3), slab.heap_bytes()), (&[3, 1, 2][..], 1, &[1, 2][..], 12));
        assert_eq!((slab.pair(1), slab.pair(2)), (Some(&[1, 2]), None));
        let none = Slab::<u64>::default();
        assert_eq!((none.all(), none.pair(0), none.heap_bytes()), (&[][..], None, 0));
        assert_eq!(Slab::<u32>::new(Vec::new()).heap_bytes(), 0);
    }

    #[test]
    fn a_part_of_a_file_must_hold_whole_numbers_at_their_place() {
        let file = Bytes::from_owner(Heap(Box::from([1_u64, 2, 3])));
        let of_file = |range: Range<usize>| Slab::<u64>::of_file(file.slice(range), None);
        let slab = of_file(8..24).expect("two whole numbers");
        assert_eq!((slab.all(), slab.heap_bytes()), (&[2, 3][..], 0));
        assert_eq!(of_file(8..20), None);
        assert_eq!(of_file(4..20), None);
        assert_eq!(Slab::<[u8; 16]>::of_file(file.slice(1..17), None).map(|ids| ids.len()), Some(1));
    }

    #[test]
    #[should_panic(expected = "beyond the last")]
    fn without_a_file_a_wrong_index_is_a_bug() {
        Slab::new(vec![1_u32]).get(1);
    }
}
