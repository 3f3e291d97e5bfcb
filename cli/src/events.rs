//! Stored events as the command shows them: read page by page, verified, with the nodes that each is about.

use std::collections::HashSet;

use cidgraph::chain::{ChainVerifier, OpenedBlock};
use cidgraph::dag_cbor::Decoder;
use cidgraph::{
    AggregateId, EdgeEntity, EdgeId, EventStore, GraphEvent, NodeEntity, NodeId, StoredEvent, TransformOperation, Value,
};

use crate::failure::Failure;
use crate::session::Session;

/// Events read from the store at a time.
const PAGE_EVENTS: usize = 4096;

/// Hands every event of an aggregate up to `last_version` to `visit`, in order and verified, until it says `false`.
///
/// # Errors
/// Where the store cannot be read, the chain does not hold, or `visit` fails.
pub fn visit_events(
    session: &Session,
    store: &dyn EventStore,
    aggregate: AggregateId,
    last_version: u64,
    mut visit: impl FnMut(&StoredEvent, &OpenedBlock<'_>) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let mut verifier = ChainVerifier::new(aggregate);
    let mut next = 1;
    while next <= last_version {
        let page = session.wait(store.read(aggregate, next, PAGE_EVENTS))?;
        if page.is_empty() {
            break;
        }
        for stored in page.iter().take_while(|stored| stored.event.version <= last_version) {
            let opened = verifier.push(stored)?;
            if !visit(stored, &opened)? {
                return Ok(());
            }
        }
        next += page.len() as u64;
    }
    Ok(())
}

/// Returns the payload of a block as a value.
pub fn payload_value(opened: &OpenedBlock<'_>) -> Value {
    Decoder::new(opened.payload).value().expect("an opened block's payload is one value")
}

/// Tells which events are about a node: those that name it, and those of edges that touch it.
#[derive(Debug, Clone)]
pub struct NodeTrace {
    node: NodeId,
    edges: HashSet<EdgeId>,
}

impl NodeTrace {
    /// Traces a node from its graph's first event on.
    pub fn new(node: NodeId) -> Self {
        Self { node, edges: HashSet::new() }
    }

    /// Returns whether the event at `version` is about the node. Every event must be asked about, in order.
    pub fn concerns(&mut self, event: &GraphEvent, version: u64) -> bool {
        match event {
            GraphEvent::GraphCreated { .. }
            | GraphEvent::GraphRenamed { .. }
            | GraphEvent::GraphArchived { .. }
            | GraphEvent::Checkpointed { .. } => false,
            GraphEvent::NodeAdded { node } => self.is_added(node),
            GraphEvent::NodeUpdated { update } => self.is(update.node),
            GraphEvent::NodeRemoved { node }
            | GraphEvent::ComponentAttached { node, .. }
            | GraphEvent::ComponentReplaced { node, .. }
            | GraphEvent::ComponentDetached { node, .. }
            | GraphEvent::ConceptualPointMapped { node, .. } => self.is(*node),
            GraphEvent::EdgeConnected { edge } => self.connects(edge, version, 0),
            GraphEvent::EdgeUpdated { edge, .. } => self.edges.contains(edge),
            GraphEvent::EdgeRemoved { edge } => self.edges.remove(edge),
            GraphEvent::NodeTransformed { nodes, operation } => {
                nodes.contains(&self.node) || *operation == TransformOperation::Reparent(Some(self.node))
            }
            GraphEvent::NodesAdded { nodes } => nodes.iter().any(|node| self.is_added(node)),
            GraphEvent::NodesUpdated { updates } => updates.iter().any(|update| self.is(update.node)),
            GraphEvent::NodesRemoved { nodes } => nodes.contains(&self.node),
            GraphEvent::EdgesConnected { edges } => {
                let mut touched = false;
                for (edge, index) in edges.iter().zip(0..) {
                    touched |= self.connects(edge, version, index);
                }
                touched
            }
            GraphEvent::EdgesRemoved { edges } => {
                edges.iter().map(|edge| self.edges.remove(edge)).fold(false, |touched, removed| touched | removed)
            }
        }
    }

    fn is(&self, node: NodeId) -> bool {
        node == self.node
    }

    fn is_added(&self, node: &NodeEntity) -> bool {
        node.id == self.node
    }

    fn connects(&mut self, edge: &EdgeEntity, version: u64, index: u32) -> bool {
        let touches = self.is(edge.source) || self.is(edge.target);
        if touches {
            self.edges.insert(edge.id.unwrap_or_else(|| EdgeId::engine_made(version, index)));
        }
        touches
    }
}
