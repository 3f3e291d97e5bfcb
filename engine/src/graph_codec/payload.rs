//! Names and schemas of graph events, and which reader a payload goes to.

use super::{read, upcast, write};
use crate::dag_cbor::{Decoder, Encoder};
use crate::event::{DecodeError, EventPayload, GraphEvent, names};
use crate::value::Name;

impl EventPayload for GraphEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::GraphCreated { .. } => names::GRAPH_CREATED,
            Self::GraphRenamed { .. } => names::GRAPH_RENAMED,
            Self::GraphArchived { .. } => names::GRAPH_ARCHIVED,
            Self::NodeAdded { .. } => names::NODE_ADDED,
            Self::NodeUpdated { .. } => names::NODE_UPDATED,
            Self::NodeRemoved { .. } => names::NODE_REMOVED,
            Self::ComponentAttached { .. } => names::COMPONENT_ATTACHED,
            Self::ComponentReplaced { .. } => names::COMPONENT_REPLACED,
            Self::ComponentDetached { .. } => names::COMPONENT_DETACHED,
            Self::EdgeConnected { .. } => names::EDGE_CONNECTED,
            Self::EdgeUpdated { .. } => names::EDGE_UPDATED,
            Self::EdgeRemoved { .. } => names::EDGE_REMOVED,
            Self::NodeTransformed { .. } => names::NODE_TRANSFORMED,
            Self::ConceptualPointMapped { .. } => names::CONCEPTUAL_POINT_MAPPED,
            Self::Checkpointed { .. } => names::CHECKPOINTED,
            Self::NodesAdded { .. } => names::NODES_ADDED,
            Self::NodesUpdated { .. } => names::NODES_UPDATED,
            Self::NodesRemoved { .. } => names::NODES_REMOVED,
            Self::EdgesConnected { .. } => names::EDGES_CONNECTED,
            Self::EdgesRemoved { .. } => names::EDGES_REMOVED,
        }
    }

    fn schema(&self) -> u32 {
        match self {
            Self::NodeAdded { .. } | Self::NodeUpdated { .. } | Self::EdgeConnected { .. } => 2,
            Self::GraphCreated { .. }
            | Self::GraphRenamed { .. }
            | Self::GraphArchived { .. }
            | Self::NodeRemoved { .. }
            | Self::ComponentAttached { .. }
            | Self::ComponentReplaced { .. }
            | Self::ComponentDetached { .. }
            | Self::EdgeUpdated { .. }
            | Self::EdgeRemoved { .. }
            | Self::NodeTransformed { .. }
            | Self::ConceptualPointMapped { .. }
            | Self::Checkpointed { .. }
            | Self::NodesAdded { .. }
            | Self::NodesUpdated { .. }
            | Self::NodesRemoved { .. }
            | Self::EdgesConnected { .. }
            | Self::EdgesRemoved { .. } => 1,
        }
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        write::payload(self, out);
    }

    fn decode(
        event_type: &str,
        schema: u32,
        payload: &mut Decoder<'_>,
        events: &mut Vec<Self>,
    ) -> Result<(), DecodeError> {
        match (upcast::current_name(event_type), schema) {
            (names::GRAPH_CREATED, 1) => events.push(read::graph_created(payload)?),
            (names::GRAPH_RENAMED, 1) => events.push(read::graph_renamed(payload)?),
            (names::GRAPH_ARCHIVED, 1) => events.push(read::graph_archived(payload)?),
            (names::NODE_ADDED, 1) => events.push(upcast::node_added_1(payload)?),
            (names::NODE_ADDED, 2) => events.push(read::node_added(payload)?),
            (names::NODE_UPDATED, 1) => events.append(&mut upcast::node_updated_1(payload)?),
            (names::NODE_UPDATED, 2) => events.push(read::node_updated(payload)?),
            (names::NODE_REMOVED, 1) => events.push(read::node_removed(payload)?),
            (names::COMPONENT_ATTACHED, 1) => events.push(read::component_attached(payload)?),
            (names::COMPONENT_REPLACED, 1) => events.push(read::component_replaced(payload)?),
            (names::COMPONENT_DETACHED, 1) => events.push(read::component_detached(payload)?),
            (names::EDGE_CONNECTED, 1) => events.push(upcast::edge_connected_1(payload)?),
            (names::EDGE_CONNECTED, 2) => events.push(read::edge_connected(payload)?),
            (names::EDGE_UPDATED, 1) => events.push(read::edge_updated(payload)?),
            (names::EDGE_REMOVED, 1) => events.push(read::edge_removed(payload)?),
            (names::NODE_TRANSFORMED, 1) => events.push(read::node_transformed(payload)?),
            (names::CONCEPTUAL_POINT_MAPPED, 1) => events.push(read::conceptual_point_mapped(payload)?),
            (names::CHECKPOINTED, 1) => events.push(read::checkpointed(payload)?),
            (names::NODES_ADDED, 1) => events.push(read::nodes_added(payload)?),
            (names::NODES_UPDATED, 1) => events.push(read::nodes_updated(payload)?),
            (names::NODES_REMOVED, 1) => events.push(read::nodes_removed(payload)?),
            (names::EDGES_CONNECTED, 1) => events.push(read::edges_connected(payload)?),
            (names::EDGES_REMOVED, 1) => events.push(read::edges_removed(payload)?),
            (name, _) => return Err(unknown(event_type, name, schema)),
        }
        Ok(())
    }
}

fn unknown(event_type: &str, current_name: &str, schema: u32) -> DecodeError {
    let event_type = Name::new(event_type);
    if NAMES.contains(&current_name) {
        DecodeError::UnknownSchema { event_type, schema }
    } else {
        DecodeError::UnknownEventType { event_type }
    }
}

/// Every name that is written today.
const NAMES: [&str; 20] = [
    names::GRAPH_CREATED,
    names::GRAPH_RENAMED,
    names::GRAPH_ARCHIVED,
    names::NODE_ADDED,
    names::NODE_UPDATED,
    names::NODE_REMOVED,
    names::COMPONENT_ATTACHED,
    names::COMPONENT_REPLACED,
    names::COMPONENT_DETACHED,
    names::EDGE_CONNECTED,
    names::EDGE_UPDATED,
    names::EDGE_REMOVED,
    names::NODE_TRANSFORMED,
    names::CONCEPTUAL_POINT_MAPPED,
    names::CHECKPOINTED,
    names::NODES_ADDED,
    names::NODES_UPDATED,
    names::NODES_REMOVED,
    names::EDGES_CONNECTED,
    names::EDGES_REMOVED,
];
