//! Criteria find the nodes that a look at every node finds: with the index current, behind, and folded.

use cidgraph::{Answer, Criterion, GraphCommand, GraphReadModel, NodeId, NodeQuery, NodeUpdate, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::content::{commands, criteria, entity, values};
use crate::naive::found;
use crate::world::{World, played};

fn check(model: &GraphReadModel, criterion: &Criterion) {
    let page = model.nodes(&NodeQuery::of(criterion.clone())).unwrap();
    let expected = found(model, criterion);
    assert_eq!(page.nodes, expected, "{criterion:?}");
    assert_eq!(page.total, expected.len());
    assert_eq!(model.count(criterion), expected.len(), "{criterion:?}");
    let answer = model.query(&cidgraph::GraphQuery::Count(criterion.clone())).unwrap();
    assert_eq!(answer, Answer::Count(expected.len()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn criteria_find_what_a_scan_finds(
        commands in vec(commands(), 0..120),
        criteria in vec(criteria(), 1..24),
        (rest_at, fold_at) in (0..240_usize, 0..480_usize),
    ) {
        let mut world = played(&commands, rest_at, fold_at);
        criteria.iter().for_each(|criterion| check(&world.model(), criterion));
        world.rest();
        prop_assert!(world.model().view().is_index_current());
        criteria.iter().for_each(|criterion| check(&world.model(), criterion));
    }

    /// More nodes than lists of postings hold, so that sets of all forms are joined, with changes that are pending.
    #[test]
    fn large_sets_are_joined_as_a_scan_joins_them(
        values in vec(values(), 8),
        since in vec((0..2500_u32, 0..8_usize), 0..60),
        criteria in vec(criteria(), 1..12),
    ) {
        let mut world = World::new();
        let node = |number: u32| {
            let (few, many) = (values[number as usize % 3].clone(), values[number as usize % 8].clone());
            let node = entity(0).with("Profile", [("a", few)]);
            let node = if number.is_multiple_of(3) { node.with("Visual", [("b", many)]) } else { node };
            cidgraph::NodeEntity { id: NodeId::from_u64(number.into()), ..node }
        };
        world.command(&GraphCommand::AddNodes { nodes: (0..2500).map(node).collect() });
        for (number, value) in since {
            let (node, set) = (NodeId::from_u64(number.into()), [("b", values[value].clone())].into());
            let update = NodeUpdate { node, component_type: "Visual".into(), set, unset: Vec::new() };
            world.command(&GraphCommand::UpdateNode { update });
        }
        criteria.iter().for_each(|criterion| check(&world.model(), criterion));
    }
}

/// The category's name had no number before the index first took a node of it in: nothing was found until then.
#[test]
fn a_category_is_found_while_its_nodes_are_pending() {
    let node = entity(0).with("Visual", [("a", 1)]);
    let world = World::of(&[GraphCommand::AddNode { node }]);
    assert!(!world.model().view().is_index_current());
    assert_eq!(world.model().count(&Criterion::category("look")), 1);
}

/// −0 is no value that the index has; it was looked for among the values without an index.
#[test]
fn minus_zero_is_zero() {
    for zero in [Value::Int(0), Value::Float(0.0)] {
        let mut world = World::of(&[GraphCommand::AddNode { node: entity(0).with("Profile", [("a", zero)]) }]);
        let equals = Criterion::equals("Profile", "a", Value::Float(-0.0));
        let at_most = Criterion::at_most("Profile", "a", Value::Float(-0.0));
        assert_eq!((world.model().count(&equals), world.model().count(&at_most)), (1, 1));
        world.rest();
        assert_eq!((world.model().count(&equals), world.model().count(&at_most)), (1, 1));
    }
}

#[test]
fn numbers_beyond_floats_are_compared_exactly() {
    let large = (1_i64 << 53) + 1;
    let mut world = World::of(&[GraphCommand::AddNode { node: entity(0).with("Profile", [("a", large)]) }]);
    for _ in 0..2 {
        let count = |value: Value| world.model().count(&Criterion::equals("Profile", "a", value));
        assert_eq!(count(Value::Int(large)), 1);
        assert_eq!(count(Value::Float(9_007_199_254_740_992.0)), 0);
        world.rest();
    }
}
