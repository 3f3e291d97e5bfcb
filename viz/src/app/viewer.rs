//! The viewer as a plugin: actions are done, whoever writes them.

use bevy::app::{App, Plugin, Update};
use bevy::ecs::prelude::*;

use crate::plugin::GraphSystems;

use super::action::Action;
use super::camera::move_camera;
use super::edit::{ask, edit};
use super::labels::label;
use super::script::next_action;
use super::selection::{Selection, select};
use super::serve::serve;
use super::time::go_in_time;

/// Does what is written as [`Action`]s.
#[derive(Debug, Clone, Copy, Default)]
pub struct ViewerPlugin;

impl Plugin for ViewerPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<Action>().init_resource::<Selection>().add_systems(
            Update,
            (next_action, select, move_camera, go_in_time, edit, ask, label, serve).chain().after(GraphSystems::Apply),
        );
    }
}
