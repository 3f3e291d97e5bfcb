//! Algorithms over whole graphs against petgraph and against their definitions, on any number of threads.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::algorithm::{
    Components, Direction, OrderError, Orientation, PageRank, degree, degree_distribution, density, depth, find_cycle,
    label_propagation, local_clustering, page_rank, strong_components, topological_order, weak_components,
};
use cidgraph::topology::{EdgeListGraph, NodeIndex, Topology};
use petgraph::algo;
use petgraph::graph::DiGraph;
use proptest::prelude::*;

use crate::graphs::{Sample, directions, going, samples};

fn check_numbers(sample: &Sample, components: &Components) {
    let members = components.members();
    assert_eq!(members.len(), components.count());
    assert!(members.iter().map(Vec::len).eq(components.sizes().iter().copied()));
    assert!(members.is_sorted_by_key(|members| members[0]), "numbered by the least node");
    assert_eq!(members.iter().map(Vec::len).sum::<usize>(), sample.nodes.len());
    for node in (0..sample.bound()).map(NodeIndex::new) {
        let number = components.of(node);
        assert_eq!(number.is_some(), sample.nodes.contains(&node));
        assert!(number.is_none_or(|number| members[number as usize].contains(&node)));
    }
}

/// Returns the coefficient as the specification words it.
fn clustering(sample: &Sample, node: NodeIndex, orientation: Orientation) -> f64 {
    let around: BTreeSet<_> = sample.steps(node, Direction::Both).into_iter().map(|step| step.1).collect();
    let around: Vec<_> = around.into_iter().filter(|other| *other != node).collect();
    let direction = match orientation {
        Orientation::Directed => Direction::Outgoing,
        Orientation::Undirected => Direction::Both,
    };
    let leads = |one, other| one != other && sample.steps(one, direction).iter().any(|step| step.1 == other);
    let pairs = around.iter().flat_map(|one| around.iter().map(move |other| (*one, *other)));
    let joined = pairs.filter(|(one, other)| leads(*one, *other)).count();
    if around.len() < 2 { 0.0 } else { joined as f64 / (around.len() * (around.len() - 1)) as f64 }
}

fn propagate(sample: &Sample, labels: &BTreeMap<NodeIndex, u64>) -> BTreeMap<NodeIndex, u64> {
    let next = |(node, label): (&NodeIndex, &u64)| {
        let mut counts: BTreeMap<u64, i64> = BTreeMap::new();
        sample.steps(*node, Direction::Both).iter().for_each(|step| *counts.entry(labels[&step.1]).or_default() += 1);
        let best = counts.into_iter().map(|(label, count)| (-count, label)).min();
        (*node, best.map_or(*label, |best| best.1))
    };
    labels.iter().map(next).collect()
}

proptest! {
    #[test]
    fn weak_components_are_those_that_petgraph_counts(sample in samples(12, 14)) {
        let components = weak_components(&sample.graph, &going()).unwrap();
        check_numbers(&sample, &components);
        prop_assert_eq!(components.count(), algo::connected_components(&DiGraph::from(sample.oracle.clone())));
        prop_assert!(sample.edges.iter().all(|edge| components.of(edge.1) == components.of(edge.2)));
    }

    #[test]
    fn strong_components_are_those_of_petgraph(sample in samples(12, 25)) {
        let components = strong_components(&sample.graph, &going()).unwrap();
        check_numbers(&sample, &components);
        let mut expected = algo::kosaraju_scc(&sample.oracle);
        expected.iter_mut().for_each(|members| members.sort());
        expected.sort();
        prop_assert_eq!(components.members(), expected);
    }

    #[test]
    fn an_order_or_a_cycle(sample in samples(12, 14)) {
        let cycle = find_cycle(&sample.graph, &going()).unwrap();
        prop_assert_eq!(cycle.is_some(), algo::is_cyclic_directed(&sample.oracle));
        match topological_order(&sample.graph, &going()) {
            Ok(order) => {
                prop_assert!(cycle.is_none());
                prop_assert_eq!(&order.iter().copied().collect::<BTreeSet<_>>(), &sample.nodes);
                let place = |node| order.iter().position(|other| *other == node);
                prop_assert!(sample.edges.iter().all(|edge| place(edge.1) < place(edge.2)));
            }
            Err(OrderError::Cyclic { cycle: found }) => {
                prop_assert!(found.steps() > 0);
                prop_assert_eq!(found.nodes()[0], found.nodes()[found.steps()]);
                prop_assert_eq!(found.nodes()[1..].iter().collect::<BTreeSet<_>>().len(), found.steps());
                sample.check_path(&found, Direction::Outgoing);
                prop_assert_eq!(Some(found), cycle);
            }
            Err(OrderError::Cancelled(_)) => prop_assert!(false, "nobody cancelled"),
        }
    }

    #[test]
    fn ranks_are_shares_of_one(sample in samples(12, 25), iterations_max in 0..20_usize, damping in 0.0..=1.0_f64) {
        for orientation in [Orientation::Directed, Orientation::Undirected] {
            let options = PageRank { damping, iterations_max, orientation, tolerance: 0.0 };
            let ranks = page_rank(&sample.graph, &options, &going()).unwrap();
            let expected = if sample.nodes.is_empty() { 0.0 } else { 1.0 };
            prop_assert!((ranks.iter().sum::<f64>() - expected).abs() < 1e-9);
            prop_assert!((0..ranks.len()).all(|node| ranks[node] >= 0.0 && (ranks[node] == 0.0 || sample.graph.contains(NodeIndex::new(node)))));
        }
    }

    #[test]
    fn clustering_is_what_its_definition_says(sample in samples(9, 40)) {
        for orientation in [Orientation::Directed, Orientation::Undirected] {
            let coefficients = local_clustering(&sample.graph, orientation, &going()).unwrap();
            for node in (0..sample.bound()).map(NodeIndex::new) {
                prop_assert_eq!(coefficients[node.index()], clustering(&sample, node, orientation));
            }
        }
    }

    #[test]
    fn labels_spread_step_by_step(sample in samples(9, 20), iterations in 0..6_usize) {
        let first = |node: NodeIndex| 1000 - node.index() as u64;
        let mut expected: BTreeMap<NodeIndex, u64> = sample.nodes.iter().map(|node| (*node, first(*node))).collect();
        (0..iterations).for_each(|_| expected = propagate(&sample, &expected));
        let labels = label_propagation(&sample.graph, first, iterations, &going()).unwrap();
        for node in (0..sample.bound()).map(NodeIndex::new) {
            prop_assert_eq!(labels[node.index()], expected.get(&node).copied().unwrap_or(u64::MAX));
        }
    }

    #[test]
    fn figures_of_the_whole(sample in samples(9, 12), direction in directions()) {
        let mut expected = BTreeMap::new();
        for node in &sample.nodes {
            *expected.entry(sample.steps(*node, direction).len()).or_insert(0) += 1;
        }
        prop_assert_eq!(degree_distribution(&sample.graph, direction, &going()).unwrap(), expected);
        let (nodes, edges) = (sample.nodes.len() as f64, sample.edges.len() as f64);
        prop_assert_eq!(density(&sample.graph), if nodes < 2.0 { 0.0 } else { edges / (nodes * (nodes - 1.0)) });
        let roots: Vec<_> =
            sample.nodes.iter().copied().filter(|node| sample.steps(*node, Direction::Incoming).is_empty()).collect();
        let from_roots: Vec<_> =
            roots.iter().map(|root| sample.distances(*root, Direction::Outgoing, |_| 1.0)).collect();
        let nearest = |node| from_roots.iter().map(|distances| distances[node]).fold(f64::INFINITY, f64::min);
        let farthest = (0..sample.bound()).map(nearest).filter(|steps| steps.is_finite()).max_by(f64::total_cmp);
        let found = depth(&sample.graph, &going()).unwrap();
        prop_assert_eq!(found.map(|depth| depth as f64), farthest);
    }
}

/// Everything that runs on several threads, floating-point numbers as their bits.
#[derive(PartialEq)]
struct Answers {
    components: Components,
    degrees: BTreeMap<usize, usize>,
    labels: Vec<u64>,
    ranks: Vec<u64>,
    clustering: Vec<u64>,
}

impl Answers {
    fn new(graph: &EdgeListGraph) -> Self {
        let bits = |numbers: Vec<f64>| numbers.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        let options = PageRank { iterations_max: 10, ..PageRank::default() };
        Self {
            components: weak_components(graph, &going()).unwrap(),
            degrees: degree_distribution(graph, Direction::Both, &going()).unwrap(),
            labels: label_propagation(graph, |node| node.index() as u64, 5, &going()).unwrap(),
            ranks: bits(page_rank(graph, &options, &going()).unwrap()),
            clustering: bits(local_clustering(graph, Orientation::Directed, &going()).unwrap()),
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let bound = 30_000_u32;
    let mut state = 7_u64;
    let mut random = |below: u32| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((state >> 33) % u64::from(below)).unwrap()
    };
    let edges: Vec<(u32, u32)> = (0..40_000).map(|_| (random(bound), random(bound) / (1 + random(90)))).collect();
    let graph = EdgeListGraph::with_holes(bound as usize, &edges, &[3, 4096, 29_999]);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Answers::new(&graph))
    };
    let alone = on(1);
    assert!(alone.components.count() > 1 && degree(&graph, NodeIndex::new(1), Direction::Both) > 0);
    assert!(on(2) == alone);
    assert!(on(7) == alone);
}

/// Sums were taken over as many ordinals each, so ranks changed in their last bits once nodes that were removed gave up
/// their ordinals.
#[test]
fn ranks_do_not_depend_on_ordinals_without_a_node() {
    let bound = 20_000_u32;
    let edges: Vec<(u32, u32)> =
        (0..60_000).map(|at: u32| (at.wrapping_mul(7919) % bound, at.wrapping_mul(at) % (bound - 1))).collect();
    let removed: Vec<u32> = (0..bound).filter(|node| node % 3 == 0 || (5_000..9_500).contains(node)).collect();
    let place = |node: u32| node - u32::try_from(removed.partition_point(|gone| *gone < node)).unwrap();
    let is_gone = |node: u32| removed.binary_search(&node).is_ok();
    let kept = edges.iter().filter(|edge| !is_gone(edge.0) && !is_gone(edge.1));
    let kept: Vec<(u32, u32)> = kept.map(|edge| (place(edge.0), place(edge.1))).collect();
    let with_holes = EdgeListGraph::with_holes(bound as usize, &edges, &removed);
    let dense = EdgeListGraph::new(with_holes.node_count(), &kept);
    let ranks = |graph: &EdgeListGraph| page_rank(graph, &PageRank::default(), &going()).unwrap();
    let ranks_with_holes = ranks(&with_holes);
    let found = with_holes.nodes().map(|node| ranks_with_holes[node.index()].to_bits());
    assert!(found.eq(ranks(&dense).into_iter().map(f64::to_bits)));
}
