//! Small random multigraphs with holes, as ours and as petgraph's, and a model of their edges.

use std::collections::BTreeSet;

use cidgraph::algorithm::{CancelToken, Direction, Path};
use cidgraph::topology::{EdgeIndex, EdgeListGraph, NodeIndex};
use petgraph::stable_graph::StableDiGraph;
use proptest::prelude::*;
use proptest::sample::select;

/// The same graph three times.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) graph: EdgeListGraph,
    pub(crate) oracle: StableDiGraph<(), f64>,
    /// Each live edge with its ends.
    pub(crate) edges: Vec<(EdgeIndex, NodeIndex, NodeIndex)>,
    pub(crate) nodes: BTreeSet<NodeIndex>,
    /// The weight of each edge: whole numbers, so that sums are exact.
    pub(crate) weights: Vec<f64>,
}

impl Sample {
    fn new(bound: u32, edges: &[(u32, u32, u8)], removed: &[u32]) -> Self {
        let ends: Vec<(u32, u32)> = edges.iter().map(|edge| (edge.0, edge.1)).collect();
        let weights: Vec<f64> = edges.iter().map(|edge| f64::from(edge.2)).collect();
        let mut oracle = StableDiGraph::new();
        for _ in 0..bound {
            oracle.add_node(());
        }
        for (source, target, weight) in edges {
            oracle.add_edge(NodeIndex::from(*source), NodeIndex::from(*target), f64::from(*weight));
        }
        for node in removed {
            oracle.remove_node(NodeIndex::from(*node));
        }
        let live = |edge: EdgeIndex| oracle.edge_endpoints(edge).map(|(source, target)| (edge, source, target));
        Self {
            graph: EdgeListGraph::with_holes(bound as usize, &ends, removed),
            edges: (0..ends.len()).map(EdgeIndex::new).filter_map(live).collect(),
            nodes: oracle.node_indices().collect(),
            oracle,
            weights,
        }
    }

    pub(crate) fn weight(&self, edge: EdgeIndex) -> f64 {
        self.weights[edge.index()]
    }

    /// Returns the steps from `node`: the edge and the node it leads to, outgoing before incoming.
    pub(crate) fn steps(&self, node: NodeIndex, direction: Direction) -> Vec<(EdgeIndex, NodeIndex)> {
        let outgoing = self.edges.iter().filter(|edge| edge.1 == node).map(|edge| (edge.0, edge.2));
        let incoming = self.edges.iter().filter(|edge| edge.2 == node).map(|edge| (edge.0, edge.1));
        match direction {
            Direction::Outgoing => outgoing.collect(),
            Direction::Incoming => incoming.collect(),
            Direction::Both => outgoing.chain(incoming).collect(),
        }
    }

    /// Returns the cost of the cheapest way from `source` to each ordinal, by relaxing all edges until nothing changes.
    pub(crate) fn distances(
        &self,
        source: NodeIndex,
        direction: Direction,
        weight: impl Fn(EdgeIndex) -> f64,
    ) -> Vec<f64> {
        let mut distances = vec![f64::INFINITY; self.bound()];
        if self.nodes.contains(&source) {
            distances[source.index()] = 0.0;
        }
        loop {
            let before = distances.clone();
            for node in &self.nodes {
                for (edge, next) in self.steps(*node, direction) {
                    let onward = distances[node.index()] + weight(edge);
                    distances[next.index()] = distances[next.index()].min(onward);
                }
            }
            if distances == before {
                return distances;
            }
        }
    }

    pub(crate) fn bound(&self) -> usize {
        cidgraph::topology::Topology::node_bound(&self.graph)
    }

    /// Checks that each edge of `path` leads from one of its nodes to the next.
    pub(crate) fn check_path(&self, path: &Path, direction: Direction) {
        for (at, edge) in path.edges().iter().enumerate() {
            let (node, next) = (path.nodes()[at], path.nodes()[at + 1]);
            assert!(self.steps(node, direction).contains(&(*edge, next)), "{path:?}");
        }
    }
}

/// Makes graphs of up to `nodes_max` nodes and `edges_max` edges, loops, parallel edges and holes among them.
pub(crate) fn samples(nodes_max: u32, edges_max: usize) -> impl Strategy<Value = Sample> {
    (1..=nodes_max).prop_flat_map(move |bound| {
        let edges = prop::collection::vec((0..bound, 0..bound, 0..10_u8), 0..=edges_max);
        let removed = prop::collection::btree_set(0..bound, 0..=(bound as usize / 3));
        (Just(bound), edges, removed)
            .prop_map(|(bound, edges, removed)| Sample::new(bound, &edges, &removed.into_iter().collect::<Vec<_>>()))
    })
}

pub(crate) fn directions() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Outgoing, Direction::Incoming, Direction::Both])
}

/// A token that nobody cancels.
pub(crate) fn going() -> CancelToken {
    CancelToken::new()
}
