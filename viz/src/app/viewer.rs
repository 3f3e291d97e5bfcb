//! The viewer as a plugin: actions are done, whoever writes them.

use bevy::app::{App, Plugin, Update};
use bevy::ecs::prelude::*;

use crate::framing::Insets;
use crate::plugin::GraphSystems;
use crate::source::follow_new_graphs;

use super::action::Action;
use super::apart::{Apart, put_apart};
use super::camera::move_camera;
use super::card::{Card, pick_card};
use super::edit::edit;
use super::labels::{NAME_PX, label};
use super::layouts::{Layouts, lay_out};
use super::letters::MachineFonts;
use super::machines::show_machine;
use super::mistake::{LastMistake, Mistake, keep_last, take_from_source};
use super::paint::{Paint, paint};
use super::script::{next_action, note_mistakes};
use super::selection::{Selection, select};
use super::serve::serve;
use super::time::go_in_time;

/// Does what is written as [`Action`]s.
#[derive(Debug, Clone, Copy, Default)]
pub struct ViewerPlugin;

impl Plugin for ViewerPlugin {
    fn build(&self, app: &mut App) {
        app.add_message::<Action>()
            .add_message::<Mistake>()
            .init_resource::<LastMistake>()
            .insert_resource(Insets { top: NAME_PX, bottom: 0.0 })
            .init_resource::<Selection>()
            .init_resource::<Card>()
            .init_resource::<Paint>()
            .init_resource::<Layouts>()
            .init_resource::<Apart>()
            .init_resource::<MachineFonts>()
            .add_systems(Update, follow_new_graphs.before(GraphSystems::Receive))
            .add_systems(
                Update,
                (
                    take_from_source,
                    note_mistakes,
                    next_action,
                    select,
                    move_camera,
                    go_in_time,
                    edit,
                    paint,
                    put_apart,
                    lay_out,
                    pick_card,
                    show_machine,
                    label,
                    serve,
                    keep_last,
                )
                    .chain()
                    .after(GraphSystems::Apply),
            );
    }
}
