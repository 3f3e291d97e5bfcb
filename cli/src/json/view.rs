//! Nodes and edges as answers show them.

use cidgraph::{EdgeView, Key, NodeView};
use serde_json::{Map, Value, json};

use super::value::write_properties;

/// Returns `{id, key, kind, version, components: {Type: {property: value}}}`.
pub fn node_object(node: &NodeView) -> Value {
    let components: Map<String, Value> = node
        .components
        .iter()
        .map(|component| (component.component_type.to_string(), write_properties(&component.properties)))
        .collect();
    json!({
        "id": node.id.to_string(),
        "key": node.key.as_ref().map(key_value),
        "kind": node.kind.as_str(),
        "version": node.version,
        "components": components,
    })
}

/// Returns `{id, kind, source, target, properties}`.
pub fn edge_object(edge: &EdgeView) -> Value {
    json!({
        "id": edge.id.to_string(),
        "kind": edge.kind.as_str(),
        "source": edge.source.to_string(),
        "target": edge.target.to_string(),
        "properties": write_properties(&edge.properties),
    })
}

pub(super) fn key_value(key: &Key) -> Value {
    match key {
        Key::Number(number) => json!(number),
        Key::Text(text) => json!(text.as_str()),
    }
}
