//! The frozen part of a pool: flat arrays and the tables that find content in them.

use super::content::{Entries, Layout, hash_bytes, hash_component, hash_words};
use super::frozen::{Flat, FrozenIndex};
use super::names::Names;
use super::share::Roots;

/// Values, components and sets, laid end to end; never changed once made.
#[derive(Debug)]
pub struct PoolBase {
    pub(super) values: Flat<u8>,
    pub(super) components: Flat<u32>,
    pub(super) sets: Flat<u32>,
    value_index: FrozenIndex,
    component_index: FrozenIndex,
    set_index: FrozenIndex,
    pub(super) roots: Roots,
}

impl PoolBase {
    /// Makes a base that holds the empty set alone.
    pub fn new() -> Self {
        Self {
            values: Flat::new(Vec::new(), &[]),
            components: Flat::new(Vec::new(), &[]),
            sets: Flat::new(Vec::new(), &[0]),
            value_index: FrozenIndex::default(),
            component_index: FrozenIndex::default(),
            set_index: FrozenIndex::new(1, |_| hash_words(&[])),
            roots: Roots::default(),
        }
    }

    /// Makes a base of what was collected; set 0 is the empty one.
    pub(super) fn of(values: Flat<u8>, components: Flat<u32>, sets: Flat<u32>, roots: Roots, names: &Names) -> Self {
        assert!(sets.get(0).is_empty(), "set 0 is the empty set");
        let hash = |index| hash_component(components.get(index)[0], entries_in(&components, names, index));
        Self {
            value_index: FrozenIndex::new(values.len(), |index| hash_bytes(values.get(index))),
            component_index: FrozenIndex::new(components.len(), hash),
            set_index: FrozenIndex::new(sets.len(), |index| hash_words(sets.get(index))),
            values,
            components,
            sets,
            roots,
        }
    }

    /// Returns the value of these canonical bytes.
    #[inline]
    pub(super) fn find_value(&self, hash: u64, bytes: &[u8]) -> Option<u32> {
        self.value_index.find(hash, |index| self.values.get(index) == bytes)
    }

    /// Returns the component for which `is_it` holds.
    #[inline]
    pub(super) fn find_component(&self, hash: u64, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.component_index.find(hash, is_it)
    }

    /// Returns the set of these component ids.
    #[inline]
    pub(super) fn find_set(&self, hash: u64, words: &[u32]) -> Option<u32> {
        self.set_index.find(hash, |index| self.sets.get(index) == words)
    }

    /// Returns the bytes of the tables that find content.
    pub(super) fn lookup_bytes(&self) -> usize {
        let tables = [&self.value_index, &self.component_index, &self.set_index];
        tables.iter().map(|table| table.heap_bytes()).sum::<usize>() + self.roots.heap_bytes()
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.values.heap_bytes() + self.components.heap_bytes() + self.sets.heap_bytes() + self.lookup_bytes()
    }
}

impl Default for PoolBase {
    fn default() -> Self {
        Self::new()
    }
}

fn entries_in<'a>(components: &'a Flat<u32>, names: &'a Names, index: u32) -> Entries<'a> {
    match Layout::of(components.get(index)) {
        Layout::Plain(pairs) => Entries::new(names, pairs, &[]),
        Layout::Derived(root, own) => match Layout::of(components.get(root)) {
            Layout::Plain(pairs) => Entries::new(names, pairs, own),
            Layout::Derived(..) => unreachable!("a root is plain"),
        },
    }
}
