//! A leaf: up to 256 values in order, each with the nodes that hold it.

use super::key::Key;
use super::postings::Postings;
use crate::value::Value;

/// The largest number of values in a leaf.
pub(super) const LEAF_MAX: usize = 256;
/// The number of values below which a leaf is merged with a neighbour that has room.
pub(super) const LEAF_MIN: usize = LEAF_MAX / 4;
/// By how many values a leaf grows at a time, so that little room is left unused.
const GROWTH: usize = 32;

/// Values in order, in two columns: a search reads the values alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaf {
    pub(super) keys: Vec<Key>,
    pub(super) postings: Vec<Postings>,
}

impl Leaf {
    /// Returns the number of values.
    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Finds `value`, or the place where it belongs.
    pub(super) fn find(&self, value: &Value) -> Result<usize, usize> {
        self.keys.binary_search_by(|key| key.compare(value))
    }

    /// Puts a new value at its place.
    pub(super) fn insert(&mut self, at: usize, key: Key, postings: Postings) {
        if self.keys.len() == self.keys.capacity() {
            self.keys.reserve_exact(GROWTH.min(LEAF_MAX + 1 - self.keys.len()));
            self.postings.reserve_exact(GROWTH.min(LEAF_MAX + 1 - self.postings.len()));
        }
        self.keys.insert(at, key);
        self.postings.insert(at, postings);
    }

    /// Takes a value out.
    pub(super) fn remove(&mut self, at: usize) -> Key {
        self.postings.remove(at);
        self.keys.remove(at)
    }

    /// Moves the values from `at` on into a leaf of their own.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        let right = Self { keys: self.keys.split_off(at), postings: self.postings.split_off(at) };
        self.keys.shrink_to(at + GROWTH);
        self.postings.shrink_to(at + GROWTH);
        right
    }

    /// Appends the values of the leaf to the right.
    pub(super) fn append(&mut self, mut right: Self) {
        self.keys.append(&mut right.keys);
        self.postings.append(&mut right.postings);
    }

    /// Counts the nodes of all values.
    pub(super) fn total(&self) -> usize {
        self.postings.iter().map(Postings::len).sum()
    }

    /// Returns the bytes that a copy of the leaf alone takes.
    pub(super) fn copy_bytes(&self) -> usize {
        self.keys.len() * (size_of::<Key>() + size_of::<Postings>())
    }

    /// Returns the bytes on the heap, those of the postings included.
    pub(super) fn heap_bytes(&self) -> usize {
        let columns = self.keys.capacity() * size_of::<Key>() + self.postings.capacity() * size_of::<Postings>();
        let keys: usize = self.keys.iter().map(Key::heap_bytes).sum();
        columns + keys + self.postings.iter().map(Postings::heap_bytes).sum::<usize>()
    }
}
