//! Names beside nodes: as many as there is room for, one a cell of a grid on the screen.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use bevy::math::{IVec2, Vec2, Vec3};
use bevy::prelude::{Camera, FontSize, Projection, Text2d, TextColor, TextFont, Transform, Visibility};

use crate::render::GraphCamera;
use crate::scene::GraphScene;

use super::eye::Eye;
use super::letters::Letters;

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

/// Puts names beside the nodes that have room for one, where the camera is flat.
pub(super) fn label(
    mut commands: Commands,
    scene: Res<GraphScene>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut letters: Letters<'_>,
    mut labelled: Local<Option<(Eye, (u64, f32))>>,
    mut labels: Query<(&mut Text2d, &mut Transform, &mut Visibility), (With<Label>, Without<GraphCamera>)>,
) {
    let (camera, transform, projection) = *camera;
    let Projection::Orthographic(flat) = projection else {
        labels.iter_mut().for_each(|(_, _, mut visibility)| {
            visibility.set_if_neq(Visibility::Hidden);
        });
        *labelled = None;
        return;
    };
    let Some(eye) = Eye::of(camera, transform, projection) else { return };
    let seen = Some((eye, scene.revision()));
    if *labelled == seen {
        return;
    }
    let named = named_nodes(&scene, &eye, flat.scale);
    // Labels that are new get their names in the next frame.
    *labelled = seen.filter(|_| labels.iter().len() >= named.len());
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
        let at = scene.world_place(node) + Vec3::new(0.0, radius + FONT_PX * flat.scale, 1.0);
        transform.set_if_neq(Transform::from_translation(at).with_scale(Vec3::splat(flat.scale)));
        let name = letters.readable(name_of(&scene, node));
        if text.0 != name {
            text.0 = name;
        }
    }
}

/// Returns the nodes that have a name: of those in a cell, the first.
fn named_nodes(scene: &GraphScene, eye: &Eye, scale: f32) -> Vec<u32> {
    if scene.radius_max() < RADIUS_MIN_PX * scale {
        return Vec::new();
    }
    let mut cells: BTreeMap<[i32; 2], u32> = BTreeMap::new();
    for (node, place) in (0..).zip(scene.places()) {
        if place[3] < RADIUS_MIN_PX * scale || !scene.is_shown(node) {
            continue;
        }
        let at = scene.world_place(node);
        if eye.sees(at) {
            // Cells stay with the world while the view is moved.
            let cell: IVec2 = (at.truncate() / scale / CELL_PX).floor().as_ivec2();
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
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use bevy::prelude::OrthographicProjection;
    use cidgraph::{Component, GraphId, GraphMutation, Key, NodeId, NodeView, Properties, Value};

    use super::*;

    #[test]
    fn there_is_one_name_a_cell_and_none_for_small_nodes() {
        let mut scene = GraphScene::default();
        for (number, (key, x)) in (1..).zip([("a", 10.0), ("b", 20.0), ("c", 150.0), ("far", 9000.0)]) {
            let component =
                |component_type: &str, properties| Component { component_type: component_type.into(), properties };
            let spatial = Properties::from([("x", Value::Float(x)), ("y", Value::Float(10.0))]);
            let visual = Properties::from([("size", Value::Float(6.0))]);
            let components = vec![component("Spatial", spatial), component("Visual", visual)];
            let (id, key) = (NodeId::from_u64(number), Some(Key::from(key)));
            let node = NodeView { id, key, kind: "thing".into(), version: 1, components };
            scene.apply(GraphId::from_u64(1), 1, &GraphMutation::NodeAdded { node });
        }
        let named = |scale| {
            let flat = OrthographicProjection { scale, ..OrthographicProjection::default_2d() };
            let projection = Projection::Orthographic(flat);
            let eye = Eye::looking(&Transform::IDENTITY, &projection, Vec2::new(800.0, 600.0)).unwrap();
            named_nodes(&scene, &eye, scale).into_iter().map(|node| name_of(&scene, node)).collect::<Vec<_>>()
        };
        assert_eq!(named(1.0), ["a", "c"]);
        assert_eq!(named(2.0), Vec::<String>::new());
    }
}
