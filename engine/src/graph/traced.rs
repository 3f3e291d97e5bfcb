//! One node followed through a graph's events, without the graph: what a proof applies its events with.
//!
//! The rules are those by which the aggregate applies the same events, as far as they concern one node
//! (`engine/tests/graph_ops/followed.rs` compares both).

use crate::aggregate::Misfit;
use crate::entity::{CONCEPTUAL_POINT, Component, HIERARCHY, NodeEntity, NodeUpdate, SPATIAL, TransformOperation};
use crate::event::GraphEvent;
use crate::id::NodeId;
use crate::value::{Name, Properties, compare_names};
use crate::view::NodeView;

use super::{hierarchy, spatial};

/// A node of one graph, or its absence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedNode {
    id: NodeId,
    node: Option<NodeView>,
}

impl TracedNode {
    /// Starts with what is known of the node; `None` where it is not in the graph.
    ///
    /// # Panics
    /// Where `node` is another one.
    pub fn new(id: NodeId, node: Option<NodeView>) -> Self {
        assert!(node.as_ref().is_none_or(|node| node.id == id), "the node is the one that is followed");
        Self { id, node }
    }

    /// Returns the node as it is now.
    pub const fn node(&self) -> Option<&NodeView> {
        self.node.as_ref()
    }

    /// Returns the node as it is now.
    pub fn into_node(self) -> Option<NodeView> {
        self.node
    }

    /// Applies an event and tells whether it touched the node.
    ///
    /// # Errors
    /// [`Misfit`] where it could not have happened to the node as it is.
    pub fn apply(&mut self, event: &GraphEvent, version: u64) -> Result<bool, Misfit> {
        match event {
            GraphEvent::GraphCreated { .. }
            | GraphEvent::GraphRenamed { .. }
            | GraphEvent::GraphArchived { .. }
            | GraphEvent::Checkpointed { .. }
            | GraphEvent::EdgeConnected { .. }
            | GraphEvent::EdgeUpdated { .. }
            | GraphEvent::EdgeRemoved { .. }
            | GraphEvent::EdgesConnected { .. }
            | GraphEvent::EdgesRemoved { .. } => Ok(false),
            GraphEvent::NodeAdded { node } => self.add(node, version),
            GraphEvent::NodesAdded { nodes } => any(nodes, |node| self.add(node, version)),
            GraphEvent::NodeRemoved { node } => self.remove(*node, version),
            GraphEvent::NodesRemoved { nodes } => any(nodes, |node| self.remove(*node, version)),
            GraphEvent::NodeUpdated { update } => self.update(update, version),
            GraphEvent::NodesUpdated { updates } => any(updates, |update| self.update(update, version)),
            GraphEvent::ComponentAttached { node, component } => self.change(*node, version, |node| {
                expect_component(node, &component.component_type, false)?;
                put(node, component.clone());
                Ok(())
            }),
            GraphEvent::ComponentReplaced { node, component } => self.change(*node, version, |node| {
                expect_component(node, &component.component_type, true)?;
                put(node, component.clone());
                Ok(())
            }),
            GraphEvent::ComponentDetached { node, component_type } => {
                self.change(*node, version, |node| detach(node, component_type))
            }
            GraphEvent::NodeTransformed { nodes, operation } => {
                any(nodes, |node| self.change(*node, version, |node| transform(node, operation)))
            }
            GraphEvent::ConceptualPointMapped { node, point } => self.change(*node, version, |node| {
                put(node, Component::new(CONCEPTUAL_POINT, point.to_properties()));
                Ok(())
            }),
        }
    }

    fn add(&mut self, entity: &NodeEntity, version: u64) -> Result<bool, Misfit> {
        if entity.id != self.id {
            return Ok(false);
        }
        if self.node.is_some() {
            return Err(Misfit::new(format!("node {} exists already", entity.id)));
        }
        let NodeEntity { id, kind, key, .. } = entity.clone();
        let mut node = NodeView { id, key, kind, version, components: Vec::new() };
        entity.components.iter().for_each(|component| put(&mut node, component.clone()));
        self.node = Some(node);
        Ok(true)
    }

    /// Removes the node, or makes it a root where its parent is removed.
    fn remove(&mut self, removed: NodeId, version: u64) -> Result<bool, Misfit> {
        if removed == self.id {
            self.known()?;
            self.node = None;
            return Ok(true);
        }
        let parent = self
            .node
            .as_ref()
            .and_then(|node| component(node, HIERARCHY))
            .and_then(|component| component.properties.get(hierarchy::PARENT).and_then(hierarchy::parent_of));
        if parent != Some(removed) {
            return Ok(false);
        }
        self.change(self.id, version, |node| detach(node, HIERARCHY))
    }

    fn update(&mut self, update: &NodeUpdate, version: u64) -> Result<bool, Misfit> {
        self.change(update.node, version, |node| {
            merge(node, &update.component_type, &update.set, &update.unset);
            Ok(())
        })
    }

    fn change(
        &mut self,
        id: NodeId,
        version: u64,
        change: impl FnOnce(&mut NodeView) -> Result<(), Misfit>,
    ) -> Result<bool, Misfit> {
        if id != self.id {
            return Ok(false);
        }
        let node = self.known()?;
        change(node)?;
        node.version = version;
        Ok(true)
    }

    fn known(&mut self) -> Result<&mut NodeView, Misfit> {
        self.node.as_mut().ok_or_else(|| Misfit::new(format!("unknown node {}", self.id)))
    }
}

/// Applies each of a list's elements and tells whether one touched the node.
fn any<T>(all: &[T], mut apply: impl FnMut(&T) -> Result<bool, Misfit>) -> Result<bool, Misfit> {
    all.iter().try_fold(false, |touched, each| Ok(apply(each)? || touched))
}

fn place(node: &NodeView, component_type: &str) -> Result<usize, usize> {
    node.components.binary_search_by(|have| compare_names(&have.component_type, component_type))
}

fn component<'a>(node: &'a NodeView, component_type: &str) -> Option<&'a Component> {
    place(node, component_type).ok().map(|at| &node.components[at])
}

fn put(node: &mut NodeView, component: Component) {
    match place(node, &component.component_type) {
        Ok(at) => node.components[at] = component,
        Err(at) => node.components.insert(at, component),
    }
}

fn detach(node: &mut NodeView, component_type: &str) -> Result<(), Misfit> {
    let at = place(node, component_type).map_err(|_| missing(node.id, component_type))?;
    node.components.remove(at);
    Ok(())
}

fn missing(node: NodeId, component_type: &str) -> Misfit {
    Misfit::new(format!("node {node} has no component {component_type}"))
}

fn expect_component(node: &NodeView, component_type: &str, expected: bool) -> Result<(), Misfit> {
    match (place(node, component_type).is_ok(), expected) {
        (true, true) | (false, false) => Ok(()),
        (true, false) => Err(Misfit::new(format!("node {} has a component {component_type} already", node.id))),
        (false, true) => Err(missing(node.id, component_type)),
    }
}

/// Merges properties into a component; what is set counts before what is unset.
fn merge(node: &mut NodeView, component_type: &str, set: &Properties, unset: &[Name]) {
    match place(node, component_type) {
        Ok(at) => {
            let properties = &mut node.components[at].properties;
            unset.iter().for_each(|name| drop(properties.remove(name)));
            properties.merge(set);
        }
        Err(at) => node.components.insert(at, Component::new(component_type, set.clone())),
    }
}

fn transform(node: &mut NodeView, operation: &TransformOperation) -> Result<(), Misfit> {
    match operation {
        TransformOperation::Reparent(Some(parent)) => {
            merge(node, HIERARCHY, &hierarchy::properties(*parent), &[]);
            Ok(())
        }
        TransformOperation::Reparent(None) => detach(node, HIERARCHY),
        TransformOperation::Translate(_) | TransformOperation::Scale(_) | TransformOperation::Rotate(_) => {
            let now = component(node, SPATIAL).map(|component| component.properties.clone()).unwrap_or_default();
            let moved = spatial::transformed(&now, operation)
                .ok_or_else(|| Misfit::new(format!("node {} would leave the numbers", node.id)))?;
            merge(node, SPATIAL, &moved, &[]);
            Ok(())
        }
    }
}
