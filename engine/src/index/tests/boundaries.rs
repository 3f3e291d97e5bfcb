//! What validation finds, and calls that are refused.

use crate::index::{FactComponent, Index, NodeFacts};
use crate::value::Value;

const NONE: NodeFacts<'static> = NodeFacts { kind: 0, components: &[] };

fn index_of(facts: &[(u32, NodeFacts<'_>)]) -> Index {
    let mut updater = Index::default().updater();
    facts.iter().for_each(|(node, facts)| updater.insert(*node, facts));
    updater.finish()
}

#[test]
fn validation_names_what_differs() {
    let (three, four) = ([(9, Value::Int(3))], [(9, Value::Float(3.0))]);
    let three = [FactComponent { component_type: 1, categories: &[2], entries: &three }];
    let four = [FactComponent { component_type: 1, categories: &[2], entries: &four }];
    let other = [FactComponent { component_type: 1, categories: &[], entries: three[0].entries }];
    let facts = |components| NodeFacts { kind: 0, components };
    let check = |have: &[(u32, NodeFacts<'_>)], want: &[(u32, NodeFacts<'_>)], expected: &str| {
        let found = index_of(have).validate(want.iter().copied());
        assert_eq!(found.err().as_deref(), (!expected.is_empty()).then_some(expected));
    };
    check(&[], &[], "");
    check(&[(1, facts(&three))], &[(1, facts(&three))], "");
    check(&[], &[(1, NONE)], "nodes: {1} missing, {} not expected");
    check(&[(1, NONE)], &[], "nodes: {} missing, {1} not expected");
    check(&[(1, NONE)], &[(1, NONE), (1, NONE)], "node 1 has facts twice");
    check(&[(1, NONE)], &[(1, NodeFacts { kind: 4, components: &[] })], "kind 0: Some({1}), not None");
    check(&[(1, NONE)], &[(1, facts(&three))], "component type 1: None, not Some({1})");
    check(&[(1, facts(&other))], &[(1, facts(&three))], "category 2: None, not Some({1})");
    check(&[(1, facts(&three))], &[(1, facts(&four))], "property 9 of component type 1: values differ");
}

#[test]
fn an_index_is_read_by_many_threads() {
    const fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<Index>();
}

#[test]
fn an_empty_index_answers() {
    let index = Index::default();
    assert!(index.kind(0).is_none() && index.property(0, 0).is_none() && index.nodes().is_empty());
    assert!(index.equals(0, 0, &Value::Int(1)).is_some_and(|nodes| nodes.is_empty()));
    assert_eq!(
        index.range(0, 0, std::ops::Bound::Unbounded, std::ops::Bound::Unbounded).map(|nodes| nodes.len()),
        Some(0)
    );
    assert_eq!(index.heap_bytes().total(), 0);
}

#[test]
#[should_panic(expected = "node 1 is not in the index yet")]
fn a_node_is_not_inserted_twice() {
    index_of(&[(1, NONE), (1, NONE)]);
}

#[test]
#[should_panic(expected = "node 1 is in the index")]
fn a_node_that_is_not_there_is_not_removed() {
    index_of(&[]).updater().remove(1, &NONE);
}

#[test]
#[should_panic(expected = "node 1 is in the index")]
fn a_node_that_is_not_there_is_not_replaced() {
    index_of(&[]).updater().replace(1, &NONE, &NONE);
}
