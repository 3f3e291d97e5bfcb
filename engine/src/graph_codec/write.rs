//! Writes each payload in its current layout, straight into the block: nothing is allocated.

use crate::dag_cbor::Encoder;
use crate::entity::TransformOperation;
use crate::entity::{Component, ConceptualPoint, EdgeEntity, GraphMetadata, Key, NodeEntity, NodeUpdate};
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties, compare_names};

/// Writes the payload of `event`.
///
/// A −0 among an operation's or a point's numbers is written as 0.
///
/// # Panics
/// Where a float is NaN or infinite, a −0 stands among properties, or names that must be sorted are not: `decide`
/// refuses or repairs such a command.
pub(super) fn payload(event: &GraphEvent, out: &mut Encoder<'_>) {
    match event {
        GraphEvent::GraphCreated { metadata } => graph_created(metadata, out),
        GraphEvent::GraphRenamed { name } => one_text("name", name, out),
        GraphEvent::GraphArchived { reason } => one_text("reason", reason, out),
        GraphEvent::NodeAdded { node } => node_added(node, out),
        GraphEvent::NodeUpdated { update } => node_updated(update, out),
        GraphEvent::NodeRemoved { node } => one_bytes("node", node.as_bytes(), out),
        GraphEvent::ComponentAttached { node, component } | GraphEvent::ComponentReplaced { node, component } => {
            component_of(*node, component, out);
        }
        GraphEvent::ComponentDetached { node, component_type } => component_detached(*node, component_type, out),
        GraphEvent::EdgeConnected { edge } => edge_connected(edge, out),
        GraphEvent::EdgeUpdated { edge, set, unset } => edge_updated(*edge, set, unset, out),
        GraphEvent::EdgeRemoved { edge } => one_bytes("edge", edge.as_bytes(), out),
        GraphEvent::NodeTransformed { nodes, operation } => node_transformed(nodes, operation, out),
        GraphEvent::ConceptualPointMapped { node, point } => conceptual_point_mapped(*node, point, out),
        GraphEvent::Checkpointed { version, event_root, state_root } => {
            checkpointed(*version, event_root, state_root, out);
        }
        GraphEvent::NodesAdded { nodes } => one_list("nodes", nodes, out, node_tuple),
        GraphEvent::NodesUpdated { updates } => one_list("updates", updates, out, update_tuple),
        GraphEvent::NodesRemoved { nodes } => one_list("nodes", nodes, out, |id, out| out.bytes(id.as_bytes())),
        GraphEvent::EdgesConnected { edges } => one_list("edges", edges, out, edge_tuple),
        GraphEvent::EdgesRemoved { edges } => one_list("edges", edges, out, |id, out| out.bytes(id.as_bytes())),
    }
}

fn one_text(field: &str, text: &str, out: &mut Encoder<'_>) {
    out.map(1);
    out.text(field);
    out.text(text);
}

fn one_bytes(field: &str, bytes: &[u8], out: &mut Encoder<'_>) {
    out.map(1);
    out.text(field);
    out.bytes(bytes);
}

fn one_list<T>(field: &str, elements: &[T], out: &mut Encoder<'_>, each: impl Fn(&T, &mut Encoder<'_>)) {
    out.map(1);
    out.text(field);
    list(elements, out, each);
}

fn list<T>(elements: &[T], out: &mut Encoder<'_>, each: impl Fn(&T, &mut Encoder<'_>)) {
    out.list(elements.len());
    for element in elements {
        each(element, out);
    }
}

fn graph_created(metadata: &GraphMetadata, out: &mut Encoder<'_>) {
    out.map(3);
    out.text("name");
    out.text(&metadata.name);
    out.text("domain");
    out.text(&metadata.domain);
    out.text("properties");
    out.properties(&metadata.properties);
}

fn node_added(node: &NodeEntity, out: &mut Encoder<'_>) {
    out.map(3 + usize::from(node.key.is_some()));
    out.text("id");
    out.bytes(node.id.as_bytes());
    if let Some(name) = &node.key {
        out.text("key");
        key(name, out);
    }
    out.text("kind");
    out.text(&node.kind);
    out.text("components");
    components(&node.components, out);
}

fn key(key: &Key, out: &mut Encoder<'_>) {
    match key {
        Key::Number(number) => out.int(*number),
        Key::Text(text) => out.text(text),
    }
}

fn components(components: &[Component], out: &mut Encoder<'_>) {
    assert_sorted(components, |component| &component.component_type);
    out.map(components.len());
    for component in components {
        out.text(&component.component_type);
        out.properties(&component.properties);
    }
}

fn names(sorted: &[Name], out: &mut Encoder<'_>) {
    assert_sorted(sorted, |name| name);
    list(sorted, out, |name, out| out.text(name));
}

fn assert_sorted<T>(elements: &[T], name: impl Fn(&T) -> &Name) {
    let sorted = elements.windows(2).all(|pair| compare_names(name(&pair[0]), name(&pair[1])).is_lt());
    assert!(sorted, "names stand in DAG-CBOR's key order without duplicates");
}

fn node_updated(update: &NodeUpdate, out: &mut Encoder<'_>) {
    out.map(3 + usize::from(!update.unset.is_empty()));
    out.text("set");
    out.properties(&update.set);
    out.text("node");
    out.bytes(update.node.as_bytes());
    unset_field(&update.unset, out);
    out.text("component");
    out.text(&update.component_type);
}

fn unset_field(unset: &[Name], out: &mut Encoder<'_>) {
    if !unset.is_empty() {
        out.text("unset");
        names(unset, out);
    }
}

fn component_of(node: NodeId, component: &Component, out: &mut Encoder<'_>) {
    out.map(3);
    out.text("node");
    out.bytes(node.as_bytes());
    out.text("component");
    out.text(&component.component_type);
    out.text("properties");
    out.properties(&component.properties);
}

fn component_detached(node: NodeId, component_type: &str, out: &mut Encoder<'_>) {
    out.map(2);
    out.text("node");
    out.bytes(node.as_bytes());
    out.text("component");
    out.text(component_type);
}

fn edge_connected(edge: &EdgeEntity, out: &mut Encoder<'_>) {
    out.map(4 + usize::from(edge.id.is_some()));
    if let Some(id) = &edge.id {
        out.text("id");
        out.bytes(id.as_bytes());
    }
    out.text("kind");
    out.text(&edge.kind);
    out.text("source");
    out.bytes(edge.source.as_bytes());
    out.text("target");
    out.bytes(edge.target.as_bytes());
    out.text("properties");
    out.properties(&edge.properties);
}

fn edge_updated(edge: EdgeId, set: &Properties, unset: &[Name], out: &mut Encoder<'_>) {
    out.map(2 + usize::from(!unset.is_empty()));
    out.text("set");
    out.properties(set);
    out.text("edge");
    out.bytes(edge.as_bytes());
    unset_field(unset, out);
}

fn node_transformed(nodes: &[NodeId], operation: &TransformOperation, out: &mut Encoder<'_>) {
    out.map(2);
    out.text("nodes");
    list(nodes, out, |id, out| out.bytes(id.as_bytes()));
    out.text("operation");
    out.map(1);
    match operation {
        TransformOperation::Translate(vector) => floats("translate", vector, out),
        TransformOperation::Scale(factors) => floats("scale", factors, out),
        TransformOperation::Rotate(quaternion) => floats("rotate", quaternion, out),
        TransformOperation::Reparent(parent) => {
            out.text("reparent");
            match parent {
                Some(parent) => out.bytes(parent.as_bytes()),
                None => out.null(),
            }
        }
    }
}

fn floats(field: &str, numbers: &[f64], out: &mut Encoder<'_>) {
    out.text(field);
    list(numbers, out, |number, out| out.float(number + 0.0));
}

fn conceptual_point_mapped(node: NodeId, point: &ConceptualPoint, out: &mut Encoder<'_>) {
    out.map(3);
    out.text("node");
    out.bytes(node.as_bytes());
    out.text("space");
    out.text(&point.space);
    floats("coordinates", &point.coordinates, out);
}

fn checkpointed(version: u64, event_root: &[u8; 32], state_root: &[u8; 32], out: &mut Encoder<'_>) {
    out.map(3);
    out.text("version");
    out.uint(version);
    out.text("event_root");
    out.bytes(event_root);
    out.text("state_root");
    out.bytes(state_root);
}

fn node_tuple(node: &NodeEntity, out: &mut Encoder<'_>) {
    out.list(4);
    out.bytes(node.id.as_bytes());
    out.text(&node.kind);
    match &node.key {
        Some(name) => key(name, out),
        None => out.null(),
    }
    components(&node.components, out);
}

fn update_tuple(update: &NodeUpdate, out: &mut Encoder<'_>) {
    out.list(4);
    out.bytes(update.node.as_bytes());
    out.text(&update.component_type);
    out.properties(&update.set);
    names(&update.unset, out);
}

fn edge_tuple(edge: &EdgeEntity, out: &mut Encoder<'_>) {
    out.list(4 + usize::from(edge.id.is_some()));
    out.bytes(edge.source.as_bytes());
    out.bytes(edge.target.as_bytes());
    out.text(&edge.kind);
    out.properties(&edge.properties);
    if let Some(id) = &edge.id {
        out.bytes(id.as_bytes());
    }
}
