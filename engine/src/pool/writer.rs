//! The one writer of a pool.

use std::mem;
use std::sync::Arc;

use hashbrown::HashTable;

use crate::dag_cbor::{Decoder, Encoder};
use crate::entity::Component;
use crate::ledger::MemoryLedger;
use crate::value::{Name, Properties, Value};

use super::base::PoolBase;
use super::content::{Layout, compare, hash_bytes, hash_component, hash_words};
use super::counts::Counts;
use super::ids::{ComponentId, NameId, SetId, ValueId};
use super::ledger::PoolLedger;
use super::names::Names;
use super::read::Pool;
use super::run::Run;
use super::share::Sharer;

/// Adds content to a pool; equal content gets the id it already has.
///
/// Interning content that is already there allocates nothing. Ids are valid in [`pool`](Self::pool) at once; readers
/// learn of them from the caller.
///
/// ```
/// use std::sync::Arc;
///
/// use cidgraph::Component;
/// use cidgraph::pool::{Names, PoolBase, PoolWriter};
///
/// let mut writer = PoolWriter::new(Arc::new(Names::new()), Arc::new(PoolBase::new()));
/// let blue = [Component::new("Visual", [("color", "blue")])];
/// let set = writer.intern_set(&blue);
/// assert_eq!(writer.intern_set(&blue), set);
/// assert_eq!(writer.pool().set_components(set), blue);
/// ```
#[derive(Debug)]
pub struct PoolWriter {
    pool: Arc<Pool>,
    values: HashTable<u32>,
    components: HashTable<u32>,
    sets: HashTable<u32>,
    sharer: Sharer,
    set_counts: Counts,
    component_counts: Counts,
    bytes: Vec<u8>,
    component_words: Vec<u32>,
    set_words: Vec<u32>,
    former: Vec<u32>,
}

impl PoolWriter {
    /// Makes the writer of a new pool that holds what `base` holds, in O(1); the uses that the base was made with count on.
    /// The base's ids were made with `names`.
    pub fn new(names: Arc<Names>, base: Arc<PoolBase>) -> Self {
        let (sets, components) = (base.uses.sets.clone(), base.uses.components.clone());
        Self {
            pool: Arc::new(Pool::new(names, base)),
            values: HashTable::new(),
            components: HashTable::new(),
            sets: HashTable::new(),
            sharer: Sharer::default(),
            set_counts: Counts::new(sets),
            component_counts: Counts::new(components),
            bytes: Vec::new(),
            component_words: Vec::new(),
            set_words: Vec::new(),
            former: Vec::new(),
        }
    }

    /// Returns the pool as readers see it.
    pub const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Returns the id of a value and stores it where it is new.
    ///
    /// # Panics
    /// Where a float within has no canonical form, or a new value is nested too deep to be read again.
    pub fn intern_value(&mut self, value: &Value) -> ValueId {
        let mut bytes = mem::take(&mut self.bytes);
        bytes.clear();
        Encoder::new(&mut bytes).value(value);
        let id = self.intern_bytes(&bytes);
        self.bytes = bytes;
        id
    }

    /// Returns the id of a value, where it is stored.
    ///
    /// # Panics
    /// Where a float within has no canonical form.
    pub fn find_value(&self, value: &Value) -> Option<ValueId> {
        let mut bytes = Vec::with_capacity(64);
        Encoder::new(&mut bytes).value(value);
        self.find_bytes(hash_bytes(&bytes), &bytes)
    }

    /// Returns the id of a component and stores it where it is new.
    ///
    /// # Panics
    /// Where a float within has no canonical form.
    pub fn intern_component(&mut self, component_type: NameId, properties: &Properties) -> ComponentId {
        let mut words = self.start_component(component_type);
        for (name, value) in properties.iter() {
            words.extend([self.pool.names().intern(name).0, self.intern_value(value).0]);
        }
        self.finish_component(words, None)
    }

    /// Returns the id of the component that `former` becomes when the properties in `unset` are taken away and then
    /// those in `set` are put in; without `former`, of `set` alone.
    ///
    /// # Panics
    /// Where a float within has no canonical form, or `former` is of another type.
    pub fn merged(
        &mut self,
        former: Option<ComponentId>,
        component_type: NameId,
        set: &Properties,
        unset: &[Name],
    ) -> ComponentId {
        let Some(former) = former else {
            return self.intern_component(component_type, set);
        };
        assert_eq!(self.pool.component_type(former), component_type, "a component is merged with one of its type");
        let mut kept = mem::take(&mut self.former);
        kept.clear();
        for (property, value) in self.pool.entries(former) {
            let name = self.pool.names().get(property);
            if !unset.contains(name) && set.get(name).is_none() {
                kept.extend([property.0, value.0]);
            }
        }
        let mut words = self.start_component(component_type);
        self.weave(&kept, set, &mut words);
        self.former = kept;
        let root = match Layout::of(self.pool.component_words(former)) {
            Layout::Plain(_) => former.0,
            Layout::Derived(root, _) => root,
        };
        self.finish_component(words, Some(root))
    }

    /// Returns the id of a set of components, at most one of a type, and stores what is new; of two components of a
    /// type the later one counts.
    ///
    /// # Panics
    /// Where a float within has no canonical form.
    pub fn intern_set(&mut self, components: &[Component]) -> SetId {
        let mut words = mem::take(&mut self.set_words);
        words.clear();
        for component in components {
            let component_type = self.pool.names().intern(&component.component_type);
            let id = self.intern_component(component_type, &component.properties);
            self.put(&mut words, id);
        }
        let id = self.intern_set_words(&words);
        self.set_words = words;
        id
    }

    /// Returns the set that `set` becomes with `component` in place of that of its type, if any.
    pub fn set_with(&mut self, set: SetId, component: ComponentId) -> SetId {
        let mut words = self.start_set(set);
        self.put(&mut words, component);
        let id = self.intern_set_words(&words);
        self.set_words = words;
        id
    }

    /// Returns the set that `set` becomes without its component of a type.
    pub fn set_without(&mut self, set: SetId, component_type: NameId) -> SetId {
        let mut words = self.start_set(set);
        words.retain(|component| self.pool.component_type(ComponentId(*component)) != component_type);
        let id = self.intern_set_words(&words);
        self.set_words = words;
        id
    }

    /// Returns the component that has here the content of one in another pool over the same names.
    pub fn copy_component(&mut self, from: &Pool, component: ComponentId) -> ComponentId {
        let mut words = self.start_component(from.component_type(component));
        for (property, value) in from.entries(component) {
            words.extend([property.0, self.intern_bytes(from.value_bytes(value)).0]);
        }
        self.finish_component(words, None)
    }

    /// Returns the set that has here the content of one in another pool over the same names.
    pub fn copy_set(&mut self, from: &Pool, set: SetId) -> SetId {
        let mut words = mem::take(&mut self.set_words);
        words.clear();
        words.extend(from.components(set).map(|component| self.copy_component(from, component).0));
        let id = self.intern_set_words(&words);
        self.set_words = words;
        id
    }

    /// Counts one more use of a set.
    pub fn retain(&mut self, set: SetId) {
        self.set_counts.retain(set.0);
    }

    /// Counts one use of a set less and returns how many are left; its space is reclaimed by [`compact`].
    ///
    /// # Panics
    /// Where no use is left.
    ///
    /// [`compact`]: super::compact
    pub fn release(&mut self, set: SetId) -> u64 {
        self.set_counts.release(set.0)
    }

    /// Counts one more use of a component outside sets.
    pub fn retain_component(&mut self, component: ComponentId) {
        self.component_counts.retain(component.0);
    }

    /// Counts one use of a component outside sets less and returns how many are left.
    ///
    /// # Panics
    /// Where no use is left.
    pub fn release_component(&mut self, component: ComponentId) -> u64 {
        self.component_counts.release(component.0)
    }

    /// Returns the sets that are in use and how often each is.
    pub fn set_uses(&self) -> impl Iterator<Item = (SetId, u64)> {
        self.set_counts.iter().map(|(set, uses)| (SetId(set), uses))
    }

    /// Returns the components that are in use outside sets and how often each is.
    pub fn component_uses(&self) -> impl Iterator<Item = (ComponentId, u64)> {
        self.component_counts.iter().map(|(component, uses)| (ComponentId(component), uses))
    }

    /// Returns what the pool holds and what sharing saves; reads the whole pool.
    pub fn ledger(&self) -> PoolLedger {
        let lookup_bytes = self.lookup_bytes() + self.count_bytes();
        PoolLedger::of(&self.pool, lookup_bytes, self.set_counts.iter(), self.component_counts.iter())
    }

    /// Enters the bytes on the heap that the writer has beside the pool.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        let scratch = [&self.component_words, &self.set_words, &self.former];
        let scratch = scratch.iter().map(|words| words.capacity() * size_of::<u32>()).sum::<usize>();
        ledger.enter("pool look-up", self.lookup_bytes() + scratch + self.bytes.capacity());
        ledger.enter("pool counts", self.count_bytes());
    }

    fn lookup_bytes(&self) -> usize {
        let tables = [&self.values, &self.components, &self.sets];
        tables.iter().map(|table| table.allocation_size()).sum::<usize>() + self.sharer.lookup_bytes()
    }

    fn count_bytes(&self) -> usize {
        self.set_counts.heap_bytes() + self.component_counts.heap_bytes()
    }

    fn find_bytes(&self, hash: u64, bytes: &[u8]) -> Option<ValueId> {
        let frozen = self.pool.base().find_value(hash, bytes);
        let is_it = |id: &u32| self.pool.value_bytes(ValueId(*id)) == bytes;
        frozen.or_else(|| self.values.find(hash, is_it).copied()).map(ValueId)
    }

    fn intern_bytes(&mut self, bytes: &[u8]) -> ValueId {
        let hash = hash_bytes(bytes);
        self.find_bytes(hash, bytes).unwrap_or_else(|| {
            assert!(Decoder::new(bytes).skip().is_ok(), "a value that is stored can be read");
            let id = id_after(self.pool.base().values.len(), self.pool.values.push(Run::new(bytes)));
            let rehash = |id: &u32| hash_bytes(self.pool.value_bytes(ValueId(*id)));
            self.values.insert_unique(hash, id, rehash);
            ValueId(id)
        })
    }

    /// Takes the scratch words of a component; [`finish_component`](Self::finish_component) puts them back.
    fn start_component(&mut self, component_type: NameId) -> Vec<u32> {
        let mut words = mem::take(&mut self.component_words);
        words.clear();
        words.push(component_type.0);
        words
    }

    fn finish_component(&mut self, words: Vec<u32>, hint: Option<u32>) -> ComponentId {
        let hash = hash_words(&words);
        let found = self.find_component_words(hash, &words);
        let id = found.unwrap_or_else(|| self.add_component(hash, &words, hint));
        self.component_words = words;
        ComponentId(id)
    }

    fn find_component_words(&self, hash: u64, words: &[u32]) -> Option<u32> {
        let pool = &*self.pool;
        let is_it = |id: u32| holds(pool, ComponentId(id), words);
        let frozen = pool.base().find_component(hash, is_it);
        frozen.or_else(|| self.components.find(hash, |id| is_it(*id)).copied())
    }

    #[cold]
    fn add_component(&mut self, hash: u64, words: &[u32], hint: Option<u32>) -> u32 {
        let pool = &*self.pool;
        let id = id_after(pool.base().components.len(), pool.components.len());
        let plain = |root| pool.component_words(ComponentId(root));
        let shared = self.sharer.share(id, words, hint, || Some(pool.base().roots()), pool.names(), plain);
        pool.components.push(Run::new(shared.unwrap_or(words)));
        self.components.insert_unique(hash, id, |id| {
            let id = ComponentId(*id);
            hash_component(pool.component_type(id).0, pool.entries(id))
        });
        id
    }

    /// Appends the pairs of `kept` and `set` in key order; no name is in both.
    fn weave(&mut self, kept: &[u32], set: &Properties, words: &mut Vec<u32>) {
        let (mut kept, _) = kept.as_chunks::<2>();
        for (name, value) in set.iter() {
            let property = self.pool.names().intern(name).0;
            let before = kept.partition_point(|pair| compare(self.pool.names(), pair[0], property).is_lt());
            words.extend(kept[..before].as_flattened());
            kept = &kept[before..];
            words.extend([property, self.intern_value(value).0]);
        }
        words.extend(kept.as_flattened());
    }

    fn start_set(&mut self, set: SetId) -> Vec<u32> {
        let mut words = mem::take(&mut self.set_words);
        words.clear();
        words.extend_from_slice(self.pool.set_words(set));
        words
    }

    /// Puts a component into the words of a set.
    fn put(&self, words: &mut Vec<u32>, component: ComponentId) {
        let order = |have: &u32| {
            let (have, new) = (self.pool.component_type(ComponentId(*have)), self.pool.component_type(component));
            compare(self.pool.names(), have.0, new.0)
        };
        if words.last().is_none_or(|last| order(last).is_lt()) {
            words.push(component.0);
            return;
        }
        let at = words.partition_point(|have| order(have).is_lt());
        match words.get_mut(at) {
            Some(have) if order(have).is_eq() => *have = component.0,
            _ => words.insert(at, component.0),
        }
    }

    fn intern_set_words(&mut self, words: &[u32]) -> SetId {
        let (hash, pool) = (hash_words(words), &*self.pool);
        let frozen = pool.base().find_set(hash, words);
        let found = frozen.or_else(|| self.sets.find(hash, |id| pool.set_words(SetId(*id)) == words).copied());
        SetId(found.unwrap_or_else(|| {
            let id = id_after(pool.base().sets.len(), pool.sets.push(Run::new(words)));
            self.sets.insert_unique(hash, id, |id| hash_words(pool.set_words(SetId(*id))));
            id
        }))
    }
}

/// Returns the id of what is at `index` after the base's `base_len`.
fn id_after(base_len: u32, index: u32) -> u32 {
    let id = base_len.checked_add(index).filter(|id| *id < u32::MAX);
    id.expect("a pool holds fewer than 2^32 - 1 of each")
}

/// Returns whether a component is the one that these words say in full.
#[inline]
fn holds(pool: &Pool, id: ComponentId, words: &[u32]) -> bool {
    let stored = pool.component_words(id);
    match Layout::of(stored) {
        Layout::Plain(_) => stored == words,
        Layout::Derived(..) => {
            let pairs = pool.entries(id).map(|(property, value)| [property.0, value.0]);
            stored[0] == words[0] && pairs.eq(words[1..].as_chunks::<2>().0.iter().copied())
        }
    }
}
