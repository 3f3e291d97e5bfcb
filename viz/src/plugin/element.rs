//! Entities for what is looked at closely: a graph's container, and the few nodes and edges that are picked or labelled.

use bevy::ecs::prelude::*;
use bevy::prelude::{GlobalTransform, Transform, Visibility};
use cidgraph::{EdgeId, GraphId, NodeId};

use crate::scene::{Bits, GraphScene};

/// Where a graph stands: its [`Transform`] moves, turns and scales all of it. A graph that comes without a container gets
/// one at the origin.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Transform, Visibility)]
pub struct GraphContainer {
    /// The graph.
    pub graph: GraphId,
}

/// A node that has an entity: it follows the node's place, and goes with the node.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Transform, Visibility)]
pub struct GraphNode {
    /// The graph.
    pub graph: GraphId,
    /// The node.
    pub node: NodeId,
}

/// An edge that has an entity: it follows the edge's middle, and goes with the edge.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
#[require(Transform, Visibility)]
pub struct GraphEdge {
    /// The graph.
    pub graph: GraphId,
    /// The edge.
    pub edge: EdgeId,
}

/// Marks a [`GraphNode`] or [`GraphEdge`] that is selected.
#[derive(Component, Debug, Clone, Copy, Default)]
pub struct Selected;

/// Marks a [`GraphNode`] or [`GraphEdge`] that stands out.
#[derive(Component, Debug, Clone, Copy, Default)]
pub struct Highlighted;

/// Gives every graph a container.
pub(super) fn add_containers(
    mut commands: Commands,
    scene: Res<GraphScene>,
    containers: Query<&GraphContainer>,
    mut contained: Local<usize>,
) {
    for graph in scene.graphs().iter().skip(*contained) {
        if !containers.iter().any(|container| container.graph == graph.id) {
            commands.spawn(GraphContainer { graph: graph.id });
        }
    }
    *contained = scene.graphs().len();
}

/// Moves graphs to where their containers are.
pub(super) fn follow_containers(
    mut scene: ResMut<GraphScene>,
    containers: Query<(&GraphContainer, &GlobalTransform), Changed<GlobalTransform>>,
) {
    for (container, transform) in &containers {
        if let Some(graph) = scene.find_graph(container.graph) {
            scene.transform(graph, transform.to_matrix());
        }
    }
}

/// Moves entities to where their nodes and edges are; those of what was removed go.
pub(super) fn follow_elements(
    mut commands: Commands,
    scene: Res<GraphScene>,
    mut nodes: Query<(Entity, &GraphNode, &mut Transform), Without<GraphEdge>>,
    mut edges: Query<(Entity, &GraphEdge, &mut Transform)>,
) {
    for (entity, node, mut transform) in &mut nodes {
        match slot_of_node(&scene, node) {
            Some(slot) => transform.translation = scene.world_place(slot),
            None => commands.entity(entity).despawn(),
        }
    }
    for (entity, edge, mut transform) in &mut edges {
        match slot_of_edge(&scene, edge) {
            Some(slot) => {
                let record = scene.edges()[slot as usize];
                transform.translation = scene.world_place(record.source).midpoint(scene.world_place(record.target));
            }
            None => commands.entity(entity).despawn(),
        }
    }
}

/// Shows a mark of an entity on what it stands for.
pub(super) fn show_mark<Mark: Component, const BIT: u32>(
    marked: On<Add, Mark>,
    scene: ResMut<GraphScene>,
    elements: Query<(Option<&GraphNode>, Option<&GraphEdge>)>,
) {
    set_mark(scene, elements.get(marked.entity), BIT, true);
}

/// Takes a mark away again.
pub(super) fn hide_mark<Mark: Component, const BIT: u32>(
    marked: On<Remove, Mark>,
    scene: ResMut<GraphScene>,
    elements: Query<(Option<&GraphNode>, Option<&GraphEdge>)>,
) {
    set_mark(scene, elements.get(marked.entity), BIT, false);
}

/// The bit of [`Selected`].
pub(super) const SELECTED: u32 = Bits::SELECTED;
/// The bit of [`Highlighted`].
pub(super) const HIGHLIGHTED: u32 = Bits::HIGHLIGHTED;

fn set_mark<E>(
    mut scene: ResMut<GraphScene>,
    element: Result<(Option<&GraphNode>, Option<&GraphEdge>), E>,
    mark: u32,
    is_set: bool,
) {
    let Ok((node, edge)) = element else { return };
    if let Some(slot) = node.and_then(|node| slot_of_node(&scene, node)) {
        scene.mark_node(slot, mark, is_set);
    }
    if let Some(slot) = edge.and_then(|edge| slot_of_edge(&scene, edge)) {
        scene.mark_edge(slot, mark, is_set);
    }
}

fn slot_of_node(scene: &GraphScene, node: &GraphNode) -> Option<u32> {
    scene.find_node(scene.find_graph(node.graph)?, node.node)
}

fn slot_of_edge(scene: &GraphScene, edge: &GraphEdge) -> Option<u32> {
    scene.find_edge(scene.find_graph(edge.graph)?, edge.edge)
}
