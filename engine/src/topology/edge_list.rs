//! A graph that never changes, from a list of edges: the plainest [`Topology`], for tests and measurements.

use super::{Adjacent, EdgeIndex, NodeIndex, Topology, Weights};

/// A directed multigraph in compressed sparse rows, both ways.
///
/// Node ordinals are those of the list, edge ordinals positions in it.
#[derive(Debug, Clone)]
pub struct EdgeListGraph {
    present: Vec<bool>,
    node_count: usize,
    edge_bound: usize,
    outgoing: Rows,
    incoming: Rows,
}

impl EdgeListGraph {
    /// Builds the graph of nodes `0..node_count` with an edge for each `(source, target)`.
    ///
    /// # Panics
    /// An end point is not below `node_count`.
    #[must_use]
    pub fn new(node_count: usize, edges: &[(u32, u32)]) -> Self {
        Self::with_holes(node_count, edges, &[])
    }

    /// Builds the graph without the nodes `removed` and the edges that touched them; the other ordinals stay.
    ///
    /// # Panics
    /// An end point or a removed node is not below `node_bound`.
    #[must_use]
    pub fn with_holes(node_bound: usize, edges: &[(u32, u32)], removed: &[u32]) -> Self {
        let mut present = vec![true; node_bound];
        removed.iter().for_each(|node| present[*node as usize] = false);
        let live = |(source, target): (u32, u32)| present[source as usize] && present[target as usize];
        let outgoing = Rows::new(node_bound, edges.iter().map(|edge| (live(*edge), edge.0, edge.1)));
        let incoming = Rows::new(node_bound, edges.iter().map(|edge| (live(*edge), edge.1, edge.0)));
        let node_count = present.iter().filter(|present| **present).count();
        Self { present, node_count, edge_bound: edges.len(), outgoing, incoming }
    }
}

impl Topology for EdgeListGraph {
    fn node_bound(&self) -> usize {
        self.present.len()
    }

    fn edge_bound(&self) -> usize {
        self.edge_bound
    }

    fn node_count(&self) -> usize {
        self.node_count
    }

    fn edge_count(&self) -> usize {
        self.outgoing.steps.len()
    }

    fn contains(&self, node: NodeIndex) -> bool {
        self.present.get(node.index()).copied().unwrap_or(false)
    }

    fn outgoing(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        self.outgoing.row(node)
    }

    fn incoming(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        self.incoming.row(node)
    }
}

impl Weights for EdgeListGraph {
    type Node = ();
    type Edge = ();

    fn node_weight(&self, _: NodeIndex) -> &() {
        &()
    }

    fn edge_weight(&self, _: EdgeIndex) -> &() {
        &()
    }
}

/// The steps from each node, one node after another.
#[derive(Debug, Clone)]
struct Rows {
    starts: Vec<usize>,
    steps: Vec<Adjacent>,
}

impl Rows {
    /// Sorts `(live, from, to)` by `from`, in order of the edges within a row; what is not live gets no step.
    fn new(node_bound: usize, edges: impl Iterator<Item = (bool, u32, u32)> + Clone) -> Self {
        let mut starts = vec![0; node_bound + 1];
        for (_, from, _) in edges.clone().filter(|edge| edge.0) {
            starts[from as usize + 1] += 1;
        }
        for node in 0..node_bound {
            starts[node + 1] += starts[node];
        }
        let mut next = starts.clone();
        let unset = Adjacent { node: NodeIndex::end(), edge: EdgeIndex::end() };
        let mut steps = vec![unset; starts[node_bound]];
        for (edge, (_, from, to)) in edges.enumerate().filter(|(_, edge)| edge.0) {
            steps[next[from as usize]] = Adjacent { node: NodeIndex::from(to), edge: EdgeIndex::new(edge) };
            next[from as usize] += 1;
        }
        Self { starts, steps }
    }

    fn row(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        let steps = match (self.starts.get(node.index()), self.starts.get(node.index() + 1)) {
            (Some(start), Some(end)) => &self.steps[*start..*end],
            _ => &[],
        };
        steps.iter().copied()
    }
}
