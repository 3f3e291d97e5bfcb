//! Nodes and edges as answers show them.

use crate::entity::{Component, Key};
use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties};

/// A node as a query returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeView {
    /// The node's id.
    pub id: NodeId,
    /// The caller's own name for it.
    pub key: Option<Key>,
    /// Its type.
    pub kind: Name,
    /// The version of the last event that changed it.
    pub version: u64,
    /// Its components, in DAG-CBOR's key order of their types.
    pub components: Vec<Component>,
}

/// An edge as a query returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeView {
    /// The edge's id.
    pub id: EdgeId,
    /// Its type.
    pub kind: Name,
    /// The node it starts at.
    pub source: NodeId,
    /// The node it ends at.
    pub target: NodeId,
    /// Its properties.
    pub properties: Properties,
}
