//! Graphs without nodes, edges from a node to itself, ordinals without nodes, bad weights, and callers who cancel.

use cidgraph::algorithm::{
    CancelToken, Cancelled, Direction, OrderError, Orientation, PageRank, RankError, WeightError, a_star,
    breadth_first, cheapest_path, degree_distribution, density, depth, depth_first, distances, find_cycle,
    k_shortest_paths, label_propagation, local_clustering, neighbourhood, page_rank, shortest_path, strong_components,
    topological_order, weak_components,
};
use cidgraph::topology::{EdgeIndex, EdgeListGraph, NodeIndex, Topology};

use crate::graphs::going;

const OUTGOING: Direction = Direction::Outgoing;

fn node(ordinal: u32) -> NodeIndex {
    NodeIndex::from(ordinal)
}

fn one(_: EdgeIndex) -> f64 {
    1.0
}

/// A line 0 → 1 → … of `count` nodes.
fn line(count: u32) -> EdgeListGraph {
    let edges: Vec<(u32, u32)> = (1..count).map(|node| (node - 1, node)).collect();
    EdgeListGraph::new(count as usize, &edges)
}

#[test]
fn a_graph_without_nodes() {
    let graph = EdgeListGraph::new(0, &[]);
    assert!(breadth_first(&graph, node(0), OUTGOING, &going()).unwrap().nodes().is_empty());
    assert_eq!(depth_first(&graph, node(0), OUTGOING, &going()), Ok(vec![]));
    assert_eq!(shortest_path(&graph, node(0), node(0), OUTGOING, &going()), Ok(None));
    assert_eq!(cheapest_path(&graph, node(0), node(0), OUTGOING, one, &going()), Ok(None));
    assert_eq!(distances(&graph, node(0), OUTGOING, one, &going()), Ok(vec![]));
    assert_eq!(k_shortest_paths(&graph, node(0), node(0), OUTGOING, 3, one, &going()), Ok(vec![]));
    assert_eq!(weak_components(&graph, &going()).unwrap().count(), 0);
    assert_eq!(strong_components(&graph, &going()).unwrap().count(), 0);
    assert_eq!(topological_order(&graph, &going()), Ok(vec![]));
    assert_eq!(page_rank(&graph, &PageRank::default(), &going()), Ok(vec![]));
    assert_eq!(label_propagation(&graph, |_| 0, 5, &going()), Ok(vec![]));
    assert_eq!(local_clustering(&graph, Orientation::Directed, &going()), Ok(vec![]));
    assert!(degree_distribution(&graph, OUTGOING, &going()).unwrap().is_empty());
    assert_eq!((density(&graph), depth(&graph, &going())), (0.0, Ok(None)));
}

#[test]
fn an_ordinal_beyond_the_bound_or_in_a_hole_has_no_walk() {
    let graph = EdgeListGraph::with_holes(3, &[(0, 1), (1, 2), (0, 2)], &[1]);
    assert_eq!((graph.node_count(), graph.edge_count(), graph.edge_bound()), (2, 1, 3));
    for missing in [1, 3, u32::MAX] {
        assert!(neighbourhood(&graph, node(missing), Direction::Both, 2, &going()).unwrap().nodes().is_empty());
        assert_eq!(depth_first(&graph, node(missing), Direction::Both, &going()), Ok(vec![]));
        assert_eq!(shortest_path(&graph, node(0), node(missing), OUTGOING, &going()), Ok(None));
        assert_eq!(shortest_path(&graph, node(missing), node(missing), OUTGOING, &going()), Ok(None));
        assert_eq!(cheapest_path(&graph, node(missing), node(0), OUTGOING, one, &going()), Ok(None));
        assert_eq!(weak_components(&graph, &going()).unwrap().of(node(missing)), None);
    }
    assert_eq!(distances(&graph, node(1), OUTGOING, one, &going()), Ok(vec![f64::INFINITY; 3]));
}

#[test]
fn an_edge_to_its_own_node_is_a_cycle_and_no_way() {
    let graph = EdgeListGraph::new(2, &[(0, 0), (0, 1)]);
    let cycle = find_cycle(&graph, &going()).unwrap().unwrap();
    assert_eq!((cycle.nodes(), cycle.edges()), (&[node(0), node(0)][..], &[EdgeIndex::new(0)][..]));
    assert_eq!(shortest_path(&graph, node(0), node(0), OUTGOING, &going()).unwrap().unwrap().steps(), 0);
    assert_eq!(k_shortest_paths(&graph, node(0), node(1), OUTGOING, 9, one, &going()).unwrap().len(), 1);
    assert_eq!(local_clustering(&graph, Orientation::Undirected, &going()), Ok(vec![0.0, 0.0]));
    assert_eq!(strong_components(&graph, &going()).unwrap().count(), 2);
}

#[test]
fn of_parallel_edges_the_first_or_the_cheapest_is_taken() {
    let graph = EdgeListGraph::new(2, &[(0, 1), (0, 1), (0, 1)]);
    let path = shortest_path(&graph, node(0), node(1), OUTGOING, &going()).unwrap().unwrap();
    assert_eq!(path.edges(), [EdgeIndex::new(0)]);
    let weight = |edge: EdgeIndex| [3.0, 1.0, 2.0][edge.index()];
    let found = k_shortest_paths(&graph, node(0), node(1), OUTGOING, 9, weight, &going()).unwrap();
    assert_eq!(found.iter().map(|found| found.cost).collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
}

#[test]
fn a_long_line_needs_no_deep_stack() {
    let graph = line(300_000);
    let (first, last) = (node(0), node(299_999));
    assert_eq!(depth(&graph, &going()), Ok(Some(299_999)));
    assert_eq!(depth_first(&graph, first, OUTGOING, &going()).unwrap().len(), 300_000);
    assert_eq!(strong_components(&graph, &going()).unwrap().count(), 300_000);
    assert_eq!(weak_components(&graph, &going()).unwrap().count(), 1);
    assert_eq!(shortest_path(&graph, first, last, OUTGOING, &going()).unwrap().unwrap().steps(), 299_999);
    assert_eq!(cheapest_path(&graph, first, last, OUTGOING, one, &going()).unwrap().unwrap().cost, 299_999.0);
}

#[test]
fn a_weight_must_be_a_number_from_zero() {
    let graph = line(3);
    for bad in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        let weight = |edge: EdgeIndex| if edge.index() == 1 { bad } else { 1.0 };
        let is_refused = |error: WeightError| matches!(error, WeightError::Weight { edge, .. } if edge.index() == 1);
        assert!(is_refused(distances(&graph, node(0), OUTGOING, weight, &going()).unwrap_err()));
        assert!(is_refused(cheapest_path(&graph, node(0), node(2), OUTGOING, weight, &going()).unwrap_err()));
        assert!(is_refused(k_shortest_paths(&graph, node(0), node(2), OUTGOING, 2, weight, &going()).unwrap_err()));
        let refused = a_star(&graph, node(0), node(2), OUTGOING, one, |_| bad, &going()).unwrap_err();
        assert!(matches!(refused, WeightError::Estimate { node, .. } if node.index() == 0));
    }
    assert_eq!(cheapest_path(&graph, node(0), node(2), OUTGOING, |_| f64::INFINITY, &going()), Ok(None));
    assert_eq!(cheapest_path(&graph, node(0), node(2), OUTGOING, |_| f64::MAX, &going()), Ok(None));
    assert_eq!(cheapest_path(&graph, node(0), node(2), OUTGOING, |_| 0.0, &going()).unwrap().unwrap().cost, 0.0);
}

#[test]
fn a_damping_factor_must_be_a_probability() {
    for damping in [-0.1, 1.1, f64::NAN] {
        let refused = page_rank(&line(2), &PageRank { damping, ..PageRank::default() }, &going());
        assert!(matches!(refused, Err(RankError::Damping { .. })));
    }
}

#[test]
fn ranks_settle_within_the_tolerance() {
    let graph = EdgeListGraph::new(4, &[(0, 1), (1, 2), (2, 0), (3, 0)]);
    let rank = |tolerance, iterations_max| {
        let options = PageRank { tolerance, iterations_max, ..PageRank::default() };
        page_rank(&graph, &options, &going()).unwrap()
    };
    let (early, late) = (rank(1e-6, 10_000), rank(0.0, 10_000));
    assert!(early.iter().zip(&late).map(|(one, other)| (one - other).abs()).sum::<f64>() < 1e-5);
    assert_ne!(early, late);
}

#[test]
fn a_cancelled_call_has_no_answer() {
    let cancel = CancelToken::new();
    cancel.clone().cancel();
    let graph = EdgeListGraph::new(3, &[(0, 1), (1, 2), (2, 0)]);
    let (first, last) = (node(0), node(2));
    assert_eq!(neighbourhood(&graph, first, OUTGOING, 2, &cancel), Err(Cancelled));
    assert_eq!(depth_first(&graph, first, OUTGOING, &cancel), Err(Cancelled));
    assert_eq!(shortest_path(&graph, first, last, OUTGOING, &cancel), Err(Cancelled));
    assert_eq!(cheapest_path(&graph, first, last, OUTGOING, one, &cancel), Err(Cancelled.into()));
    assert_eq!(distances(&graph, first, OUTGOING, one, &cancel), Err(Cancelled.into()));
    assert_eq!(k_shortest_paths(&graph, first, last, OUTGOING, 2, one, &cancel), Err(Cancelled.into()));
    assert_eq!(weak_components(&graph, &cancel), Err(Cancelled));
    assert_eq!(strong_components(&graph, &cancel), Err(Cancelled));
    assert_eq!(topological_order(&graph, &cancel), Err(OrderError::Cancelled(Cancelled)));
    assert_eq!(find_cycle(&graph, &cancel), Err(Cancelled));
    assert_eq!(page_rank(&graph, &PageRank::default(), &cancel), Err(Cancelled.into()));
    assert_eq!(label_propagation(&graph, |node| node.index() as u64, 5, &cancel), Err(Cancelled));
    assert_eq!(local_clustering(&graph, Orientation::Directed, &cancel), Err(Cancelled));
    assert_eq!(degree_distribution(&graph, OUTGOING, &cancel), Err(Cancelled));
}

#[test]
fn a_cancelled_call_leaves_nothing_for_the_next_one() {
    let cancel = CancelToken::new();
    let graph = line(5000);
    let stop_at = |ordinal: usize| {
        let cancel = cancel.clone();
        move |edge: EdgeIndex| {
            if edge.index() == ordinal {
                cancel.cancel();
            }
            true
        }
    };
    let met = cidgraph::algorithm::shortest_path_along(&graph, node(0), node(4999), OUTGOING, stop_at(100), &cancel);
    assert_eq!(met, Err(Cancelled));
    assert_eq!(neighbourhood(&graph, node(0), OUTGOING, 2, &going()).unwrap().nodes().len(), 3);
    assert_eq!(shortest_path(&graph, node(0), node(4999), OUTGOING, &going()).unwrap().unwrap().steps(), 4999);
}
