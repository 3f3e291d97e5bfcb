//! Which nodes are selected, and which stand out for it.

use bevy::ecs::prelude::*;
use bevy::prelude::{Camera, Projection, Transform};

use crate::render::GraphCamera;
use crate::scene::{Bits, GraphScene};

use super::action::Action;
use super::eye::Eye;
use super::mistake::Mistake;
use super::picking::{neighbourhood, node_at, nodes_within};

/// The slots of the nodes that are selected, and of what stands out.
#[derive(Resource, Debug, Default)]
pub struct Selection {
    nodes: Vec<u32>,
    near_nodes: Vec<u32>,
    near_edges: Vec<u32>,
}

impl Selection {
    /// Returns the slots of the selected nodes.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Selects nodes instead of those that were.
    pub fn set(&mut self, scene: &mut GraphScene, nodes: Vec<u32>) {
        self.stand_out(scene, 0);
        self.nodes.iter().for_each(|node| scene.mark_node(*node, Bits::SELECTED, false));
        nodes.iter().for_each(|node| scene.mark_node(*node, Bits::SELECTED, true));
        self.nodes = nodes;
    }

    /// Selects a node too, or no more.
    pub fn toggle(&mut self, scene: &mut GraphScene, node: u32) {
        let mut nodes = self.nodes.clone();
        match nodes.iter().position(|selected| *selected == node) {
            Some(at) => drop(nodes.remove(at)),
            None => nodes.push(node),
        }
        self.set(scene, nodes);
    }

    /// Lets what is so many edges from the selected nodes stand out, instead of what did.
    pub fn stand_out(&mut self, scene: &mut GraphScene, steps: u32) {
        self.near_nodes.iter().for_each(|node| scene.mark_node(*node, Bits::HIGHLIGHTED, false));
        self.near_edges.iter().for_each(|edge| scene.mark_edge(*edge, Bits::HIGHLIGHTED, false));
        let (nodes, edges) = match steps {
            0 => (Vec::new(), Vec::new()),
            _ => neighbourhood(scene, &self.nodes, steps),
        };
        nodes.iter().for_each(|node| scene.mark_node(*node, Bits::HIGHLIGHTED, true));
        edges.iter().for_each(|edge| scene.mark_edge(*edge, Bits::HIGHLIGHTED, true));
        (self.near_nodes, self.near_edges) = (nodes, edges);
    }
}

/// Selects and searches.
pub(super) fn select(
    mut actions: MessageReader<Action>,
    mut scene: ResMut<GraphScene>,
    mut selection: ResMut<Selection>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut mistakes: MessageWriter<Mistake>,
) {
    let (camera, transform, projection) = *camera;
    for action in actions.read() {
        let Some(eye) = Eye::of(camera, transform, projection) else { return };
        if let Action::Select(pixel) | Action::Add(pixel) = action {
            let picked = node_at(&scene, &eye, *pixel);
            match (action, picked) {
                (Action::Add(_), Some(node)) => selection.toggle(&mut scene, node),
                (Action::Add(_), None) => {}
                _ => selection.set(&mut scene, picked.into_iter().collect()),
            }
        }
        if let Action::Box(pixels) = action {
            let nodes = nodes_within(&scene, &eye, *pixels);
            selection.set(&mut scene, nodes);
        }
        if let Action::Search(text) = action {
            let nodes = search(&scene, text);
            if nodes.is_empty() {
                mistakes.write(Mistake(format!("no node that is shown has a key or an id that begins with {text:?}")));
            }
            selection.set(&mut scene, nodes);
        }
        if let Action::Neighbours(steps) = action {
            selection.stand_out(&mut scene, *steps);
        }
    }
}

/// Returns the nodes that are shown and whose key is a text; where there is none, those whose key or id begins with it.
fn search(scene: &GraphScene, text: &str) -> Vec<u32> {
    let nodes = || (0..).take(scene.nodes().len()).filter(|node| scene.is_shown(*node));
    let is_named = |node: &u32| scene.name(*node).key.as_ref().is_some_and(|key| key.to_string() == text);
    let exact: Vec<u32> = nodes().filter(is_named).collect();
    if !exact.is_empty() {
        return exact;
    }
    let begins = |node: &u32| {
        let name = scene.name(*node);
        let is_key = name.key.as_ref().is_some_and(|key| key.to_string().starts_with(text));
        is_key || name.id.to_string().starts_with(text)
    };
    nodes().filter(begins).collect()
}
