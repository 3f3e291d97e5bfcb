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
    insta::assert_snapshot!(expected, @r#"
    count
      intersection, from the most selective on  (about 10)
        index Profile.age = 30  (about 10)
        index Visual.color = "blue"  (about 100)
        index kind = Person  (about 500)
    "#);
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
        Criterion::above("Extra", "list", Value::List(vec![Value::Int(0)])),
        Criterion::kind("Person").not(),
    ];
    insta::assert_snapshot!(plan_of(&world, Criterion::Or(all)), @"
    count
      union  (about 1000)
        all nodes  (about 1000)
        look up by id  (about 1)
        nothing: a name that the graph never had  (about 0)
        index component = Visual  (about 1000)
        index category = look  (about 1000)
        index Extra.list, any value  (about 1)
        index Profile.age in [90, …)  (about 100)
        index Profile.age in (…, 7.5)  (about 80)
        look at each node with an unindexed value of Extra.list = [7]  (about 1)
        look at each node with Extra.list in ([0], …)  (about 1)
        all nodes without  (about 500)
          index kind = Person  (about 500)
    ");
}

#[test]
fn rows_are_told_of_what_was_run() {
    let mut world = world();
    let query = NodeQuery::of(Criterion::kind("Person").and(Criterion::above("Profile", "age", 95)));
    let query = query.order_by(OrderBy::Kind, false).order_by(OrderBy::Id, true).offset(4).limit(10);
    let run = |world: &World, query: &GraphQuery| world.model().explain_run(query).unwrap().to_string();
    insta::assert_snapshot!(run(&world, &GraphQuery::Nodes(query)), @"
    page of 10 behind 4  → 10
      sort by 2 terms, then id
        intersection, from the most selective on  (about 40)
          index Profile.age in (95, …)  (about 40)
          index kind = Person  (about 500)
    ");
    for number in [0, 1, 2] {
        let (node, set) = (NodeId::from_u64(number), [("color", "blue")].into());
        let update = NodeUpdate { node, component_type: "Visual".into(), set, unset: Vec::new() };
        world.command(&GraphCommand::UpdateNode { update });
    }
    let blue = GraphQuery::Count(Criterion::equals("Visual", "color", "blue"));
    insta::assert_snapshot!(run(&world, &blue), @r#"
    count  → 102
      look at 3 nodes that the index lacks
        index Visual.color = "blue"  (about 100)
    "#);
}

#[test]
fn what_selects_nothing_by_criteria_has_one_step() {
    let world = world();
    let node = NodeId::from_u64(1);
    let walk = GraphQuery::Neighborhood { node, hops: 2, direction: Direction::Both, edge_kind: None };
    let run = |query: &GraphQuery| world.model().explain_run(query).unwrap().to_string();
    insta::assert_snapshot!(run(&GraphQuery::Node(node)), @"look up by id  → 1");
    insta::assert_snapshot!(run(&GraphQuery::Edge(EdgeId::from_u64(1))), @"look up the edge by id  → 0");
    insta::assert_snapshot!(run(&walk), @"breadth-first walk from the node  → 1");
    insta::assert_snapshot!(run(&GraphQuery::Metrics), @"every node and edge");
}
