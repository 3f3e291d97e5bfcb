//! A new frozen base of what is still in use.

use std::sync::Arc;

use bytemuck::Pod;

use crate::packed::PackedInts;

use super::base::{PoolBase, Uses};
use super::frozen::Flat;
use super::ids::{ComponentId, NameId, SetId, ValueId};
use super::names::Names;
use super::read::Pool;
use super::share::Sharer;

const NONE: u32 = u32::MAX;

/// What names are called in a new base.
#[derive(Debug, Clone)]
pub struct Naming {
    names: Arc<Names>,
    /// The new numbers by old ones; none where names keep theirs.
    numbers: Option<Box<[u32]>>,
}

impl Naming {
    /// Leaves every name as it is.
    pub const fn kept(names: Arc<Names>) -> Self {
        Self { names, numbers: None }
    }

    /// Returns whether every name is left as it is.
    pub const fn is_kept(&self) -> bool {
        self.numbers.is_none()
    }

    /// Calls the given names 0, 1, … in their order, and others nothing.
    pub fn anew(names: &Names, in_use: &[NameId]) -> Self {
        let (new, mut numbers) = (Names::new(), vec![NONE; names.len()]);
        for name in in_use {
            numbers[name.0 as usize] = new.intern(names.get(*name)).0;
        }
        Self { names: Arc::new(new), numbers: Some(numbers.into_boxed_slice()) }
    }

    /// Returns the names of the new base.
    pub const fn names(&self) -> &Arc<Names> {
        &self.names
    }

    /// Returns what a name is called in the new base.
    ///
    /// # Panics
    /// Where the name is not in use.
    #[inline]
    pub fn of(&self, name: NameId) -> NameId {
        let Some(numbers) = &self.numbers else { return name };
        NameId(known(numbers, name.0).expect("a name that is met is in use"))
    }
}

/// Makes a base that holds exactly the given sets and components, each given as often as it is used, and tells what they
/// are called in it.
///
/// Ids are given in the order of first use, and components are shared anew among each other: the base is a function of
/// the content in the order given, not of the pool's past. It reads no more of the pool than what is given needs, so
/// it may run while the writer appends.
pub fn compact(
    pool: &Pool,
    naming: &Naming,
    sets: &mut dyn Iterator<Item = SetId>,
    components: &mut dyn Iterator<Item = ComponentId>,
) -> (PoolBase, Remap) {
    let mut builder = Builder::new(pool, naming);
    builder.set(SetId::EMPTY);
    for set in sets {
        let set = builder.set(set);
        count(&mut builder.set_uses, set);
    }
    for component in components {
        let component = builder.component(component);
        count(&mut builder.component_uses, component);
    }
    builder.finish()
}

fn count(uses: &mut Vec<u64>, id: u32) {
    let index = id as usize;
    if index >= uses.len() {
        uses.resize(index + 1, 0);
    }
    uses[index] += 1;
}

impl Pool {
    /// Returns the base with other names; it must be one that was compacted, whose ids stay as they are.
    pub fn renamed(&self, naming: &Naming) -> PoolBase {
        let base = self.base();
        let (mut sets, mut components) = ((0..base.sets.len()).map(SetId), (0..base.components.len()).map(ComponentId));
        let (renamed, _) = compact(self, naming, &mut sets, &mut components);
        let same = renamed.sets.len() == base.sets.len() && renamed.components.len() == base.components.len();
        assert!(same && renamed.values.len() == base.values.len(), "a base that was compacted holds what is used");
        renamed.with_uses(base.uses.clone())
    }
}

/// What the sets and components of a pool are called in the base that was compacted from it.
#[derive(Debug)]
pub struct Remap {
    sets: Vec<u32>,
    components: Vec<u32>,
}

impl Remap {
    /// Returns the new id of a set.
    ///
    /// # Panics
    /// Where the set was not given to the compaction.
    pub fn set(&self, id: SetId) -> SetId {
        self.get_set(id).expect("the set was given to the compaction")
    }

    /// Returns the new id of a component.
    ///
    /// # Panics
    /// Where the component was neither given to the compaction nor in a set that was.
    pub fn component(&self, id: ComponentId) -> ComponentId {
        self.get_component(id).expect("the component was given to the compaction")
    }

    /// Returns the new id of a set, where it was given to the compaction.
    pub fn get_set(&self, id: SetId) -> Option<SetId> {
        known(&self.sets, id.0).map(SetId)
    }

    /// Returns the new id of a component, where it was given to the compaction or in a set that was.
    pub fn get_component(&self, id: ComponentId) -> Option<ComponentId> {
        known(&self.components, id.0).map(ComponentId)
    }
}

fn known(ids: &[u32], id: u32) -> Option<u32> {
    ids.get(id as usize).copied().filter(|id| *id != NONE)
}

fn learn(ids: &mut Vec<u32>, old: u32, new: u32) {
    let index = old as usize;
    if index >= ids.len() {
        ids.resize(index + 1, NONE);
    }
    ids[index] = new;
}

/// Runs laid end to end as they come.
#[derive(Debug)]
struct Heap<T> {
    elements: Vec<T>,
    ends: Vec<usize>,
}

impl<T: Pod + Send> Heap<T> {
    const fn new() -> Self {
        Self { elements: Vec::new(), ends: Vec::new() }
    }

    fn len(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("there are no more runs than in the pool")
    }

    fn push(&mut self, run: &[T]) -> u32 {
        let id = self.len();
        self.elements.extend_from_slice(run);
        self.ends.push(self.elements.len());
        id
    }

    fn get(&self, id: u32) -> &[T] {
        let start = id.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.elements[start..self.ends[id as usize]]
    }

    fn freeze(self) -> Flat<T> {
        Flat::new(self.elements, &self.ends)
    }
}

struct Builder<'a> {
    pool: &'a Pool,
    naming: &'a Naming,
    set_uses: Vec<u64>,
    component_uses: Vec<u64>,
    values: Heap<u8>,
    components: Heap<u32>,
    sets: Heap<u32>,
    sharer: Sharer,
    value_ids: Vec<u32>,
    remap: Remap,
    words: Vec<u32>,
}

impl<'a> Builder<'a> {
    fn new(pool: &'a Pool, naming: &'a Naming) -> Self {
        Self {
            pool,
            naming,
            set_uses: Vec::new(),
            component_uses: Vec::new(),
            values: Heap::new(),
            components: Heap::new(),
            sets: Heap::new(),
            sharer: Sharer::default(),
            value_ids: Vec::new(),
            remap: Remap { sets: Vec::new(), components: Vec::new() },
            words: Vec::new(),
        }
    }

    fn set(&mut self, old: SetId) -> u32 {
        if let Some(new) = self.remap.get_set(old) {
            return new.0;
        }
        let components: Vec<u32> = self.pool.components(old).map(|component| self.component(component)).collect();
        let new = self.sets.push(&components);
        learn(&mut self.remap.sets, old.0, new);
        new
    }

    fn component(&mut self, old: ComponentId) -> u32 {
        if let Some(new) = self.remap.get_component(old) {
            return new.0;
        }
        let mut words = std::mem::take(&mut self.words);
        words.clear();
        words.push(self.naming.of(self.pool.component_type(old)).0);
        for (property, value) in self.pool.entries(old) {
            words.extend([self.naming.of(property).0, self.value(value)]);
        }
        let id = self.components.len();
        let plain = |root| self.components.get(root);
        let shared = self.sharer.share(id, &words, None, || None, &self.naming.names, plain);
        let stored = shared.unwrap_or(&words);
        self.components.push(stored);
        learn(&mut self.remap.components, old.0, id);
        self.words = words;
        id
    }

    fn value(&mut self, old: ValueId) -> u32 {
        known(&self.value_ids, old.0).unwrap_or_else(|| {
            let new = self.values.push(self.pool.value_bytes(old));
            learn(&mut self.value_ids, old.0, new);
            new
        })
    }

    fn finish(self) -> (PoolBase, Remap) {
        let (values, components, sets) = (self.values.freeze(), self.components.freeze(), self.sets.freeze());
        let uses =
            Uses { sets: packed(self.set_uses, sets.len()), components: packed(self.component_uses, components.len()) };
        let base = PoolBase::of(values, components, sets, uses, &self.naming.names);
        (base.with_roots(self.sharer.into_roots()), self.remap)
    }
}

fn packed(mut uses: Vec<u64>, len: u32) -> PackedInts {
    uses.resize(len as usize, 0);
    uses.into_iter().collect()
}
