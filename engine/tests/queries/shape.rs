//! A graph's edges as a list, and as petgraph's own graph.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::algorithm::Direction;
use cidgraph::read_model::PathView;
use cidgraph::{EdgeView, GraphReadModel, NodeId};
use petgraph::stable_graph::{NodeIndex, StableDiGraph};

pub struct Shape {
    pub nodes: Vec<NodeId>,
    /// Oldest first.
    pub edges: Vec<EdgeView>,
}

impl Shape {
    pub fn of(model: &GraphReadModel) -> Self {
        let at = model.view().at();
        let mut edges: Vec<_> = at.edges().collect();
        edges.sort_by_key(|edge| at.edge_creation(*edge));
        Self {
            nodes: at.nodes().map(|node| at.node_id(node)).collect(),
            edges: edges.into_iter().map(|edge| at.edge_view(edge)).collect(),
        }
    }

    pub fn oracle(&self) -> (StableDiGraph<NodeId, ()>, BTreeMap<NodeId, NodeIndex>) {
        let mut oracle = StableDiGraph::new();
        let index: BTreeMap<_, _> = self.nodes.iter().map(|node| (*node, oracle.add_node(*node))).collect();
        for edge in &self.edges {
            oracle.add_edge(index[&edge.source], index[&edge.target], ());
        }
        (oracle, index)
    }

    /// Returns the edges from a node with the nodes that they lead to, outgoing ones first.
    pub fn steps(&self, node: NodeId, direction: Direction, kind: Option<&str>) -> Vec<(&EdgeView, NodeId)> {
        let of_kind = || self.edges.iter().filter(|edge| kind.is_none_or(|kind| edge.kind == kind));
        let outgoing = of_kind().filter(|edge| edge.source == node).map(|edge| (edge, edge.target));
        let incoming = of_kind().filter(|edge| edge.target == node).map(|edge| (edge, edge.source));
        match direction {
            Direction::Outgoing => outgoing.collect(),
            Direction::Incoming => incoming.collect(),
            Direction::Both => outgoing.chain(incoming).collect(),
        }
    }

    /// Returns how far each node that can be reached is.
    pub fn levels(&self, start: NodeId, direction: Direction, kind: Option<&str>) -> BTreeMap<NodeId, usize> {
        let mut levels = BTreeMap::from([(start, 0)]);
        for distance in 0..self.nodes.len() {
            let border: Vec<NodeId> =
                levels.iter().filter(|level| *level.1 == distance).map(|level| *level.0).collect();
            for (_, next) in border.into_iter().flat_map(|node| self.steps(node, direction, kind)) {
                levels.entry(next).or_insert(distance + 1);
            }
        }
        levels
    }

    /// Returns the cost of every path without repeated nodes, ascending.
    pub fn costs(
        &self,
        source: NodeId,
        target: NodeId,
        direction: Direction,
        weigh: &dyn Fn(&EdgeView) -> f64,
        most: usize,
    ) -> Option<Vec<f64>> {
        let mut costs = Vec::new();
        let mut open = vec![(vec![source], 0.0)];
        while let Some((path, cost)) = open.pop() {
            let last = path[path.len() - 1];
            if last == target {
                costs.push(cost);
                continue;
            }
            for (edge, next) in self.steps(last, direction, None) {
                if !path.contains(&next) {
                    open.push(([path.as_slice(), &[next]].concat(), cost + weigh(edge)));
                }
            }
            if costs.len() + open.len() > most {
                return None;
            }
        }
        costs.sort_by(f64::total_cmp);
        Some(costs)
    }

    /// Checks that each edge of a path leads from one of its nodes to the next, and that it costs what it says.
    pub fn check_path(
        &self,
        path: &PathView,
        ends: (NodeId, NodeId),
        direction: Direction,
        kind: Option<&str>,
        weigh: &dyn Fn(&EdgeView) -> f64,
    ) {
        assert_eq!((path.nodes.first(), path.nodes.last()), (Some(&ends.0), Some(&ends.1)));
        assert_eq!(path.nodes.len(), path.edges.len() + 1);
        let mut cost = 0.0;
        for (at, edge) in path.edges.iter().enumerate() {
            let steps = self.steps(path.nodes[at], direction, kind);
            let step = steps.iter().find(|step| step.0.id == *edge && step.1 == path.nodes[at + 1]);
            cost += weigh(step.unwrap().0);
        }
        assert!((cost - path.cost).abs() < 1e-9, "{path:?}");
    }

    /// Returns which nodes are joined to which, whatever the direction.
    pub fn around(&self, node: NodeId) -> BTreeSet<NodeId> {
        self.steps(node, Direction::Both, None).into_iter().map(|step| step.1).filter(|other| *other != node).collect()
    }
}
