//! Everything that can be asked of one version of a graph.

use std::hash::{Hash, Hasher};

use crate::algorithm::{Cancelled, Direction};
use crate::entity::Key;
use crate::id::{EdgeId, NodeId};
use crate::metrics::Operation;
use crate::pages::SnapshotDamage;
use crate::value::Name;

use super::criterion::Criterion;
use super::node_query::NodeQuery;

/// A float that can be a key: compared and hashed by its bits.
#[derive(Debug, Clone, Copy)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

impl Hash for Real {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A question about one version of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GraphQuery {
    /// Nodes by criteria, ordered and paged.
    Nodes(NodeQuery),
    /// How many nodes meet a criterion.
    Count(Criterion),
    /// One node by id.
    Node(NodeId),
    /// One node by kind and key.
    NodeByKey {
        /// The node's kind.
        kind: Name,
        /// The caller's own name for it.
        key: Key,
    },
    /// One edge by id.
    Edge(EdgeId),
    /// The nodes at the other ends of a node's edges.
    Neighbors {
        /// The node.
        node: NodeId,
        /// Which edges.
        direction: Direction,
        /// Only edges of this kind.
        edge_kind: Option<Name>,
        /// At most so many.
        limit: Option<usize>,
    },
    /// The nodes at most `hops` steps away, the node itself included.
    Neighborhood {
        /// The node.
        node: NodeId,
        /// The most steps.
        hops: usize,
        /// Which edges.
        direction: Direction,
        /// Only edges of this kind.
        edge_kind: Option<Name>,
    },
    /// All nodes that can be reached, breadth first.
    BreadthFirst {
        /// The node.
        node: NodeId,
        /// Which edges.
        direction: Direction,
    },
    /// All nodes that can be reached, in the order in which a depth-first walk meets them.
    DepthFirst {
        /// The node.
        node: NodeId,
        /// Which edges.
        direction: Direction,
    },
    /// A path of the fewest steps, by a search from both ends.
    ShortestPath {
        /// Where it starts.
        source: NodeId,
        /// Where it ends.
        target: NodeId,
        /// Which edges.
        direction: Direction,
        /// Only edges of this kind.
        edge_kind: Option<Name>,
    },
    /// A path of the least sum of weights (Dijkstra, from both ends).
    CheapestPath {
        /// Where it starts.
        source: NodeId,
        /// Where it ends.
        target: NodeId,
        /// Which edges.
        direction: Direction,
        /// The edges' property that is their weight; an edge without it weighs 1.
        weight: Name,
    },
    /// A cheapest path by A*, guided by the straight line between the nodes' `Spatial` places. The weight of an edge must
    /// not be less than the straight line between its ends.
    AStar {
        /// Where it starts.
        source: NodeId,
        /// Where it ends.
        target: NodeId,
        /// Which edges.
        direction: Direction,
        /// The edges' property that is their weight; an edge without it weighs as much as the straight line.
        weight: Name,
    },
    /// Several cheapest paths without repeated nodes.
    ShortestPaths {
        /// Where they start.
        source: NodeId,
        /// Where they end.
        target: NodeId,
        /// Which edges.
        direction: Direction,
        /// How many.
        count: usize,
        /// The edges' property that is their weight; each step weighs 1 where none is said.
        weight: Option<Name>,
    },
    /// The nodes joined by edges of any direction.
    WeakComponents,
    /// The nodes from each of which all others of the same component can be reached.
    StrongComponents,
    /// All nodes, each behind those whose edges lead to it.
    TopologicalOrder,
    /// A cycle, where there is one.
    Cycle,
    /// The nodes of the greatest PageRank.
    PageRank {
        /// How likely a walker follows an edge, 0 to 1.
        damping: Real,
        /// The most iterations.
        iterations_max: usize,
        /// It stops where the ranks change by less than this in sum.
        tolerance: Real,
        /// How many nodes are shown.
        limit: usize,
    },
    /// Communities by label propagation (CDLP, the least of the most frequent labels).
    LabelPropagation {
        /// The most iterations.
        iterations_max: usize,
    },
    /// The nodes of the greatest local clustering coefficient, edges read as undirected.
    LocalClustering {
        /// How many nodes are shown.
        limit: usize,
    },
    /// How many nodes have each degree.
    DegreeDistribution {
        /// Which edges count.
        direction: Direction,
    },
    /// What the graph is like as a whole.
    Metrics,
}

/// Why a query has no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// The node that it starts or ends at is not there.
    #[error("unknown node {node}")]
    UnknownNode {
        /// The node.
        node: NodeId,
    },
    /// The nodes have no topological order.
    #[error("there is no topological order: the graph has a cycle")]
    Cyclic,
    /// An edge's weight is not a number of 0 or more.
    #[error("{reason}")]
    InvalidWeight {
        /// Which, and what is wrong.
        reason: String,
    },
    /// A parameter is out of its range.
    #[error("{what}: expected {expected}")]
    InvalidParameter {
        /// The parameter.
        what: &'static str,
        /// What is expected.
        expected: &'static str,
    },
    /// The caller gave it up.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The graph is read in place from a file that is damaged.
    #[error(transparent)]
    Damaged(#[from] SnapshotDamage),
}

impl GraphQuery {
    /// Returns under which operation its duration is counted.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Node(_) | Self::NodeByKey { .. } | Self::Edge(_) => Operation::QueryLookup,
            Self::Nodes(_) | Self::Count(_) => Operation::QuerySelect,
            Self::Neighbors { .. } => Operation::QueryNeighbors,
            Self::Neighborhood { .. } | Self::BreadthFirst { .. } | Self::DepthFirst { .. } => Operation::QueryTraverse,
            Self::ShortestPath { .. } | Self::CheapestPath { .. } | Self::AStar { .. } | Self::ShortestPaths { .. } => {
                Operation::QueryPath
            }
            Self::WeakComponents
            | Self::StrongComponents
            | Self::TopologicalOrder
            | Self::Cycle
            | Self::PageRank { .. }
            | Self::LabelPropagation { .. }
            | Self::LocalClustering { .. }
            | Self::DegreeDistribution { .. }
            | Self::Metrics => Operation::QueryAnalyze,
        }
    }
}
