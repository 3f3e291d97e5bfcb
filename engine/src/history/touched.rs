//! What events touched: the nodes and edges that can differ between the state before them and the state after.

use std::collections::BTreeSet;

use crate::entity::{EdgeEntity, HIERARCHY};
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::read_model::{Criterion, GraphReadModel, NodeQuery, Projection};
use crate::value::Value;

use super::error::HistoryError;
use super::events::PastEvent;

/// The property of a node's place in the hierarchy that holds its parent's id.
pub(super) const PARENT: &str = "parent";

/// The elements that some events touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) nodes: BTreeSet<NodeId>,
    pub(super) edges: BTreeSet<EdgeId>,
    removed: BTreeSet<NodeId>,
}

impl Touched {
    /// Adds what an event names.
    pub(super) fn add(&mut self, event: &PastEvent) {
        let mut connected = 0;
        event.parts.iter().for_each(|part| self.add_part(part, event.event.version, &mut connected));
    }

    fn add_part(&mut self, part: &GraphEvent, version: u64, connected: &mut u32) {
        match part {
            GraphEvent::GraphCreated { .. }
            | GraphEvent::GraphRenamed { .. }
            | GraphEvent::GraphArchived { .. }
            | GraphEvent::Checkpointed { .. } => {}
            GraphEvent::NodeAdded { node } => self.node(node.id),
            GraphEvent::NodeUpdated { update } => self.node(update.node),
            GraphEvent::NodeRemoved { node } => self.remove(*node),
            GraphEvent::ComponentAttached { node, .. }
            | GraphEvent::ComponentReplaced { node, .. }
            | GraphEvent::ComponentDetached { node, .. }
            | GraphEvent::ConceptualPointMapped { node, .. } => self.node(*node),
            GraphEvent::EdgeConnected { edge } => self.connect(edge, version, connected),
            GraphEvent::EdgeUpdated { edge, .. } | GraphEvent::EdgeRemoved { edge } => self.edge(*edge),
            GraphEvent::NodeTransformed { nodes, .. } => self.nodes.extend(nodes),
            GraphEvent::NodesAdded { nodes } => self.nodes.extend(nodes.iter().map(|node| node.id)),
            GraphEvent::NodesUpdated { updates } => self.nodes.extend(updates.iter().map(|update| update.node)),
            GraphEvent::NodesRemoved { nodes } => nodes.iter().for_each(|node| self.remove(*node)),
            GraphEvent::EdgesConnected { edges } => {
                edges.iter().for_each(|edge| self.connect(edge, version, connected));
            }
            GraphEvent::EdgesRemoved { edges } => self.edges.extend(edges),
        }
    }

    fn node(&mut self, node: NodeId) {
        self.nodes.insert(node);
    }

    fn edge(&mut self, edge: EdgeId) {
        self.edges.insert(edge);
    }

    fn remove(&mut self, node: NodeId) {
        self.nodes.insert(node);
        self.removed.insert(node);
    }

    fn connect(&mut self, edge: &EdgeEntity, version: u64, connected: &mut u32) {
        self.edges.insert(edge.id.unwrap_or_else(|| EdgeId::engine_made(version, *connected)));
        *connected += 1;
    }

    /// Adds the children of removed nodes, which became roots; `before` is the state before the events. What became a
    /// child since was named by an event.
    pub(super) fn add_children(&mut self, before: &GraphReadModel) -> Result<(), HistoryError> {
        for node in &self.removed {
            let parent = Value::Bytes(node.as_bytes().as_slice().into());
            let mut query = NodeQuery::of(Criterion::equals(HIERARCHY, PARENT, parent));
            query.projection = Projection::Nothing;
            self.nodes.extend(before.nodes(&query)?.nodes.into_iter().map(|child| child.id));
        }
        Ok(())
    }

    /// Adds the edges that went with removed nodes; `before` is the state before the events. What was connected since
    /// was named by an event.
    pub(super) fn add_edges_of_removed(&mut self, before: &GraphReadModel) {
        let at = before.view().at();
        for node in self.removed.iter().filter_map(|node| at.find_node(*node)) {
            let around = at.outgoing(node).chain(at.incoming(node));
            self.edges.extend(around.map(|step| at.edge_id(step.edge)));
        }
    }
}
