//! A short list of ordinals, on the heap or in a file.

use std::ops::Deref;
use std::sync::Arc;

use super::source::Source;

/// Ordinals, ascending.
#[derive(Debug, Clone)]
pub struct List(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Heap(Vec<u32>),
    File { source: Arc<Source>, at: usize, len: usize },
}

impl List {
    /// Takes a list from a file, where it was looked at.
    pub(super) const fn of_file(source: Arc<Source>, at: usize, len: usize) -> Self {
        Self(Kept::File { source, at, len })
    }

    /// Gives write access, copying what is in a file.
    pub(in crate::index) fn to_mut(&mut self) -> &mut Vec<u32> {
        if let Kept::File { .. } = self.0 {
            self.0 = Kept::Heap(self.to_vec());
        }
        match &mut self.0 {
            Kept::Heap(list) => list,
            Kept::File { .. } => unreachable!("the list was just copied"),
        }
    }

    /// Returns the bytes on the heap.
    pub(in crate::index) const fn heap_bytes(&self) -> usize {
        match &self.0 {
            Kept::Heap(list) => list.capacity() * 4,
            Kept::File { .. } => 0,
        }
    }
}

impl Deref for List {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        match &self.0 {
            Kept::Heap(list) => list,
            Kept::File { source, at, len } => source.known(*at, *len),
        }
    }
}

impl From<Vec<u32>> for List {
    fn from(list: Vec<u32>) -> Self {
        Self(Kept::Heap(list))
    }
}
