//! Actions from a file, one a frame.

use std::collections::VecDeque;

use bevy::ecs::prelude::*;

use crate::headless::{FRAMES_TO_A_PICTURE, FRAMES_TO_REST};

use super::action::Action;

/// What is still to be done.
#[derive(Resource, Debug, Default)]
pub struct Script {
    actions: VecDeque<Action>,
    frames: u32,
    /// Whether the picture that is taken next was waited for.
    is_at_rest: bool,
}

impl Script {
    /// Makes a script; it ends with [`Action::Quit`], whether it says so or not.
    pub fn new(actions: impl IntoIterator<Item = Action>) -> Self {
        Self { actions: actions.into_iter().chain([Action::Quit]).collect(), frames: 0, is_at_rest: false }
    }
}

/// Writes the next action.
pub(super) fn next_action(script: Option<ResMut<Script>>, mut actions: MessageWriter<Action>) {
    let Some(mut script) = script else { return };
    if script.frames > 0 {
        script.frames -= 1;
        return;
    }
    let is_picture = matches!(script.actions.front(), Some(Action::Screenshot(_)));
    if is_picture && !script.is_at_rest {
        (script.frames, script.is_at_rest) = (FRAMES_TO_REST, true);
        return;
    }
    script.is_at_rest = false;
    let Some(action) = script.actions.pop_front() else { return };
    if let Action::Frames(frames) = action {
        script.frames = frames;
    }
    if matches!(action, Action::Screenshot(_)) {
        script.frames = FRAMES_TO_A_PICTURE;
    }
    if let Action::Record(frames, _) = action {
        script.frames = frames.saturating_add(FRAMES_TO_A_PICTURE);
    }
    actions.write(action);
}
