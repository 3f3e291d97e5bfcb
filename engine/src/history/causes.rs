//! What each event left behind on the elements that are asked about, so that in the end it is known which events the
//! state of each rests on.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::entity::{CONCEPTUAL_POINT, Component, EdgeEntity, HIERARCHY, NodeEntity, SPATIAL, TransformOperation};
use crate::event::GraphEvent;
use crate::id::{EdgeId, NodeId};
use crate::value::{Name, Properties};

use super::events::{EventRef, PastEvent};
use super::touched::PARENT;
use super::trace::parent_in;

type Event = Arc<EventRef>;

/// Which events a node rests on.
#[derive(Debug)]
pub(super) struct NodeCauses {
    pub(super) added: Event,
    pub(super) components: BTreeMap<Name, ComponentCauses>,
    parent: Option<NodeId>,
}

/// Which events a component rests on.
#[derive(Debug)]
pub(super) struct ComponentCauses {
    pub(super) attached: Event,
    /// The events behind each property: the one that set it, and behind it those that went on from that value.
    pub(super) properties: BTreeMap<Name, Vec<Event>>,
}

/// Which events an edge rests on.
#[derive(Debug)]
pub(super) struct EdgeCauses {
    pub(super) connected: Event,
    pub(super) ends: (NodeId, NodeId),
    pub(super) properties: BTreeMap<Name, Event>,
}

/// Which events the wanted elements rest on.
#[derive(Debug, Default)]
pub(super) struct Causes {
    /// `None` while there is no such node.
    pub(super) nodes: HashMap<NodeId, Option<NodeCauses>>,
    /// `None` while there is no such edge.
    pub(super) edges: HashMap<EdgeId, Option<EdgeCauses>>,
}

impl ComponentCauses {
    fn of(event: &Event, properties: &Properties) -> Self {
        let set = |(name, _): (&Name, _)| (name.clone(), vec![Arc::clone(event)]);
        Self { attached: Arc::clone(event), properties: properties.iter().map(set).collect() }
    }
}

impl NodeCauses {
    fn put(&mut self, event: &Event, component: &Name, properties: &Properties) {
        self.components.insert(component.clone(), ComponentCauses::of(event, properties));
        if component == HIERARCHY {
            self.parent = parent_in(properties);
        }
    }

    /// Notes that an event replaced what a component held, which rests on the event that attached it.
    fn replace(&mut self, event: &Event, component: &Name, properties: &Properties) {
        let attached = self.components.get(component).map(|causes| Arc::clone(&causes.attached));
        self.put(event, component, properties);
        if let (Some(attached), Some(causes)) = (attached, self.components.get_mut(component)) {
            causes.attached = attached;
        }
    }

    fn merge(&mut self, event: &Event, component: &Name, set: &Properties, unset: &[Name]) {
        let fresh = || ComponentCauses::of(event, &Properties::new());
        let causes = self.components.entry(component.clone()).or_insert_with(fresh);
        unset.iter().for_each(|name| drop(causes.properties.remove(name)));
        for (name, _) in set.iter() {
            causes.properties.insert(name.clone(), vec![Arc::clone(event)]);
        }
        if component == HIERARCHY && (set.get(PARENT).is_some() || unset.iter().any(|name| name == PARENT)) {
            self.parent = parent_in(set);
        }
    }

    /// Notes that an event went on from the values of some properties of the place in space.
    fn move_on(&mut self, event: &Event, properties: &[&'static str]) {
        let fresh = || ComponentCauses::of(event, &Properties::new());
        let causes = self.components.entry(Name::new_static(SPATIAL)).or_insert_with(fresh);
        for name in properties {
            causes.properties.entry(Name::new_static(name)).or_default().push(Arc::clone(event));
        }
    }

    fn detach(&mut self, component: &str) {
        self.components.remove(component);
        if component == HIERARCHY {
            self.parent = None;
        }
    }

    fn transform(&mut self, event: &Event, operation: &TransformOperation) {
        match operation {
            TransformOperation::Translate(_) => self.move_on(event, &["x", "y", "z"]),
            TransformOperation::Scale(_) => self.move_on(event, &["scale"]),
            TransformOperation::Rotate(_) => self.move_on(event, &["rotation"]),
            TransformOperation::Reparent(Some(parent)) => {
                let bytes = crate::value::Value::Bytes(parent.as_bytes().as_slice().into());
                self.merge(event, &Name::new_static(HIERARCHY), &Properties::from([(PARENT, bytes)]), &[]);
            }
            TransformOperation::Reparent(None) => self.detach(HIERARCHY),
        }
    }
}

impl Causes {
    /// Takes the next event of the graph in.
    pub(super) fn take(&mut self, past: &PastEvent) {
        let event = Arc::new(past.event.clone());
        let mut connected = 0;
        past.parts.iter().for_each(|part| self.part(part, &event, &mut connected));
    }

    fn part(&mut self, part: &GraphEvent, event: &Event, connected: &mut u32) {
        match part {
            GraphEvent::GraphCreated { .. }
            | GraphEvent::GraphRenamed { .. }
            | GraphEvent::GraphArchived { .. }
            | GraphEvent::Checkpointed { .. } => {}
            GraphEvent::NodeAdded { node } => self.add(node, event),
            GraphEvent::NodesAdded { nodes } => nodes.iter().for_each(|node| self.add(node, event)),
            GraphEvent::NodeUpdated { update } => {
                self.on(update.node, |node| node.merge(event, &update.component_type, &update.set, &update.unset));
            }
            GraphEvent::NodesUpdated { updates } => {
                for update in updates {
                    self.on(update.node, |node| node.merge(event, &update.component_type, &update.set, &update.unset));
                }
            }
            GraphEvent::NodeRemoved { node } => self.remove(*node),
            GraphEvent::NodesRemoved { nodes } => nodes.iter().for_each(|node| self.remove(*node)),
            GraphEvent::ComponentAttached { node, component } => {
                self.on(*node, |node| node.put(event, &component.component_type, &component.properties));
            }
            GraphEvent::ComponentReplaced { node, component } => {
                self.on(*node, |node| node.replace(event, &component.component_type, &component.properties));
            }
            GraphEvent::ComponentDetached { node, component_type } => {
                self.on(*node, |node| node.detach(component_type));
            }
            GraphEvent::ConceptualPointMapped { node, point } => {
                let component_type = Name::new_static(CONCEPTUAL_POINT);
                self.on(*node, |node| node.put(event, &component_type, &point.to_properties()));
            }
            GraphEvent::NodeTransformed { nodes, operation } => {
                nodes.iter().for_each(|node| self.on(*node, |node| node.transform(event, operation)));
            }
            GraphEvent::EdgeConnected { edge } => self.connect(edge, event, connected),
            GraphEvent::EdgesConnected { edges } => edges.iter().for_each(|edge| self.connect(edge, event, connected)),
            GraphEvent::EdgeUpdated { edge, set, unset } => {
                if let Some(Some(causes)) = self.edges.get_mut(edge) {
                    unset.iter().for_each(|name| drop(causes.properties.remove(name)));
                    causes.properties.extend(set.iter().map(|(name, _)| (name.clone(), Arc::clone(event))));
                }
            }
            GraphEvent::EdgeRemoved { edge } => self.disconnect(*edge),
            GraphEvent::EdgesRemoved { edges } => edges.iter().for_each(|edge| self.disconnect(*edge)),
        }
    }

    fn on(&mut self, node: NodeId, change: impl FnOnce(&mut NodeCauses)) {
        if let Some(Some(causes)) = self.nodes.get_mut(&node) {
            change(causes);
        }
    }

    fn add(&mut self, node: &NodeEntity, event: &Event) {
        let Some(place) = self.nodes.get_mut(&node.id) else { return };
        let causes = place.insert(NodeCauses { added: Arc::clone(event), components: BTreeMap::new(), parent: None });
        for Component { component_type, properties } in &node.components {
            causes.put(event, component_type, properties);
        }
    }

    /// A removed node's children become roots.
    fn remove(&mut self, removed: NodeId) {
        if let Some(place) = self.nodes.get_mut(&removed) {
            *place = None;
        }
        let children = self.nodes.values_mut().flatten().filter(|node| node.parent == Some(removed));
        children.for_each(|child| child.detach(HIERARCHY));
    }

    fn connect(&mut self, edge: &EdgeEntity, event: &Event, connected: &mut u32) {
        let id = edge.id.unwrap_or_else(|| EdgeId::engine_made(event.version, *connected));
        *connected += 1;
        let Some(place) = self.edges.get_mut(&id) else { return };
        let properties = edge.properties.iter().map(|(name, _)| (name.clone(), Arc::clone(event))).collect();
        *place = Some(EdgeCauses { connected: Arc::clone(event), ends: (edge.source, edge.target), properties });
    }

    fn disconnect(&mut self, edge: EdgeId) {
        if let Some(place) = self.edges.get_mut(&edge) {
            *place = None;
        }
    }
}
