//! The frozen part of a pool: flat arrays and the tables that find content in them.

use std::sync::OnceLock;

use crate::packed::PackedInts;

use super::content::{Entries, Layout, Pair, REMOVED, hash_bytes, hash_component, hash_words};
use super::frozen::{Flat, FrozenIndex};
use super::names::Names;
use super::share::Roots;

/// Values, components and sets, laid end to end; never changed once made.
#[derive(Debug)]
pub struct PoolBase {
    pub(super) values: Flat<u8>,
    pub(super) components: Flat<u32>,
    pub(super) sets: Flat<u32>,
    pub(super) tables: Tables,
    pub(super) uses: Uses,
    /// Where this is part of a file, how many names it was written with.
    pub(super) names: u32,
    /// The components that others may share, once a writer adds one.
    roots: OnceLock<Roots>,
}

/// The tables that find content.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) values: FrozenIndex,
    pub(super) components: FrozenIndex,
    pub(super) sets: FrozenIndex,
}

/// How often each set, and each component outside sets, is in use.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) sets: PackedInts,
    pub(super) components: PackedInts,
}

impl PoolBase {
    /// Makes a base that holds the empty set alone.
    pub fn new() -> Self {
        let (values, components) = (Flat::new(Vec::new(), &[]), Flat::new(Vec::new(), &[]));
        let uses = Uses { sets: PackedInts::from_fn(1, 0, |_| 0), components: PackedInts::default() };
        Self::of(values, components, Flat::new(Vec::new(), &[0]), uses, &Names::new())
    }

    /// Makes a base of what was collected; set 0 is the empty one.
    pub(super) fn of(values: Flat<u8>, components: Flat<u32>, sets: Flat<u32>, uses: Uses, names: &Names) -> Self {
        assert!(sets.get(0).is_empty(), "set 0 is the empty set");
        let hash = |index| hash_component(components.get(index)[0], entries_in(&components, names, index));
        let tables = Tables {
            values: FrozenIndex::new(values.len(), |index| hash_bytes(values.get(index))),
            components: FrozenIndex::new(components.len(), hash),
            sets: FrozenIndex::new(sets.len(), |index| hash_words(sets.get(index))),
        };
        Self::joined(values, components, sets, tables, uses, 0)
    }

    /// Joins what belongs together.
    pub(super) const fn joined(
        values: Flat<u8>,
        components: Flat<u32>,
        sets: Flat<u32>,
        tables: Tables,
        uses: Uses,
        names: u32,
    ) -> Self {
        Self { values, components, sets, tables, uses, names, roots: OnceLock::new() }
    }

    /// Returns the words of a component.
    #[inline]
    pub(super) fn component_words(&self, id: u32) -> &[u32] {
        let words = self.components.get(id);
        if self.components.is_guarded() {
            self.check_component(words);
        }
        words
    }

    /// Returns the components of a set.
    #[inline]
    pub(super) fn set_words(&self, id: u32) -> &[u32] {
        let words = self.sets.get(id);
        if self.sets.is_guarded() {
            self.check_set(words);
        }
        words
    }

    /// Looks at a set of a file before it is used: that it holds components that are there, of one type each.
    fn check_set(&self, words: &[u32]) {
        if words.iter().any(|component| *component >= self.components.len()) {
            self.sets.broken("a set holds a component that is not there");
        }
        let types = words.iter().map(|component| self.component_words(*component)[0]);
        if !types.is_sorted_by(|before, after| before < after) {
            self.sets.broken("the components of a set are not in order");
        }
    }

    /// Looks at a component of a file before it is used: its pages hold what was written, by whomever.
    fn check_component(&self, words: &[u32]) {
        let is_name = |name: u32| name < self.names;
        let is_pair = |[property, value]: &Pair| is_name(*property) && *value < self.values.len();
        // Names of a file stand in key order.
        let is_ordered = |pairs: &[Pair]| pairs.is_sorted_by(|before, after| before[0] < after[0]);
        let is_plain = |root: u32| root < self.components.len() && self.components.get(root).len() % 2 == 1;
        let holds = !words.is_empty()
            && is_name(words[0])
            && match Layout::of(words) {
                Layout::Plain(pairs) => pairs.iter().all(is_pair) && is_ordered(pairs),
                Layout::Derived(root, own) => {
                    let is_own = |pair: &Pair| is_name(pair[0]) && (pair[1] == REMOVED || is_pair(pair));
                    is_plain(root) && own.iter().all(is_own) && is_ordered(own)
                }
            };
        if !holds {
            self.components.broken("a component names what is not there");
        }
    }

    /// Takes the components that others may share from whoever knows them.
    pub(super) fn with_roots(self, roots: Roots) -> Self {
        Self { roots: OnceLock::from(roots), ..self }
    }

    /// Returns the components that others may share.
    pub(super) fn roots(&self) -> &Roots {
        self.roots.get_or_init(|| Roots::of((0..self.components.len()).map(|id| (id, self.component_words(id)))))
    }

    /// Returns the value of these canonical bytes.
    #[inline]
    pub(super) fn find_value(&self, hash: u64, bytes: &[u8]) -> Option<u32> {
        self.tables.values.find(hash, |index| self.values.get(index) == bytes)
    }

    /// Returns the component for which `is_it` holds.
    #[inline]
    pub(super) fn find_component(&self, hash: u64, is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.tables.components.find(hash, is_it)
    }

    /// Returns the set of these component ids.
    #[inline]
    pub(super) fn find_set(&self, hash: u64, words: &[u32]) -> Option<u32> {
        self.tables.sets.find(hash, |index| self.sets.get(index) == words)
    }

    /// Returns the bytes of the tables that find content.
    pub(super) fn lookup_bytes(&self) -> usize {
        let tables = [&self.tables.values, &self.tables.components, &self.tables.sets];
        let roots = self.roots.get().map_or(0, Roots::heap_bytes);
        let uses = self.uses.sets.heap_bytes() + self.uses.components.heap_bytes();
        tables.iter().map(|table| table.heap_bytes()).sum::<usize>() + roots + uses
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
