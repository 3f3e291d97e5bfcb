//! Each rule by what was given, what is asked and what comes of it.

use crate::ask::*;
use crate::given::*;
use cidgraph::entity::NodeUpdate;
use cidgraph::pool::{ComponentRegistry, ComponentType, ValueType};
use cidgraph::{
    Component, ConceptualPoint, EdgeEntity, EdgeId, GraphCommand, GraphEvent, GraphMetadata, Limits, NodeEntity,
    NodeId, Properties, Rejected, TransformOperation, Value,
};

#[test]
fn nothing_happens_to_a_graph_that_is_not_there() {
    let given = three_nodes();
    for command in one_of_each(&given) {
        Given::new().rejects(&command, Rejected::GraphNotFound);
        assert_eq!(given.accepts(&command).len(), 1, "{command:?}");
    }
}

#[test]
fn nothing_happens_to_an_archived_graph() {
    let given = three_nodes();
    let commands = one_of_each(&given);
    let given = given.command(GraphCommand::ArchiveGraph { reason: "done".into() });
    commands.iter().for_each(|command| given.rejects(command, Rejected::GraphIsArchived));
    given.rejects(&GraphCommand::CreateGraph { metadata: GraphMetadata::named("again") }, Rejected::GraphExists);
}

#[test]
fn a_graph_is_created_once() {
    let create = GraphCommand::CreateGraph { metadata: GraphMetadata::named("again") };
    Given::new().created().rejects(&create, Rejected::GraphExists);
}

#[test]
fn names_say_something() {
    let given = three_nodes();
    let empty = |what| Rejected::EmptyName { what };
    Given::new().rejects(&GraphCommand::CreateGraph { metadata: GraphMetadata::default() }, empty("graph name"));
    given.rejects(&GraphCommand::RenameGraph { name: "".into() }, empty("graph name"));
    given.rejects(&GraphCommand::AddNode { node: NodeEntity::new(node(9), "") }, empty("node kind"));
    given.rejects(&GraphCommand::AddNode { node: NodeEntity::keyed(graph(), "Person", "") }, empty("key"));
    given.rejects(&attach(1, Component::new("", [("a", 1)])), empty("component type"));
    given.rejects(&attach(1, Component::new("Profile", [("", 1)])), empty("property name"));
    given.rejects(&GraphCommand::UpdateNode { update: update(1, "", [("a", 1)]) }, empty("component type"));
    let detach = GraphCommand::DetachComponent { node: node(1), component_type: "".into() };
    given.rejects(&detach, empty("component type"));
    let unset = NodeUpdate { unset: vec!["".into()], ..update(1, "Visual", [("a", 1)]) };
    given.rejects(&GraphCommand::UpdateNode { update: unset }, empty("property name"));
    let edge = EdgeEntity::new(node(1), "", node(2));
    given.rejects(&GraphCommand::ConnectEdge { edge }, empty("edge kind"));
    let point = ConceptualPoint { space: "".into(), coordinates: vec![1.0] };
    given.rejects(&GraphCommand::MapConceptualPoint { node: node(1), point }, empty("conceptual space"));
}

#[test]
fn what_is_not_there_is_unknown() {
    let given = three_nodes();
    let unknown = || Rejected::UnknownNode { node: node(9) };
    let component = Component::new("Profile", [("a", 1)]);
    let point = ConceptualPoint { space: "color".into(), coordinates: vec![1.0] };
    given.rejects(&GraphCommand::UpdateNode { update: update(9, "Visual", [("a", 1)]) }, unknown());
    given.rejects(&GraphCommand::RemoveNode { node: node(9) }, unknown());
    given.rejects(&attach(9, component.clone()), unknown());
    given.rejects(&GraphCommand::ReplaceComponent { node: node(9), component: component.clone() }, unknown());
    given.rejects(&GraphCommand::DetachComponent { node: node(9), component_type: "Visual".into() }, unknown());
    given.rejects(&transform(&[1, 9], TransformOperation::Reparent(None)), unknown());
    given.rejects(&GraphCommand::MapConceptualPoint { node: node(9), point }, unknown());
    let updates = vec![update(1, "Visual", [("a", 1)]), update(9, "Visual", [("a", 1)])];
    given.rejects(&GraphCommand::UpdateNodes { updates }, unknown());
    given.rejects(&GraphCommand::RemoveNodes { nodes: vec![node(1), node(9)] }, unknown());
    let edge = edge_id(9);
    let set = Properties::from([("a", 1)]);
    given.rejects(&GraphCommand::UpdateEdge { edge, set, unset: Vec::new() }, Rejected::UnknownEdge { edge });
    given.rejects(&GraphCommand::DisconnectEdge { edge }, Rejected::UnknownEdge { edge });
    given.rejects(&GraphCommand::DisconnectEdges { edges: vec![edge] }, Rejected::UnknownEdge { edge });
    for (end, command) in [("source", connect(9, 1)), ("target", connect(1, 9))] {
        given.rejects(&command, Rejected::UnknownEndpoint { end, node: node(9) });
    }
    let (number, none) = (node(1), || Rejected::UnknownComponent { node: node(1), component_type: "Profile".into() });
    given.rejects(&GraphCommand::ReplaceComponent { node: number, component }, none());
    given.rejects(&GraphCommand::DetachComponent { node: number, component_type: "Profile".into() }, none());
}

#[test]
fn what_was_removed_is_unknown_until_it_is_added_again() {
    let given = three_nodes();
    let edge = given.first_edge();
    let given = given.command(GraphCommand::RemoveNode { node: node(2) });
    given.rejects(&GraphCommand::RemoveNode { node: node(2) }, Rejected::UnknownNode { node: node(2) });
    given.rejects(&connect(1, 2), Rejected::UnknownEndpoint { end: "target", node: node(2) });
    given.rejects(&GraphCommand::DisconnectEdge { edge }, Rejected::UnknownEdge { edge });
    given.command(add(2)).accepts(&connect(1, 2));
}

#[test]
fn ids_are_taken_once() {
    let named = |id| EdgeEntity { id: Some(id), ..EdgeEntity::new(node(1), "knows", node(2)) };
    let given = three_nodes().command(GraphCommand::ConnectEdge { edge: named(edge_id(7)) });
    let duplicate = |number| Rejected::DuplicateNode { node: node(number) };
    let entity = |number| NodeEntity::new(node(number), "Person");
    given.rejects(&add(1), duplicate(1));
    given.rejects(&GraphCommand::AddNodes { nodes: vec![entity(9), entity(1)] }, duplicate(1));
    given.rejects(&GraphCommand::AddNodes { nodes: vec![entity(9), entity(8), entity(9)] }, duplicate(9));
    let duplicate = |edge| Rejected::DuplicateEdge { edge };
    given.rejects(&GraphCommand::ConnectEdge { edge: named(edge_id(7)) }, duplicate(edge_id(7)));
    let edges = vec![named(edge_id(8)), named(edge_id(8))];
    given.rejects(&GraphCommand::ConnectEdges { edges }, duplicate(edge_id(8)));
    let reserved = EdgeId::engine_made(77, 1);
    let command = GraphCommand::ConnectEdge { edge: named(reserved) };
    given.rejects(&command, Rejected::ReservedEdgeId { edge: reserved });
    let twice = GraphCommand::RemoveNodes { nodes: vec![node(1), node(2), node(1)] };
    given.rejects(&twice, Rejected::UnknownNode { node: node(1) });
    let edge = edge_id(7);
    let twice = GraphCommand::DisconnectEdges { edges: vec![edge, edge] };
    given.rejects(&twice, Rejected::UnknownEdge { edge });
    let component_type = "Visual".into();
    let again = attach(1, Component::new("Visual", [("a", 1)]));
    given.rejects(&again, Rejected::DuplicateComponent { node: node(1), component_type });
    let component = || Component::new("Profile", [("a", 1)]);
    let twice = NodeEntity { components: vec![component(), component()], ..entity(9) };
    let component_type = "Profile".into();
    let expected = Rejected::DuplicateComponent { node: node(9), component_type };
    given.rejects(&GraphCommand::AddNode { node: twice }, expected);
}

#[test]
fn a_key_gives_the_id() {
    let expected = NodeId::of_key(graph(), "Person", &"alice".into());
    let wrong = NodeEntity { id: node(1), ..NodeEntity::keyed(graph(), "Person", "alice") };
    let mismatch = Rejected::KeyMismatch { node: node(1), expected };
    Given::new().created().rejects(&GraphCommand::AddNode { node: wrong }, mismatch);
    let other_kind = NodeEntity { kind: "Place".into(), ..NodeEntity::keyed(graph(), "Person", "alice") };
    let mismatch =
        Rejected::KeyMismatch { node: expected, expected: NodeId::of_key(graph(), "Place", &"alice".into()) };
    Given::new().created().rejects(&GraphCommand::AddNode { node: other_kind }, mismatch);
}

#[test]
fn components_are_written_in_order() {
    let component = |name: &str| Component::new(name, [("a", 1)]);
    let components = vec![component("bb"), component("c"), component("aa")];
    let command = GraphCommand::AddNode { node: NodeEntity { components, ..NodeEntity::new(node(9), "Person") } };
    let events = Given::new().created().accepts(&command);
    let sorted = ["c", "aa", "bb"]
        .into_iter()
        .fold(NodeEntity::new(node(9), "Person"), |node, name| node.with(name, [("a", 1)]));
    assert_eq!(events, [GraphEvent::NodeAdded { node: sorted }]);
}

#[test]
fn commands_without_effect_are_refused() {
    let given = three_nodes();
    let nothing = |command| Rejected::NothingToDo { command };
    given.rejects(&GraphCommand::RenameGraph { name: "graph".into() }, nothing("RenameGraph"));
    given.rejects(&GraphCommand::AddNodes { nodes: Vec::new() }, nothing("AddNodes"));
    given.rejects(&GraphCommand::UpdateNodes { updates: Vec::new() }, nothing("UpdateNodes"));
    given.rejects(&GraphCommand::RemoveNodes { nodes: Vec::new() }, nothing("RemoveNodes"));
    given.rejects(&GraphCommand::ConnectEdges { edges: Vec::new() }, nothing("ConnectEdges"));
    given.rejects(&GraphCommand::DisconnectEdges { edges: Vec::new() }, nothing("DisconnectEdges"));
    given.rejects(&GraphCommand::UpdateNode { update: update(1, "Visual", Properties::new()) }, nothing("UpdateNode"));
    let updates = vec![update(1, "Visual", [("a", 1)]), update(2, "Visual", Properties::new())];
    given.rejects(&GraphCommand::UpdateNodes { updates }, nothing("UpdateNodes"));
    let edge = given.first_edge();
    let empty = GraphCommand::UpdateEdge { edge, set: Properties::new(), unset: Vec::new() };
    given.rejects(&empty, nothing("UpdateEdge"));
    let point = ConceptualPoint { space: "color".into(), coordinates: Vec::new() };
    given.rejects(&GraphCommand::MapConceptualPoint { node: node(1), point }, nothing("MapConceptualPoint"));
    for operation in [
        TransformOperation::Translate([0.0, -0.0, 0.0]),
        TransformOperation::Scale([1.0; 3]),
        TransformOperation::Reparent(None),
    ] {
        given.rejects(&transform(&[1, 2], operation), nothing("TransformNodes"));
    }
    given.rejects(&transform(&[], TransformOperation::Translate([1.0; 3])), nothing("TransformNodes"));
}

#[test]
fn schemas_hold_for_every_way_to_a_component() {
    let rank = ComponentType::new("Hierarchy").requires("parent", ValueType::Bytes).requires("rank", ValueType::Int);
    let visual = ComponentType::new("Visual").requires("color", ValueType::Text).allows("size", ValueType::Number);
    let registry = ComponentRegistry::default().with(visual).with(rank);
    let given = Given::with(Limits::default(), registry).created().command(add(1)).command(add(2));
    let violates = |component_type: &str, reason: &str| Rejected::SchemaViolation {
        component_type: component_type.into(),
        reason: reason.into(),
    };
    let missing = || violates("Visual", "property color is missing");
    let sized = Component::new("Visual", [("size", 1)]);
    given.rejects(&attach(1, sized.clone()), missing());
    let entity = NodeEntity { components: vec![sized.clone()], ..NodeEntity::new(node(9), "Person") };
    given.rejects(&GraphCommand::AddNodes { nodes: vec![entity] }, missing());
    given.rejects(&GraphCommand::UpdateNode { update: update(1, "Visual", [("size", 1)]) }, missing());
    let updates = vec![update(1, "Visual", [("color", "red")]), update(1, "Visual", [("size", 1)])];
    given.accepts(&GraphCommand::UpdateNodes { updates });
    let unset = NodeUpdate { unset: vec!["color".into()], ..update(1, "Visual", [("size", 1)]) };
    let updates = vec![update(1, "Visual", [("color", "red")]), unset];
    given.rejects(&GraphCommand::UpdateNodes { updates }, missing());
    let wrong = attach(1, Component::new("Visual", [("color", 7)]));
    given.rejects(&wrong, violates("Visual", "property color is not text"));
    // Reparenting attaches a component as any other command does.
    given.rejects(&reparent(&[1], 2), violates("Hierarchy", "property rank is missing"));
    let child = Component::new("Hierarchy", [("parent", link(node(2))), ("rank", 1.into())]);
    let given = given.command(attach(1, child)).command(add(3));
    given.accepts(&reparent(&[1], 3));
    let axis = attach(1, Component::new("Spatial", [("x", "left")]));
    given.rejects(&axis, violates("Spatial", "property x is not a number"));
    let short = Component::new("Hierarchy", [("parent", Value::Bytes([1, 2].as_slice().into())), ("rank", 1.into())]);
    let reason = "property parent is not the sixteen bytes of a node id";
    given.rejects(&attach(1, short), violates("Hierarchy", reason));
}
