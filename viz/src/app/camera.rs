//! The actions that move the camera.

use bevy::ecs::prelude::*;
use bevy::prelude::{Camera, Projection, Transform};

use crate::framing::{bounds, bounds_of, frame};
use crate::render::GraphCamera;
use crate::scene::GraphScene;

use super::action::Action;
use super::eye::Eye;
use super::selection::Selection;

/// The factor between a unit of space and a pixel, at its ends.
const SCALE_MIN: f32 = 1e-4;
const SCALE_MAX: f32 = 1e6;

/// What is shown around what was found, units of space.
const FOUND_MARGIN: f32 = 10.0;

/// Moves the camera.
pub(super) fn move_camera(
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    camera: Single<(&Camera, &mut Transform, &mut Projection), With<GraphCamera>>,
) {
    let (camera, mut transform, mut projection) = camera.into_inner();
    for action in actions.read() {
        let Some(eye) = Eye::of(camera, &transform, &projection) else { return };
        if let Action::Pan(by) = action {
            transform.translation -= (*by * Vec2::new(1.0, -1.0) * eye.scale).extend(0.0);
        }
        if let Action::Zoom(factor, pixel) = action {
            let scale = (eye.scale / factor).clamp(SCALE_MIN, SCALE_MAX);
            let kept = eye.world(*pixel);
            let center = kept + (eye.center - kept) * (scale / eye.scale);
            transform.translation = center.extend(transform.translation.z);
            if let Projection::Orthographic(flat) = &mut *projection {
                flat.scale = scale;
            }
        }
        if *action == Action::Fit
            && let Some(all) = bounds(&scene)
        {
            frame(all, eye.size, &mut transform, &mut projection);
        }
        if matches!(action, Action::Search(_))
            && let Some(found) = bounds_of(&scene, selection.nodes().iter().copied())
        {
            frame(found.inflate(FOUND_MARGIN), eye.size, &mut transform, &mut projection);
        }
    }
}
