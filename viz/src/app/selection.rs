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
        if *action == Action::Deselect {
            selection.set(&mut scene, Vec::new());
        }
        if let Action::Select(pixel) | Action::Add(pixel) = action {
            if !eye.has(*pixel) {
                mistakes.write(Mistake(format!("{pixel} is not in the picture, which has {} pixels", eye.size)));
                continue;
            }
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
            if *steps > 0 && selection.nodes().is_empty() {
                mistakes.write(Mistake("no node is selected whose neighbours could stand out".to_owned()));
            }
            selection.stand_out(&mut scene, *steps);
        }
    }
}

/// Returns the nodes that are drawn and whose key a text is, or whose kind and key, as `KIND:KEY`; where there is none,
/// those whose key or id begins with it.
fn search(scene: &GraphScene, text: &str) -> Vec<u32> {
    let nodes = || (0..).take(scene.nodes().len()).filter(|node| scene.is_drawn(*node));
    let has_key = |node: u32, is_it: &dyn Fn(&str) -> bool| {
        scene.name(node).key.as_ref().is_some_and(|key| is_it(&key.to_string()))
    };
    let is_kind = |node: u32, kind: &str| scene.kind(scene.name(node).kind).as_str() == kind;
    let is_named = |node: &u32| {
        let named = text
            .split_once(':')
            .is_some_and(|(kind, named)| is_kind(*node, kind) && has_key(*node, &|key| key == named));
        named || has_key(*node, &|key| key == text)
    };
    let exact: Vec<u32> = nodes().filter(is_named).collect();
    if !exact.is_empty() {
        return exact;
    }
    let begins =
        |node: &u32| has_key(*node, &|key| key.starts_with(text)) || scene.name(*node).id.to_string().starts_with(text);
    nodes().filter(begins).collect()
}

#[cfg(test)]
mod tests {
    use cidgraph::{GraphId, GraphMutation, Key, NodeId, NodeView};

    use super::*;

    #[test]
    fn nodes_are_found_by_key_kind_and_key_and_how_they_begin() {
        let mut scene = GraphScene::default();
        let nodes = [("city", "Київ"), ("dish", "Київ"), ("city", "Київ-2"), ("city", "a:b"), ("a", "b")];
        for (number, (kind, key)) in (1..).zip(nodes) {
            let (id, key) = (NodeId::from_u64(number), Some(Key::from(key)));
            let node = NodeView { id, key, kind: kind.into(), version: 1, components: Vec::new() };
            scene.apply(GraphId::from_u64(1), 1, &GraphMutation::NodeAdded { node });
        }
        let found = |text| search(&scene, text);
        assert_eq!(found("Київ"), [0, 1]);
        assert_eq!(found("dish:Київ"), [1]);
        assert_eq!(found("Ки"), [0, 1, 2]);
        assert_eq!(found("a:b"), [3, 4], "both are called so");
        assert_eq!(found("dish:Ки"), [] as [u32; 0]);
        assert_eq!(found(&NodeId::from_u64(5).to_string()), [4]);
    }
}
