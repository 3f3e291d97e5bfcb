//! A node looked at in place: what is asked of it is read, the rest is not.

use std::fmt;

use crate::entity::Key;
use crate::id::NodeId;
use crate::state::At;
use crate::topology::NodeIndex;
use crate::value::{Name, Value};
use crate::view::NodeView;

use super::resolved::property_of;

/// A node of one version, without a copy of what it holds.
#[derive(Clone, Copy)]
pub struct NodeRef<'a> {
    at: At<'a>,
    node: NodeIndex,
}

impl<'a> NodeRef<'a> {
    pub(super) const fn new(at: At<'a>, node: NodeIndex) -> Self {
        Self { at, node }
    }

    /// Returns the node's place in the view's topology.
    pub const fn index(&self) -> NodeIndex {
        self.node
    }

    /// Returns the id.
    pub fn id(&self) -> NodeId {
        self.at.node_id(self.node)
    }

    /// Returns the kind.
    pub fn kind(&self) -> &'a Name {
        self.at.pool().names().get(self.at.node_kind(self.node))
    }

    /// Returns the caller's own name for the node.
    pub fn key(&self) -> Option<Key> {
        self.at.node_key(self.node)
    }

    /// Returns the version of the last event that changed the node.
    pub fn version(&self) -> u64 {
        self.at.node_version(self.node)
    }

    /// Returns whether the node has a component of a type.
    pub fn has(&self, component: &str) -> bool {
        let name = self.at.pool().names().find(component);
        name.is_some_and(|name| self.at.component(self.node, name).is_some())
    }

    /// Returns the value of a property.
    pub fn property(&self, component: &str, property: &str) -> Option<Value> {
        let names = self.at.pool().names();
        property_of(self.at, self.node, names.find(component)?, names.find(property)?)
    }

    /// Returns a copy of all that the node is and holds.
    pub fn to_view(&self) -> NodeView {
        self.at.node_view(self.node)
    }
}

impl fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeRef").field("id", &self.id()).field("kind", self.kind()).finish_non_exhaustive()
    }
}
