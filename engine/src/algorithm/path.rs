//! A way through the graph.

use crate::topology::{EdgeIndex, NodeIndex};

/// Nodes and the edges between them, in the order in which they are passed.
///
/// There is one node more than there are edges. Each edge joins the node at its place and the next one; which way it
/// points depends on the direction that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path {
    nodes: Vec<NodeIndex>,
    edges: Vec<EdgeIndex>,
}

impl Path {
    pub(super) fn new(nodes: Vec<NodeIndex>, edges: Vec<EdgeIndex>) -> Self {
        assert_eq!(nodes.len(), edges.len() + 1, "an edge lies between each two nodes");
        Self { nodes, edges }
    }

    /// Returns the nodes passed, both ends among them.
    #[must_use]
    pub fn nodes(&self) -> &[NodeIndex] {
        &self.nodes
    }

    /// Returns the edges passed.
    #[must_use]
    pub fn edges(&self) -> &[EdgeIndex] {
        &self.edges
    }

    /// Returns the number of steps.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.edges.len()
    }
}
