//! Every limit at its edge.

use cidgraph::entity::NodeUpdate;
use cidgraph::pool::ComponentRegistry;
use cidgraph::{
    Component, ConceptualPoint, EdgeEntity, EdgeId, GraphCommand, GraphMetadata, Limits, Name, NodeEntity, Properties,
    Rejected, TransformOperation, Value,
};

use crate::given::{Given, graph, node};

const LIMITS: Limits = Limits {
    name_bytes_max: 15,
    key_bytes_max: 12,
    value_bytes_max: 30,
    properties_max: 3,
    components_max: 2,
    value_depth_max: 2,
    elements_max: 4,
    event_bytes_max: 512 * 1024,
    transaction_events_max: 2,
};

/// Nodes 1 and 2 and an edge between them, within small limits.
fn given() -> Given {
    given_within(LIMITS)
}

pub fn given_within(limits: Limits) -> Given {
    let edge = EdgeEntity::new(node(1), "knows", node(2));
    Given::with(limits, ComponentRegistry::default())
        .created()
        .command(GraphCommand::AddNode { node: NodeEntity::new(node(1), "Person") })
        .command(GraphCommand::AddNode { node: NodeEntity::new(node(2), "Person") })
        .command(GraphCommand::ConnectEdge { edge })
}

/// Checks that a command is taken at the limit and refused one above it.
#[track_caller]
fn edge_of(given: &Given, what: &'static str, limit: usize, command: impl Fn(usize) -> GraphCommand) {
    given.accepts(&command(limit));
    given.rejects(&command(limit + 1), Rejected::LimitExceeded { what, limit, actual: limit + 1 });
}

fn name(len: usize) -> Name {
    "n".repeat(len).into()
}

fn properties(count: usize) -> Properties {
    (0..count).map(|number| (format!("p{number}"), 1)).collect()
}

fn with_value(value: Value) -> GraphCommand {
    GraphCommand::AttachComponent { node: node(1), component: Component::new("Profile", [("a", value)]) }
}

fn update(component_type: &str, set: Properties) -> GraphCommand {
    let update = NodeUpdate { node: node(1), component_type: component_type.into(), set, unset: Vec::new() };
    GraphCommand::UpdateNode { update }
}

#[test]
fn names_and_keys() {
    let given = given();
    let (what, limit) = ("name_bytes_max", LIMITS.name_bytes_max);
    let create = |metadata| GraphCommand::CreateGraph { metadata };
    let fresh = Given::with(LIMITS, ComponentRegistry::default());
    edge_of(&fresh, what, limit, |len| create(GraphMetadata::named(name(len))));
    edge_of(&fresh, what, limit, |len| create(GraphMetadata { domain: name(len), ..GraphMetadata::named("a") }));
    edge_of(&given, what, limit, |len| GraphCommand::RenameGraph { name: name(len) });
    edge_of(&given, what, limit, |len| GraphCommand::ArchiveGraph { reason: name(len) });
    edge_of(&given, what, limit, |len| GraphCommand::AddNode { node: NodeEntity::new(node(9), name(len)) });
    let attach = |component| GraphCommand::AttachComponent { node: node(1), component };
    edge_of(&given, what, limit, |len| attach(Component::new(name(len), [("a", 1)])));
    edge_of(&given, what, limit, |len| attach(Component::new("Profile", [(name(len), 1)])));
    edge_of(&given, what, limit, |len| update(&name(len), [("a", 1)].into()));
    let connect = |kind| GraphCommand::ConnectEdge { edge: EdgeEntity::new(node(1), kind, node(2)) };
    edge_of(&given, what, limit, |len| connect(name(len)));
    let key = |len| GraphCommand::AddNode { node: NodeEntity::keyed(graph(), "Person", "k".repeat(len)) };
    edge_of(&given, "key_bytes_max", LIMITS.key_bytes_max, key);
    let coordinates = || vec![1.0];
    edge_of(&given, what, limit, |len| GraphCommand::MapConceptualPoint {
        node: node(1),
        point: ConceptualPoint { space: name(len), coordinates: coordinates() },
    });
}

#[test]
fn values() {
    let given = given();
    let (what, limit) = ("value_bytes_max", LIMITS.value_bytes_max);
    edge_of(&given, what, limit, |bytes| with_value(Value::text("t".repeat(bytes - 2))));
    edge_of(&given, what, limit, |bytes| with_value(Value::Bytes(vec![7; bytes - 2].into())));
    edge_of(&given, what, limit, |bytes| with_value(Value::List(vec![Value::Int(-1); bytes - 2])));
    let (what, limit) = ("value_depth_max", LIMITS.value_depth_max);
    let nested = |depth| (0..depth).fold(Value::Null, |inner, _| Value::List(vec![inner]));
    let mapped = |depth| (0..depth).fold(Value::Null, |inner, _| Value::Map([("a", inner)].into()));
    edge_of(&given, what, limit, |depth| with_value(nested(depth)));
    edge_of(&given, what, limit, |depth| with_value(mapped(depth)));
    let actual = limit + 1;
    given.rejects(&with_value(nested(1000)), Rejected::LimitExceeded { what, limit, actual });
}

#[test]
fn properties_of_a_component_or_an_edge() {
    let given = given();
    let (what, limit) = ("properties_max", LIMITS.properties_max);
    let component = |count| Component::new("Profile", properties(count));
    edge_of(&given, what, limit, |count| GraphCommand::AttachComponent { node: node(1), component: component(count) });
    edge_of(&given, what, limit, |count| update("Profile", properties(count)));
    let edge = |count| EdgeEntity::new(node(1), "knows", node(2)).with_properties(properties(count));
    edge_of(&given, what, limit, |count| GraphCommand::ConnectEdge { edge: edge(count) });
    let unset = |count| (0..count).map(|number| Name::from(format!("p{number}"))).collect();
    let first = given.first_edge();
    edge_of(&given, what, limit, |count| GraphCommand::UpdateEdge {
        edge: first,
        set: [("a", 1)].into(),
        unset: unset(count),
    });
    let given = given.command(update("Profile", properties(2))).command(GraphCommand::UpdateEdge {
        edge: first,
        set: properties(2),
        unset: Vec::new(),
    });
    let more = |total: usize| (0..total - 2).map(|number| (format!("q{number}"), 1)).collect::<Properties>();
    edge_of(&given, what, limit, |total| update("Profile", more(total)));
    edge_of(&given, what, limit, |total| GraphCommand::UpdateEdge { edge: first, set: more(total), unset: Vec::new() });
    // What is taken away makes room.
    let swapped =
        NodeUpdate { node: node(1), component_type: "Profile".into(), set: more(4), unset: vec!["p0".into()] };
    given.accepts(&GraphCommand::UpdateNode { update: swapped });
    let place = GraphCommand::TransformNodes { nodes: vec![node(1)], operation: TransformOperation::Scale([2.0; 3]) };
    let moved =
        |_| GraphCommand::TransformNodes { nodes: vec![node(1)], operation: TransformOperation::Translate([1.0; 3]) };
    given.accepts(&moved(0));
    let given = given.command(place);
    given.rejects(&moved(0), Rejected::LimitExceeded { what, limit, actual: 4 });
}

#[test]
fn components_of_a_node() {
    let given = given();
    let (what, limit) = ("components_max", LIMITS.components_max);
    let with = |number, count| {
        let node = NodeEntity::new(node(number), "Person");
        (0..count).fold(node, |node, number| node.with(format!("C{number}"), [("a", 1)]))
    };
    edge_of(&given, what, limit, |count| GraphCommand::AddNode { node: with(9, count) });
    let given =
        given.command(GraphCommand::AddNode { node: with(9, 1) }).command(GraphCommand::AddNode { node: with(8, 2) });
    let exceeded = || Rejected::LimitExceeded { what, limit, actual: limit + 1 };
    let both = |given: &Given, command: &dyn Fn(u64) -> GraphCommand| {
        given.accepts(&command(9));
        given.rejects(&command(8), exceeded());
    };
    let component = || Component::new("Profile", [("a", 1)]);
    both(&given, &|number| GraphCommand::AttachComponent { node: node(number), component: component() });
    let merge = |number, component_type: &str| NodeUpdate {
        node: node(number),
        component_type: component_type.into(),
        set: [("a", 1)].into(),
        unset: Vec::new(),
    };
    both(&given, &|number| GraphCommand::UpdateNode { update: merge(number, "Profile") });
    both(&given, &|number| GraphCommand::TransformNodes {
        nodes: vec![node(number)],
        operation: TransformOperation::Reparent(Some(node(1))),
    });
    both(&given, &|number| GraphCommand::TransformNodes {
        nodes: vec![node(number)],
        operation: TransformOperation::Translate([1.0; 3]),
    });
    both(&given, &|number| GraphCommand::MapConceptualPoint {
        node: node(number),
        point: ConceptualPoint { space: "color".into(), coordinates: vec![1.0] },
    });
    let updates = |types: &[&str]| types.iter().map(|component_type| merge(9, component_type)).collect();
    given.accepts(&GraphCommand::UpdateNodes { updates: updates(&["C0", "D", "D"]) });
    given.rejects(&GraphCommand::UpdateNodes { updates: updates(&["D", "E"]) }, exceeded());
}

#[test]
fn elements_of_a_bulk_command() {
    let given = given();
    let (what, limit) = ("elements_max", LIMITS.elements_max);
    let entity = |number: usize| NodeEntity::new(node(100 + number as u64), "Person");
    let nodes = |count| (0..count).map(entity).collect::<Vec<_>>();
    edge_of(&given, what, limit, |count| GraphCommand::AddNodes { nodes: nodes(count) });
    let edge = EdgeEntity::new(node(1), "knows", node(2));
    edge_of(&given, what, limit, |count| GraphCommand::ConnectEdges { edges: vec![edge.clone(); count] });
    let merge =
        NodeUpdate { node: node(1), component_type: "Profile".into(), set: [("a", 1)].into(), unset: Vec::new() };
    edge_of(&given, what, limit, |count| GraphCommand::UpdateNodes { updates: vec![merge.clone(); count] });
    edge_of(&given, what, limit, |count| GraphCommand::TransformNodes {
        nodes: vec![node(1); count],
        operation: TransformOperation::Translate([1.0; 3]),
    });
    let given = given.command(GraphCommand::AddNodes { nodes: nodes(4) });
    let given = given.command(GraphCommand::ConnectEdges { edges: vec![edge; 4] });
    let view = given.view();
    let edges: Vec<EdgeId> = view.at().edges().map(|edge| view.at().edge_id(edge)).collect();
    edge_of(&given, what, limit, |count| GraphCommand::DisconnectEdges { edges: edges[..count].to_vec() });
    let ids: Vec<_> = view.at().nodes().map(|node| view.at().node_id(node)).collect();
    edge_of(&given, what, limit, |count| GraphCommand::RemoveNodes { nodes: ids[..count].to_vec() });
}
