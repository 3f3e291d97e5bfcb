//! A frozen run of plain numbers: on the heap, or a part of a file that is mapped into memory.
//!
//! Whoever reads one cannot tell the difference. Clones share the bytes.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use bytemuck::Pod;
use bytes::Bytes;

/// A frozen run of numbers, little-endian where it is part of a file.
pub struct Slab<T> {
    bytes: Bytes,
    on_heap: bool,
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
        Self { on_heap: true, bytes, numbers: PhantomData }
    }

    /// Takes a part of a file as it is; `None` where its address or length is not that of whole numbers.
    pub fn of_file(bytes: Bytes) -> Option<Self> {
        bytemuck::try_cast_slice::<u8, T>(&bytes).is_ok().then_some(Self {
            bytes,
            on_heap: false,
            numbers: PhantomData,
        })
    }

    /// Returns the bytes on the heap.
    pub const fn heap_bytes(&self) -> usize {
        if self.on_heap { self.bytes.len() } else { 0 }
    }
}

impl<T> Slab<T> {
    /// Returns the bytes of the numbers.
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl<T: Pod> Deref for Slab<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        if self.bytes.is_empty() {
            return &[];
        }
        bytemuck::cast_slice(&self.bytes)
    }
}

impl<T> Clone for Slab<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), on_heap: self.on_heap, numbers: PhantomData }
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { bytes: Bytes::new(), on_heap: true, numbers: PhantomData }
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
        f.debug_struct("Slab").field("bytes", &self.bytes.len()).field("on_heap", &self.on_heap).finish()
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
        assert_eq!((&*slab, slab.heap_bytes()), (&[3, 1, 2][..], 12));
        let none = Slab::<u64>::default();
        assert_eq!((&*none, none.heap_bytes()), (&[][..], 0));
        assert_eq!(Slab::<u32>::new(Vec::new()).heap_bytes(), 0);
    }

    #[test]
    fn a_part_of_a_file_must_hold_whole_numbers_at_their_place() {
        let file = Bytes::from_owner(Heap(Box::from([1_u64, 2, 3])));
        let slab = Slab::<u64>::of_file(file.slice(8..)).expect("two whole numbers");
        assert_eq!((&*slab, slab.heap_bytes()), (&[2, 3][..], 0));
        assert_eq!(Slab::<u64>::of_file(file.slice(8..20)), None);
        assert_eq!(Slab::<u64>::of_file(file.slice(4..20)), None);
        assert_eq!(Slab::<[u8; 16]>::of_file(file.slice(1..17)).map(|ids| ids.len()), Some(1));
    }
}
