//! What an answer rests on: nothing changes it that does not touch this, and what cannot matter does not touch it.

use cidgraph::algorithm::Direction;
use cidgraph::entity::SPATIAL;
use cidgraph::footprint::Facet;
use cidgraph::{
    Answer, Component, Criterion, EdgeEntity, EdgeId, GraphCommand, GraphQuery, NodeId, NodeQuery, NodeUpdate, OrderBy,
    Properties, QueryError, Real, TransformOperation, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{GRAPH, KINDS, commands, entity, queries};
use crate::world::{World, played};

/// An answer with what it rests on.
struct Kept {
    answer: Answer,
    footprint: Box<[Facet]>,
}

fn ask(world: &World, query: &GraphQuery) -> Result<Kept, QueryError> {
    let model = world.model();
    let answer = model.query(query)?;
    let footprint = model.footprint(query, &answer);
    assert!(footprint.is_sorted_by(|a, b| a < b));
    Ok(Kept { answer, footprint })
}

impl Kept {
    fn is_touched(&self, touched: &[Facet]) -> bool {
        touched.iter().any(|facet| self.footprint.contains(facet))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_untouched_answer_is_still_right(
        before in vec(commands(), 0..80),
        queries in vec(queries(), 1..16),
        after in vec(commands(), 1..40),
        (rest_at, fold_at) in (0..40_usize, 0..80_usize),
    ) {
        let mut world = played(&before, 0, usize::MAX);
        let mut kept: Vec<_> = queries.iter().map(|query| (query, ask(&world, query).ok())).collect();
        for (at, command) in after.iter().enumerate() {
            if at == rest_at {
                world.rest();
            }
            // A fold tells of commands of its own; answers start anew.
            if at == fold_at {
                world.fold();
                kept.iter_mut().for_each(|(query, answer)| *answer = ask(&world, query).ok());
            }
            if !world.command(command) {
                continue;
            }
            let touched = world.touched();
            for (query, answer) in &mut kept {
                let now = ask(&world, query);
                if let Some(old) = answer.take().filter(|old| !old.is_touched(&touched)) {
                    let now = now.as_ref().map(|now| &now.answer);
                    prop_assert_eq!(now, Ok(&old.answer), "{:?} was not touched by {:?}", query, command);
                    *answer = Some(old);
                } else {
                    *answer = now.ok();
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Ordinals are others after it; no answer may depend on them.
    #[test]
    fn a_fold_changes_no_answer(commands in vec(commands(), 0..120), queries in vec(queries(), 1..24), at in 0..120_usize) {
        let mut world = World::new();
        for (number, command) in commands.iter().enumerate() {
            if number == at {
                world.fill();
            }
            world.command(command);
        }
        world.fill();
        let before = world.model();
        world.rest();
        let after = world.model();
        prop_assert_eq!(after.view().generation().base().version(), before.version());
        for query in &queries {
            prop_assert_eq!(before.query(query), after.query(query), "{:?}", query);
        }
    }
}

/// Nodes 0 to 5 in a row with colors and ages, the even ones persons; edges of one kind, and one of another at the end.
fn row() -> World {
    let node = |number: u8| {
        entity(number)
            .with("Profile", [("a", i64::from(number))])
            .with("Visual", [("b", ["red", "blue"][usize::from(number % 2)])])
    };
    let edge = |source: u8, kind: &str| {
        let edge = EdgeEntity::new(entity(source).id, kind, entity(source + 1).id).with_properties([("weight", 1)]);
        EdgeEntity { id: Some(EdgeId::from_u64(source.into())), ..edge }
    };
    let edges = (0..4).map(|source| edge(source, "knows")).chain([edge(4, "near")]).collect();
    World::of(&[
        GraphCommand::AddNodes { nodes: (0..9).map(node).collect() },
        GraphCommand::ConnectEdges { edges },
        GraphCommand::TransformNodes { nodes: vec![entity(8).id], operation: TransformOperation::Translate([1.0; 3]) },
    ])
}

fn id(number: u8) -> NodeId {
    entity(number).id
}

fn set(node: u8, component: &str, property: &str, value: impl Into<Value>) -> GraphCommand {
    let set = Properties::from([(property, value.into())]);
    let update = NodeUpdate { node: id(node), component_type: component.into(), set, unset: Vec::new() };
    GraphCommand::UpdateNode { update }
}

fn connect(source: u8, kind: &str, target: u8) -> GraphCommand {
    GraphCommand::ConnectEdge { edge: EdgeEntity::new(id(source), kind, id(target)) }
}

fn weigh(edge: u64) -> GraphCommand {
    GraphCommand::UpdateEdge { edge: EdgeId::from_u64(edge), set: [("weight", 7)].into(), unset: Vec::new() }
}

#[track_caller]
fn kept(query: GraphQuery, command: GraphCommand) {
    let mut world = row();
    let before = ask(&world, &query).unwrap();
    assert!(world.command(&command), "{command:?}");
    assert!(!before.is_touched(&world.touched()), "{query:?} does not rest on {command:?}");
    assert_eq!(ask(&world, &query).unwrap().answer, before.answer);
}

#[track_caller]
fn lost(query: GraphQuery, command: GraphCommand) {
    let mut world = row();
    let before = ask(&world, &query).unwrap();
    assert!(world.command(&command), "{command:?}");
    assert!(before.is_touched(&world.touched()), "{query:?} rests on {command:?}");
}

#[test]
fn what_selects_nodes_stays_through_other_values() {
    let blue = || GraphQuery::Count(Criterion::equals("Visual", "b", "blue"));
    kept(blue(), set(0, "Visual", "b", "green"));
    kept(blue(), set(0, "Profile", "a", 50));
    kept(blue(), GraphCommand::AddNode { node: entity(9) });
    kept(blue(), GraphCommand::RemoveNode { node: id(0) });
    kept(blue(), connect(1, "knows", 3));
    kept(blue(), GraphCommand::RenameGraph { name: "other".into() });
    lost(blue(), set(0, "Visual", "b", "blue"));
    lost(blue(), GraphCommand::RemoveNode { node: id(1) });
    kept(GraphQuery::Count(Criterion::equals("Profile", "a", 3)), set(0, "Profile", "a", Value::Float(4.0)));
    lost(GraphQuery::Count(Criterion::equals("Profile", "a", 3)), set(0, "Profile", "a", Value::Float(3.0)));
    lost(GraphQuery::Count(Criterion::equals("Profile", "a", Value::Float(-0.0))), set(1, "Profile", "a", 0));
    kept(GraphQuery::Count(Criterion::kind(KINDS[0])), GraphCommand::AddNode { node: entity(9) });
    lost(GraphQuery::Count(Criterion::kind(KINDS[1])), GraphCommand::AddNode { node: entity(9) });
    kept(GraphQuery::Count(Criterion::kind(KINDS[0])), set(0, "Profile", "a", 9));
    kept(GraphQuery::Count(Criterion::above("Profile", "a", 2)), set(3, "Visual", "b", "green"));
    kept(GraphQuery::Count(Criterion::component("Profile")), set(3, "Profile", "a", 9));
    kept(GraphQuery::Count(Criterion::category("look")), set(3, "Visual", "b", "green"));
    kept(GraphQuery::Count(Criterion::category("look")), GraphCommand::AddNode { node: entity(9) });
    kept(GraphQuery::Count(Criterion::All), set(0, "Profile", "a", 9));
    kept(GraphQuery::Count(Criterion::Ids(vec![id(1), id(9)])), GraphCommand::RemoveNode { node: id(2) });
    lost(GraphQuery::Count(Criterion::Ids(vec![id(1), id(9)])), GraphCommand::AddNode { node: entity(9) });
    let detach = GraphCommand::DetachComponent { node: id(0), component_type: "Profile".into() };
    kept(blue(), detach.clone());
    lost(GraphQuery::Count(Criterion::component("Profile")), detach);
    let attached = Component::new("Note", [("b", "blue")]);
    kept(blue(), GraphCommand::AttachComponent { node: id(0), component: attached });
}

#[test]
fn what_shows_nodes_stays_through_changes_of_others() {
    let blue = || NodeQuery::of(Criterion::equals("Visual", "b", "blue"));
    let first = || GraphQuery::Nodes(blue().limit(1));
    kept(first(), set(3, "Profile", "a", 50));
    lost(first(), set(1, "Profile", "a", 50));
    let by_age = || {
        let by = OrderBy::Property { component: "Profile".into(), property: "a".into() };
        GraphQuery::Nodes(blue().order_by(by, false).limit(1))
    };
    lost(by_age(), set(3, "Profile", "a", -1));
    kept(by_age(), set(3, "Profile", "b", -1));
    lost(GraphQuery::Nodes(blue().order_by(OrderBy::Version, true)), set(3, "Profile", "b", -1));
    kept(GraphQuery::Node(id(0)), set(1, "Profile", "a", 9));
    kept(GraphQuery::Node(id(0)), connect(0, "knows", 5));
    lost(GraphQuery::Node(id(9)), GraphCommand::AddNode { node: entity(9) });
    let by_key = || GraphQuery::NodeByKey { kind: entity(1).kind, key: entity(1).key.unwrap() };
    kept(by_key(), GraphCommand::RemoveNode { node: id(2) });
    lost(by_key(), GraphCommand::RemoveNode { node: id(1) });
    kept(GraphQuery::Edge(EdgeId::from_u64(0)), weigh(1));
    lost(GraphQuery::Edge(EdgeId::from_u64(0)), weigh(0));
    assert_eq!(NodeId::of_key(GRAPH, &entity(1).kind, &entity(1).key.unwrap()), id(1));
}

#[test]
fn what_walks_stays_through_changes_elsewhere() {
    let direction = Direction::Outgoing;
    let near = |hops| GraphQuery::Neighborhood { node: id(0), hops, direction, edge_kind: None };
    kept(near(1), connect(1, "knows", 5));
    lost(near(2), connect(1, "knows", 5));
    kept(near(2), connect(5, "knows", 0));
    kept(near(2), set(1, "Profile", "a", 9));
    kept(near(2), weigh(3));
    kept(near(0), GraphCommand::RemoveNode { node: id(1) });
    kept(GraphQuery::BreadthFirst { node: id(4), direction }, connect(1, "knows", 3));
    kept(GraphQuery::DepthFirst { node: id(4), direction }, GraphCommand::RemoveNode { node: id(7) });
    let beside = || GraphQuery::Neighbors { node: id(1), direction, edge_kind: None, limit: None };
    kept(beside(), connect(0, "near", 1));
    kept(beside(), set(3, "Profile", "a", 9));
    lost(beside(), set(2, "Profile", "a", 9));
    lost(beside(), weigh(1));
    let by = |kind: Option<&str>| GraphQuery::ShortestPath {
        source: id(0),
        target: id(3),
        direction,
        edge_kind: kind.map(Into::into),
    };
    kept(by(Some("knows")), connect(0, "near", 3));
    lost(by(Some("knows")), connect(0, "knows", 3));
    lost(by(None), connect(0, "near", 3));
    kept(by(None), weigh(0));
    kept(by(None), set(1, "Profile", "a", 9));
    let weight = || "weight".into();
    let cheapest = || GraphQuery::CheapestPath { source: id(0), target: id(3), direction, weight: weight() };
    lost(cheapest(), weigh(0));
    kept(cheapest(), set(1, "Profile", "a", 9));
    let guided = || GraphQuery::AStar { source: id(0), target: id(3), direction, weight: weight() };
    kept(guided(), set(1, "Profile", "a", 9));
    kept(guided(), GraphCommand::TransformNodes { nodes: vec![id(1)], operation: TransformOperation::Scale([2.0; 3]) });
    lost(guided(), set(1, SPATIAL, "x", Value::Float(9.0)));
    let unweighted = |weight| GraphQuery::ShortestPaths { source: id(0), target: id(3), direction, count: 2, weight };
    kept(unweighted(None), weigh(0));
    lost(unweighted(Some("weight".into())), weigh(0));
}

#[test]
fn what_looks_at_the_whole_shape_stays_through_changes_of_values() {
    for query in [
        GraphQuery::WeakComponents,
        GraphQuery::StrongComponents,
        GraphQuery::TopologicalOrder,
        GraphQuery::Cycle,
        GraphQuery::PageRank { damping: Real(0.85), iterations_max: 9, tolerance: Real(0.0), limit: 3 },
        GraphQuery::LabelPropagation { iterations_max: 3 },
        GraphQuery::LocalClustering { limit: 3 },
        GraphQuery::DegreeDistribution { direction: Direction::Both },
    ] {
        kept(query.clone(), set(1, "Profile", "a", 9));
        kept(query.clone(), weigh(1));
        lost(query.clone(), connect(0, "near", 3));
        lost(query, GraphCommand::AddNode { node: entity(9) });
    }
    lost(GraphQuery::Metrics, GraphCommand::RenameGraph { name: "other".into() });
}

/// What names something that the graph never had was not kept at all; now it is until the next change.
#[test]
fn what_names_something_unknown_is_kept_until_anything_changes() {
    let unknown = || GraphQuery::Count(Criterion::kind("Ghost").or(Criterion::above("Phantom", "a", 1)));
    let world = row();
    assert!(!ask(&world, &unknown()).unwrap().is_touched(&[]));
    lost(unknown(), set(1, "Profile", "a", 9));
}
