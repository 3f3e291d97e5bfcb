//! What differs between two versions, as JSON.

use cidgraph::GraphDiff;
use cidgraph::history::{AboutGraph, ChangeKind, ComponentChange, EdgeChange, NodeChange, PropertyChange};
use serde_json::{Map, Value, json};

use super::value::{ValueForm, write_properties};
use super::view::{edge_object, key_value, node_object};

/// Returns `{from, to, graph, nodes: {added, removed, changed}, edges: {added, removed, changed}}`; `graph` is there
/// where what is known of the graph as a whole differs.
pub fn diff_object(diff: &GraphDiff) -> Value {
    let mut object = json!({
        "from": diff.from,
        "to": diff.to,
        "nodes": {
            "added": diff.nodes_added.iter().map(node_object).collect::<Value>(),
            "removed": diff.nodes_removed.iter().map(node_object).collect::<Value>(),
            "changed": diff.nodes_changed.iter().map(node_change).collect::<Value>(),
        },
        "edges": {
            "added": diff.edges_added.iter().map(edge_object).collect::<Value>(),
            "removed": diff.edges_removed.iter().map(edge_object).collect::<Value>(),
            "changed": diff.edges_changed.iter().map(edge_change).collect::<Value>(),
        },
    });
    if let Some((before, after)) = &diff.graph {
        object["graph"] = json!({ "before": about(before), "after": about(after) });
    }
    object
}

fn about(AboutGraph { metadata, archived }: &AboutGraph) -> Value {
    let archived = archived.as_ref().map(|reason| reason.as_str());
    match metadata {
        None => Value::Null,
        Some(metadata) => json!({
            "name": metadata.name.as_str(),
            "domain": metadata.domain.as_str(),
            "properties": write_properties(&metadata.properties),
            "archived": archived,
        }),
    }
}

fn node_change(NodeChange { id, kind, key, components }: &NodeChange) -> Value {
    let component = |ComponentChange { component_type, kind, properties }: &ComponentChange| {
        let object = json!({ "change": change_name(*kind), "properties": property_changes(properties) });
        (component_type.to_string(), object)
    };
    json!({
        "id": id.to_string(),
        "key": key.as_ref().map(key_value),
        "kind": kind.as_str(),
        "components": components.iter().map(component).collect::<Map<_, _>>(),
    })
}

fn edge_change(EdgeChange { edge, properties }: &EdgeChange) -> Value {
    let mut object = edge_object(edge);
    object["changed"] = property_changes(properties);
    object
}

/// Returns `{property: {before, after}}`; what is not there is left out.
fn property_changes(changes: &[PropertyChange]) -> Value {
    let change = |PropertyChange { property, before, after }: &PropertyChange| {
        let sides = [("before", before), ("after", after)];
        let there = sides.into_iter().filter_map(|(side, value)| Some((side, value.clone()?)));
        let written = |value| serde_json::to_value(ValueForm(value)).expect("a value has a JSON form");
        let object: Map<_, _> = there.map(|(side, value)| (side.to_owned(), written(value))).collect();
        (property.to_string(), Value::Object(object))
    };
    Value::Object(changes.iter().map(change).collect())
}

/// Returns what happened to a component in a word.
pub const fn change_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Changed => "changed",
    }
}
