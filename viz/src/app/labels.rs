//! Names beside nodes: as many as there is room for, one a cell of a grid on the screen.

use std::collections::BTreeMap;

use bevy::ecs::prelude::*;
use bevy::math::{IVec2, Vec2, Vec3};
use bevy::prelude::{Camera, FontSize, Projection, Text2d, TextColor, TextFont, Transform, Visibility};

use crate::render::{Detail, GraphCamera};
use crate::scene::{Bits, GraphScene};

use super::card::shorten;
use super::eye::Eye;
use super::letters::Letters;

/// The size of a cell, pixels.
const CELL_PX: Vec2 = Vec2::new(140.0, 36.0);

/// The radius of a node from which on it has a name, pixels.
const RADIUS_MIN_PX: f32 = 5.0;

/// In perspective, the most nodes that have names without being selected: each is looked at in every frame of a turn.
const DEEP_NODES_MAX: usize = 131_072;

/// The size of a name, pixels.
const FONT_PX: f32 = 12.0;

/// The height of a name above its node, pixels.
pub(super) const NAME_PX: f32 = FONT_PX * 1.5;

/// A name that stands beside a node, or waits for one.
#[derive(Component, Debug, Clone, Copy, Default)]
#[require(Text2d)]
pub(super) struct Label;

/// Puts names beside the nodes that have room for one.
pub(super) fn label(
    mut commands: Commands,
    scene: Res<GraphScene>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    detail: Res<Detail>,
    mut letters: Letters<'_>,
    mut labelled: Local<Option<(Eye, (u64, f32))>>,
    mut labels: Query<(&mut Text2d, &mut Transform, &mut Visibility), (With<Label>, Without<GraphCamera>)>,
) {
    let (camera, transform, projection) = *camera;
    let Some(eye) = Eye::of(camera, transform, projection) else { return };
    let seen = Some((eye, scene.revision()));
    if *labelled == seen {
        return;
    }
    let named = named_nodes(&scene, &eye);
    // Labels that are new get their names in the next frame.
    *labelled = seen.filter(|_| labels.iter().len() >= named.len());
    for _ in labels.iter().len()..named.len() {
        let font = TextFont { font_size: FontSize::Px(FONT_PX), ..TextFont::default() };
        commands.spawn((Label, font, TextColor::WHITE));
    }
    let mut named = named.into_iter();
    let rotation = transform.rotation;
    for (mut text, mut transform, mut visibility) in &mut labels {
        let Some(Named { node, place, radius_px, unit_px }) = named.next() else {
            visibility.set_if_neq(Visibility::Hidden);
            continue;
        };
        visibility.set_if_neq(Visibility::Inherited);
        let above_px = radius_px.min(detail.radius_max_px) + FONT_PX;
        // Upright to the viewer, and nearer than a node at the same place.
        let aside = rotation * Vec3::new(0.0, above_px, 1.0) / unit_px;
        let at = Transform::from_translation(place + aside);
        transform.set_if_neq(at.with_rotation(rotation).with_scale(Vec3::splat(1.0 / unit_px)));
        let name = letters.readable(name_of(&scene, node));
        if text.0 != name {
            text.0 = name;
        }
    }
}

/// A node that has a name.
#[derive(Debug, Clone, Copy)]
struct Named {
    node: u32,
    /// Where it is, in the world.
    place: Vec3,
    radius_px: f32,
    /// How many pixels a unit of the world is long there.
    unit_px: f32,
}

/// Returns the nodes that have a name: of those in a cell, a selected one, else the nearest, else the first. The selected
/// ones have names however small they are.
fn named_nodes(scene: &GraphScene, eye: &Eye) -> Vec<Named> {
    let is_selected = |node: u32| scene.nodes()[node as usize].bits & Bits::SELECTED != 0;
    let mut cells: BTreeMap<[i32; 2], Named> = BTreeMap::new();
    let is_too_small = match eye.pixel(Vec3::ZERO).filter(|_| eye.is_flat) {
        Some((_, unit_px)) => scene.radius_max() * unit_px < RADIUS_MIN_PX,
        None => scene.nodes().len() > DEEP_NODES_MAX,
    };
    let nodes: Box<dyn Iterator<Item = u32>> =
        if is_too_small { Box::new(scene.raised()) } else { Box::new((0..).take(scene.nodes().len())) };
    for node in nodes.filter(|node| scene.is_drawn(*node)) {
        let (place, radius) = scene.world_disc(node);
        let Some((pixel, unit_px)) = eye.pixel(place).filter(|(pixel, _)| eye.has(*pixel)) else { continue };
        let radius_px = radius * unit_px;
        if radius_px < RADIUS_MIN_PX && !is_selected(node) {
            continue;
        }
        // Where nothing turns, cells stay with the world while the view is moved.
        let across = if eye.is_flat { place.truncate() * unit_px } else { pixel };
        let cell: IVec2 = (across / CELL_PX).floor().as_ivec2();
        let new = Named { node, place, radius_px, unit_px };
        let first = cells.entry(cell.to_array()).or_insert(new);
        if (is_selected(node), unit_px) > (is_selected(first.node), first.unit_px) {
            *first = new;
        }
    }
    cells.into_values().collect()
}

/// The most letters of a name.
const LETTERS_MAX: usize = 40;

/// Returns a node's key in one line, the end of a long one left out, or the end of its id.
fn name_of(scene: &GraphScene, node: u32) -> String {
    let name = scene.name(node);
    name.key.as_ref().map_or_else(
        || {
            let id = name.id.to_string();
            id[id.len() - 8..].to_owned()
        },
        |key| {
            let mut key = key.to_string().replace(char::is_control, " ");
            shorten(&mut key, LETTERS_MAX);
            key
        },
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
        let named = |scene: &GraphScene, scale| {
            let flat = OrthographicProjection { scale, ..OrthographicProjection::default_2d() };
            let projection = Projection::Orthographic(flat);
            let eye = Eye::looking(&Transform::IDENTITY, &projection, Vec2::new(800.0, 600.0)).unwrap();
            named_nodes(scene, &eye).into_iter().map(|named| name_of(scene, named.node)).collect::<Vec<_>>()
        };
        assert_eq!(named(&scene, 1.0), ["a", "c"]);
        assert_eq!(named(&scene, 2.0), Vec::<String>::new());
        scene.mark_node(1, Bits::SELECTED, true);
        assert_eq!(
            [named(&scene, 1.0), named(&scene, 2.0)],
            [vec!["b", "c"], vec!["b"]],
            "what is selected comes first"
        );
    }

    #[test]
    fn a_name_is_one_line_and_not_longer_than_can_be_read() {
        let mut scene = GraphScene::default();
        let (id, key) = (NodeId::from_u64(9), Some(Key::from(format!("two\nlines {}", "long ".repeat(20)))));
        let node = NodeView { id, key, kind: "thing".into(), version: 1, components: Vec::new() };
        scene.apply(GraphId::from_u64(1), 1, &GraphMutation::NodeAdded { node });
        assert_eq!(name_of(&scene, 0), format!("two lines {}...", "long ".repeat(6)));
    }
}
