//! petgraph's algorithms find the same on a topology as on petgraph's own graph.

use std::collections::BTreeSet;

use cidgraph::topology::{EdgeIndex, NodeIndex, PetgraphView, Topology};
use petgraph::algo;
use petgraph::visit::{
    EdgeRef, GetAdjacencyMatrix, IntoEdgeReferences, IntoEdgesDirected, IntoNeighborsDirected, IntoNodeIdentifiers,
    IntoNodeReferences, NodeCount, NodeIndexable, NodeRef, Visitable,
};
use proptest::prelude::*;

use crate::graphs::samples;

type Triple = (EdgeIndex, NodeIndex, NodeIndex);

fn triples<E: EdgeRef<NodeId = NodeIndex, EdgeId = EdgeIndex>>(edges: impl Iterator<Item = E>) -> BTreeSet<Triple> {
    edges.map(|edge| (edge.id(), edge.source(), edge.target())).collect()
}

fn parts(mut parts: Vec<Vec<NodeIndex>>) -> Vec<Vec<NodeIndex>> {
    parts.iter_mut().for_each(|part| part.sort());
    parts.sort();
    parts
}

proptest! {
    #[test]
    fn elements_are_the_same(sample in samples(9, 25)) {
        let (view, oracle) = (PetgraphView(&sample.graph), &sample.oracle);
        prop_assert_eq!(view.node_count(), oracle.node_count());
        prop_assert!(view.node_bound() >= oracle.node_bound());
        prop_assert!(view.node_identifiers().eq(oracle.node_indices()));
        prop_assert!(view.node_references().map(|node| node.id()).eq(oracle.node_indices()));
        prop_assert_eq!(triples(view.edge_references()), triples(oracle.edge_references()));
        for node in oracle.node_indices() {
            for direction in [petgraph::Outgoing, petgraph::Incoming] {
                let expected = triples(oracle.edges_directed(node, direction));
                prop_assert_eq!(triples(view.edges_directed(node, direction)), expected);
                let mut expected: Vec<_> = oracle.neighbors_directed(node, direction).collect();
                let mut actual: Vec<_> = view.neighbors_directed(node, direction).collect();
                expected.sort();
                actual.sort();
                prop_assert_eq!(actual, expected);
            }
        }
    }

    #[test]
    fn components_and_order_are_the_same(sample in samples(9, 25)) {
        let (view, oracle) = (PetgraphView(&sample.graph), &sample.oracle);
        prop_assert_eq!(parts(algo::tarjan_scc(view)), parts(algo::tarjan_scc(oracle)));
        prop_assert_eq!(parts(algo::kosaraju_scc(view)), parts(algo::kosaraju_scc(oracle)));
        prop_assert_eq!(algo::is_cyclic_directed(view), algo::is_cyclic_directed(oracle));
        prop_assert_eq!(algo::toposort(view, None).is_ok(), algo::toposort(oracle, None).is_ok());
    }

    #[test]
    fn paths_are_the_same(sample in samples(9, 25)) {
        let (view, oracle) = (PetgraphView(&sample.graph), &sample.oracle);
        let Some(source) = oracle.node_indices().next() else { return Ok(()) };
        let actual = algo::dijkstra(view, source, None, |edge| sample.weight(edge.id()));
        prop_assert_eq!(actual, algo::dijkstra(oracle, source, None, |edge| *edge.weight()));
        for target in oracle.node_indices() {
            prop_assert_eq!(
                algo::has_path_connecting(view, source, target, None),
                algo::has_path_connecting(oracle, source, target, None)
            );
        }
    }

    #[test]
    fn maps_and_matrices_hold_what_they_should(sample in samples(9, 25)) {
        let (view, oracle) = (PetgraphView(&sample.graph), &sample.oracle);
        let matrix = view.adjacency_matrix();
        for source in oracle.node_indices() {
            for target in oracle.node_indices() {
                let there = oracle.contains_edge(source, target);
                prop_assert_eq!(view.is_adjacent(&matrix, source, target), there);
            }
        }
        let mut map = view.visit_map();
        map.extend(sample.graph.nodes());
        view.reset_map(&mut map);
        prop_assert!(map.is_empty());
    }
}
