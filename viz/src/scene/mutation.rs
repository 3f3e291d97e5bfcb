//! What an event of a graph changes in the scene.

use cidgraph::entity::SPATIAL;
use cidgraph::{
    Component, EdgeId, GraphEvent, GraphId, GraphTransaction, NodeEntity, NodeId, NodeUpdate, Properties,
    TransformOperation, Value,
};

use super::graph_scene::{GraphScene, NodeName};
use super::look::{NodeLook, VISUAL, nearest, place_of};
use super::record::gpu_version;

/// An event of a graph, and which version of the graph it made.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphMutation {
    /// The graph.
    pub graph: GraphId,
    /// The event's version.
    pub version: u64,
    /// What happened.
    pub event: GraphEvent,
}

impl GraphScene {
    /// Applies a transaction as a whole.
    pub fn apply_transaction(&mut self, transaction: &GraphTransaction) {
        for (version, event) in &transaction.events {
            self.apply(transaction.graph, *version, event);
        }
    }

    /// Applies an event. One that the scene has, by version, changes nothing: several events of one version, which an
    /// old event may have become, are applied in turn.
    pub fn apply(&mut self, graph: GraphId, version: u64, event: &GraphEvent) {
        let graph = self.graph(graph);
        let at = &mut self.graphs[usize::from(graph)];
        if version < at.version {
            return;
        }
        at.version = version;
        if at.is_live {
            self.set_group(graph, |group| group.version = gpu_version(version));
        }
        self.change(graph, version, event);
    }

    fn change(&mut self, graph: u16, version: u64, event: &GraphEvent) {
        let stamp = gpu_version(version);
        match event {
            GraphEvent::GraphCreated { metadata } => {
                self.graphs[usize::from(graph)].name = metadata.name.clone();
            }
            GraphEvent::GraphRenamed { name } => self.graphs[usize::from(graph)].name = name.clone(),
            GraphEvent::GraphArchived { .. }
            | GraphEvent::EdgeUpdated { .. }
            | GraphEvent::ConceptualPointMapped { .. }
            | GraphEvent::Checkpointed { .. } => {}
            GraphEvent::NodeAdded { node } => self.take_node(graph, node, stamp),
            GraphEvent::NodesAdded { nodes } => nodes.iter().for_each(|node| self.take_node(graph, node, stamp)),
            GraphEvent::NodeUpdated { update } => self.take_update(graph, update),
            GraphEvent::NodesUpdated { updates } => updates.iter().for_each(|update| self.take_update(graph, update)),
            GraphEvent::NodeRemoved { node } => self.remove_node(graph, *node, stamp),
            GraphEvent::NodesRemoved { nodes } => nodes.iter().for_each(|node| self.remove_node(graph, *node, stamp)),
            GraphEvent::ComponentAttached { node, component } | GraphEvent::ComponentReplaced { node, component } => {
                self.take_component(graph, *node, component);
            }
            GraphEvent::ComponentDetached { node, component_type } => {
                self.drop_component(graph, *node, component_type);
            }
            GraphEvent::EdgeConnected { edge } => {
                let id = edge.id.unwrap_or_else(|| EdgeId::engine_made(version, 0));
                self.add_edge(graph, id, edge.source, edge.target, stamp);
            }
            GraphEvent::EdgesConnected { edges } => {
                for (index, edge) in (0..).zip(edges) {
                    let id = edge.id.unwrap_or_else(|| EdgeId::engine_made(version, index));
                    self.add_edge(graph, id, edge.source, edge.target, stamp);
                }
            }
            GraphEvent::EdgeRemoved { edge } => self.remove_edge(graph, *edge, stamp),
            GraphEvent::EdgesRemoved { edges } => edges.iter().for_each(|edge| self.remove_edge(graph, *edge, stamp)),
            GraphEvent::NodeTransformed { nodes, operation } => {
                nodes.iter().for_each(|node| self.take_transform(graph, *node, operation));
            }
        }
    }

    fn take_node(&mut self, graph: u16, node: &NodeEntity, stamp: u32) {
        let kind = self.kind_of(&node.kind);
        let mut look = NodeLook::of_kind(kind);
        let component =
            |component_type: &str| node.components.iter().find(|have| have.component_type == component_type);
        if let Some(visual) = component(VISUAL) {
            look.take(&visual.properties);
        }
        let spatial = component(SPATIAL).map(|component| &component.properties);
        let place = spatial.and_then(|spatial| place_of(SPATIAL, spatial));
        let name = NodeName {
            id: node.id,
            kind,
            key: node.key.clone(),
            radius: look.radius,
            has_place: place.is_some(),
            given: [0.0; 3],
        };
        let scale = spatial.map_or(1.0, scale_of);
        self.add_node(graph, name, NodeLook { radius: look.radius * scale, ..look }, place, stamp);
    }

    fn take_component(&mut self, graph: u16, node: NodeId, component: &Component) {
        let Some(slot) = self.find_node(graph, node) else { return };
        if component.component_type == VISUAL {
            let mut look = NodeLook::of_kind(self.names[slot as usize].kind);
            look.take(&component.properties);
            self.set_look(slot, look);
        }
        if let Some(place) = place_of(&component.component_type, &component.properties) {
            self.set_place(slot, place);
            self.set_radius(slot, self.names[slot as usize].radius * scale_of(&component.properties));
        }
    }

    fn drop_component(&mut self, graph: u16, node: NodeId, component_type: &str) {
        let Some(slot) = self.find_node(graph, node) else { return };
        if component_type == VISUAL {
            self.set_look(slot, NodeLook::of_kind(self.names[slot as usize].kind));
        }
        if component_type == SPATIAL {
            let name = &mut self.names[slot as usize];
            name.has_place = false;
            let (radius, given) = (name.radius, name.given);
            self.put(slot, given);
            self.set_radius(slot, radius);
        }
    }

    fn take_update(&mut self, graph: u16, update: &NodeUpdate) {
        let Some(slot) = self.find_node(graph, update.node) else { return };
        if update.component_type == VISUAL {
            let mut look = self.look(slot);
            let default = NodeLook::of_kind(self.names[slot as usize].kind);
            for name in &update.unset {
                match name.as_str() {
                    "color" => look.color = default.color,
                    "shape" => look.shape = default.shape,
                    "size" => look.radius = default.radius,
                    _ => {}
                }
            }
            look.take(&update.set);
            self.set_look(slot, look);
        }
        if update.component_type == SPATIAL {
            let mut place = self.place_by_component(slot);
            for (axis, name) in ["x", "y", "z"].into_iter().enumerate() {
                if let Some(number) = update.set.get(name).and_then(Value::as_f64) {
                    place[axis] = nearest(number);
                }
            }
            self.set_place(slot, place);
            if update.set.get("scale").is_some() {
                self.set_radius(slot, self.names[slot as usize].radius * scale_of(&update.set));
            }
        }
    }

    /// A node is drawn facing the viewer, so a rotation does not show; a parent moves only itself.
    fn take_transform(&mut self, graph: u16, node: NodeId, operation: &TransformOperation) {
        let Some(slot) = self.find_node(graph, node) else { return };
        match operation {
            TransformOperation::Translate(by) => {
                let place = self.place_by_component(slot);
                self.set_place(slot, std::array::from_fn(|axis| place[axis] + nearest(by[axis])));
            }
            TransformOperation::Scale(by) => {
                self.set_place(slot, self.place_by_component(slot));
                self.set_radius(slot, self.places()[slot as usize][3] * largest(by.map(nearest)));
            }
            TransformOperation::Rotate(_) => self.set_place(slot, self.place_by_component(slot)),
            TransformOperation::Reparent(_) => {}
        }
    }

    /// Returns the place that a node has by its component: the origin where it has none.
    fn place_by_component(&self, slot: u32) -> [f32; 3] {
        self.own_place(slot).unwrap_or([0.0; 3])
    }

    fn set_place(&mut self, slot: u32, place: [f32; 3]) {
        self.names[slot as usize].has_place = true;
        self.put(slot, place);
    }
}

/// Returns how much larger a [`SPATIAL`] component makes a node.
fn scale_of(spatial: &Properties) -> f32 {
    let Some(Value::List(scale)) = spatial.get("scale") else { return 1.0 };
    let axes: Vec<f32> = scale.iter().filter_map(Value::as_f64).map(nearest).collect();
    <[f32; 3]>::try_from(axes).map_or(1.0, largest)
}

/// Returns the largest of three factors, or 1 where none can be drawn.
fn largest(scale: [f32; 3]) -> f32 {
    let largest = scale.into_iter().map(f32::abs).fold(0.0, f32::max);
    if largest.is_normal() { largest } else { 1.0 }
}
