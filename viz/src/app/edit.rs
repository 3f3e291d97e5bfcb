//! Changes of what is seen, written to the store that it comes from: the picture follows once the store has them.

use bevy::ecs::prelude::*;
use bevy::math::Mat4;
use bevy::prelude::{Camera, Projection, Transform};

use crate::plugin::{CommandAnswered, GraphBridge};
use crate::render::GraphCamera;
use crate::scene::{Bits, GraphScene};
use crate::source::Source;

use super::action::Action;
use super::eye::Eye;
use super::mistake::Mistake;
use super::picking::node_at;

/// Moves nodes and takes that back.
pub(super) fn edit(
    mut actions: MessageReader<Action>,
    mut answers: MessageReader<CommandAnswered>,
    mut scene: ResMut<GraphScene>,
    source: Option<ResMut<Source>>,
    bridge: Option<Res<GraphBridge>>,
    camera: Single<(&Camera, &Transform, &Projection), With<GraphCamera>>,
    mut mistakes: MessageWriter<Mistake>,
) {
    let (Some(mut source), Some(bridge)) = (source, bridge) else { return };
    let (camera, transform, projection) = *camera;
    for action in actions.read() {
        if let (Action::Drag(from, to), Some(eye)) = (action, Eye::of(camera, transform, projection)) {
            let Some(node) = node_at(&scene, &eye, *from) else {
                mistakes.write(Mistake(format!("no node is shown at {from}")));
                continue;
            };
            let group = scene.groups()[Bits(scene.nodes()[node as usize].bits).group() as usize];
            if u64::from(group.version) < scene.graph_of(node).version {
                mistakes.write(Mistake("the past cannot be changed: go back to the last version".to_owned()));
                continue;
            }
            let group_from_world = Mat4::from_cols_array_2d(&group.world_from_group).inverse();
            let target = group_from_world.transform_point3(eye.beside(*to, scene.world_place(node))).to_array();
            let own = scene.own_place(node);
            let before = own.unwrap_or([0.0; 3]);
            let by = std::array::from_fn(|axis| f64::from(target[axis]) - f64::from(before[axis]));
            match source.move_node(&bridge, scene.graph_of(node).id, scene.name(node).id, by, own.is_some()) {
                Ok(()) => scene.put(node, target),
                Err(why) => drop(mistakes.write(Mistake(why))),
            }
        }
        if *action == Action::Undo
            && let Err(why) = source.undo(&bridge)
        {
            mistakes.write(Mistake(why));
        }
    }
    for answer in answers.read() {
        source.note_answer(answer.command, answer.outcome.is_err());
        if let Err(why) = &answer.outcome {
            scene.stand_as_known(answer.graph);
            mistakes.write(Mistake(why.clone()));
        }
    }
}
