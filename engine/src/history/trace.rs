//! Which events shaped a node: those that name it, those of its edges, and removals that took something from it.

use std::collections::HashMap;

use crate::entity::{Component, EdgeEntity, HIERARCHY, Key, NodeEntity, TransformOperation};
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties, Value};

use super::error::HistoryError;
use super::events::{EventRef, Events};
use super::graph_history::GraphHistory;
use super::mention::{Mention, adds_nodes};
use super::moment::Moment;
use super::touched::PARENT;

/// What an event did to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeTouch {
    /// It was added.
    Added,
    /// It was removed, and its edges with it.
    Removed,
    /// A component was attached, changed or detached.
    Component(Name),
    /// It moved in space or in the hierarchy, which its components say.
    Transformed,
    /// It became the parent of another node.
    ParentOf(NodeId),
    /// An edge was connected to it.
    EdgeConnected(EdgeId),
    /// An edge of it has other properties.
    EdgeUpdated(EdgeId),
    /// It lost an edge: the edge was removed, or the node at the other end was.
    EdgeDisconnected(EdgeId),
}

/// An event that shaped a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEvent {
    /// The event.
    pub event: EventRef,
    /// What it did, in order.
    pub touches: Vec<NodeTouch>,
}

impl GraphHistory {
    /// Returns the events that shaped a node up to a moment, in order, from all the times when there was one of its id.
    ///
    /// All events up to then are read.
    ///
    /// # Errors
    /// As of [`at`](Self::at); [`HistoryError::UnknownNode`] where none did.
    pub async fn events_of(&self, node: NodeId, until: Moment) -> Result<Vec<NodeEvent>, HistoryError> {
        let last = self.place(until).await?.head.version;
        let mut trace = NodeTrace::new(node);
        let mention = trace.mention.clone();
        let events = Events::between(&self.store, self.graph, 0, last).await?;
        let mut events = events.only(move |event| mention.may_be_in(&event.header.event_type, &event.payload));
        let mut found = Vec::new();
        while let Some(event) = events.event().await? {
            let touches = trace.touches(&event.parts, event.event.version);
            if !touches.is_empty() {
                found.push(NodeEvent { event: event.event, touches });
            }
        }
        if found.is_empty() { Err(HistoryError::UnknownNode { node }) } else { Ok(found) }
    }
}

impl GraphHistory {
    /// Returns kind and id of each node that ever had a key up to a moment, also of those that are gone, in the order in
    /// which they first came.
    ///
    /// All events up to then are read.
    ///
    /// # Errors
    /// As of [`at`](Self::at).
    pub async fn nodes_of_key(&self, key: &Key, until: Moment) -> Result<Vec<(Name, NodeId)>, HistoryError> {
        let last = self.place(until).await?.head.version;
        let events = Events::between(&self.store, self.graph, 0, last).await?;
        let mut events = events.only(|event| adds_nodes(&event.header.event_type));
        let mut found: Vec<(Name, NodeId)> = Vec::new();
        while let Some(event) = events.event().await? {
            for node in event.parts.iter().flat_map(added).filter(|node| node.key.as_ref() == Some(key)) {
                if found.iter().all(|(_, id)| *id != node.id) {
                    found.push((node.kind.clone(), node.id));
                }
            }
        }
        Ok(found)
    }
}

/// Returns the nodes that an event added.
fn added(event: &GraphEvent) -> &[NodeEntity] {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only two events add nodes")]
    match event {
        GraphEvent::NodeAdded { node } => std::slice::from_ref(node),
        GraphEvent::NodesAdded { nodes } => nodes,
        _ => &[],
    }
}

/// Follows a node through its graph's events, which it must be shown in order: all that may concern it.
#[derive(Debug, Clone)]
pub struct NodeTrace {
    node: NodeId,
    mention: Mention,
    /// Its edges and the nodes at their other ends.
    edges: HashMap<EdgeId, NodeId>,
    parent: Option<NodeId>,
    found: Vec<NodeTouch>,
}

impl NodeTrace {
    /// Traces a node from its graph's first event on.
    pub fn new(node: NodeId) -> Self {
        let mention = Mention::of([*node.as_bytes()]);
        Self { node, mention, edges: HashMap::new(), parent: None, found: Vec::new() }
    }

    /// Returns whether an event may have done something to the node; one that surely has not need not be shown to
    /// [`touches`](Self::touches).
    pub fn may_concern(&self, event_type: &str, payload: &[u8]) -> bool {
        self.mention.may_be_in(event_type, payload)
    }

    /// Returns what the event at `version`, which means `parts` today, did to the node.
    pub fn touches(&mut self, parts: &[GraphEvent], version: u64) -> Vec<NodeTouch> {
        let mut connected = 0;
        parts.iter().for_each(|part| self.take(part, version, &mut connected));
        std::mem::take(&mut self.found)
    }

    fn take(&mut self, event: &GraphEvent, version: u64, connected: &mut u32) {
        match event {
            GraphEvent::GraphCreated { .. }
            | GraphEvent::GraphRenamed { .. }
            | GraphEvent::GraphArchived { .. }
            | GraphEvent::Checkpointed { .. } => {}
            GraphEvent::NodeAdded { node } => self.add(node),
            GraphEvent::NodesAdded { nodes } => nodes.iter().for_each(|node| self.add(node)),
            GraphEvent::NodeUpdated { update } => {
                self.merge(update.node, &update.component_type, &update.set, &update.unset);
            }
            GraphEvent::NodesUpdated { updates } => {
                updates.iter().for_each(|update| {
                    self.merge(update.node, &update.component_type, &update.set, &update.unset);
                });
            }
            GraphEvent::NodeRemoved { node } => self.remove(*node),
            GraphEvent::NodesRemoved { nodes } => nodes.iter().for_each(|node| self.remove(*node)),
            GraphEvent::ComponentAttached { node, component } | GraphEvent::ComponentReplaced { node, component } => {
                self.put(*node, component);
            }
            GraphEvent::ComponentDetached { node, component_type } if *node == self.node => {
                self.parent = self.parent.filter(|_| component_type != HIERARCHY);
                self.found.push(NodeTouch::Component(component_type.clone()));
            }
            GraphEvent::ConceptualPointMapped { node, .. } if *node == self.node => {
                self.found.push(NodeTouch::Component(Name::new_static(crate::entity::CONCEPTUAL_POINT)));
            }
            GraphEvent::ComponentDetached { .. } | GraphEvent::ConceptualPointMapped { .. } => {}
            GraphEvent::EdgeConnected { edge } => self.connect(edge, version, connected),
            GraphEvent::EdgesConnected { edges } => {
                edges.iter().for_each(|edge| self.connect(edge, version, connected));
            }
            GraphEvent::EdgeUpdated { edge, .. } if self.edges.contains_key(edge) => {
                self.found.push(NodeTouch::EdgeUpdated(*edge));
            }
            GraphEvent::EdgeUpdated { .. } => {}
            GraphEvent::EdgeRemoved { edge } => self.disconnect(*edge),
            GraphEvent::EdgesRemoved { edges } => edges.iter().for_each(|edge| self.disconnect(*edge)),
            GraphEvent::NodeTransformed { nodes, operation } => {
                nodes.iter().for_each(|node| self.transform(*node, operation));
            }
        }
    }

    fn add(&mut self, node: &NodeEntity) {
        let hierarchy = node.components.iter().find(|component| component.component_type == HIERARCHY);
        let parent = hierarchy.and_then(|component| parent_in(&component.properties));
        if node.id == self.node {
            self.parent = parent;
            self.found.push(NodeTouch::Added);
        }
        self.adopt(node.id, parent);
    }

    /// Notes that the traced node became a parent.
    fn adopt(&mut self, child: NodeId, parent: Option<NodeId>) {
        if parent == Some(self.node) {
            self.found.push(NodeTouch::ParentOf(child));
        }
    }

    fn merge(&mut self, node: NodeId, component_type: &Name, set: &Properties, unset: &[Name]) {
        let parent = (component_type == HIERARCHY).then(|| parent_in(set)).flatten();
        if node == self.node {
            if parent.is_some() || (component_type == HIERARCHY && unset.iter().any(|name| name == PARENT)) {
                self.parent = parent;
            }
            self.found.push(NodeTouch::Component(component_type.clone()));
        }
        self.adopt(node, parent);
    }

    fn put(&mut self, node: NodeId, component: &Component) {
        let is_hierarchy = component.component_type == HIERARCHY;
        let parent = is_hierarchy.then(|| parent_in(&component.properties)).flatten();
        if node == self.node {
            if is_hierarchy {
                self.parent = parent;
            }
            self.found.push(NodeTouch::Component(component.component_type.clone()));
        }
        self.adopt(node, parent);
    }

    fn transform(&mut self, node: NodeId, operation: &TransformOperation) {
        let parent = match operation {
            TransformOperation::Reparent(parent) => Some(*parent),
            TransformOperation::Translate(_) | TransformOperation::Scale(_) | TransformOperation::Rotate(_) => None,
        };
        if node == self.node {
            self.parent = parent.unwrap_or(self.parent);
            self.found.push(NodeTouch::Transformed);
        }
        self.adopt(node, parent.flatten());
    }

    fn remove(&mut self, node: NodeId) {
        if node == self.node {
            self.edges.clear();
            self.parent = None;
            self.found.push(NodeTouch::Removed);
            return;
        }
        let mut lost: Vec<EdgeId> =
            self.edges.iter().filter(|(_, other)| **other == node).map(|(edge, _)| *edge).collect();
        lost.sort_unstable();
        lost.into_iter().for_each(|edge| self.disconnect(edge));
        if self.parent == Some(node) {
            self.parent = None;
            self.found.push(NodeTouch::Component(Name::new_static(HIERARCHY)));
        }
    }

    fn connect(&mut self, edge: &EdgeEntity, version: u64, connected: &mut u32) {
        let id = edge.id.unwrap_or_else(|| EdgeId::engine_made(version, *connected));
        *connected += 1;
        let EdgeEntity { source, target, .. } = edge;
        if *source == self.node || *target == self.node {
            self.edges.insert(id, if *source == self.node { *target } else { *source });
            self.found.push(NodeTouch::EdgeConnected(id));
        }
    }

    fn disconnect(&mut self, edge: EdgeId) {
        if self.edges.remove(&edge).is_some() {
            self.found.push(NodeTouch::EdgeDisconnected(edge));
        }
    }
}

/// Returns the parent that a place in the hierarchy names.
pub(super) fn parent_in(properties: &Properties) -> Option<NodeId> {
    properties.get(PARENT).and_then(|value| {
        #[expect(clippy::wildcard_enum_match_arm, reason = "only bytes are an id")]
        match value {
            Value::Bytes(bytes) => <[u8; 16]>::try_from(&**bytes).ok().map(NodeId::from_bytes),
            _ => None,
        }
    })
}
