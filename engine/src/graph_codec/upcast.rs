//! What older programs wrote, read as the events it means today; stored bytes are never rewritten.
//!
//! | name, schema | differs from today's | becomes |
//! |---|---|---|
//! | `NodeCreated`, any | the name alone | `NodeAdded` |
//! | `EdgeAdded`, any | the name alone | `EdgeConnected` |
//! | `NodeAdded`, 1 | no key; one bag of properties | the bag as component [`UPCAST_PROPERTIES`] |
//! | `EdgeConnected`, 1 | no properties | empty properties |
//! | `NodeUpdated`, 1 | several components, nothing unset | one `NodeUpdated` for each component |

use super::read;
use crate::dag_cbor::{CodecError, Decoder};
use crate::entity::{Component, NodeEntity, NodeUpdate};
use crate::event::{GraphEvent, names};
use crate::value::Name;

/// The component type that a node's bag of properties from before components becomes; an empty bag becomes none.
pub const UPCAST_PROPERTIES: &str = "Properties";

/// Returns today's name of an event type; a name that is no alias is returned as it is.
pub(super) fn current_name(event_type: &str) -> &str {
    match event_type {
        names::NODE_CREATED_ALIAS => names::NODE_ADDED,
        names::EDGE_ADDED_ALIAS => names::EDGE_CONNECTED,
        other => other,
    }
}

/// Reads `{id, kind, properties}`.
pub(super) fn node_added_1(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(3, "the three fields of NodeAdded, schema 1")?;
    payload.key("id")?;
    let id = read::node_id(payload)?;
    payload.key("kind")?;
    let kind = read::text(payload)?;
    payload.key("properties")?;
    let properties = payload.properties()?;
    let component = Component { component_type: Name::new_static(UPCAST_PROPERTIES), properties };
    let components = if component.properties.is_empty() { Vec::new() } else { vec![component] };
    Ok(GraphEvent::NodeAdded { node: NodeEntity { id, kind, key: None, components } })
}

/// Reads `{id?, kind, source, target}`.
pub(super) fn edge_connected_1(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let named = read::has_optional(payload, 3, "the three or four fields of EdgeConnected, schema 1")?;
    Ok(GraphEvent::EdgeConnected { edge: read::edge_ends(payload, named)? })
}

/// Reads `{node, components: {Type: {property: value}}}`, at least one component.
pub(super) fn node_updated_1(payload: &mut Decoder<'_>) -> Result<Vec<GraphEvent>, CodecError> {
    payload.map_of(2, "the two fields of NodeUpdated, schema 1")?;
    payload.key("node")?;
    let node = read::node_id(payload)?;
    payload.key("components")?;
    let wrong = payload.error("at least one component");
    let components = read::components(payload)?;
    if components.is_empty() {
        return Err(wrong);
    }
    let update = |Component { component_type, properties }| GraphEvent::NodeUpdated {
        update: NodeUpdate { node, component_type, set: properties, unset: Vec::new() },
    };
    Ok(components.into_iter().map(update).collect())
}
