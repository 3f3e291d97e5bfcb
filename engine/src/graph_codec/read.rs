//! Reads each payload in its current layout; allocates what the event owns and nothing else.

use crate::dag_cbor::{CodecError, Decoder};
use crate::entity::TransformOperation;
use crate::entity::{Component, ConceptualPoint, EdgeEntity, GraphMetadata, Key, NodeEntity, NodeUpdate};
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties};

/// The fewest bytes that an id, a float, and each bulk event's element can take; a list reserves no more elements than
/// the rest of the payload can hold.
const ID_BYTES: usize = 17;
const FLOAT_BYTES: usize = 9;
const NODE_BYTES: usize = 1 + ID_BYTES + 1 + 1 + 1;
const UPDATE_BYTES: usize = 1 + ID_BYTES + 1 + 1 + 1;
const EDGE_BYTES: usize = 1 + 2 * ID_BYTES + 1 + 1;

pub(super) fn graph_created(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(3, "the three fields of GraphCreated")?;
    payload.key("name")?;
    let name = text(payload)?;
    payload.key("domain")?;
    let domain = text(payload)?;
    payload.key("properties")?;
    let properties = payload.properties()?;
    Ok(GraphEvent::GraphCreated { metadata: GraphMetadata { name, domain, properties } })
}

pub(super) fn graph_renamed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of GraphRenamed")?;
    payload.key("name")?;
    Ok(GraphEvent::GraphRenamed { name: text(payload)? })
}

pub(super) fn graph_archived(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of GraphArchived")?;
    payload.key("reason")?;
    Ok(GraphEvent::GraphArchived { reason: text(payload)? })
}

pub(super) fn node_added(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let keyed = has_optional(payload, 3, "the three or four fields of NodeAdded")?;
    payload.key("id")?;
    let id = node_id(payload)?;
    let key = if keyed { Some(key_field(payload)?) } else { None };
    payload.key("kind")?;
    let kind = text(payload)?;
    payload.key("components")?;
    let components = components(payload)?;
    Ok(GraphEvent::NodeAdded { node: NodeEntity { id, kind, key, components } })
}

fn key_field(payload: &mut Decoder<'_>) -> Result<Key, CodecError> {
    payload.key("key")?;
    key(payload)
}

pub(super) fn node_updated(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let unsets = has_optional(payload, 3, "the three or four fields of NodeUpdated")?;
    payload.key("set")?;
    let set = payload.properties()?;
    payload.key("node")?;
    let node = node_id(payload)?;
    let unset = if unsets { unset_field(payload)? } else { Vec::new() };
    payload.key("component")?;
    let component_type = text(payload)?;
    Ok(GraphEvent::NodeUpdated { update: NodeUpdate { node, component_type, set, unset } })
}

pub(super) fn node_removed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of NodeRemoved")?;
    payload.key("node")?;
    Ok(GraphEvent::NodeRemoved { node: node_id(payload)? })
}

pub(super) fn component_attached(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let (node, component) = component_of(payload)?;
    Ok(GraphEvent::ComponentAttached { node, component })
}

pub(super) fn component_replaced(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let (node, component) = component_of(payload)?;
    Ok(GraphEvent::ComponentReplaced { node, component })
}

fn component_of(payload: &mut Decoder<'_>) -> Result<(NodeId, Component), CodecError> {
    payload.map_of(3, "the three fields of a node's component")?;
    payload.key("node")?;
    let node = node_id(payload)?;
    payload.key("component")?;
    let component_type = text(payload)?;
    payload.key("properties")?;
    let properties = payload.properties()?;
    Ok((node, Component { component_type, properties }))
}

pub(super) fn component_detached(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(2, "the two fields of ComponentDetached")?;
    payload.key("node")?;
    let node = node_id(payload)?;
    payload.key("component")?;
    Ok(GraphEvent::ComponentDetached { node, component_type: text(payload)? })
}

pub(super) fn edge_connected(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let named = has_optional(payload, 4, "the four or five fields of EdgeConnected")?;
    let mut edge = edge_ends(payload, named)?;
    payload.key("properties")?;
    edge.properties = payload.properties()?;
    Ok(GraphEvent::EdgeConnected { edge })
}

/// Reads the fields that every layout of `EdgeConnected` has, the id where it is there.
pub(super) fn edge_ends(payload: &mut Decoder<'_>, named: bool) -> Result<EdgeEntity, CodecError> {
    let id = if named { Some(edge_id_field(payload)?) } else { None };
    payload.key("kind")?;
    let kind = text(payload)?;
    payload.key("source")?;
    let source = node_id(payload)?;
    payload.key("target")?;
    let target = node_id(payload)?;
    Ok(EdgeEntity { id, kind, source, target, properties: Properties::new() })
}

fn edge_id_field(payload: &mut Decoder<'_>) -> Result<EdgeId, CodecError> {
    payload.key("id")?;
    edge_id(payload)
}

pub(super) fn edge_updated(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    let unsets = has_optional(payload, 2, "the two or three fields of EdgeUpdated")?;
    payload.key("set")?;
    let set = payload.properties()?;
    payload.key("edge")?;
    let edge = edge_id(payload)?;
    let unset = if unsets { unset_field(payload)? } else { Vec::new() };
    Ok(GraphEvent::EdgeUpdated { edge, set, unset })
}

pub(super) fn edge_removed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of EdgeRemoved")?;
    payload.key("edge")?;
    Ok(GraphEvent::EdgeRemoved { edge: edge_id(payload)? })
}

pub(super) fn node_transformed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(2, "the two fields of NodeTransformed")?;
    payload.key("nodes")?;
    let nodes = list(payload, ID_BYTES, node_id)?;
    payload.key("operation")?;
    Ok(GraphEvent::NodeTransformed { nodes, operation: operation(payload)? })
}

fn operation(payload: &mut Decoder<'_>) -> Result<TransformOperation, CodecError> {
    payload.map_of(1, "one operation")?;
    if payload.take_key("translate") {
        floats(payload).map(TransformOperation::Translate)
    } else if payload.take_key("scale") {
        floats(payload).map(TransformOperation::Scale)
    } else if payload.take_key("rotate") {
        floats(payload).map(TransformOperation::Rotate)
    } else if payload.take_key("reparent") {
        let parent = if payload.take_null() { None } else { Some(node_id(payload)?) };
        Ok(TransformOperation::Reparent(parent))
    } else {
        Err(payload.error("translate, scale, rotate or reparent"))
    }
}

fn floats<const LEN: usize>(payload: &mut Decoder<'_>) -> Result<[f64; LEN], CodecError> {
    payload.list_of(LEN, "as many floats as the operation takes")?;
    let mut numbers = [0.0; LEN];
    for number in &mut numbers {
        *number = payload.float()?;
    }
    Ok(numbers)
}

pub(super) fn conceptual_point_mapped(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(3, "the three fields of ConceptualPointMapped")?;
    payload.key("node")?;
    let node = node_id(payload)?;
    payload.key("space")?;
    let space = text(payload)?;
    payload.key("coordinates")?;
    let coordinates = list(payload, FLOAT_BYTES, Decoder::float)?;
    Ok(GraphEvent::ConceptualPointMapped { node, point: ConceptualPoint { space, coordinates } })
}

pub(super) fn checkpointed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(3, "the three fields of Checkpointed")?;
    payload.key("version")?;
    let version = payload.uint()?;
    payload.key("event_root")?;
    let event_root = root(payload)?;
    payload.key("state_root")?;
    let state_root = root(payload)?;
    Ok(GraphEvent::Checkpointed { version, event_root, state_root })
}

fn root(payload: &mut Decoder<'_>) -> Result<[u8; 32], CodecError> {
    let wrong = payload.error("thirty-two bytes");
    payload.bytes()?.try_into().map_err(|_| wrong)
}

pub(super) fn nodes_added(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of NodesAdded")?;
    payload.key("nodes")?;
    Ok(GraphEvent::NodesAdded { nodes: list(payload, NODE_BYTES, node_tuple)? })
}

fn node_tuple(payload: &mut Decoder<'_>) -> Result<NodeEntity, CodecError> {
    payload.list_of(4, "a node: id, kind, key, components")?;
    let id = node_id(payload)?;
    let kind = text(payload)?;
    let key = if payload.take_null() { None } else { Some(key(payload)?) };
    Ok(NodeEntity { id, kind, key, components: components(payload)? })
}

pub(super) fn nodes_updated(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of NodesUpdated")?;
    payload.key("updates")?;
    Ok(GraphEvent::NodesUpdated { updates: list(payload, UPDATE_BYTES, update_tuple)? })
}

fn update_tuple(payload: &mut Decoder<'_>) -> Result<NodeUpdate, CodecError> {
    payload.list_of(4, "an update: node, component, set, unset")?;
    let node = node_id(payload)?;
    let component_type = text(payload)?;
    let set = payload.properties()?;
    Ok(NodeUpdate { node, component_type, set, unset: names(payload)? })
}

pub(super) fn nodes_removed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of NodesRemoved")?;
    payload.key("nodes")?;
    Ok(GraphEvent::NodesRemoved { nodes: list(payload, ID_BYTES, node_id)? })
}

pub(super) fn edges_connected(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of EdgesConnected")?;
    payload.key("edges")?;
    Ok(GraphEvent::EdgesConnected { edges: list(payload, EDGE_BYTES, edge_tuple)? })
}

fn edge_tuple(payload: &mut Decoder<'_>) -> Result<EdgeEntity, CodecError> {
    let wrong = payload.error("an edge: source, target, kind, properties and perhaps an id");
    let named = match payload.list()? {
        4 => false,
        5 => true,
        _ => return Err(wrong),
    };
    let source = node_id(payload)?;
    let target = node_id(payload)?;
    let kind = text(payload)?;
    let properties = payload.properties()?;
    let id = if named { Some(edge_id(payload)?) } else { None };
    Ok(EdgeEntity { id, kind, source, target, properties })
}

pub(super) fn edges_removed(payload: &mut Decoder<'_>) -> Result<GraphEvent, CodecError> {
    payload.map_of(1, "the one field of EdgesRemoved")?;
    payload.key("edges")?;
    Ok(GraphEvent::EdgesRemoved { edges: list(payload, ID_BYTES, edge_id)? })
}

/// Reads the head of a map of `least` entries or one more, and tells whether the optional one is there.
pub(super) fn has_optional(
    payload: &mut Decoder<'_>,
    least: usize,
    expected: &'static str,
) -> Result<bool, CodecError> {
    let wrong = payload.error(expected);
    match payload.map()?.checked_sub(least) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(wrong),
    }
}

/// Reads a map from component types to properties.
pub(super) fn components(payload: &mut Decoder<'_>) -> Result<Vec<Component>, CodecError> {
    let len = payload.map()?;
    let mut components = Vec::with_capacity(len.min(16));
    let mut last = None;
    for _ in 0..len {
        let component_type = payload.name_after(last)?;
        last = Some(component_type);
        components.push(Component { component_type: Name::new(component_type), properties: payload.properties()? });
    }
    Ok(components)
}

fn unset_field(payload: &mut Decoder<'_>) -> Result<Vec<Name>, CodecError> {
    payload.key("unset")?;
    let wrong = payload.error("at least one name");
    let unset = names(payload)?;
    if unset.is_empty() { Err(wrong) } else { Ok(unset) }
}

fn names(payload: &mut Decoder<'_>) -> Result<Vec<Name>, CodecError> {
    let len = payload.list()?;
    let mut names = Vec::with_capacity(len.min(16));
    let mut last = None;
    for _ in 0..len {
        let name = payload.name_after(last)?;
        last = Some(name);
        names.push(Name::new(name));
    }
    Ok(names)
}

fn list<'a, T>(
    payload: &mut Decoder<'a>,
    bytes_each: usize,
    read: impl Fn(&mut Decoder<'a>) -> Result<T, CodecError>,
) -> Result<Vec<T>, CodecError> {
    let len = payload.list_of_at_least(bytes_each)?;
    let mut elements = Vec::with_capacity(len);
    for _ in 0..len {
        elements.push(read(payload)?);
    }
    Ok(elements)
}

fn key(payload: &mut Decoder<'_>) -> Result<Key, CodecError> {
    if payload.next_is_int() { payload.int().map(Key::Number) } else { text(payload).map(Key::Text) }
}

pub(super) fn text(payload: &mut Decoder<'_>) -> Result<Name, CodecError> {
    payload.text().map(Name::new)
}

pub(super) fn node_id(payload: &mut Decoder<'_>) -> Result<NodeId, CodecError> {
    payload.bytes16().map(NodeId::from_bytes)
}

fn edge_id(payload: &mut Decoder<'_>) -> Result<EdgeId, CodecError> {
    payload.bytes16().map(EdgeId::from_bytes)
}
