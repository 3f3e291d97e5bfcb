//! What the whole shape says against petgraph and plain definitions.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::algorithm::Direction;
use cidgraph::topology::Topology;
use cidgraph::{Answer, GraphQuery, GraphReadModel, NodeId, QueryError, Real};
use petgraph::algo;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{commands, entity};
use crate::naive;
use crate::shape::Shape;
use crate::world::{World, played};

fn ordered(mut groups: Vec<Vec<NodeId>>) -> Vec<Vec<NodeId>> {
    groups.iter_mut().for_each(|group| group.sort());
    groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
    groups
}

fn check_components(model: &GraphReadModel, shape: &Shape) {
    let (oracle, _) = shape.oracle();
    let strong = algo::tarjan_scc(&oracle).into_iter();
    let strong = strong.map(|group| group.into_iter().map(|node| oracle[node]).collect()).collect();
    assert_eq!(model.query(&GraphQuery::StrongComponents), Ok(Answer::Groups(ordered(strong))));
    let weak: BTreeSet<Vec<NodeId>> =
        shape.nodes.iter().map(|node| shape.levels(*node, Direction::Both, None).into_keys().collect()).collect();
    assert_eq!(model.query(&GraphQuery::WeakComponents), Ok(Answer::Groups(ordered(weak.into_iter().collect()))));
}

fn check_order(model: &GraphReadModel, shape: &Shape) {
    let (oracle, _) = shape.oracle();
    let is_cyclic = algo::is_cyclic_directed(&oracle);
    match model.query(&GraphQuery::TopologicalOrder) {
        Err(QueryError::Cyclic) => assert!(is_cyclic),
        Ok(Answer::Sequence(order)) => {
            assert!(!is_cyclic);
            assert_eq!(order.len(), shape.nodes.len());
            let place: BTreeMap<_, _> = order.iter().enumerate().map(|(place, node)| (*node, place)).collect();
            assert!(shape.edges.iter().all(|edge| place[&edge.source] < place[&edge.target]));
        }
        other => panic!("{other:?}"),
    }
    let Ok(Answer::Path(cycle)) = model.query(&GraphQuery::Cycle) else { panic!() };
    assert_eq!(cycle.is_some(), is_cyclic);
    if let Some(cycle) = cycle {
        let start = cycle.nodes[0];
        assert!(!cycle.edges.is_empty());
        shape.check_path(&cycle, (start, start), Direction::Outgoing, None, &|_| 1.0);
    }
}

fn scores(model: &GraphReadModel, query: &GraphQuery) -> BTreeMap<NodeId, f64> {
    let Ok(Answer::Scores(scores)) = model.query(query) else { panic!() };
    assert!(scores.is_sorted_by(|a, b| a.1 > b.1 || a.1.total_cmp(&b.1).is_eq() && a.0 < b.0));
    scores.into_iter().collect()
}

fn check_ranks(model: &GraphReadModel, shape: &Shape) {
    let query = |tolerance, limit| GraphQuery::PageRank {
        damping: Real(0.85),
        iterations_max: 200,
        tolerance: Real(tolerance),
        limit,
    };
    let found = scores(model, &query(1e-12, usize::MAX));
    assert_eq!(found.len(), shape.nodes.len());
    let count = shape.nodes.len() as f64;
    let mut ranks: BTreeMap<NodeId, f64> = shape.nodes.iter().map(|node| (*node, 1.0 / count)).collect();
    for _ in 0..300 {
        let degree = |node: NodeId| shape.steps(node, Direction::Outgoing, None).len();
        let dangling: f64 = ranks.iter().filter(|rank| degree(*rank.0) == 0).map(|rank| rank.1).sum();
        let next = |node: NodeId| {
            let given = shape.steps(node, Direction::Incoming, None).into_iter();
            let given: f64 = given.map(|(_, from)| ranks[&from] / degree(from) as f64).sum();
            0.15 / count + 0.85 * (given + dangling / count)
        };
        ranks = shape.nodes.iter().map(|node| (*node, next(*node))).collect();
    }
    assert!(found.iter().all(|(node, rank)| (rank - ranks[node]).abs() < 1e-8));
    let loose = scores(model, &query(1e-2, usize::MAX));
    assert!(loose.iter().all(|(node, rank)| (rank - ranks[node]).abs() < 0.1));
    let Ok(Answer::Scores(all)) = model.query(&query(1e-12, usize::MAX)) else { panic!() };
    for limit in [0, 1, 3] {
        assert_eq!(model.query(&query(1e-12, limit)), Ok(Answer::Scores(all[..all.len().min(limit)].to_vec())));
    }
}

fn check_clustering(model: &GraphReadModel, shape: &Shape) {
    let found = scores(model, &GraphQuery::LocalClustering { limit: usize::MAX });
    for node in &shape.nodes {
        let around = shape.around(*node);
        let joined = around.iter().flat_map(|a| around.iter().map(move |b| (a, b)));
        let joined = joined.filter(|(a, b)| a != b && shape.around(**a).contains(b)).count();
        let pairs = around.len() * around.len().saturating_sub(1);
        let expected = if pairs == 0 { 0.0 } else { joined as f64 / pairs as f64 };
        assert!((found[node] - expected).abs() < 1e-12);
    }
}

fn check_communities(model: &GraphReadModel, shape: &Shape, iterations_max: usize) {
    let mut labels: BTreeMap<NodeId, NodeId> = shape.nodes.iter().map(|node| (*node, *node)).collect();
    for _ in 0..iterations_max {
        let next = |node: NodeId| {
            let mut votes = BTreeMap::<NodeId, usize>::new();
            for (_, other) in shape.steps(node, Direction::Both, None) {
                *votes.entry(labels[&other]).or_default() += 1;
            }
            let best = votes.iter().max_by_key(|(label, votes)| (**votes, std::cmp::Reverse(**label)));
            best.map_or(labels[&node], |best| *best.0)
        };
        labels = shape.nodes.iter().map(|node| (*node, next(*node))).collect();
    }
    let mut groups = BTreeMap::<NodeId, Vec<NodeId>>::new();
    labels.into_iter().for_each(|(node, label)| groups.entry(label).or_default().push(node));
    let expected = Answer::Groups(ordered(groups.into_values().collect()));
    assert_eq!(model.query(&GraphQuery::LabelPropagation { iterations_max }), Ok(expected));
}

fn check_counts(model: &GraphReadModel, shape: &Shape) {
    let count = |names: Vec<cidgraph::Name>| {
        let mut counts = BTreeMap::<cidgraph::Name, usize>::new();
        names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
        counts
    };
    let degrees = |direction| {
        let mut degrees = BTreeMap::<usize, usize>::new();
        let degree = |node: &NodeId| shape.steps(*node, direction, None).len();
        shape.nodes.iter().for_each(|node| *degrees.entry(degree(node)).or_default() += 1);
        degrees
    };
    for direction in [Direction::Outgoing, Direction::Incoming, Direction::Both] {
        let expected = Answer::Distribution(degrees(direction));
        assert_eq!(model.query(&GraphQuery::DegreeDistribution { direction }), Ok(expected));
    }
    let Ok(Answer::Metrics(metrics)) = model.query(&GraphQuery::Metrics) else { panic!() };
    let nodes = naive::all(model);
    assert_eq!((metrics.version, metrics.nodes, metrics.edges), (model.version(), nodes.len(), shape.edges.len()));
    assert_eq!(metrics.node_kinds, count(nodes.iter().map(|node| node.kind.clone()).collect()));
    assert_eq!(metrics.edge_kinds, count(shape.edges.iter().map(|edge| edge.kind.clone()).collect()));
    let components = nodes.iter().flat_map(|node| &node.components);
    assert_eq!(metrics.components, count(components.map(|component| component.component_type.clone()).collect()));
    assert_eq!(metrics.degrees, degrees(Direction::Both));
    let Ok(Answer::Groups(groups)) = model.query(&GraphQuery::WeakComponents) else { panic!() };
    assert_eq!(metrics.weak_components, groups.len());
    let pairs = (nodes.len() * nodes.len().saturating_sub(1)) as f64;
    let density = if pairs == 0.0 { 0.0 } else { shape.edges.len() as f64 / pairs };
    assert!((metrics.density - density).abs() < 1e-12);
    let is_root = |node: &&NodeId| shape.steps(**node, Direction::Incoming, None).is_empty();
    let roots = shape.nodes.iter().filter(is_root);
    let mut nearest = BTreeMap::<NodeId, usize>::new();
    for (node, distance) in roots.flat_map(|root| shape.levels(*root, Direction::Outgoing, None)) {
        let known = nearest.entry(node).or_insert(distance);
        *known = distance.min(*known);
    }
    assert_eq!(metrics.depth, nearest.into_values().max());
    assert_eq!(metrics.staleness_ns(metrics.timestamp_ns + 5), 5);
    assert_eq!(metrics.staleness_ns(0), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_shape_is_that_of_a_list_of_edges(
        commands in vec(commands(), 0..120),
        (rest_at, fold_at) in (0..240_usize, 0..480_usize),
    ) {
        let model = played(&commands, rest_at, fold_at).model();
        let shape = Shape::of(&model);
        check_components(&model, &shape);
        check_order(&model, &shape);
        check_ranks(&model, &shape);
        check_clustering(&model, &shape);
        check_counts(&model, &shape);
        (0..4).for_each(|iterations_max| check_communities(&model, &shape, iterations_max));
    }
}

#[test]
fn an_empty_graph_has_answers() {
    let model = World::new().model();
    let shape = Shape::of(&model);
    check_components(&model, &shape);
    check_order(&model, &shape);
    check_ranks(&model, &shape);
    check_counts(&model, &shape);
    check_communities(&model, &shape, 3);
}

#[test]
fn parameters_out_of_range_are_named() {
    let world = World::of(&[cidgraph::GraphCommand::AddNode { node: entity(0) }]);
    let rank = |damping, tolerance| {
        let query =
            GraphQuery::PageRank { damping: Real(damping), iterations_max: 3, tolerance: Real(tolerance), limit: 1 };
        match world.model().query(&query) {
            Err(QueryError::InvalidParameter { what, .. }) => Some(what),
            Err(other) => panic!("{other}"),
            Ok(_) => None,
        }
    };
    assert_eq!(rank(0.85, 0.0), None);
    assert_eq!(rank(1.5, 0.0), Some("damping"));
    assert_eq!(rank(f64::NAN, 0.0), Some("damping"));
    assert_eq!(rank(0.85, f64::NAN), Some("tolerance"));
    assert_eq!(rank(0.85, -1.0), Some("tolerance"));
}

/// A view's bounds grew while the writer appended: what an algorithm had sized by them was too small by then.
#[test]
fn a_view_keeps_its_bounds_while_the_writer_goes_on() {
    let mut world = World::of(&[cidgraph::GraphCommand::AddNodes { nodes: vec![entity(0), entity(1)] }]);
    let model = world.model();
    let bounds = || {
        let (view, at) = (model.view(), model.view().at());
        [view.node_bound(), view.edge_bound(), at.node_bound(), at.edge_bound(), at.nodes().count()]
    };
    let before = bounds();
    let edge = cidgraph::EdgeEntity::new(entity(0).id, "knows", entity(2).id);
    assert!(world.command(&cidgraph::GraphCommand::AddNode { node: entity(2) }));
    assert!(world.command(&cidgraph::GraphCommand::ConnectEdge { edge }));
    assert_eq!(bounds(), before);
    assert_eq!(Topology::node_count(&model.view().at()), 2);
}
