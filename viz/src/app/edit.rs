//! Changes of what is seen, written to the store that it comes from: the picture follows once the store has them.

use bevy::ecs::prelude::*;
use bevy::math::Mat4;
use bevy::prelude::{Camera, Projection, Transform};

use crate::render::GraphCamera;
use crate::scene::{Bits, GraphScene};
use crate::source::Source;

use super::action::Action;
use super::eye::Eye;
use super::picking::node_at;
use super::selection::Selection;

/// Moves nodes and takes that back.
pub(super) fn edit(
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    source: Option<ResMut<Source>>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
) {
    let Some(mut source) = source else { return };
    let (camera, transform, projection) = *camera;
    for action in actions.read() {
        if let (Action::Drag(from, to), Some(eye)) = (action, Eye::of(camera, transform, projection))
            && let Some(node) = node_at(&scene, eye.world(*from), eye.unit_px())
        {
            let group = scene.groups()[Bits(scene.nodes()[node as usize].bits).group() as usize];
            let group_from_world = Mat4::from_cols_array_2d(&group.world_from_group).inverse();
            let height = scene.world_place(node).z;
            let target = group_from_world.transform_point3(eye.world(*to).extend(height)).to_array();
            let own = scene.own_place(node);
            let before = own.unwrap_or([0.0; 3]);
            let by = std::array::from_fn(|axis| f64::from(target[axis]) - f64::from(before[axis]));
            source.move_node(scene.graph_of(node).id, scene.name(node).id, by, own.is_some());
        }
        if *action == Action::Undo {
            source.undo();
        }
    }
}

/// Asks for the components of the node that is selected alone.
pub(super) fn ask(
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    source: Option<Res<Source>>,
    mut asked: Local<Option<(u32, u64)>>,
) {
    let (Some(source), [node]) = (source, selection.nodes()) else { return };
    let graph = scene.graph_of(*node);
    if *asked != Some((*node, graph.version)) {
        *asked = Some((*node, graph.version));
        source.ask(graph.id, scene.name(*node).id);
    }
}
