//! Which node is where.

use bevy::math::{Rect, Vec2};

use crate::scene::GraphScene;

/// How far from a node one may point, pixels.
const REACH_PX: f32 = 6.0;

/// Returns the node that is shown at a place of the world: of those within its radius, or a few pixels where that is
/// more, the nearest. `unit_px` is the pixels that a unit of the world is long.
pub fn node_at(scene: &GraphScene, at: Vec2, unit_px: f32) -> Option<u32> {
    let reach = REACH_PX / unit_px;
    let near = (0..).take(scene.nodes().len()).filter_map(|node| {
        let distance = scene.world_place(node).truncate().distance(at);
        let radius = scene.places()[node as usize][3].max(reach);
        (distance <= radius && scene.is_shown(node)).then_some((node, distance))
    });
    near.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(node, _)| node)
}

/// Returns the nodes that are shown within a rectangle of the world.
pub fn nodes_within(scene: &GraphScene, bounds: Rect) -> Vec<u32> {
    let is_within = |node: &u32| bounds.contains(scene.world_place(*node).truncate()) && scene.is_shown(*node);
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
mod tests {
    use cidgraph::{EdgeEntity, GraphEvent, GraphId, NodeEntity, NodeId, Value};

    use super::*;

    /// Nodes 0 to 4 at x = 0, 10, 20, …, each joined to the next.
    fn path() -> GraphScene {
        let mut scene = GraphScene::default();
        let graph = GraphId::from_u64(1);
        let id = |node: i64| NodeId::from_u64(node.unsigned_abs() + 1);
        for node in 0..5 {
            let spatial = [("x", Value::Int(node * 10)), ("y", Value::Int(0))];
            let node = NodeEntity::new(id(node), "thing").with("Spatial", spatial);
            scene.apply(graph, 1, &GraphEvent::NodeAdded { node });
        }
        for node in 0..4 {
            scene.apply(graph, 2, &GraphEvent::EdgeConnected { edge: EdgeEntity::new(id(node), "to", id(node + 1)) });
        }
        scene
    }

    #[test]
    fn the_nearest_node_in_reach_is_picked() {
        let scene = path();
        assert_eq!(node_at(&scene, Vec2::new(11.0, 0.0), 1.0), Some(1));
        assert_eq!(node_at(&scene, Vec2::new(16.0, 0.0), 1.0), Some(2));
        assert_eq!(node_at(&scene, Vec2::new(15.0, 9.0), 1.0), None);
        assert_eq!(node_at(&scene, Vec2::new(11.0, 0.0), 100.0), None, "near on paper, far on the screen");
    }

    #[test]
    fn a_box_holds_what_is_inside() {
        assert_eq!(nodes_within(&path(), Rect::new(5.0, -1.0, 25.0, 1.0)), [1, 2]);
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
        assert_eq!(node_at(&scene, Vec2::ZERO, 1.0), None);
        assert_eq!(nodes_within(&scene, Rect::new(-1.0, -1.0, 99.0, 1.0)), Vec::<u32>::new());
        scene.show_version(0, 1);
        assert_eq!(neighbourhood(&scene, &[0], 3), (vec![0], vec![]), "edges came with version 2");
    }
}
