//! Compares everything that can be asked of a generation at a stamp with the model.

use std::collections::BTreeSet;

use cidgraph::state::At;
use cidgraph::topology::{Adjacent, EdgeIndex, NodeIndex, Topology};
use cidgraph::{EdgeId, EdgeView, NodeId};

use crate::content::{NODES, node};
use crate::model::State;

/// Checks that `at` sees `state` and none else of the edges that were ever seen.
pub fn check(at: At<'_>, state: &State, seen_edges: &BTreeSet<EdgeId>) {
    check_nodes(at, state);
    check_edges(at, state, seen_edges);
    for node in &state.nodes {
        let index = at.find_node(node.id).unwrap();
        assert_steps(at, at.outgoing(index), state, |edge| (edge.source == node.id).then_some(edge.target));
        assert_steps(at, at.incoming(index), state, |edge| (edge.target == node.id).then_some(edge.source));
    }
}

fn check_nodes(at: At<'_>, state: &State) {
    let ids: Vec<NodeId> = at.nodes().map(|node| at.node_id(node)).collect();
    assert_eq!(ids, state.nodes.iter().map(|node| node.id).collect::<Vec<_>>(), "nodes in the order of their birth");
    assert_eq!(Topology::node_count(&at), state.nodes.len());
    let here: BTreeSet<NodeIndex> = at.nodes().collect();
    for ordinal in 0..at.node_bound() + 3 {
        let ordinal = NodeIndex::new(ordinal);
        assert_eq!(at.contains_node(ordinal), here.contains(&ordinal));
        if !here.contains(&ordinal) {
            assert_eq!(at.outgoing(ordinal).chain(at.incoming(ordinal)).next(), None);
        }
    }
    for number in 0..NODES {
        let id = node(number, 0).id;
        let found = at.find_node(id).map(|node| at.node_view(node));
        assert_eq!(found.as_ref(), state.find_node(id));
    }
    assert_eq!(at.find_node(NodeId::from_u64(1 << 60)), None);
}

fn check_edges(at: At<'_>, state: &State, seen_edges: &BTreeSet<EdgeId>) {
    let by_id = |mut edges: Vec<EdgeView>| {
        edges.sort_by_key(|edge| edge.id);
        edges
    };
    let views = by_id(at.edges().map(|edge| at.edge_view(edge)).collect());
    assert_eq!(views, by_id(state.edges.clone()));
    assert_eq!(Topology::edge_count(&at), state.edges.len());
    let here: BTreeSet<EdgeIndex> = at.edges().collect();
    for ordinal in (0..at.edge_bound() + 3).map(EdgeIndex::new) {
        assert_eq!(at.contains_edge(ordinal), here.contains(&ordinal));
    }
    for id in seen_edges {
        let found = at.find_edge(*id);
        assert_eq!(found.map(|edge| at.edge_view(edge)).as_ref(), state.find_edge(*id), "edge {id}");
        if let (Some(edge), Some(creation)) = (found, id.as_engine_made()) {
            assert_eq!((at.edge_creation(edge), at.caller_edge_id(edge)), (creation, None));
        }
    }
    for edge in at.edges().filter(|edge| at.caller_edge_id(*edge).is_some()) {
        let (version, index) = at.edge_creation(edge);
        assert_eq!(at.find_edge(EdgeId::engine_made(version, index)), None, "the caller's id is the only one");
    }
    for (version, index) in [(0, 0), (at.version() + 1, 0), (at.version(), 1000), (1 << 40, 0)] {
        let id = EdgeId::engine_made(version, index);
        assert_eq!(at.find_edge(id).is_some(), state.find_edge(id).is_some());
    }
}

/// Checks that steps are those of the model, oldest first.
fn assert_steps(
    at: At<'_>,
    steps: impl Iterator<Item = Adjacent>,
    state: &State,
    other_end: impl Fn(&EdgeView) -> Option<NodeId>,
) {
    let steps: Vec<(EdgeId, NodeId)> = steps.map(|step| (at.edge_id(step.edge), at.node_id(step.node))).collect();
    let expected: Vec<(EdgeId, NodeId)> =
        state.edges.iter().filter_map(|edge| Some((edge.id, other_end(edge)?))).collect();
    assert_eq!(steps, expected);
}
