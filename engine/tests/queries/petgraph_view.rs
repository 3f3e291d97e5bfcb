//! petgraph's algorithms find on a view, of now, of a past version and of a base that was frozen, what they find on
//! petgraph's own graph.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::topology::{EdgeIndex, NodeIndex, PetgraphView};
use cidgraph::{GraphReadModel, GraphView, Name, NodeId};
use petgraph::algo;
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::{EdgeCount, EdgeRef, IntoEdgeReferences, IntoNodeReferences, NodeCount};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::commands;
use crate::past::folded;
use crate::world::World;

/// A view's graph as petgraph keeps one, and its nodes by id.
struct Oracle {
    graph: StableDiGraph<NodeId, Name>,
    nodes: BTreeMap<NodeId, NodeIndex>,
}

impl Oracle {
    fn of(view: &GraphView) -> Self {
        let (at, mut graph) = (view.at(), StableDiGraph::new());
        let nodes =
            at.nodes().map(|node| (at.node_id(node), graph.add_node(at.node_id(node)))).collect::<BTreeMap<_, _>>();
        for edge in at.edges().map(|edge| at.edge_view(edge)) {
            graph.add_edge(nodes[&edge.source], nodes[&edge.target], edge.kind);
        }
        Self { graph, nodes }
    }

    fn id(&self, node: NodeIndex) -> NodeId {
        self.graph[node]
    }
}

fn cost(kind: &str) -> u32 {
    if kind == "near" { 1 } else { 3 }
}

fn parts(parts: Vec<Vec<NodeIndex>>, id: impl Fn(NodeIndex) -> NodeId) -> BTreeSet<BTreeSet<NodeId>> {
    parts.into_iter().map(|part| part.into_iter().map(&id).collect()).collect()
}

fn by_id(costs: impl IntoIterator<Item = (NodeIndex, u32)>, id: impl Fn(NodeIndex) -> NodeId) -> BTreeMap<NodeId, u32> {
    costs.into_iter().map(|(node, cost)| (id(node), cost)).collect()
}

fn edges<E>(edges: impl Iterator<Item = E>, id: impl Fn(NodeIndex) -> NodeId) -> Vec<(NodeId, Name, NodeId)>
where
    E: EdgeRef<NodeId = NodeIndex, EdgeId = EdgeIndex, Weight = Name>,
{
    let mut edges: Vec<_> = edges.map(|edge| (id(edge.source()), edge.weight().clone(), id(edge.target()))).collect();
    edges.sort();
    edges
}

fn check(view: &GraphView, then: &GraphReadModel) {
    let oracle = Oracle::of(then.view());
    let (ours, theirs, at) = (PetgraphView(view), &oracle.graph, view.at());
    let (our_id, their_id) = (|node| at.node_id(node), |node| oracle.id(node));
    assert_eq!((ours.node_count(), ours.edge_count()), (theirs.node_count(), theirs.edge_count()));
    assert_eq!(edges(ours.edge_references(), our_id), edges(theirs.edge_references(), their_id));
    for (node, kind) in ours.node_references() {
        assert_eq!(then.node(at.node_id(node)).map(|view| view.kind), Some(kind.clone()));
    }
    assert_eq!(parts(algo::tarjan_scc(ours), our_id), parts(algo::tarjan_scc(theirs), their_id));
    assert_eq!(algo::is_cyclic_directed(ours), algo::is_cyclic_directed(theirs));
    assert_eq!(algo::toposort(ours, None).is_ok(), algo::toposort(theirs, None).is_ok());
    for (id, start) in &oracle.nodes {
        let our_costs = algo::dijkstra(ours, at.find_node(*id).unwrap(), None, |edge| cost(edge.weight()));
        let their_costs = algo::dijkstra(theirs, *start, None, |edge| cost(edge.weight()));
        assert_eq!(by_id(our_costs, our_id), by_id(their_costs, their_id));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn algorithms_find_the_same(played in vec(commands(), 0..60)) {
        let mut world = World::new();
        let mut seen = vec![world.model()];
        for command in &played {
            if world.command(command) {
                seen.push(world.model());
            }
        }
        let now = world.model();
        let frozen = folded(now.view());
        for then in seen.iter().rev().step_by(7) {
            check(then.view(), then);
            check(&now.view().at_version(then.version()).unwrap(), then);
            check(&frozen.at_version(then.version()).unwrap(), then);
        }
    }
}
