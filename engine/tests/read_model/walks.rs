//! Walks, paths and shapes against edges looked at one after another; and the same answers whatever lies behind a graph.

use std::collections::{BTreeMap, BTreeSet};

use cidgraph::algorithm::Direction;
use cidgraph::read_model::PathView;
use cidgraph::{Answer, EdgeId, EdgeView, GraphQuery, GraphReadModel, NodeId, QueryError};
use proptest::prelude::*;

use crate::criteria::worlds;
use crate::naive;
use crate::strategy::{query, steps};
use crate::world::{Step, World};

/// A step that a walk can take: the edge and where it leads.
type Along = (EdgeId, NodeId);

/// The graph as sets of nodes and edges, the edges in the order in which they were connected.
struct Plain {
    nodes: BTreeSet<NodeId>,
    edges: BTreeMap<EdgeId, EdgeView>,
}

impl Plain {
    fn of(model: &GraphReadModel) -> Self {
        let at = model.view().at();
        let nodes = at.nodes().map(|node| at.node_id(node)).collect();
        // Ids that the engine makes ascend with the version.
        Self { nodes, edges: at.edges().map(|edge| (at.edge_id(edge), at.edge_view(edge))).collect() }
    }

    fn along(&self, node: NodeId, direction: Direction, kind: Option<&str>) -> Vec<Along> {
        let of_kind = || self.edges.values().filter(|edge| kind.is_none_or(|kind| edge.kind == kind));
        let outgoing = of_kind().filter(|edge| direction.follows_outgoing() && edge.source == node);
        let incoming = of_kind().filter(|edge| direction.follows_incoming() && edge.target == node);
        outgoing.map(|edge| (edge.id, edge.target)).chain(incoming.map(|edge| (edge.id, edge.source))).collect()
    }

    fn distances(&self, start: NodeId, direction: Direction, kind: Option<&str>) -> BTreeMap<NodeId, usize> {
        let mut distances = BTreeMap::from([(start, 0)]);
        let mut waiting = std::collections::VecDeque::from([start]);
        while let Some(node) = waiting.pop_front() {
            for (_, next) in self.along(node, direction, kind) {
                if !distances.contains_key(&next) {
                    distances.insert(next, distances[&node] + 1);
                    waiting.push_back(next);
                }
            }
        }
        distances
    }

    fn descend(&self, node: NodeId, direction: Direction, met: &mut Vec<NodeId>) {
        met.push(node);
        for (_, next) in self.along(node, direction, None) {
            if !met.contains(&next) {
                self.descend(next, direction, met);
            }
        }
    }

    fn weight(&self, edge: EdgeId, property: &str) -> f64 {
        self.edges[&edge].properties.get(property).map_or(1.0, |weight| weight.as_f64().unwrap())
    }

    /// Returns the least costs from a node, made less edge by edge until nothing becomes less.
    fn costs(&self, start: NodeId, direction: Direction, property: Option<&str>) -> BTreeMap<NodeId, f64> {
        let mut costs = BTreeMap::from([(start, 0.0)]);
        for _ in &self.nodes {
            for node in &self.nodes {
                let Some(cost) = costs.get(node).copied() else { continue };
                for (edge, next) in self.along(*node, direction, None) {
                    let onward = cost + property.map_or(1.0, |property| self.weight(edge, property));
                    let best = costs.entry(next).or_insert(onward);
                    *best = best.min(onward);
                }
            }
        }
        costs
    }

    fn check_path(&self, path: &PathView, ends: (NodeId, NodeId), direction: Direction, kind: Option<&str>) {
        assert_eq!((path.nodes.first(), path.nodes.last()), (Some(&ends.0), Some(&ends.1)));
        assert_eq!(path.nodes.len(), path.edges.len() + 1);
        for (edge, ends) in path.edges.iter().zip(path.nodes.windows(2)) {
            assert!(self.along(ends[0], direction, kind).contains(&(*edge, ends[1])), "{edge} from {}", ends[0]);
        }
    }

    fn reaches(&self, from: NodeId, to: NodeId) -> bool {
        self.distances(from, Direction::Outgoing, None).contains_key(&to)
    }

    /// Returns whether some edge lies on a cycle.
    fn is_cyclic(&self) -> bool {
        self.edges.values().any(|edge| self.reaches(edge.target, edge.source))
    }

    fn groups(&self, together: impl Fn(NodeId, NodeId) -> bool) -> Vec<Vec<NodeId>> {
        let group = |node: &NodeId| self.nodes.iter().copied().filter(|other| together(*node, *other)).collect();
        let groups: BTreeSet<Vec<NodeId>> = self.nodes.iter().map(group).collect();
        let mut groups: Vec<Vec<NodeId>> = groups.into_iter().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.len()), group[0]));
        groups
    }
}

fn check_walk(model: &GraphReadModel, plain: &Plain, query: &GraphQuery, answer: &Answer) {
    let levels = |start, direction, kind: Option<&str>, hops: usize| {
        let mut levels: Vec<(NodeId, usize)> = plain.distances(start, direction, kind).into_iter().collect();
        levels.retain(|(_, distance)| *distance <= hops);
        levels.sort_by_key(|(node, distance)| (*distance, *node));
        levels
    };
    match (query, answer) {
        (GraphQuery::Neighbors { node, direction, edge_kind, limit }, Answer::Neighbors(found)) => {
            let found: Vec<Along> = found.iter().map(|neighbor| (neighbor.edge.id, neighbor.node.id)).collect();
            let mut expected = plain.along(*node, *direction, edge_kind.as_deref());
            expected.truncate(limit.unwrap_or(usize::MAX));
            assert_eq!(found, expected);
        }
        (GraphQuery::Neighborhood { node, hops, direction, edge_kind }, Answer::Levels(found)) => {
            assert_eq!(*found, levels(*node, *direction, edge_kind.as_deref(), *hops));
        }
        (GraphQuery::BreadthFirst { node, direction }, Answer::Levels(found)) => {
            assert_eq!(*found, levels(*node, *direction, None, usize::MAX));
        }
        (GraphQuery::DepthFirst { node, direction }, Answer::Sequence(found)) => {
            let mut expected = Vec::new();
            plain.descend(*node, *direction, &mut expected);
            assert_eq!(*found, expected);
        }
        (GraphQuery::Node(node), Answer::Node(found)) => {
            assert_eq!(*found, naive::all(model).into_iter().find(|have| have.id == *node));
        }
        (GraphQuery::NodeByKey { kind, key }, Answer::Node(found)) => {
            let of_key = NodeId::of_key(model.graph(), kind, key);
            assert_eq!(*found, naive::all(model).into_iter().find(|have| have.id == of_key));
        }
        (GraphQuery::Edge(edge), Answer::Edge(found)) => assert_eq!(found.as_ref(), plain.edges.get(edge)),
        (_, _) => check_path(plain, query, answer),
    }
}

fn check_path(plain: &Plain, query: &GraphQuery, answer: &Answer) {
    match (query, answer) {
        (GraphQuery::ShortestPath { source, target, direction, edge_kind }, Answer::Path(found)) => {
            let kind = edge_kind.as_deref();
            let expected = plain.distances(*source, *direction, kind).get(target).copied();
            assert_eq!(found.as_ref().map(|path| path.edges.len()), expected);
            found.iter().for_each(|path| plain.check_path(path, (*source, *target), *direction, kind));
        }
        (GraphQuery::CheapestPath { source, target, direction, weight }, Answer::Path(found)) => {
            let costs = plain.costs(*source, *direction, Some(weight.as_str()));
            assert_eq!(found.as_ref().map(|path| path.cost), costs.get(target).copied());
            found.iter().for_each(|path| plain.check_path(path, (*source, *target), *direction, None));
        }
        (GraphQuery::AStar { source, target, direction, .. }, Answer::Path(found)) => {
            let is_reached = plain.distances(*source, *direction, None).contains_key(target);
            assert_eq!(found.is_some(), is_reached);
            found.iter().for_each(|path| plain.check_path(path, (*source, *target), *direction, None));
        }
        (GraphQuery::ShortestPaths { source, target, direction, count, weight }, Answer::Paths(found)) => {
            let costs = plain.costs(*source, *direction, weight.as_deref());
            let least = costs.get(target).copied().filter(|_| *count > 0);
            assert_eq!(found.first().map(|path| path.cost), least);
            assert!(found.len() <= *count && found.is_sorted_by(|a, b| a.cost <= b.cost));
            let distinct: BTreeSet<&Vec<EdgeId>> = found.iter().map(|path| &path.edges).collect();
            assert!(*count == 0 || source == target || distinct.len() == found.len());
            found.iter().for_each(|path| plain.check_path(path, (*source, *target), *direction, None));
        }
        (_, _) => check_shape(plain, query, answer),
    }
}

fn check_shape(plain: &Plain, query: &GraphQuery, answer: &Answer) {
    let scores = |found: &[(NodeId, f64)], limit: usize| {
        assert_eq!(found.len(), limit.min(plain.nodes.len()));
        assert!(found.is_sorted_by(|a, b| (b.1, a.0) <= (a.1, b.0)), "{found:?}");
    };
    match (query, answer) {
        (GraphQuery::WeakComponents, Answer::Groups(found)) => {
            let joined = |a, b| plain.distances(a, Direction::Both, None).contains_key(&b);
            assert_eq!(*found, plain.groups(joined));
        }
        (GraphQuery::StrongComponents, Answer::Groups(found)) => {
            assert_eq!(*found, plain.groups(|a, b| plain.reaches(a, b) && plain.reaches(b, a)));
        }
        (GraphQuery::TopologicalOrder, Answer::Sequence(found)) => {
            assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), plain.nodes);
            let place = |node: NodeId| found.iter().position(|have| *have == node);
            assert!(plain.edges.values().all(|edge| place(edge.source) < place(edge.target)));
        }
        (GraphQuery::Cycle, Answer::Path(found)) => {
            assert_eq!(found.is_some(), plain.is_cyclic());
            if let Some(path) = found {
                plain.check_path(path, (path.nodes[0], path.nodes[0]), Direction::Outgoing, None);
                assert!(!path.edges.is_empty());
            }
        }
        (GraphQuery::PageRank { limit, .. }, Answer::Scores(found)) => {
            scores(found, *limit);
            let sum: f64 = found.iter().map(|(_, rank)| rank).sum();
            assert!(*limit < plain.nodes.len() || plain.nodes.is_empty() || (sum - 1.0).abs() < 1e-9, "{sum}");
        }
        (GraphQuery::LocalClustering { limit }, Answer::Scores(found)) => scores(found, *limit),
        (GraphQuery::LabelPropagation { .. }, Answer::Groups(found)) => {
            assert_eq!(found.iter().flatten().copied().collect::<BTreeSet<_>>(), plain.nodes);
            assert!(found.iter().all(|group| group.is_sorted()));
        }
        (GraphQuery::DegreeDistribution { direction }, Answer::Distribution(found)) => {
            let mut expected = BTreeMap::new();
            for node in &plain.nodes {
                *expected.entry(plain.along(*node, *direction, None).len()).or_insert(0) += 1;
            }
            assert_eq!(*found, expected);
        }
        (GraphQuery::Metrics, Answer::Metrics(found)) => {
            let of_kind = |kind: &str| plain.edges.values().filter(|edge| edge.kind == kind).count();
            assert_eq!((found.nodes, found.edges), (plain.nodes.len(), plain.edges.len()));
            assert!(found.edge_kinds.iter().all(|(kind, count)| *count == of_kind(kind)));
            assert_eq!(found.edge_kinds.values().sum::<usize>(), found.edges);
            assert_eq!(found.node_kinds.values().sum::<usize>(), found.nodes);
        }
        (GraphQuery::Nodes(_), Answer::Nodes(_)) | (GraphQuery::Count(_), Answer::Count(_)) => {}
        (_, _) => panic!("{answer:?} is no answer to {query:?}"),
    }
}

/// Checks that what has no answer has none for the right reason.
fn check_refusal(plain: &Plain, query: &GraphQuery, error: &QueryError) {
    match error {
        QueryError::UnknownNode { node } => assert!(!plain.nodes.contains(node)),
        QueryError::Cyclic => assert!(*query == GraphQuery::TopologicalOrder && plain.is_cyclic()),
        QueryError::InvalidWeight { .. } | QueryError::InvalidParameter { .. } | QueryError::Cancelled(_) => {
            panic!("{query:?} has an answer: {error}")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, ..ProptestConfig::default() })]

    #[test]
    fn walks_and_shapes_are_those_of_plain_sets(
        first in steps(80),
        second in steps(40),
        asked in proptest::collection::vec(query(), 1..24),
    ) {
        let worlds = worlds(&first, &second);
        let model = worlds[0].read();
        let plain = Plain::of(&model);
        for ask in &asked {
            let query = ask.query(&worlds[0]);
            let answered = model.query(&query);
            match &answered {
                Ok(answer) => check_walk(&model, &plain, &query, answer),
                Err(error) => check_refusal(&plain, &query, error),
            }
            for other in &worlds[1..] {
                prop_assert_eq!(&other.read().query(&query), &answered, "{:?}", query);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// More rows than a fold at rest takes, some of them gone, so that ordinals and edges move.
    #[test]
    fn folds_change_no_answer(
        first in steps(60),
        second in steps(30),
        asked in proptest::collection::vec(query(), 8..24),
    ) {
        let crowd: Vec<Step> = (0..1_200).map(|node| Step::Add { node: 1_000 + node, kind: "Thing", color: None }).collect();
        let gone: Vec<Step> = (0..600).map(|node| Step::Remove { node: 1_000 + node * 2 }).collect();
        let mut folded = World::of(&crowd);
        let mut plain = World::of(&crowd);
        folded.rest();
        for steps in [&first, &gone, &second] {
            for world in [&mut folded, &mut plain] {
                steps.iter().for_each(|step| world.step(step));
                world.publish();
            }
            folded.rest();
        }
        let (folded_model, model) = (folded.read(), plain.read());
        prop_assert!(folded_model.view().generation().base().node_count() >= 600);
        prop_assert_eq!(model.view().generation().base().node_count(), 0);
        for query in asked.iter().map(|ask| ask.query(&plain)) {
            prop_assert_eq!(folded_model.query(&query), model.query(&query), "{:?}", query);
        }
    }
}
