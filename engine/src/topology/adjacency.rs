//! The trait by which algorithms see a graph.

use super::{EdgeIndex, NodeIndex};

/// One step from a node: the edge, and the node at its other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Adjacent {
    /// The node at the edge's other end.
    pub node: NodeIndex,
    /// The edge.
    pub edge: EdgeIndex,
}

/// A directed multigraph over ordinals.
///
/// Node ordinals lie below [`node_bound`](Self::node_bound), edge ordinals below [`edge_bound`](Self::edge_bound);
/// both may have holes where elements were removed. Adjacent edges come in the order in which they were connected.
pub trait Topology: Sync {
    /// Returns a number that every node's ordinal is below.
    fn node_bound(&self) -> usize;

    /// Returns a number that every edge's ordinal is below.
    fn edge_bound(&self) -> usize;

    /// Returns the number of nodes.
    fn node_count(&self) -> usize;

    /// Returns the number of edges.
    fn edge_count(&self) -> usize;

    /// Returns whether there is a node of this ordinal.
    fn contains(&self, node: NodeIndex) -> bool;

    /// Returns the edges that start at `node`, with their targets.
    fn outgoing(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent>;

    /// Returns the edges that end at `node`, with their sources.
    fn incoming(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent>;

    /// Returns the ordinals of all nodes, ascending.
    fn nodes(&self) -> impl Iterator<Item = NodeIndex> {
        (0..self.node_bound()).map(NodeIndex::new).filter(|node| self.contains(*node))
    }
}
