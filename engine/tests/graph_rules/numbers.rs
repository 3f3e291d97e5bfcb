//! What numbers a command may hold, and what transforms may make of them.

use crate::ask::*;
use crate::given::*;
use cidgraph::{
    Component, ConceptualPoint, EdgeEntity, GraphCommand, GraphMetadata, NodeEntity, Properties, Rejected,
    TransformOperation, Value,
};

#[test]
fn numbers_that_no_block_can_hold_are_refused() {
    let given = three_nodes();
    let reason = "floats are finite and not negative zero; Value::float makes them so";
    let invalid = || Rejected::InvalidNumber { what: "a property's value", reason };
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0] {
        let values = [
            Value::Float(number),
            Value::List(vec![Value::Null, Value::Float(number)]),
            Value::Map(Properties::from([("deep", Value::List(vec![Value::Float(number)]))])),
        ];
        for value in values {
            let set = Properties::from([("a", value)]);
            let component = Component::new("Profile", set.clone());
            given.rejects(&attach(1, component.clone()), invalid());
            let entity = NodeEntity { components: vec![component], ..NodeEntity::new(node(9), "Person") };
            given.rejects(&GraphCommand::AddNodes { nodes: vec![entity] }, invalid());
            given.rejects(&GraphCommand::UpdateNode { update: update(1, "Visual", set.clone()) }, invalid());
            let edge = EdgeEntity::new(node(1), "knows", node(2)).with_properties(set.clone());
            given.rejects(&GraphCommand::ConnectEdge { edge }, invalid());
            let edge = given.first_edge();
            given.rejects(&GraphCommand::UpdateEdge { edge, set: set.clone(), unset: Vec::new() }, invalid());
            let metadata = GraphMetadata { properties: set, ..GraphMetadata::named("new") };
            Given::new().rejects(&GraphCommand::CreateGraph { metadata }, invalid());
        }
    }
    given.accepts(&attach(1, Component::new("Profile", [("a", Value::Float(5e-324)), ("b", Value::Float(f64::MAX))])));
}

#[test]
fn transforms_stay_within_the_numbers() {
    let given = three_nodes();
    let not_finite = |what| Rejected::InvalidNumber { what, reason: "it is not finite" };
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let by = [0.0, number, 0.0];
        given.rejects(&transform(&[1], TransformOperation::Translate(by)), not_finite("the translation"));
        given.rejects(&transform(&[1], TransformOperation::Scale(by)), not_finite("the scale"));
        let turn = TransformOperation::Rotate([0.0, number, 0.0, 1.0]);
        given.rejects(&transform(&[1], turn), not_finite("the rotation"));
        let point = ConceptualPoint { space: "color".into(), coordinates: vec![1.0, number] };
        let command = GraphCommand::MapConceptualPoint { node: node(1), point };
        given.rejects(&command, not_finite("a coordinate"));
    }
    let zero = Rejected::InvalidNumber { what: "the scale", reason: "it is zero" };
    given.rejects(&transform(&[1], TransformOperation::Scale([1.0, -0.0, 1.0])), zero);
    let not_unit = || Rejected::InvalidNumber { what: "the rotation", reason: "it is not a unit quaternion" };
    given.rejects(&transform(&[1], TransformOperation::Rotate([0.0; 4])), not_unit());
    given.rejects(&transform(&[1], TransformOperation::Rotate([0.0, 0.0, 0.0, 1.000_001])), not_unit());
    given.accepts(&transform(&[1], TransformOperation::Rotate([0.0, 0.0, 0.0, 1.000_000_4])));
    let reason = "the node's place would not be a finite number, or its scale would be zero";
    let beyond = || Rejected::InvalidNumber { what: "the operation", reason };
    let far = transform(&[1], TransformOperation::Translate([f64::MAX, 0.0, 0.0]));
    let given = given.command(far.clone());
    given.rejects(&far, beyond());
    let small = transform(&[1], TransformOperation::Scale([1e-300, 1.0, 1.0]));
    let given = given.command(small.clone());
    given.rejects(&small, beyond());
}

#[test]
fn a_negative_zero_in_an_operation_is_the_same_live_and_replayed() {
    let operations = [
        TransformOperation::Translate([-0.0, 1.0, -0.0]),
        TransformOperation::Rotate([-0.0, -0.0, 1.0, -0.0]),
        TransformOperation::Rotate([-0.0, 1.0, 0.0, -0.0]),
    ];
    let mut given = three_nodes();
    for operation in operations {
        given = given.command(transform(&[1, 2], operation));
    }
    let point = ConceptualPoint { space: "color".into(), coordinates: vec![-0.0, 1.0] };
    let given = given.command(GraphCommand::MapConceptualPoint { node: node(1), point });
    assert_eq!(given.replayed().hash(), given.hash());
}
