//! Which node is where.

use bevy::math::{Rect, Vec2};

use crate::scene::GraphScene;

use super::eye::Eye;

/// How far from a node one may point, pixels.
const REACH_PX: f32 = 6.0;

/// Returns the node that is drawn at a pixel: of those whose radius reaches it, or that are a few pixels from it, the
/// nearest.
pub fn node_at(scene: &GraphScene, eye: &Eye, at: Vec2) -> Option<u32> {
    let near = (0..).take(scene.nodes().len()).filter(|node| scene.is_drawn(*node)).filter_map(|node| {
        let (place, radius) = scene.world_disc(node);
        let (pixel, unit_px) = eye.pixel(place)?;
        let distance = pixel.distance(at);
        (distance <= (radius * unit_px).max(REACH_PX)).then_some((node, distance))
    });
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(node, _)| node)
}

/// Returns the nodes that are drawn within a rectangle of pixels.
pub fn nodes_within(scene: &GraphScene, eye: &Eye, pixels: Rect) -> Vec<u32> {
    let is_within = |node: &u32| {
        let pixel = eye.pixel(scene.world_place(*node));
        pixel.is_some_and(|(pixel, _)| pixels.contains(pixel)) && scene.is_drawn(*node)
    };
    (0..).take(scene.nodes().len()).filter(is_within).collect()
}

/// Returns the nodes and edges that are shown at most so many edges from some nodes, those included.
pub fn neighbourhood(scene: &GraphScene, nodes: &[u32], steps: u32) -> (Vec<u32>, Vec<u32>) {
    let mut seen: std::collections::BTreeSet<u32> = nodes.iter().copied().collect();
    let mut edges = std::collections::BTreeSet::new();
    let mut border = nodes.to_vec();
    for _ in 0..steps {
        let mut next = Vec::new();
        for node in border {
            for edge in scene.edges_of(node).filter(|edge| is_edge_shown(scene, *edge)) {
                let record = scene.edges()[edge as usize];
                let other = if record.source == node { record.target } else { record.source };
                edges.insert(edge);
                if seen.insert(other) {
                    next.push(other);
                }
            }
        }
        border = next;
    }
    (seen.into_iter().collect(), edges.into_iter().collect())
}

fn is_edge_shown(scene: &GraphScene, edge: u32) -> bool {
    let record = scene.edges()[edge as usize];
    let group = crate::scene::Bits(record.bits).group();
    record.lives_at(scene.groups()[group as usize].version)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use bevy::prelude::{OrthographicProjection, Projection, Transform};
    use cidgraph::{Component, EdgeId, EdgeView, GraphId, GraphMutation, NodeId, NodeView, Properties, Value};

    use super::*;

    /// Nodes 0 to 4 at x = 0, 10, 20, …, each joined to the next.
    fn path() -> GraphScene {
        let mut scene = GraphScene::default();
        let graph = GraphId::from_u64(1);
        let id = |node: u32| NodeId::from_u64(u64::from(node) + 1);
        for number in 0..5 {
            let properties = Properties::from([("x", Value::Int(i64::from(number) * 10)), ("y", Value::Int(0))]);
            let components = vec![Component { component_type: "Spatial".into(), properties }];
            let node = NodeView { id: id(number), key: None, kind: "thing".into(), version: 1, components };
            scene.apply(graph, 1, &GraphMutation::NodeAdded { node });
        }
        for number in 0..4 {
            let edge = EdgeView {
                id: EdgeId::engine_made(2, number),
                kind: "to".into(),
                source: id(number),
                target: id(number + 1),
                properties: Properties::new(),
            };
            scene.apply(graph, 2, &GraphMutation::EdgeConnected { edge });
        }
        scene
    }

    /// The origin at pixel (50, 50), a unit so many pixels long.
    fn eye(unit_px: f32) -> Eye {
        let flat = OrthographicProjection { scale: 1.0 / unit_px, ..OrthographicProjection::default_2d() };
        Eye::looking(&Transform::IDENTITY, &Projection::Orthographic(flat), Vec2::splat(100.0)).unwrap()
    }

    #[test]
    fn the_nearest_node_in_reach_is_picked() {
        let scene = path();
        let at = |unit_px, x: f32, y: f32| node_at(&scene, &eye(unit_px), Vec2::new(50.0 + x, 50.0 + y));
        assert_eq!(at(1.0, 11.0, 0.0), Some(1));
        assert_eq!(at(1.0, 16.0, 0.0), Some(2));
        assert_eq!(at(1.0, 15.0, 9.0), None);
        assert_eq!(at(100.0, 1100.0, 0.0), None, "near on paper, far on the screen");
    }

    #[test]
    fn a_box_holds_what_is_inside() {
        assert_eq!(nodes_within(&path(), &eye(1.0), Rect::new(55.0, 49.0, 75.0, 51.0)), [1, 2]);
    }

    #[test]
    fn neighbours_are_so_many_edges_away() {
        let scene = path();
        assert_eq!(neighbourhood(&scene, &[0], 0), (vec![0], vec![]));
        assert_eq!(neighbourhood(&scene, &[0], 2), (vec![0, 1, 2], vec![0, 1]));
        assert_eq!(neighbourhood(&scene, &[2], 1), (vec![1, 2, 3], vec![1, 2]));
    }

    #[test]
    fn what_is_not_shown_is_not_found() {
        let mut scene = path();
        scene.show_version(0, 0);
        assert_eq!(node_at(&scene, &eye(1.0), Vec2::splat(50.0)), None);
        assert_eq!(nodes_within(&scene, &eye(1.0), Rect::new(0.0, 0.0, 99.0, 99.0)), Vec::<u32>::new());
        scene.compare_with(0, Some(1));
        assert_eq!(node_at(&scene, &eye(1.0), Vec2::splat(50.0)), Some(0), "what is only compared with is drawn");
        assert_eq!(nodes_within(&scene, &eye(1.0), Rect::new(45.0, 45.0, 65.0, 55.0)), [0, 1]);
        scene.compare_with(0, None);
        scene.show_version(0, 1);
        assert_eq!(neighbourhood(&scene, &[0], 3), (vec![0], vec![]), "edges came with version 2");
    }
}
