//! What happened to a graph: the closed set of graph events, and the trait by which any aggregate names its own.
//!
//! Wire names are constants. Payload layouts stand in `docs/event.ipldsch`; `graph_codec` writes and reads them.

use crate::dag_cbor::{CodecError, Decoder, Encoder};
use crate::entity::{
    Component, ConceptualPoint, EdgeEntity, GraphMetadata, NodeEntity, NodeUpdate, TransformOperation,
};
use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties};

/// An aggregate's closed set of events, with their wire form.
pub trait EventPayload: Sized + Send + Sync + 'static {
    /// Returns the event's wire name.
    fn event_type(&self) -> &'static str;

    /// Returns the version of the payload's layout that [`encode`](Self::encode) writes.
    fn schema(&self) -> u32;

    /// Writes the payload as one DAG-CBOR value.
    fn encode(&self, out: &mut Encoder<'_>);

    /// Reads a payload of any schema ever written and appends the events it means today: most often one, more where
    /// an old event was split.
    ///
    /// # Errors
    /// [`DecodeError::UnknownEventType`] for a name that this aggregate never had, [`DecodeError::UnknownSchema`] for a
    /// layout newer than this program, [`DecodeError::Codec`] for bytes that do not fit.
    fn decode(
        event_type: &str,
        schema: u32,
        payload: &mut Decoder<'_>,
        events: &mut Vec<Self>,
    ) -> Result<(), DecodeError>;
}

/// Why a payload could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No event of the aggregate has this name.
    #[error("unknown event type {event_type:?}")]
    UnknownEventType {
        /// The name in the block.
        event_type: Name,
    },
    /// The payload has a layout that this program does not know, most likely a newer one.
    #[error("event type {event_type:?} has schema {schema}, which this program does not know")]
    UnknownSchema {
        /// The name in the block.
        event_type: Name,
        /// The schema in the block.
        schema: u32,
    },
    /// The bytes are not what the event's layout says.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// What happened to a graph.
#[derive(Debug, Clone, PartialEq)]
pub enum GraphEvent {
    /// The graph came to be; always version 1.
    GraphCreated {
        /// What it is about.
        metadata: GraphMetadata,
    },
    /// The graph has a new name.
    GraphRenamed {
        /// The new name.
        name: Name,
    },
    /// The graph takes no more changes.
    GraphArchived {
        /// Why; may be empty.
        reason: Name,
    },
    /// A node was added.
    NodeAdded {
        /// The node.
        node: NodeEntity,
    },
    /// Properties were merged into one component of a node.
    NodeUpdated {
        /// The merge.
        update: NodeUpdate,
    },
    /// A node was removed, and all its edges with it; its children became roots.
    NodeRemoved {
        /// The node.
        node: NodeId,
    },
    /// A node got a component of a type it did not have.
    ComponentAttached {
        /// The node.
        node: NodeId,
        /// The component.
        component: Component,
    },
    /// A node's component has new properties, all of them.
    ComponentReplaced {
        /// The node.
        node: NodeId,
        /// The component.
        component: Component,
    },
    /// A node lost a component.
    ComponentDetached {
        /// The node.
        node: NodeId,
        /// The component's type.
        component_type: Name,
    },
    /// An edge was connected.
    EdgeConnected {
        /// The edge.
        edge: EdgeEntity,
    },
    /// Properties were merged into an edge.
    EdgeUpdated {
        /// The edge.
        edge: EdgeId,
        /// Properties to set.
        set: Properties,
        /// Properties to take away, sorted as DAG-CBOR keys are.
        unset: Vec<Name>,
    },
    /// An edge was removed.
    EdgeRemoved {
        /// The edge.
        edge: EdgeId,
    },
    /// Nodes moved in space or in the hierarchy.
    NodeTransformed {
        /// The nodes: one, or a subgraph.
        nodes: Vec<NodeId>,
        /// What happened to each.
        operation: TransformOperation,
    },
    /// A node got a place in a conceptual space.
    ConceptualPointMapped {
        /// The node.
        node: NodeId,
        /// The point.
        point: ConceptualPoint,
    },
    /// The writer committed to the state at a version.
    Checkpointed {
        /// The version that the roots are of.
        version: u64,
        /// RFC 6962 Merkle tree hash over the event CIDs up to that version.
        event_root: [u8; 32],
        /// The state hash at that version.
        state_root: [u8; 32],
    },
    /// Many nodes were added.
    NodesAdded {
        /// The nodes.
        nodes: Vec<NodeEntity>,
    },
    /// Many merges into components.
    NodesUpdated {
        /// The merges, in order.
        updates: Vec<NodeUpdate>,
    },
    /// Many nodes were removed, and their edges with them.
    NodesRemoved {
        /// The nodes.
        nodes: Vec<NodeId>,
    },
    /// Many edges were connected.
    EdgesConnected {
        /// The edges.
        edges: Vec<EdgeEntity>,
    },
    /// Many edges were removed.
    EdgesRemoved {
        /// The edges.
        edges: Vec<EdgeId>,
    },
}

/// The wire names of graph events.
pub mod names {
    #![expect(missing_docs, reason = "each constant is its own name")]
    pub const GRAPH_CREATED: &str = "GraphCreated";
    pub const GRAPH_RENAMED: &str = "GraphRenamed";
    pub const GRAPH_ARCHIVED: &str = "GraphArchived";
    pub const NODE_ADDED: &str = "NodeAdded";
    pub const NODE_UPDATED: &str = "NodeUpdated";
    pub const NODE_REMOVED: &str = "NodeRemoved";
    pub const COMPONENT_ATTACHED: &str = "ComponentAttached";
    pub const COMPONENT_REPLACED: &str = "ComponentReplaced";
    pub const COMPONENT_DETACHED: &str = "ComponentDetached";
    pub const EDGE_CONNECTED: &str = "EdgeConnected";
    pub const EDGE_UPDATED: &str = "EdgeUpdated";
    pub const EDGE_REMOVED: &str = "EdgeRemoved";
    pub const NODE_TRANSFORMED: &str = "NodeTransformed";
    pub const CONCEPTUAL_POINT_MAPPED: &str = "ConceptualPointMapped";
    pub const CHECKPOINTED: &str = "Checkpointed";
    pub const NODES_ADDED: &str = "NodesAdded";
    pub const NODES_UPDATED: &str = "NodesUpdated";
    pub const NODES_REMOVED: &str = "NodesRemoved";
    pub const EDGES_CONNECTED: &str = "EdgesConnected";
    pub const EDGES_REMOVED: &str = "EdgesRemoved";
    /// An older name of `NodeAdded`, read but never written.
    pub const NODE_CREATED_ALIAS: &str = "NodeCreated";
    /// An older name of `EdgeConnected`, read but never written.
    pub const EDGE_ADDED_ALIAS: &str = "EdgeAdded";
}
