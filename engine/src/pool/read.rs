//! The pool as readers see it.

use std::sync::Arc;

use crate::arena::Arena;
use crate::dag_cbor::Decoder;
use crate::entity::Component;
use crate::ledger::MemoryLedger;
use crate::value::{Properties, Value};

use super::base::PoolBase;
use super::content::{Entries, Layout, Pair, REMOVED};
use super::ids::{ComponentId, NameId, SetId, ValueId};
use super::ledger::PoolLedger;
use super::names::Names;
use super::run::Run;

/// Values, components and component sets: a frozen base and what has been appended since.
///
/// Readers ask for ids that were published to them and take no lock; what an id stands for never changes. Every method
/// that takes an id panics where the pool did not give it.
#[derive(Debug)]
pub struct Pool {
    names: Arc<Names>,
    base: Arc<PoolBase>,
    pub(super) values: Arena<Run<u8, 22>>,
    pub(super) components: Arena<Run<u32, 5>>,
    pub(super) sets: Arena<Run<u32, 5>>,
}

impl Pool {
    /// Makes a pool that holds what `base` holds.
    pub const fn new(names: Arc<Names>, base: Arc<PoolBase>) -> Self {
        Self { names, base, values: Arena::new(), components: Arena::new(), sets: Arena::new() }
    }

    /// Returns the names that components and properties have in this pool.
    pub const fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Returns the frozen part.
    pub const fn base(&self) -> &Arc<PoolBase> {
        &self.base
    }

    /// Returns how many values there are.
    pub fn value_count(&self) -> usize {
        self.base.values.len() as usize + self.values.len() as usize
    }

    /// Returns how many components there are.
    pub fn component_count(&self) -> usize {
        self.base.components.len() as usize + self.components.len() as usize
    }

    /// Returns how many component sets there are, the empty one included.
    pub fn set_count(&self) -> usize {
        self.base.sets.len() as usize + self.sets.len() as usize
    }

    /// Returns a value.
    pub fn value(&self, id: ValueId) -> Value {
        let value = Decoder::new(self.value_bytes(id)).value();
        value.unwrap_or_else(|_| self.base.values.broken("a value has no canonical bytes"))
    }

    /// Returns a value's canonical DAG-CBOR bytes.
    #[inline]
    pub fn value_bytes(&self, id: ValueId) -> &[u8] {
        match id.0.checked_sub(self.base.values.len()) {
            None => self.base.values.get(id.0),
            Some(index) => self.values.get(index).expect("a value id is used with the pool that gave it").as_slice(),
        }
    }

    /// Returns a component's type.
    #[inline]
    pub fn component_type(&self, id: ComponentId) -> NameId {
        NameId(self.component_words(id)[0])
    }

    /// Returns a component with its names and values.
    pub fn component(&self, id: ComponentId) -> Component {
        Component { component_type: self.names.get(self.component_type(id)).clone(), properties: self.properties(id) }
    }

    /// Returns a component's properties with their names and values.
    pub fn properties(&self, id: ComponentId) -> Properties {
        let pair = |(property, value)| (self.names.get(property).clone(), self.value(value));
        let properties = Properties::from_sorted(self.entries(id).map(pair).collect());
        properties.unwrap_or_else(|| self.base.components.broken("a component's properties are not in key order"))
    }

    /// Returns the value of one property of a component.
    #[inline]
    pub fn property(&self, id: ComponentId, name: NameId) -> Option<ValueId> {
        match Layout::of(self.component_words(id)) {
            Layout::Plain(pairs) => value_in(pairs, name).map(ValueId),
            Layout::Derived(root, own) => {
                let value = value_in(own, name).or_else(|| value_in(self.plain_pairs(root), name));
                value.filter(|value| *value != REMOVED).map(ValueId)
            }
        }
    }

    /// Returns a component's properties in key order.
    #[inline]
    pub fn entries(&self, id: ComponentId) -> Entries<'_> {
        match Layout::of(self.component_words(id)) {
            Layout::Plain(pairs) => Entries::new(&self.names, pairs, &[]),
            Layout::Derived(root, own) => Entries::new(&self.names, self.plain_pairs(root), own),
        }
    }

    /// Returns a set's components in key order of their types.
    #[inline]
    pub fn components(&self, id: SetId) -> impl DoubleEndedIterator<Item = ComponentId> + ExactSizeIterator + Clone {
        self.set_words(id).iter().map(|component| ComponentId(*component))
    }

    /// Returns the component of a type in a set.
    #[inline]
    pub fn find_component(&self, id: SetId, component_type: NameId) -> Option<ComponentId> {
        self.components(id).find(|component| self.component_type(*component) == component_type)
    }

    /// Returns a set's components with their names and values, in key order of their types.
    pub fn set_components(&self, id: SetId) -> Vec<Component> {
        self.components(id).map(|component| self.component(component)).collect()
    }

    /// Returns the bytes on the heap, the base included and the names not.
    pub fn heap_bytes(&self) -> usize {
        let arenas = self.values.heap_bytes() + self.components.heap_bytes() + self.sets.heap_bytes();
        let values: usize = self.values.iter().map(Run::heap_bytes).sum();
        let words: usize = self.components.iter().chain(self.sets.iter()).map(Run::heap_bytes).sum();
        self.base.heap_bytes() + arenas + values + words
    }

    /// Returns what the pool holds and what sharing saves, given how often each set and each component is in use; the
    /// tables of a writer are left out.
    pub fn ledger(
        &self,
        set_uses: impl Iterator<Item = (SetId, u64)>,
        component_uses: impl Iterator<Item = (ComponentId, u64)>,
    ) -> PoolLedger {
        let set_uses = set_uses.map(|(set, uses)| (set.0, uses));
        PoolLedger::of(self, 0, set_uses, component_uses.map(|(component, uses)| (component.0, uses)))
    }

    /// Enters the bytes on the heap by part, the names included.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        let values: usize = self.values.iter().map(Run::heap_bytes).sum();
        let words = |runs: &Arena<Run<u32, 5>>| runs.heap_bytes() + runs.iter().map(Run::heap_bytes).sum::<usize>();
        let base = &self.base;
        ledger.enter("pool values", base.values.heap_bytes() + self.values.heap_bytes() + values);
        ledger.enter("pool components", base.components.heap_bytes() + words(&self.components));
        ledger.enter("pool sets", base.sets.heap_bytes() + words(&self.sets));
        ledger.enter("pool look-up", base.lookup_bytes());
        ledger.enter("names", self.names.heap_bytes());
    }

    #[inline]
    pub(super) fn component_words(&self, id: ComponentId) -> &[u32] {
        match id.0.checked_sub(self.base.components.len()) {
            None => self.base.component_words(id.0),
            Some(index) => {
                self.components.get(index).expect("a component id is used with the pool that gave it").as_slice()
            }
        }
    }

    #[inline]
    pub(super) fn set_words(&self, id: SetId) -> &[u32] {
        match id.0.checked_sub(self.base.sets.len()) {
            None => self.base.set_words(id.0),
            Some(index) => self.sets.get(index).expect("a set id is used with the pool that gave it").as_slice(),
        }
    }

    /// Returns the pairs of a component that is stored plain.
    #[inline]
    pub(super) fn plain_pairs(&self, root: u32) -> &[Pair] {
        match Layout::of(self.component_words(ComponentId(root))) {
            Layout::Plain(pairs) => pairs,
            Layout::Derived(..) => unreachable!("a root is plain"),
        }
    }
}

#[inline]
fn value_in(pairs: &[Pair], name: NameId) -> Option<u32> {
    pairs.iter().find(|pair| pair[0] == name.0).map(|pair| pair[1])
}
