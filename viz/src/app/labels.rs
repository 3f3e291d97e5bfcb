//! Names beside nodes: as many as there is room for, one a cell of a grid on the screen.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use bevy::math::{IVec2, Rect, Vec2, Vec3};
use bevy::prelude::{Camera, FontSize, Projection, Text2d, TextColor, TextFont, Transform, Visibility};

use crate::render::GraphCamera;
use crate::scene::GraphScene;

use super::eye::Eye;

/// The size of a cell, pixels.
const CELL_PX: Vec2 = Vec2::new(140.0, 36.0);

/// The radius of a node from which on it has a name, pixels.
const RADIUS_MIN_PX: f32 = 5.0;

/// The size of a name, pixels.
const FONT_PX: f32 = 12.0;

/// A name that stands beside a node, or waits for one.
#[derive(Component, Debug, Clone, Copy, Default)]
#[require(Text2d)]
pub(super) struct Label;

/// Puts names beside the nodes that have room for one.
pub(super) fn label(
    mut commands: Commands,
    scene: Res<GraphScene>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut labels: Query<(&mut Text2d, &mut Transform, &mut Visibility), (With<Label>, Without<GraphCamera>)>,
) {
    let (camera, transform, projection) = *camera;
    let Some(eye) = Eye::of(camera, transform, projection) else { return };
    let named = named_nodes(&scene, &eye);
    for _ in labels.iter().len()..named.len() {
        let font = TextFont { font_size: FontSize::Px(FONT_PX), ..TextFont::default() };
        commands.spawn((Label, font, TextColor::WHITE));
    }
    let mut named = named.into_iter();
    for (mut text, mut transform, mut visibility) in &mut labels {
        let Some(node) = named.next() else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        visibility.set_if_neq(Visibility::Inherited);
        let radius = scene.places()[node as usize][3];
        let at = scene.world_place(node) + Vec3::new(0.0, radius + FONT_PX * eye.scale, 1.0);
        transform.set_if_neq(Transform::from_translation(at).with_scale(Vec3::splat(eye.scale)));
        let name = name_of(&scene, node);
        if text.0 != name {
            text.0 = name;
        }
    }
}

/// Returns the nodes that have a name: of those in a cell, the first.
fn named_nodes(scene: &GraphScene, eye: &Eye) -> Vec<u32> {
    if scene.radius_max() * eye.unit_px() < RADIUS_MIN_PX {
        return Vec::new();
    }
    let view = eye.world_rect(Rect::from_corners(Vec2::ZERO, eye.size));
    let mut cells: BTreeMap<[i32; 2], u32> = BTreeMap::new();
    for (node, place) in (0..).zip(scene.places()) {
        if place[3] * eye.unit_px() < RADIUS_MIN_PX || !scene.is_shown(node) {
            continue;
        }
        let at = scene.world_place(node).truncate();
        if view.contains(at) {
            // Cells stay with the world while the view is moved.
            let cell: IVec2 = (at * eye.unit_px() / CELL_PX).floor().as_ivec2();
            cells.entry(cell.to_array()).or_insert(node);
        }
    }
    cells.into_values().collect()
}

/// Returns a node's key, or the end of its id.
fn name_of(scene: &GraphScene, node: u32) -> String {
    let name = scene.name(node);
    name.key.as_ref().map_or_else(
        || {
            let id = name.id.to_string();
            id[id.len() - 8..].to_owned()
        },
        ToString::to_string,
    )
}

#[cfg(test)]
mod tests {
    use cidgraph::{GraphEvent, GraphId, NodeEntity, Value};

    use super::*;

    #[test]
    fn there_is_one_name_a_cell_and_none_for_small_nodes() {
        let mut scene = GraphScene::default();
        let graph = GraphId::from_u64(1);
        for (version, (key, x)) in (1..).zip([("a", 10.0), ("b", 20.0), ("c", 150.0), ("far", 9000.0)]) {
            let spatial = [("x", Value::Float(x)), ("y", Value::Float(10.0))];
            let node = NodeEntity::keyed(graph, "thing", key)
                .with("Spatial", spatial)
                .with("Visual", [("size", Value::Float(6.0))]);
            scene.apply(graph, version, &GraphEvent::NodeAdded { node });
        }
        let eye = Eye { center: Vec2::ZERO, scale: 1.0, size: Vec2::new(800.0, 600.0) };
        let names: Vec<String> = named_nodes(&scene, &eye).into_iter().map(|node| name_of(&scene, node)).collect();
        assert_eq!(names, ["a", "c"]);
        assert_eq!(named_nodes(&scene, &Eye { scale: 2.0, ..eye }), Vec::<u32>::new());
    }
}
