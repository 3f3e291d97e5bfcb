//! Neighbours, neighbourhoods and paths against a list of edges and petgraph.

use std::collections::BTreeSet;

use cidgraph::algorithm::{CancelToken, Direction};
use cidgraph::entity::SPATIAL;
use cidgraph::read_model::{Neighbor, PathView};
use cidgraph::{
    Answer, EdgeEntity, EdgeView, GraphCommand, GraphQuery, GraphReadModel, NodeId, QueryError, TransformOperation,
};
use petgraph::algo::dijkstra;
use petgraph::visit::Reversed;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{EDGE_KINDS, commands, directions, entity};
use crate::shape::Shape;
use crate::world::{World, played};

fn ask(model: &GraphReadModel, query: &GraphQuery) -> Answer {
    model.query(query).unwrap()
}

fn path(model: &GraphReadModel, query: &GraphQuery) -> Option<PathView> {
    let Answer::Path(path) = ask(model, query) else { panic!("a path answers {query:?}") };
    path
}

fn weight(edge: &EdgeView) -> f64 {
    edge.properties.get("weight").and_then(cidgraph::Value::as_f64).unwrap_or(1.0)
}

fn place(model: &GraphReadModel, node: NodeId) -> [f64; 3] {
    let node = model.node(node).unwrap();
    let spatial = node.components.iter().find(|component| component.component_type == SPATIAL);
    ["x", "y", "z"].map(|axis| spatial.and_then(|spatial| spatial.properties.get(axis)?.as_f64()).unwrap_or(0.0))
}

fn straight(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn check_neighbors(model: &GraphReadModel, shape: &Shape, node: NodeId, direction: Direction, kind: Option<&str>) {
    let expected: Vec<Neighbor> = shape
        .steps(node, direction, kind)
        .into_iter()
        .map(|(edge, other)| Neighbor { edge: edge.clone(), node: model.node(other).unwrap() })
        .collect();
    for limit in [None, Some(0), Some(1), Some(3)] {
        let query = GraphQuery::Neighbors { node, direction, edge_kind: kind.map(Into::into), limit };
        let shown = &expected[..expected.len().min(limit.unwrap_or(usize::MAX))];
        assert_eq!(ask(model, &query), Answer::Neighbors(shown.to_vec()));
    }
}

fn check_levels(model: &GraphReadModel, shape: &Shape, node: NodeId, direction: Direction, kind: Option<&str>) {
    let mut levels: Vec<_> = shape.levels(node, direction, kind).into_iter().collect();
    levels.sort_by_key(|(node, distance)| (*distance, *node));
    for hops in [0, 1, 2, usize::MAX] {
        let query = GraphQuery::Neighborhood { node, hops, direction, edge_kind: kind.map(Into::into) };
        let near = levels.iter().filter(|level| level.1 <= hops).copied().collect();
        assert_eq!(ask(model, &query), Answer::Levels(near));
    }
    if kind.is_none() {
        assert_eq!(ask(model, &GraphQuery::BreadthFirst { node, direction }), Answer::Levels(levels.clone()));
        let Answer::Sequence(met) = ask(model, &GraphQuery::DepthFirst { node, direction }) else { panic!() };
        assert_eq!((met.len(), met[0]), (levels.len(), node));
        assert_eq!(met.iter().collect::<BTreeSet<_>>(), levels.iter().map(|level| &level.0).collect());
        // Each node is met from the last node before it that has an unmet neighbour.
        for at in 1..met.len() {
            let unmet =
                |node: NodeId| shape.steps(node, direction, None).into_iter().find(|step| !met[..at].contains(&step.1));
            let from = met[..at].iter().rev().find(|node| unmet(**node).is_some()).unwrap();
            let next = shape.steps(*from, direction, None).into_iter().any(|step| step.1 == met[at]);
            assert!(next, "{met:?} at {at}");
        }
    }
}

fn check_paths(model: &GraphReadModel, shape: &Shape, ends: (NodeId, NodeId), direction: Direction) {
    let (source, target) = ends;
    for kind in std::iter::once(None).chain(EDGE_KINDS.map(Some)) {
        let query = GraphQuery::ShortestPath { source, target, direction, edge_kind: kind.map(Into::into) };
        let found = path(model, &query);
        let steps = shape.levels(source, direction, kind).get(&target).copied();
        assert_eq!(found.as_ref().map(|path| path.edges.len()), steps);
        found.iter().for_each(|path| shape.check_path(path, ends, direction, kind, &|_| 1.0));
    }
    let places = |edge: &EdgeView| straight(place(model, edge.source), place(model, edge.target));
    let cheapest = path(model, &GraphQuery::CheapestPath { source, target, direction, weight: "weight".into() });
    let guided = path(model, &GraphQuery::AStar { source, target, direction, weight: "none".into() });
    cheapest.iter().for_each(|path| shape.check_path(path, ends, direction, None, &weight));
    guided.iter().for_each(|path| shape.check_path(path, ends, direction, None, &places));
    if let Some(costs) = shape.costs(source, target, direction, &weight, 3000) {
        assert_eq!(cheapest.map(|path| path.cost), costs.first().copied());
        for count in [0, 1, 4, 10_000] {
            let weight_name = Some("weight".into());
            let query = GraphQuery::ShortestPaths { source, target, direction, count, weight: weight_name };
            if count > 10 && costs.len() > 60 {
                continue;
            }
            let Answer::Paths(paths) = ask(model, &query) else { panic!() };
            let found: Vec<f64> = paths.iter().map(|path| path.cost).collect();
            assert_eq!(found, costs[..costs.len().min(count)]);
            paths.iter().for_each(|path| shape.check_path(path, ends, direction, None, &weight));
            assert_eq!(paths.iter().map(|path| &path.edges).collect::<BTreeSet<_>>().len(), paths.len());
        }
        let costs = shape.costs(source, target, direction, &places, 3000).unwrap();
        let (found, expected) = (guided.map(|path| path.cost), costs.first().copied());
        assert_eq!(found.is_some(), expected.is_some());
        assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-9);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn walks_are_those_of_a_list_of_edges(
        commands in vec(commands(), 0..120),
        direction in directions(),
        (rest_at, fold_at) in (0..240_usize, 0..480_usize),
    ) {
        let model = played(&commands, rest_at, fold_at).model();
        let shape = Shape::of(&model);
        let (oracle, index) = shape.oracle();
        for node in &shape.nodes {
            for kind in std::iter::once(None).chain(EDGE_KINDS.map(Some)) {
                check_neighbors(&model, &shape, *node, direction, kind);
                check_levels(&model, &shape, *node, direction, kind);
            }
            let distances = match direction {
                Direction::Outgoing => dijkstra(&oracle, index[node], None, |_| 1),
                Direction::Incoming => dijkstra(Reversed(&oracle), index[node], None, |_| 1),
                Direction::Both => continue,
            };
            let levels = shape.levels(*node, direction, None);
            prop_assert_eq!(levels.len(), distances.len());
            prop_assert!(distances.iter().all(|(node, distance)| levels[&oracle[*node]] == *distance));
        }
        for source in &shape.nodes {
            shape.nodes.iter().step_by(2).for_each(|target| check_paths(&model, &shape, (*source, *target), direction));
        }
    }
}

fn connected(edges: &[(u8, &str, u8)]) -> World {
    let nodes = (0..6).map(entity).collect();
    let edge = |(source, kind, target): &(u8, &str, u8)| EdgeEntity::new(entity(*source).id, *kind, entity(*target).id);
    let edges = edges.iter().map(edge).collect();
    World::of(&[GraphCommand::AddNodes { nodes }, GraphCommand::ConnectEdges { edges }])
}

#[test]
fn a_loop_stands_on_both_sides() {
    let model = connected(&[(0, "knows", 0), (0, "knows", 1), (0, "knows", 1)]).model();
    let count = |direction| {
        let query = GraphQuery::Neighbors { node: entity(0).id, direction, edge_kind: None, limit: None };
        let Answer::Neighbors(neighbors) = ask(&model, &query) else { panic!() };
        neighbors.len()
    };
    assert_eq!([Direction::Outgoing, Direction::Incoming, Direction::Both].map(count), [3, 1, 4]);
}

#[test]
fn unknown_nodes_are_named_whichever_end_they_are() {
    let model = connected(&[(0, "knows", 1)]).model();
    let (known, unknown, direction) = (entity(0).id, NodeId::from_u64(99), Direction::Outgoing);
    let expected = Err(QueryError::UnknownNode { node: unknown });
    for (source, target) in [(known, unknown), (unknown, known)] {
        let weight = || "weight".into();
        for query in [
            GraphQuery::ShortestPath { source, target, direction, edge_kind: None },
            GraphQuery::CheapestPath { source, target, direction, weight: weight() },
            GraphQuery::AStar { source, target, direction, weight: weight() },
            GraphQuery::ShortestPaths { source, target, direction, count: 2, weight: None },
        ] {
            assert_eq!(model.query(&query), expected);
        }
    }
    for query in [
        GraphQuery::Neighbors { node: unknown, direction, edge_kind: None, limit: Some(0) },
        GraphQuery::Neighborhood { node: unknown, hops: 0, direction, edge_kind: Some("never".into()) },
        GraphQuery::DepthFirst { node: unknown, direction },
    ] {
        assert_eq!(model.query(&query), expected);
    }
    assert_eq!(model.query(&GraphQuery::Node(unknown)), Ok(Answer::Node(None)));
}

#[test]
fn a_removed_element_is_on_no_walk() {
    let mut world = connected(&[(0, "knows", 1), (1, "knows", 2), (0, "knows", 3), (3, "knows", 4), (4, "knows", 2)]);
    let query = GraphQuery::ShortestPath {
        source: entity(0).id,
        target: entity(2).id,
        direction: Direction::Outgoing,
        edge_kind: None,
    };
    let steps = |world: &World| path(&world.model(), &query).map(|path| path.edges.len());
    assert_eq!(steps(&world), Some(2));
    world.command(&GraphCommand::RemoveNode { node: entity(1).id });
    assert_eq!(steps(&world), Some(3));
    let edge = path(&world.model(), &query).unwrap().edges[1];
    world.command(&GraphCommand::DisconnectEdge { edge });
    assert_eq!(steps(&world), None);
}

#[test]
fn a_weight_that_is_no_number_is_refused() {
    for value in [cidgraph::Value::from(-1), "far".into()] {
        let edge = EdgeEntity::new(entity(0).id, "knows", entity(1).id).with_properties([("weight", value)]);
        let nodes = vec![entity(0), entity(1)];
        let world = World::of(&[GraphCommand::AddNodes { nodes }, GraphCommand::ConnectEdge { edge }]);
        let query = GraphQuery::CheapestPath {
            source: entity(0).id,
            target: entity(1).id,
            direction: Direction::Outgoing,
            weight: "weight".into(),
        };
        assert!(matches!(world.model().query(&query), Err(QueryError::InvalidWeight { .. })));
    }
}

#[test]
fn a_straight_line_guides() {
    let mut world = connected(&[(0, "knows", 1), (1, "knows", 2), (0, "knows", 3), (3, "knows", 2)]);
    let by = [(1, [0.0, 10.0, 0.0]), (3, [1.0, 0.0, 0.0]), (2, [2.0, 0.0, 0.0])];
    for (node, by) in by {
        let operation = TransformOperation::Translate(by);
        assert!(world.command(&GraphCommand::TransformNodes { nodes: vec![entity(node).id], operation }));
    }
    let query = GraphQuery::AStar {
        source: entity(0).id,
        target: entity(2).id,
        direction: Direction::Outgoing,
        weight: "weight".into(),
    };
    let found = path(&world.model(), &query).unwrap();
    assert_eq!((found.nodes, found.cost), (vec![entity(0).id, entity(3).id, entity(2).id], 2.0));
}

#[test]
fn walks_can_be_given_up() {
    let model = connected(&[(0, "knows", 1)]).model();
    let cancel = CancelToken::new();
    cancel.cancel();
    let (node, source, target) = (entity(0).id, entity(0).id, entity(1).id);
    let direction = Direction::Outgoing;
    for query in [
        GraphQuery::Neighborhood { node, hops: 2, direction, edge_kind: None },
        GraphQuery::Neighborhood { node, hops: 2, direction, edge_kind: Some("knows".into()) },
        GraphQuery::BreadthFirst { node, direction },
        GraphQuery::DepthFirst { node, direction },
        GraphQuery::ShortestPath { source, target, direction, edge_kind: None },
        GraphQuery::CheapestPath { source, target, direction, weight: "weight".into() },
        GraphQuery::AStar { source, target, direction, weight: "weight".into() },
        GraphQuery::ShortestPaths { source, target, direction, count: 2, weight: None },
        GraphQuery::WeakComponents,
        GraphQuery::StrongComponents,
        GraphQuery::TopologicalOrder,
        GraphQuery::Cycle,
        GraphQuery::LabelPropagation { iterations_max: 2 },
        GraphQuery::LocalClustering { limit: 2 },
        GraphQuery::DegreeDistribution { direction },
        GraphQuery::Metrics,
    ] {
        let given_up = model.query_until(&query, &cancel);
        assert!(matches!(given_up, Err(QueryError::Cancelled(_))), "{query:?}: {given_up:?}");
    }
}
