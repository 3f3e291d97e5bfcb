//! One example of each kind of query, of what is refused, and of what cannot be told by small graphs.

use std::collections::{BTreeMap, HashSet};

use cidgraph::algorithm::{CancelToken, Cancelled, Direction};
use cidgraph::topology::Topology;
use cidgraph::{
    Answer, Criterion, EdgeId, GraphCommand, GraphQuery, NodeId, NodeQuery, OrderBy, Properties, QueryError, Real,
    Value,
};

use crate::world::{Step, World, id};

fn add(node: u64) -> Step {
    Step::Add { node, kind: "Person", color: None }
}

fn connect(source: u64, target: u64, weight: Option<u8>) -> Step {
    Step::Connect { source, target, kind: "knows", weight }
}

/// 0 → 1 → 2 → 3 costs 3, the direct edge 0 → 3 costs 9; 4 → 5 stands apart.
fn world() -> World {
    let mut steps: Vec<Step> = (0..6).map(add).collect();
    steps
        .extend([(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 3, 9)].map(|(from, to, weight)| connect(from, to, Some(weight))));
    steps.push(connect(4, 5, None));
    World::of(&steps)
}

fn nodes(nodes: &[u64]) -> Vec<NodeId> {
    nodes.iter().map(|node| id(*node)).collect()
}

fn path(source: u64, target: u64, weight: Option<&str>) -> GraphQuery {
    let (source, target, direction) = (id(source), id(target), Direction::Outgoing);
    match weight {
        Some(weight) => GraphQuery::CheapestPath { source, target, direction, weight: weight.into() },
        None => GraphQuery::ShortestPath { source, target, direction, edge_kind: None },
    }
}

#[test]
fn paths_weigh_what_they_are_told_to() {
    let (world, model) = (world(), world().read());
    let Ok(Answer::Path(Some(direct))) = model.query(&path(0, 3, None)) else { panic!("there is a path") };
    assert_eq!((direct.nodes, direct.edges, direct.cost), (nodes(&[0, 3]), vec![world.edge(3)], 1.0));
    let Ok(Answer::Path(Some(cheap))) = model.query(&path(0, 3, Some("weight"))) else { panic!("there is a path") };
    assert_eq!((cheap.nodes, cheap.cost), (nodes(&[0, 1, 2, 3]), 3.0));
    assert_eq!(model.query(&path(0, 4, None)), Ok(Answer::Path(None)));
    let both = GraphQuery::ShortestPaths {
        source: id(0),
        target: id(3),
        direction: Direction::Outgoing,
        count: 5,
        weight: Some("weight".into()),
    };
    let Ok(Answer::Paths(paths)) = model.query(&both) else { panic!("there are paths") };
    assert_eq!(paths.iter().map(|path| path.cost).collect::<Vec<_>>(), [3.0, 9.0]);
}

#[test]
fn a_straight_line_guides_without_misleading() {
    let mut steps: Vec<Step> = (0..4).map(add).collect();
    steps.extend((0..4i8).map(|node| Step::Move { node: node.unsigned_abs().into(), by: node * 3 }));
    steps.extend([connect(0, 3, Some(10)), connect(0, 1, Some(3)), connect(1, 2, Some(3)), connect(2, 3, None)]);
    let query =
        GraphQuery::AStar { source: id(0), target: id(3), direction: Direction::Outgoing, weight: "weight".into() };
    let Ok(Answer::Path(Some(found))) = World::of(&steps).read().query(&query) else { panic!("there is a path") };
    assert_eq!((found.nodes, found.cost), (nodes(&[0, 1, 2, 3]), 9.0));
}

#[test]
fn what_is_wrong_is_named() {
    let mut world = world();
    let refused = |world: &World, query: &GraphQuery| world.read().query(query).unwrap_err();
    assert_eq!(refused(&world, &path(0, 9, None)), QueryError::UnknownNode { node: id(9) });
    let ranks = |damping, tolerance| {
        let (damping, tolerance) = (Real(damping), Real(tolerance));
        GraphQuery::PageRank { damping, iterations_max: 9, tolerance, limit: 3 }
    };
    for query in [ranks(1.5, 0.0), ranks(f64::NAN, 0.0), ranks(0.5, -1.0), ranks(0.5, f64::NAN)] {
        assert!(matches!(refused(&world, &query), QueryError::InvalidParameter { .. }), "{query:?}");
    }
    for weight in [Value::from(-1), Value::from("far")] {
        let set = Properties::from([("weight", weight)]);
        world.command(&GraphCommand::UpdateEdge { edge: world.edge(0), set, unset: Vec::new() });
        world.publish();
        let error = refused(&world, &path(0, 2, Some("weight")));
        assert!(error.to_string().contains(&world.edge(0).to_string()), "{error}");
    }
    world.step(&connect(3, 0, None));
    world.publish();
    assert_eq!(refused(&world, &GraphQuery::TopologicalOrder), QueryError::Cyclic);
}

#[test]
fn what_may_take_long_can_be_given_up() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let walk = (id(0), Direction::Outgoing);
    let ranks = GraphQuery::PageRank { damping: Real(0.85), iterations_max: 9, tolerance: Real(0.0), limit: 3 };
    let queries = [
        GraphQuery::BreadthFirst { node: walk.0, direction: walk.1 },
        GraphQuery::DepthFirst { node: walk.0, direction: walk.1 },
        path(0, 3, None),
        path(0, 3, Some("weight")),
        GraphQuery::WeakComponents,
        GraphQuery::StrongComponents,
        GraphQuery::TopologicalOrder,
        GraphQuery::Cycle,
        ranks,
        GraphQuery::LabelPropagation { iterations_max: 3 },
        GraphQuery::LocalClustering { limit: 3 },
        GraphQuery::DegreeDistribution { direction: Direction::Both },
        GraphQuery::Metrics,
    ];
    for query in queries {
        assert_eq!(world().read().query_until(&query, &cancel), Err(QueryError::Cancelled(Cancelled)), "{query:?}");
    }
}

#[test]
fn a_key_names_nodes_of_every_kind() {
    let mut world = world();
    let graph = world.read().graph();
    for kind in ["Town", "Club"] {
        world.command(&GraphCommand::AddNode { node: cidgraph::NodeEntity::keyed(graph, kind, 2) });
    }
    world.publish();
    let named = |world: &World| -> Vec<String> {
        world.read().nodes_by_key(&2.into()).iter().map(|node| node.kind.to_string()).collect()
    };
    assert_eq!(named(&world), ["Club", "Person", "Town"]);
    world.rest();
    assert_eq!(named(&world), ["Club", "Person", "Town"]);
    assert!(world.read().nodes_by_key(&"2".into()).is_empty());
}

#[test]
fn metrics_describe_the_whole() {
    let model = world().read();
    let Ok(Answer::Metrics(metrics)) = model.query(&GraphQuery::Metrics) else { panic!("there are metrics") };
    assert_eq!((metrics.version, metrics.nodes, metrics.edges), (12, 6, 5));
    assert_eq!(metrics.node_kinds, BTreeMap::from([("Person".into(), 6)]));
    assert_eq!(metrics.edge_kinds, BTreeMap::from([("knows".into(), 5)]));
    assert_eq!(metrics.degrees, BTreeMap::from([(1, 2), (2, 4)]));
    assert_eq!((metrics.weak_components, metrics.depth), (2, Some(2)));
    assert!((metrics.density - 5.0 / 30.0).abs() < 1e-12);
    assert_eq!((metrics.staleness_ns(20), metrics.staleness_ns(2)), (8, 0));
}

#[test]
fn queries_are_keys() {
    let ranks = |damping| {
        let (damping, tolerance) = (Real(damping), Real(0.0));
        GraphQuery::PageRank { damping, iterations_max: 9, tolerance, limit: 3 }
    };
    let queries = [ranks(0.85), ranks(0.85), ranks(0.5), ranks(f64::NAN), ranks(f64::NAN), path(0, 1, None)];
    assert_eq!(queries.into_iter().collect::<HashSet<_>>().len(), 4);
}

#[test]
fn numbers_are_ordered_as_numbers_and_what_has_none_comes_last() {
    let mut steps: Vec<Step> = (0..5).map(add).collect();
    let values = [Value::Int(2), Value::Float(1.5), Value::Float(2.0), Value::from("a")];
    steps.extend((0..).zip(values).map(|(node, value)| Step::Set {
        node,
        component: "Rating",
        property: "score",
        value,
    }));
    let model = World::of(&steps).read();
    let found = |descending| -> Vec<NodeId> {
        let by = OrderBy::Property { component: "Rating".into(), property: "score".into() };
        let query = NodeQuery::of(Criterion::All).order_by(by, descending);
        model.nodes(&query).nodes.iter().map(|node| node.id).collect()
    };
    let (mut equal, rest) = (nodes(&[0, 2]), nodes(&[1, 3, 4]));
    equal.sort_unstable();
    assert_eq!(found(false), [rest[0], equal[0], equal[1], rest[1], rest[2]]);
    assert_eq!(found(true), [rest[1], equal[0], equal[1], rest[0], rest[2]]);
}

/// So many nodes are walked over that the footprint names every edge instead of each node's.
#[test]
fn the_footprint_of_a_wide_walk_holds_every_edge() {
    let mut steps: Vec<Step> = (0..700).map(add).collect();
    steps.extend((1..699).map(|leaf| connect(0, leaf, None)));
    let mut world = World::of(&steps);
    let query = GraphQuery::Neighborhood { node: id(0), hops: 2, direction: Direction::Outgoing, edge_kind: None };
    let (model, _) = (world.read(), world.take_touched());
    let answer = model.query(&query).unwrap();
    let footprint = model.footprint(&query, &answer).unwrap();
    assert!(footprint.len() < 10);
    world.step(&connect(698, 699, None));
    world.publish();
    assert_ne!(world.read().query(&query), Ok(answer));
    assert!(world.take_touched().iter().any(|facet| footprint.binary_search(facet).is_ok()));
}

/// Several tasks share the sums, and a fold moves nodes from one task to another.
#[test]
fn ranks_do_not_depend_on_where_nodes_lie() {
    let mut steps: Vec<Step> = (0..12_000).map(add).collect();
    let edge = |at: u64| connect(at * 7 % 12_000, at * at % 11_999, None);
    steps.extend((0..30_000).map(edge));
    steps.extend((0..6_000).map(|node| Step::Remove { node: node * 2 + node % 2 }));
    let (mut folded, plain) = (World::of(&steps), World::of(&steps));
    folded.rest();
    assert!(folded.read().view().node_bound() < plain.read().view().node_bound());
    let limit = 100_000;
    let query = GraphQuery::PageRank { damping: Real(0.85), iterations_max: 30, tolerance: Real(1e-9), limit };
    assert_eq!(folded.read().query(&query), plain.read().query(&query));
}

#[test]
fn nothing_is_found_in_an_empty_graph() {
    let model = World::new().read();
    assert_eq!(model.query(&GraphQuery::Count(Criterion::And(Vec::new()))), Ok(Answer::Count(0)));
    assert_eq!(model.query(&GraphQuery::Edge(EdgeId::from_u64(1))), Ok(Answer::Edge(None)));
    assert_eq!(model.query(&GraphQuery::WeakComponents), Ok(Answer::Groups(Vec::new())));
    assert_eq!(model.query(&GraphQuery::TopologicalOrder), Ok(Answer::Sequence(Vec::new())));
    assert_eq!(model.query(&GraphQuery::LocalClustering { limit: 3 }), Ok(Answer::Scores(Vec::new())));
    assert_eq!(model.node_count(), 0);
}
