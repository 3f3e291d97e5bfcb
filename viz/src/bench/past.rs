//! A scene with a long past: its nodes and edges came one by one, and nodes changed all the while.

use cidgraph::{Component, GraphId, GraphMutation, Placement, Properties, Value};

use crate::generate::{generate, node_id};
use crate::scene::{GraphScene, VISUAL, sunflower};

/// Versions of a past for each of its nodes: it comes, its two edges come, and nodes change.
pub(super) const VERSIONS_A_NODE: u64 = 10;

/// Those of them in which nodes change.
const CHANGES_A_NODE: u64 = VERSIONS_A_NODE - 3;

/// Returns a scene of the generated graph, each of whose elements came with a version of its own. With each node seven
/// changes come, a version each, of nodes that are there already: their place, their colour and size.
pub(super) fn long_past(graph: GraphId, nodes: u32) -> GraphScene {
    let mut scene = GraphScene::default();
    let (mut version, mut added) = (0, 0);
    for mutation in generate(nodes).flat_map(|(_, mutations)| mutations) {
        version += 1;
        scene.apply(graph, version, &mutation);
        if matches!(mutation, GraphMutation::NodeAdded { .. }) {
            added += 1;
            for _ in 0..CHANGES_A_NODE {
                version += 1;
                scene.apply(graph, version, &change(version, added));
            }
        }
    }
    scene
}

/// Returns the change of a version, of one of the first `nodes` nodes.
fn change(version: u64, nodes: u32) -> GraphMutation {
    let bits = version.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let [one, two, _, _, low, middle, high, highest] = bits.to_le_bytes();
    let ordinal = u32::from_le_bytes([low, middle, high, highest]) % nodes;
    let node = node_id(ordinal);
    if version.is_multiple_of(2) {
        let [x, y] = sunflower(ordinal);
        let near = |coordinate: f32, byte: u8| Value::Float(f64::from(coordinate) + f64::from(byte) / 512.0);
        let properties = Properties::from([("x", near(x, one)), ("y", near(y, two))]);
        return GraphMutation::NodeTransformed { node, placement: Placement::of(&properties), properties };
    }
    let color = Value::text(format!("#{one:02x}{two:02x}{low:02x}"));
    let size = Value::Float(0.25 + f64::from(two) / 1024.0);
    let properties = Properties::from([("color", color), ("size", size)]);
    GraphMutation::ComponentSet { node, component: Component { component_type: VISUAL.into(), properties } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_ten_versions_a_node_and_nodes_were_otherwise() {
        let mut scene = long_past(GraphId::from_u64(1), 2000);
        assert_eq!(scene.graphs()[0].version, 1 + VERSIONS_A_NODE * 2000);
        assert_eq!((scene.nodes().len(), scene.edges().len()), (2000, 4000));
        let places = |scene: &GraphScene| (0..2000).map(|node| scene.place_now(node)).collect::<Vec<_>>();
        let now = places(&scene);
        scene.show_version(0, 10_000);
        let then = places(&scene);
        assert!(scene.looks_back() && now.iter().zip(&then).filter(|(now, then)| now != then).count() > 500);
        scene.show_live(0);
        assert_eq!(places(&scene), now);
    }
}
