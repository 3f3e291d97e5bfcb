//! Plans name the index that an answer starts from, and say what the index lacks.

use cidgraph::{Criterion, GraphQuery, NodeQuery, OrderBy, Value};

use crate::world::{Step, World, id};

/// Forty nodes: every fourth a place, one in ten blue, sizes 0 to 39, one of them a list.
fn world() -> World {
    let mut steps = Vec::new();
    for node in 0..40 {
        let kind = if node % 4 == 0 { "Place" } else { "Person" };
        let color = Some(Value::from(if node % 10 == 0 { "blue" } else { "red" }));
        steps.push(Step::Add { node, kind, color });
        let value = Value::Int(i64::try_from(node).unwrap());
        steps.push(Step::Set { node, component: "Visual", property: "size", value });
    }
    steps.push(Step::Set { node: 7, component: "Visual", property: "size", value: Value::List(vec![Value::Int(7)]) });
    let mut world = World::of(&steps);
    world.rest();
    world
}

fn blue() -> Criterion {
    Criterion::equals("Visual", "color", "blue")
}

fn explain(query: &GraphQuery) -> String {
    world().read().explain(query).to_string()
}

#[test]
fn a_conjunction_starts_from_the_most_selective_index() {
    let wanted = Criterion::kind("Person").and(Criterion::at_least("Visual", "size", 30)).and(blue());
    insta::assert_snapshot!(explain(&GraphQuery::Count(wanted)), @r#"
    count
      intersection, from the most selective on  (about 4)
        index Visual.color = "blue"  (about 4)
        index Visual.size in [30, …)  (about 10)
        index kind = Person  (about 30)
    "#);
}

#[test]
fn unions_and_complements_show_their_parts() {
    let wanted = Criterion::category("look").and(blue().or(Criterion::kind("Place")).not());
    insta::assert_snapshot!(explain(&GraphQuery::Count(wanted)), @r#"
    count
      intersection, from the most selective on  (about 26)
        all nodes without  (about 26)
          union  (about 14)
            index Visual.color = "blue"  (about 4)
            index kind = Place  (about 10)
        index category = look  (about 40)
    "#);
}

#[test]
fn what_the_index_cannot_say_is_looked_at() {
    let list = Value::List(vec![Value::Int(7)]);
    let wanted = Criterion::equals("Visual", "size", list.clone()).or(Criterion::at_least("Visual", "size", list));
    insta::assert_snapshot!(explain(&GraphQuery::Count(wanted)), @r#"
    count
      union  (about 40)
        look at each node with an unindexed value of Visual.size = [7]  (about 1)
        look at each node with a value of Visual.size in [[7], …)  (about 40)
    "#);
}

#[test]
fn orders_and_pages_stand_on_top() {
    let query = NodeQuery::of(Criterion::kind("Never").not()).order_by(OrderBy::Key, true).offset(5).limit(3);
    insta::assert_snapshot!(explain(&GraphQuery::Nodes(query)), @r#"
    page of 3 behind 5
      sort by 1 terms, then id
        all nodes without  (about 40)
          nothing: a name that the graph never had  (about 0)
    "#);
}

#[test]
fn a_run_shows_what_it_gave_and_what_was_pending() {
    let mut world = world();
    world.step(&Step::Set { node: 1, component: "Visual", property: "color", value: "blue".into() });
    world.publish();
    let plan = world.read().explain_run(&GraphQuery::Count(blue())).unwrap();
    insta::assert_snapshot!(plan.to_string(), @r#"
    count  → 5
      look at 1 changes that the index lacks
        index Visual.color = "blue"  (about 4)
    "#);
    let plan = world.read().explain_run(&GraphQuery::Node(id(1))).unwrap();
    insta::assert_snapshot!(plan.to_string(), @r#"look up by id  → 1"#);
}
