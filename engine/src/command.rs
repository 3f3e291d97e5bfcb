//! What a caller asks of a graph, and why it can be refused.

use crate::entity::{
    Component, ConceptualPoint, EdgeEntity, GraphMetadata, NodeEntity, NodeUpdate, TransformOperation,
};
use crate::event::GraphEvent;
use crate::id::{CausationId, CommandId, CorrelationId, EdgeId, GraphId, NodeId};
use crate::value::{Name, Properties};

/// What a caller asks of a graph.
#[derive(Debug, Clone, PartialEq)]
pub enum GraphCommand {
    /// Brings the graph into being.
    CreateGraph {
        /// What it is about.
        metadata: GraphMetadata,
    },
    /// Gives the graph a new name.
    RenameGraph {
        /// The new name.
        name: Name,
    },
    /// Ends all change of the graph.
    ArchiveGraph {
        /// Why; may be empty.
        reason: Name,
    },
    /// Adds a node.
    AddNode {
        /// The node.
        node: NodeEntity,
    },
    /// Merges properties into one component of a node.
    UpdateNode {
        /// The merge.
        update: NodeUpdate,
    },
    /// Removes a node and all its edges.
    RemoveNode {
        /// The node.
        node: NodeId,
    },
    /// Gives a node a component of a type it does not have.
    AttachComponent {
        /// The node.
        node: NodeId,
        /// The component.
        component: Component,
    },
    /// Sets all properties of a component that the node has.
    ReplaceComponent {
        /// The node.
        node: NodeId,
        /// The component.
        component: Component,
    },
    /// Takes a component from a node.
    DetachComponent {
        /// The node.
        node: NodeId,
        /// The component's type.
        component_type: Name,
    },
    /// Connects two nodes.
    ConnectEdge {
        /// The edge.
        edge: EdgeEntity,
    },
    /// Merges properties into an edge.
    UpdateEdge {
        /// The edge.
        edge: EdgeId,
        /// Properties to set.
        set: Properties,
        /// Properties to take away.
        unset: Vec<Name>,
    },
    /// Removes an edge.
    DisconnectEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// Moves one node or a subgraph in space or in the hierarchy.
    TransformNodes {
        /// The nodes.
        nodes: Vec<NodeId>,
        /// What happens to each.
        operation: TransformOperation,
    },
    /// Gives a node a place in a conceptual space.
    MapConceptualPoint {
        /// The node.
        node: NodeId,
        /// The point.
        point: ConceptualPoint,
    },
    /// Adds many nodes.
    AddNodes {
        /// The nodes.
        nodes: Vec<NodeEntity>,
    },
    /// Merges properties into components of many nodes.
    UpdateNodes {
        /// The merges, in order.
        updates: Vec<NodeUpdate>,
    },
    /// Removes many nodes and their edges.
    RemoveNodes {
        /// The nodes.
        nodes: Vec<NodeId>,
    },
    /// Connects many edges.
    ConnectEdges {
        /// The edges.
        edges: Vec<EdgeEntity>,
    },
    /// Removes many edges.
    DisconnectEdges {
        /// The edges.
        edges: Vec<EdgeId>,
    },
    /// Commits to the state at a version.
    Checkpoint {
        /// What was computed of it.
        checkpoint: Checkpoint,
    },
}

/// What a graph was at a version: the roots of its event tree and of its state tree.
///
/// Only a [`Checkpointer`](crate::checkpoint::Checkpointer) makes one, of the graph's own events and state: a caller
/// cannot ask for roots of its own. What another program wrote into the store is found out by
/// [`audit_checkpoints`](crate::checkpoint::audit_checkpoints).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    pub(crate) graph: GraphId,
    pub(crate) version: u64,
    pub(crate) event_root: [u8; 32],
    pub(crate) state_root: [u8; 32],
}

impl Checkpoint {
    /// Returns the version that the roots are of.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Returns the RFC 6962 tree hash over the CIDs of the graph's events up to that version.
    pub const fn event_root(&self) -> &[u8; 32] {
        &self.event_root
    }

    /// Returns the state hash at that version.
    pub const fn state_root(&self) -> &[u8; 32] {
        &self.state_root
    }
}

impl GraphCommand {
    /// Returns the event that the command brings about where no rule forbids it; engine-made edges and the subgraphs of
    /// transformations are as the command has them.
    pub fn into_event(self) -> GraphEvent {
        match self {
            Self::CreateGraph { metadata } => GraphEvent::GraphCreated { metadata },
            Self::RenameGraph { name } => GraphEvent::GraphRenamed { name },
            Self::ArchiveGraph { reason } => GraphEvent::GraphArchived { reason },
            Self::AddNode { node } => GraphEvent::NodeAdded { node },
            Self::UpdateNode { update } => GraphEvent::NodeUpdated { update },
            Self::RemoveNode { node } => GraphEvent::NodeRemoved { node },
            Self::AttachComponent { node, component } => GraphEvent::ComponentAttached { node, component },
            Self::ReplaceComponent { node, component } => GraphEvent::ComponentReplaced { node, component },
            Self::DetachComponent { node, component_type } => GraphEvent::ComponentDetached { node, component_type },
            Self::ConnectEdge { edge } => GraphEvent::EdgeConnected { edge },
            Self::UpdateEdge { edge, set, unset } => GraphEvent::EdgeUpdated { edge, set, unset },
            Self::DisconnectEdge { edge } => GraphEvent::EdgeRemoved { edge },
            Self::TransformNodes { nodes, operation } => GraphEvent::NodeTransformed { nodes, operation },
            Self::MapConceptualPoint { node, point } => GraphEvent::ConceptualPointMapped { node, point },
            Self::AddNodes { nodes } => GraphEvent::NodesAdded { nodes },
            Self::UpdateNodes { updates } => GraphEvent::NodesUpdated { updates },
            Self::RemoveNodes { nodes } => GraphEvent::NodesRemoved { nodes },
            Self::ConnectEdges { edges } => GraphEvent::EdgesConnected { edges },
            Self::DisconnectEdges { edges } => GraphEvent::EdgesRemoved { edges },
            Self::Checkpoint { checkpoint: Checkpoint { version, event_root, state_root, .. } } => {
                GraphEvent::Checkpointed { version, event_root, state_root }
            }
        }
    }
}

/// Who sends a command and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandContext {
    /// The command's id: the transaction's id in the event store, and the key under which it is recognised again.
    pub id: CommandId,
    /// Who asks.
    pub actor: Name,
    /// What the command belongs to.
    pub correlation: CorrelationId,
    /// What brought it about.
    pub causation: Option<CausationId>,
}

impl CommandContext {
    /// Makes a context whose correlation is the command itself.
    pub fn new(id: CommandId, actor: impl Into<Name>) -> Self {
        Self { id, actor: actor.into(), correlation: id.into(), causation: None }
    }
}

/// Why a command was refused; the graph is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The graph was never created.
    #[error("the graph does not exist: create it first")]
    GraphNotFound,
    /// The graph was created before.
    #[error("the graph exists already")]
    GraphExists,
    /// The graph was archived.
    #[error("the graph is archived and takes no more changes")]
    GraphIsArchived,
    /// A name that must say something is empty.
    #[error("the {what} is empty")]
    EmptyName {
        /// What is empty: `graph name`, `node kind` …
        what: &'static str,
    },
    /// No such node.
    #[error("unknown node {node}")]
    UnknownNode {
        /// The node.
        node: NodeId,
    },
    /// The id is taken.
    #[error("node {node} exists already")]
    DuplicateNode {
        /// The node.
        node: NodeId,
    },
    /// The node's id is not the one that its key gives.
    #[error("node {node} has a key whose id is {expected}")]
    KeyMismatch {
        /// The id given.
        node: NodeId,
        /// The id that graph, kind and key give.
        expected: NodeId,
    },
    /// No such edge.
    #[error("unknown edge {edge}")]
    UnknownEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// The id is taken.
    #[error("edge {edge} exists already")]
    DuplicateEdge {
        /// The edge.
        edge: EdgeId,
    },
    /// The id has the form that engine-made ids have.
    #[error("edge id {edge} has the form of engine-made ids; leave it out or give another")]
    ReservedEdgeId {
        /// The edge.
        edge: EdgeId,
    },
    /// An edge's end is no node of the graph, or was removed.
    #[error("the edge's {end} {node} is not a node of the graph")]
    UnknownEndpoint {
        /// `source` or `target`.
        end: &'static str,
        /// The node.
        node: NodeId,
    },
    /// The node has no component of the type.
    #[error("node {node} has no component {component_type}")]
    UnknownComponent {
        /// The node.
        node: NodeId,
        /// The type.
        component_type: Name,
    },
    /// The node has a component of the type.
    #[error("node {node} has a component {component_type} already")]
    DuplicateComponent {
        /// The node.
        node: NodeId,
        /// The type.
        component_type: Name,
    },
    /// The component does not fit the schema that is registered for its type.
    #[error("component {component_type} does not fit its schema: {reason}")]
    SchemaViolation {
        /// The type.
        component_type: Name,
        /// The property and what was expected.
        reason: String,
    },
    /// A node would be its own ancestor.
    #[error("node {node} would be its own ancestor below {parent}")]
    HierarchyCycle {
        /// The node to be moved.
        node: NodeId,
        /// The parent asked for.
        parent: NodeId,
    },
    /// A number that the wire format cannot say, or an operation that has no meaning (a scale of zero, a rotation that
    /// is no unit quaternion).
    #[error("{what} is not allowed: {reason}")]
    InvalidNumber {
        /// Where it stands.
        what: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The checkpoint is of another graph or of a version that this one has not reached.
    #[error("a checkpoint of graph {graph} at version {version} is not one of this graph, which is at {actual}")]
    ForeignCheckpoint {
        /// The graph that it is of.
        graph: GraphId,
        /// The version that it is of.
        version: u64,
        /// This graph's version.
        actual: u64,
    },
    /// A command without effect: an empty list, an update that sets and unsets nothing.
    #[error("the command {command} would change nothing")]
    NothingToDo {
        /// The command.
        command: &'static str,
    },
    /// A limit was exceeded.
    #[error("{what}: {actual} exceeds the limit of {limit}")]
    LimitExceeded {
        /// The limit's name, as in [`Limits`].
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What was asked for.
        actual: usize,
    },
}

/// What one command may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a name, kind, component type or property name.
    pub name_bytes_max: usize,
    /// Bytes of a node's key.
    pub key_bytes_max: usize,
    /// Bytes of one value, encoded.
    pub value_bytes_max: usize,
    /// Properties of one component or edge.
    pub properties_max: usize,
    /// Components of one node.
    pub components_max: usize,
    /// Depth to which lists and maps may be nested in a value.
    pub value_depth_max: usize,
    /// Elements of one bulk command.
    pub elements_max: usize,
    /// Bytes of one event's block; the writer splits bulk events that are larger.
    pub event_bytes_max: usize,
    /// Events of one transaction.
    pub transaction_events_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            name_bytes_max: 256,
            key_bytes_max: 1024,
            value_bytes_max: 64 * 1024,
            properties_max: 1024,
            components_max: 256,
            value_depth_max: 32,
            elements_max: 1 << 24,
            event_bytes_max: 512 * 1024,
            transaction_events_max: 100_000,
        }
    }
}
