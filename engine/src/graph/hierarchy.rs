//! Which nodes stand below which: parents are components, children are kept here.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::FixedState;

use crate::entity::HIERARCHY;
use crate::id::NodeId;
use crate::index::Index;
use crate::pool::{NameId, Names, Pool, SetId};
use crate::state::{At, Renumbering};
use crate::topology::NodeIndex;
use crate::value::{Properties, Value};

/// The property of a [`HIERARCHY`] component that holds the parent's id.
pub(super) const PARENT: &str = "parent";

/// The children of nodes, by ordinal, and the names to find parents with.
///
/// A draft that was resumed does not gather all children: those that a node had then are asked of the index of then,
/// once something below that node changes.
#[derive(Debug)]
pub(super) struct Hierarchy {
    /// The children of each node that has any; after a resumption of each node below which something changed.
    children: Children,
    /// The index that says the other nodes' children.
    before: Option<Index>,
    component_type: NameId,
    parent: NameId,
}

/// Children by parent.
pub(super) type Children = HashMap<u32, BTreeSet<u32>, FixedState>;

impl Hierarchy {
    pub(super) fn new(names: &Names) -> Self {
        let (component_type, parent) = (names.intern(HIERARCHY), names.intern(PARENT));
        Self { children: HashMap::default(), before: None, component_type, parent }
    }

    /// Makes the hierarchy that an index says, which holds for every node.
    pub(super) fn of_index(names: &Names, index: &Index) -> Self {
        let hierarchy = Self::new(names);
        let is_flat = index.property(hierarchy.component_type.0, hierarchy.parent.0).is_none();
        Self { before: (!is_flat).then(|| index.clone()), ..hierarchy }
    }

    /// Returns the name of the component type.
    pub(super) const fn component_type(&self) -> NameId {
        self.component_type
    }

    /// Returns whether children are still asked of an index.
    pub(super) const fn rests_on_index(&self) -> bool {
        self.before.is_some()
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
    pub(super) fn children(&self, at: At<'_>, node: NodeIndex) -> Vec<NodeIndex> {
        let node_of = |child: &u32| NodeIndex::from(*child);
        match self.children.get(&ordinal(node)) {
            Some(children) => children.iter().map(node_of).collect(),
            None => self.children_before(at, node).iter().map(node_of).collect(),
        }
    }

    /// Returns the bytes on the heap, a tree's nodes as if each were two thirds full.
    pub(super) fn heap_bytes(&self) -> usize {
        let children: usize = self.children.values().map(BTreeSet::len).sum();
        self.children.capacity() * size_of::<(u32, BTreeSet<u32>)>() + children * size_of::<u32>() * 3 / 2
    }

    pub(super) fn link(&mut self, at: At<'_>, child: NodeIndex, parent: NodeIndex) {
        self.children_of(at, parent).insert(ordinal(child));
    }

    pub(super) fn unlink(&mut self, at: At<'_>, child: NodeIndex, parent: NodeIndex) {
        let children = self.children_of(at, parent);
        children.remove(&ordinal(child));
        if children.is_empty() && self.before.is_none() {
            self.children.remove(&ordinal(parent));
        }
    }

    /// Gives every node its new ordinal. `folded` are all children when the fold was made, which is not asked for where
    /// nothing rests on an index.
    pub(super) fn renumber(&mut self, renumbering: &Renumbering, folded: Option<Children>) {
        assert!(folded.is_some() || self.before.is_none(), "the fold gathers what the index of before said");
        let mut children = folded.unwrap_or_default();
        for (parent, now) in std::mem::take(&mut self.children) {
            // A parent that was dead at the fold has no children.
            let Some(parent) = renumbering.get_node(NodeIndex::from(parent)) else { continue };
            let now: BTreeSet<u32> =
                now.into_iter().map(|child| ordinal(renumbering.node(NodeIndex::from(child)))).collect();
            if now.is_empty() {
                children.remove(&ordinal(parent))
            } else {
                children.insert(ordinal(parent), now)
            };
        }
        (self.children, self.before) = (children, None);
    }

    /// Gathers the children of all nodes; in proportion to the number of nodes.
    pub(super) fn gather(at: At<'_>) -> Children {
        let hierarchy = Self::new(at.pool().names());
        let mut children = Children::default();
        for node in at.nodes() {
            let parent = hierarchy.parent_in(at.pool(), at.node_set(node)).and_then(|parent| at.find_node(parent));
            if let Some(parent) = parent {
                children.entry(ordinal(parent)).or_default().insert(ordinal(node));
            }
        }
        children
    }

    fn children_of(&mut self, at: At<'_>, parent: NodeIndex) -> &mut BTreeSet<u32> {
        if !self.children.contains_key(&ordinal(parent)) {
            let before = self.children_before(at, parent);
            self.children.insert(ordinal(parent), before);
        }
        self.children.entry(ordinal(parent)).or_default()
    }

    /// Returns the children that a node had before anything changed below it.
    fn children_before(&self, at: At<'_>, parent: NodeIndex) -> BTreeSet<u32> {
        let Some(index) = self.before.as_ref().filter(|index| index.nodes().contains(ordinal(parent))) else {
            return BTreeSet::new();
        };
        let value = Value::Bytes(at.node_id(parent).as_bytes().as_slice().into());
        let children = index.equals(self.component_type.0, self.parent.0, &value);
        children.expect("ids are indexed").iter().collect()
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
