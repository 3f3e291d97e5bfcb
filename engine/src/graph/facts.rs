//! A node's facts for the index, read from the state.

use crate::index::{Facts, Index, NameNumber};
use crate::pool::{ComponentId, ComponentRegistry, NameId};
use crate::state::At;
use crate::topology::NodeIndex;
use crate::value::Value;

/// Builds the indices of all nodes that are there.
///
/// # Panics
/// Where the names lack one of the registry.
pub fn index_of(at: At<'_>, registry: &ComponentRegistry) -> Index {
    let mut updater = Index::default().into_updater();
    for node in at.nodes() {
        let ordinal = u32::try_from(node.index()).expect("node ordinals have 32 bits");
        updater.insert(ordinal, &LiveFacts::new(at, node, registry));
    }
    updater.finish()
}

/// The facts of one node at a stamp.
#[derive(Debug, Clone, Copy)]
pub struct LiveFacts<'a> {
    at: At<'a>,
    node: NodeIndex,
    registry: &'a ComponentRegistry,
}

impl<'a> LiveFacts<'a> {
    /// Looks at a node, dead or alive.
    pub const fn new(at: At<'a>, node: NodeIndex, registry: &'a ComponentRegistry) -> Self {
        Self { at, node, registry }
    }

    fn components(&self) -> impl Iterator<Item = (NameId, ComponentId)> {
        let pool = self.at.pool();
        pool.components(self.at.node_set(self.node)).map(|component| (pool.component_type(component), component))
    }
}

impl Facts for LiveFacts<'_> {
    fn kind(&self) -> NameNumber {
        self.at.node_kind(self.node).0
    }

    fn for_each_type(&self, visit: &mut dyn FnMut(NameNumber)) {
        self.components().for_each(|(component_type, _)| visit(component_type.0));
    }

    fn for_each_category(&self, visit: &mut dyn FnMut(NameNumber)) {
        let names = self.at.pool().names();
        for (component_type, _) in self.components() {
            if let Some(category) = self.registry.category(names.get(component_type)) {
                // Not interned here: a fold reads facts on another thread than the one writer of names.
                let category = names.find(category).expect("an aggregate begins with its registry's names");
                visit(category.0);
            }
        }
    }

    fn for_each_entry(&self, visit: &mut dyn FnMut(NameNumber, NameNumber, &Value)) {
        let pool = self.at.pool();
        for (component_type, component) in self.components() {
            for (property, value) in pool.entries(component) {
                visit(component_type.0, property.0, &pool.value(value));
            }
        }
    }
}
