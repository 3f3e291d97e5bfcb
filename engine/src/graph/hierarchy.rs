//! Which nodes stand below which: parents are components, children are kept here.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;

use crate::entity::HIERARCHY;
use crate::id::NodeId;
use crate::pool::{NameId, Names, Pool, SetId};
use crate::topology::NodeIndex;
use crate::value::{Properties, Value};

/// The property of a [`HIERARCHY`] component that holds the parent's id.
pub(super) const PARENT: &str = "parent";

/// The children of each node that has any, by ordinal, and the names to find parents with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    children: HashMap<u32, BTreeSet<u32>, FixedState>,
    component_type: NameId,
    parent: NameId,
}

impl Hierarchy {
    pub(super) fn new(names: &Names) -> Self {
        let children = HashMap::default();
        Self { children, component_type: names.intern(HIERARCHY), parent: names.intern(PARENT) }
    }

    /// Returns the name of the component type.
    pub(super) const fn component_type(&self) -> NameId {
        self.component_type
    }

    /// Returns the parent's id that a component set holds.
    pub(super) fn parent_in(&self, pool: &Pool, set: SetId) -> Option<NodeId> {
        if set == SetId::EMPTY {
            return None;
        }
        let component = pool.find_component(set, self.component_type)?;
        parent_of(&pool.value(pool.property(component, self.parent)?))
    }

    /// Returns a node's children, ascending.
    pub(super) fn children(&self, node: NodeIndex) -> Vec<NodeIndex> {
        let children = self.children.get(&ordinal(node));
        children.into_iter().flatten().map(|child| NodeIndex::from(*child)).collect()
    }

    /// Returns the bytes on the heap, a tree's nodes as if each were two thirds full.
    pub(super) fn heap_bytes(&self) -> usize {
        let children: usize = self.children.values().map(BTreeSet::len).sum();
        self.children.capacity() * size_of::<(u32, BTreeSet<u32>)>() + children * size_of::<u32>() * 3 / 2
    }

    pub(super) fn link(&mut self, child: NodeIndex, parent: NodeIndex) {
        self.children.entry(ordinal(parent)).or_default().insert(ordinal(child));
    }

    pub(super) fn unlink(&mut self, child: NodeIndex, parent: NodeIndex) {
        if let Some(children) = self.children.get_mut(&ordinal(parent)) {
            children.remove(&ordinal(child));
            if children.is_empty() {
                self.children.remove(&ordinal(parent));
            }
        }
    }

    /// Gives every node its new ordinal.
    pub(super) fn renumber(&mut self, new: impl Fn(NodeIndex) -> NodeIndex) {
        let renumbered = |old: u32| ordinal(new(NodeIndex::from(old)));
        let old = std::mem::take(&mut self.children);
        self.children = old
            .into_iter()
            .map(|(parent, children)| (renumbered(parent), children.into_iter().map(renumbered).collect()))
            .collect();
    }
}

/// Returns the id that a parent property says.
pub(super) fn parent_of(value: &Value) -> Option<NodeId> {
    match value {
        Value::Bytes(bytes) => <[u8; 16]>::try_from(&**bytes).ok().map(NodeId::from_bytes),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Link(_) => None,
    }
}

/// Returns the properties of a [`HIERARCHY`] component.
pub(super) fn properties(parent: NodeId) -> Properties {
    Properties::from([(PARENT, Value::Bytes(parent.as_bytes().as_slice().into()))])
}

fn ordinal(node: NodeIndex) -> u32 {
    u32::try_from(node.index()).expect("node ordinals have 32 bits")
}
