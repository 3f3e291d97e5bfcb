//! The trait by which petgraph's algorithms see the weights of a graph.

use super::{EdgeIndex, NodeIndex, Topology};

/// A topology whose nodes and edges carry weights, as petgraph calls what an element is labelled with.
pub trait Weights: Topology {
    /// What a node carries.
    type Node;
    /// What an edge carries.
    type Edge;

    /// Returns what a node carries.
    ///
    /// # Panics
    /// Where there never was a node of this ordinal.
    fn node_weight(&self, node: NodeIndex) -> &Self::Node;

    /// Returns what an edge carries.
    ///
    /// # Panics
    /// Where there never was an edge of this ordinal.
    fn edge_weight(&self, edge: EdgeIndex) -> &Self::Edge;
}
