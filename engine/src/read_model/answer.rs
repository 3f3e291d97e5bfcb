//! What queries answer.

use std::collections::BTreeMap;

use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties, Value};
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

impl Answer {
    /// Returns the bytes on the heap, texts above 23 bytes and nested values left out.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Nodes(page) => size_of_val(&*page.nodes) + page.nodes.iter().map(node_bytes).sum::<usize>(),
            Self::Node(node) => node.as_ref().map_or(0, node_bytes),
            Self::Edge(edge) => edge.as_ref().map_or(0, edge_bytes),
            Self::Neighbors(neighbors) => {
                let owned = |neighbor: &Neighbor| node_bytes(&neighbor.node) + edge_bytes(&neighbor.edge);
                size_of_val(&**neighbors) + neighbors.iter().map(owned).sum::<usize>()
            }
            Self::Levels(levels) => size_of_val(&**levels),
            Self::Sequence(nodes) => size_of_val(&**nodes),
            Self::Path(path) => path.as_ref().map_or(0, path_bytes),
            Self::Paths(paths) => size_of_val(&**paths) + paths.iter().map(path_bytes).sum::<usize>(),
            Self::Groups(groups) => {
                size_of_val(&**groups) + groups.iter().map(|group| size_of_val(&**group)).sum::<usize>()
            }
            Self::Scores(scores) => size_of_val(&**scores),
            Self::Distribution(counts) => counts.len() * size_of::<(usize, usize)>(),
            Self::Metrics(metrics) => size_of_val(&**metrics),
            Self::Count(_) => 0,
        }
    }
}

fn node_bytes(node: &NodeView) -> usize {
    let owned = node.components.iter().map(|component| properties_bytes(&component.properties));
    size_of_val(&*node.components) + owned.sum::<usize>()
}

fn edge_bytes(edge: &EdgeView) -> usize {
    properties_bytes(&edge.properties)
}

fn properties_bytes(properties: &Properties) -> usize {
    properties.len() * size_of::<(Name, Value)>()
}

fn path_bytes(path: &PathView) -> usize {
    size_of_val(&*path.nodes) + size_of_val(&*path.edges)
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
