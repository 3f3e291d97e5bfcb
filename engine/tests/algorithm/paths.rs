//! Walks and paths against models: relaxing all edges, recursion, and listing every path.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::algorithm::{
    Direction, a_star, breadth_first, cheapest_path, degree, depth_first, distances, k_shortest_paths, neighbourhood,
    neighbourhood_along, neighbours, shortest_path, shortest_path_along,
};
use cidgraph::topology::{EdgeIndex, NodeIndex, Topology};
use petgraph::visit::EdgeRef;
use proptest::prelude::*;

use crate::graphs::{Sample, directions, going, samples};

fn one(_: EdgeIndex) -> f64 {
    1.0
}

/// Returns the nodes in the order in which a recursive walk first comes to them.
fn descend(sample: &Sample, node: NodeIndex, direction: Direction, met: &mut Vec<NodeIndex>) {
    met.push(node);
    for (_, next) in sample.steps(node, direction) {
        if !met.contains(&next) {
            descend(sample, next, direction, met);
        }
    }
}

/// Lists the costs and edges of all paths without repeated nodes.
fn all_paths(
    sample: &Sample,
    nodes: &mut Vec<NodeIndex>,
    edges: &mut Vec<EdgeIndex>,
    target: NodeIndex,
    direction: Direction,
    all: &mut Vec<(f64, Vec<EdgeIndex>)>,
) {
    let node = nodes[nodes.len() - 1];
    if node == target {
        all.push((edges.iter().map(|edge| sample.weight(*edge)).sum(), edges.clone()));
        return;
    }
    for (edge, next) in sample.steps(node, direction) {
        if !nodes.contains(&next) {
            nodes.push(next);
            edges.push(edge);
            all_paths(sample, nodes, edges, target, direction, all);
            nodes.pop();
            edges.pop();
        }
    }
}

proptest! {
    #[test]
    fn neighbours_are_all_steps_in_order(sample in samples(9, 25), direction in directions()) {
        for node in (0..sample.bound()).map(NodeIndex::new) {
            let actual: Vec<_> = neighbours(&sample.graph, node, direction).map(|step| (step.edge, step.node)).collect();
            prop_assert_eq!(actual.len(), degree(&sample.graph, node, direction));
            prop_assert_eq!(actual, sample.steps(node, direction));
        }
    }

    #[test]
    fn a_neighbourhood_has_each_node_at_its_distance(
        sample in samples(9, 20),
        direction in directions(),
        steps_max in 0..4_usize,
        start in 0..9_usize,
    ) {
        let start = NodeIndex::new(start);
        let expected: BTreeMap<NodeIndex, f64> = sample
            .distances(start, direction, one)
            .into_iter()
            .enumerate()
            .filter(|(_, distance)| distance.is_finite())
            .map(|(node, distance)| (NodeIndex::new(node), distance))
            .collect();
        let all = breadth_first(&sample.graph, start, direction, &going()).unwrap();
        prop_assert_eq!(all.nodes().len(), expected.len());
        prop_assert!(all.distances().all(|(node, distance)| expected[&node] == distance as f64));
        let near = neighbourhood(&sample.graph, start, direction, steps_max, &going()).unwrap();
        prop_assert!((0..=steps_max).all(|distance| near.at(distance) == all.at(distance)));
        prop_assert!(near.at(steps_max + 1).is_empty());
        prop_assert_eq!(near.depth(), all.depth().map(|depth| depth.min(steps_max)));
    }

    #[test]
    fn a_filter_hides_edges(sample in samples(9, 20), direction in directions()) {
        let follow = |edge: EdgeIndex| sample.weight(edge) < 5.0;
        let weight = |edge| if follow(edge) { 1.0 } else { f64::INFINITY };
        for source in sample.nodes.iter().copied() {
            let walk =
                neighbourhood_along(&sample.graph, source, direction, 9, |step| follow(step.edge), &going()).unwrap();
            let expected = distances(&sample.graph, source, direction, weight, &going()).unwrap();
            prop_assert_eq!(walk.nodes().len(), expected.iter().filter(|distance| distance.is_finite()).count());
            for target in sample.nodes.iter().copied() {
                let path = shortest_path_along(&sample.graph, source, target, direction, follow, &going()).unwrap();
                prop_assert!(path.iter().flat_map(|path| path.edges()).all(|edge| follow(*edge)));
                let steps = path.map_or(f64::INFINITY, |path| path.steps() as f64);
                prop_assert_eq!(steps, expected[target.index()]);
            }
        }
    }

    #[test]
    fn depth_first_is_the_recursive_order(sample in samples(9, 25), direction in directions()) {
        for start in sample.nodes.iter().copied() {
            let mut expected = Vec::new();
            descend(&sample, start, direction, &mut expected);
            prop_assert_eq!(depth_first(&sample.graph, start, direction, &going()).unwrap(), expected);
        }
    }

    #[test]
    fn no_path_has_fewer_steps(sample in samples(12, 25), direction in directions()) {
        for source in (0..sample.bound()).map(NodeIndex::new) {
            let expected = sample.distances(source, direction, one);
            for target in (0..sample.bound()).map(NodeIndex::new) {
                let path = shortest_path(&sample.graph, source, target, direction, &going()).unwrap();
                let steps = path.as_ref().map_or(f64::INFINITY, |path| path.steps() as f64);
                prop_assert_eq!(steps, expected[target.index()]);
                if let Some(path) = path {
                    prop_assert_eq!((path.nodes()[0], path.nodes()[path.steps()]), (source, target));
                    sample.check_path(&path, direction);
                }
            }
        }
    }

    #[test]
    fn no_path_is_cheaper(sample in samples(9, 25), direction in directions(), share in 0.0..=1.0_f64) {
        let weight = |edge| sample.weight(edge);
        for source in sample.nodes.iter().copied() {
            let expected = sample.distances(source, direction, weight);
            prop_assert_eq!(&distances(&sample.graph, source, direction, weight, &going()).unwrap(), &expected);
            for target in sample.nodes.iter().copied() {
                let left = sample.distances(target, direction.reversed(), weight);
                let estimate = |node: NodeIndex| if share == 0.0 { 0.0 } else { left[node.index()] * share };
                let found = [
                    cheapest_path(&sample.graph, source, target, direction, weight, &going()).unwrap(),
                    a_star(&sample.graph, source, target, direction, weight, estimate, &going()).unwrap(),
                ];
                for found in found {
                    prop_assert_eq!(found.as_ref().map_or(f64::INFINITY, |found| found.cost), expected[target.index()]);
                    if let Some(found) = found {
                        sample.check_path(&found.path, direction);
                        prop_assert_eq!(found.path.edges().iter().map(|edge| weight(*edge)).sum::<f64>(), found.cost);
                    }
                }
            }
        }
    }

    #[test]
    fn costs_are_those_that_petgraph_finds(sample in samples(9, 25)) {
        for source in sample.nodes.iter().copied() {
            let all = distances(&sample.graph, source, Direction::Outgoing, |edge| sample.weight(edge), &going()).unwrap();
            let reached: BTreeMap<_, _> =
                (0..all.len()).filter(|node| all[*node].is_finite()).map(|node| (NodeIndex::new(node), all[node])).collect();
            let expected = petgraph::algo::dijkstra(&sample.oracle, source, None, |edge| *edge.weight());
            prop_assert_eq!(reached, expected.into_iter().collect::<BTreeMap<_, _>>());
            for target in sample.nodes.iter().copied() {
                let found = petgraph::algo::astar(
                    &sample.oracle,
                    source,
                    |node| node == target,
                    |edge| sample.weight(edge.id()),
                    |_| 0.0,
                );
                prop_assert_eq!(found.map_or(f64::INFINITY, |found| found.0), all[target.index()]);
            }
        }
    }

    #[test]
    fn the_cheapest_paths_come_first(sample in samples(6, 11), direction in directions(), count in 0..12_usize) {
        for source in sample.nodes.iter().copied() {
            for target in sample.nodes.iter().copied() {
                let mut expected = Vec::new();
                all_paths(&sample, &mut vec![source], &mut Vec::new(), target, direction, &mut expected);
                expected.sort_by(|one, other| one.0.total_cmp(&other.0));
                let weight = |edge| sample.weight(edge);
                let found =
                    k_shortest_paths(&sample.graph, source, target, direction, count, weight, &going()).unwrap();
                let costs: Vec<f64> = found.iter().map(|found| found.cost).collect();
                prop_assert_eq!(costs, expected.iter().take(count).map(|path| path.0).collect::<Vec<_>>());
                let distinct: BTreeSet<_> = found.iter().map(|found| found.path.edges()).collect();
                prop_assert_eq!(distinct.len(), found.len());
                for found in &found {
                    let listed = (found.cost, found.path.edges().to_vec());
                    prop_assert!(expected.contains(&listed));
                    sample.check_path(&found.path, direction);
                }
            }
        }
    }

    #[test]
    fn a_repeated_question_has_the_same_answer(sample in samples(12, 30), direction in directions()) {
        let (source, target) = (NodeIndex::new(0), NodeIndex::new(sample.graph.node_bound() - 1));
        let ask = || {
            (
                shortest_path(&sample.graph, source, target, direction, &going()).unwrap(),
                k_shortest_paths(&sample.graph, source, target, direction, 3, one, &going()).unwrap(),
            )
        };
        prop_assert_eq!(ask(), ask());
    }
}
