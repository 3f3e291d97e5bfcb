//! What queries answer.

use std::collections::BTreeMap;

use crate::id::{EdgeId, NodeId};
use crate::view::{EdgeView, NodeView};

use super::graph_metrics::GraphMetrics;

/// An answer; which variant it is, the query says.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Of `Nodes`.
    Nodes(NodePage),
    /// Of `Count`.
    Count(usize),
    /// Of `Node` and `NodeByKey`: nothing where there is no such node.
    Node(Option<NodeView>),
    /// Of `Edge`: nothing where there is no such edge.
    Edge(Option<EdgeView>),
    /// Of `Neighbors`, oldest edge first, outgoing edges before incoming ones.
    Neighbors(Vec<Neighbor>),
    /// Of `Neighborhood` and `BreadthFirst`: nodes with their distance, nearest first, by id within a distance.
    Levels(Vec<(NodeId, usize)>),
    /// Of `DepthFirst` and `TopologicalOrder`.
    Sequence(Vec<NodeId>),
    /// Of `ShortestPath`, `CheapestPath`, `AStar` and `Cycle`: nothing where there is none.
    Path(Option<PathView>),
    /// Of `ShortestPaths`, cheapest first.
    Paths(Vec<PathView>),
    /// Of `WeakComponents`, `StrongComponents` and `LabelPropagation`: largest first, then by least id; ids ascending.
    Groups(Vec<Vec<NodeId>>),
    /// Of `PageRank` and `LocalClustering`: greatest first, then by id.
    Scores(Vec<(NodeId, f64)>),
    /// Of `DegreeDistribution`: how many nodes have each degree.
    Distribution(BTreeMap<usize, usize>),
    /// Of `Metrics`.
    Metrics(Box<GraphMetrics>),
}

/// One page of nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePage {
    /// The nodes of the page.
    pub nodes: Vec<NodeView>,
    /// How many nodes there are on all pages.
    pub total: usize,
}

/// A node at the other end of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbor {
    /// The edge.
    pub edge: EdgeView,
    /// The node.
    pub node: NodeView,
}

/// A way through the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct PathView {
    /// The nodes passed, both ends among them.
    pub nodes: Vec<NodeId>,
    /// The edges between them.
    pub edges: Vec<EdgeId>,
    /// The sum of the weights; the number of steps where none was asked for.
    pub cost: f64,
}
