//! Plans say what is done first and how much it gives.

use cidgraph::algorithm::Direction;
use cidgraph::{Criterion, EdgeId, GraphCommand, GraphQuery, NodeId, NodeQuery, NodeUpdate, OrderBy, Value};

use crate::content::entity;
use crate::world::World;

/// A thousand nodes, half of them persons, a hundred blue, ten of each age; one list.
fn world() -> World {
    let mut world = World::new();
    let node = |number: u32| {
        let color = if number.is_multiple_of(10) { "blue" } else { "red" };
        let list = Value::List(vec![Value::Int(number.into())]);
        let node = entity(if number.is_multiple_of(2) { 0 } else { 3 });
        let node = node
            .with("Visual", [("color", color)])
            .with("Profile", [("age", number % 100)].map(|(name, age)| (name, i64::from(age))));
        let node = if number == 7 { node.with("Extra", [("list", list)]) } else { node };
        cidgraph::NodeEntity { id: NodeId::from_u64(number.into()), ..node }
    };
    world.command(&GraphCommand::AddNodes { nodes: (0..1000).map(node).collect() });
    world
}

fn plan(world: &World, query: &GraphQuery) -> String {
    world.model().explain(query).to_string()
}

fn plan_of(world: &World, criterion: Criterion) -> String {
    plan(world, &GraphQuery::Count(criterion))
}

#[test]
fn the_most_selective_index_comes_first() {
    let world = world();
    let (person, blue) = (Criterion::kind("Person"), Criterion::equals("Visual", "color", "blue"));
    let age = Criterion::equals("Profile", "age", 30);
    let all = [person, blue, age];
    let expected = plan_of(&world, Criterion::And(all.to_vec()));
    insta::assert_snapshot!(expected, @"");
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(plan_of(&world, Criterion::And(order.map(|at| all[at].clone()).to_vec())), expected);
    }
}

#[test]
fn every_criterion_has_its_step() {
    let world = world();
    let all = vec![
        Criterion::All,
        Criterion::Ids(vec![NodeId::from_u64(1), NodeId::from_u64(1), NodeId::from_u64(5000)]),
        Criterion::kind("Ghost"),
        Criterion::component("Visual"),
        Criterion::category("look"),
        Criterion::has("Extra", "list"),
        Criterion::at_least("Profile", "age", 90),
        Criterion::below("Profile", "age", Value::Float(7.5)),
        Criterion::equals("Extra", "list", Value::List(vec![Value::Int(7)])),
        Criterion::kind("Person").not(),
    ];
    insta::assert_snapshot!(plan_of(&world, Criterion::Or(all)), @"");
}

#[test]
fn rows_are_told_of_what_was_run() {
    let mut world = world();
    let query = NodeQuery::of(Criterion::kind("Person").and(Criterion::above("Profile", "age", 95)));
    let query = query.order_by(OrderBy::Kind, false).order_by(OrderBy::Id, true).offset(4).limit(10);
    let run = |world: &World, query: &GraphQuery| world.model().explain_run(query).unwrap().to_string();
    insta::assert_snapshot!(run(&world, &GraphQuery::Nodes(query)), @"");
    for number in [0, 1, 2] {
        let (node, set) = (NodeId::from_u64(number), [("color", "blue")].into());
        let update = NodeUpdate { node, component_type: "Visual".into(), set, unset: Vec::new() };
        world.command(&GraphCommand::UpdateNode { update });
    }
    let blue = GraphQuery::Count(Criterion::equals("Visual", "color", "blue"));
    insta::assert_snapshot!(run(&world, &blue), @"");
}

#[test]
fn what_selects_nothing_by_criteria_has_one_step() {
    let world = world();
    let node = NodeId::from_u64(1);
    let walk = GraphQuery::Neighborhood { node, hops: 2, direction: Direction::Both, edge_kind: None };
    let run = |query: &GraphQuery| world.model().explain_run(query).unwrap().to_string();
    insta::assert_snapshot!(run(&GraphQuery::Node(node)), @"");
    insta::assert_snapshot!(run(&GraphQuery::Edge(EdgeId::from_u64(1))), @"");
    insta::assert_snapshot!(run(&walk), @"");
    insta::assert_snapshot!(run(&GraphQuery::Metrics), @"");
}
