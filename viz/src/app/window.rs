//! The viewer in a window.

use std::time::Duration;

use bevy::app::{App, Plugin, PluginGroup, Update};
use bevy::ecs::prelude::*;
use bevy::prelude::{Camera, DefaultPlugins, Projection, Transform};
use bevy::window::{Window, WindowPlugin};
use bevy::winit::{UpdateMode, WinitSettings};

use crate::framing::{Framed, Insets};
use crate::plugin::{EventSourcedGraphPlugin, GraphBridge, GraphSystems, Playback, TransactionReplay};
use crate::render::GraphCamera;
use crate::scene::GraphScene;
use crate::source::Source;

use super::action::Action;
use super::apart::Apart;
use super::beginning::{Beginning, begin};
use super::board::BoardPlugin;
use super::hands::{use_keys, use_mouse};
use super::layouts::Layouts;
use super::letters::MachineFonts;
use super::script::{Script, next_action};
use super::viewer::ViewerPlugin;

/// How long a window sleeps at most where events may come.
const FOLLOWING: Duration = Duration::from_millis(100);
/// How long it sleeps at most where nothing can come but from hands.
const RESTING: Duration = Duration::from_secs(5);

/// Keys, buttons and what is written over the picture, for an application with a window.
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowViewerPlugin;

impl Plugin for WindowViewerPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins((ViewerPlugin, BoardPlugin { has_times: true }))
            .add_systems(Update, (use_mouse, use_keys).before(GraphSystems::Receive))
            .add_systems(Update, look_at_all.after(GraphSystems::Apply).before(next_action))
            .add_systems(
                Update,
                begin.run_if(resource_exists::<Beginning>).after(GraphSystems::Apply).before(next_action),
            )
            .add_systems(Update, choose_pace.after(GraphSystems::Apply));
        app.world_mut().resource_mut::<MachineFonts>().look_ahead();
    }
}

/// Makes the application with a window of so many pixels.
pub fn window_app(width: u32, height: u32) -> App {
    let window = Window { title: "Cidgraph".to_owned(), resolution: (width, height).into(), ..Window::default() };
    let windows = WindowPlugin { primary_window: Some(window), ..WindowPlugin::default() };
    let mut app = App::new();
    app.add_plugins(DefaultPlugins.set(windows)).add_plugins((EventSourcedGraphPlugin, WindowViewerPlugin));
    app.world_mut().spawn(GraphCamera);
    app
}

/// Frames what comes until all that the store had is there and laid out, or the viewer looks elsewhere.
fn look_at_all(
    mut was_framed: Local<bool>,
    mut is_there: Local<bool>,
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    insets: Res<Insets>,
    apart: Res<Apart>,
    layouts: Res<Layouts>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    camera: Single<(&Camera, &mut Transform, &mut Projection), With<GraphCamera>>,
) {
    *was_framed |= actions.read().any(Action::frames);
    if *was_framed {
        return;
    }
    let is_behind = source.zip(bridge).is_some_and(|(source, bridge)| source.is_behind(&bridge));
    let was_there = std::mem::replace(&mut *is_there, apart.has_all(&scene) && !is_behind);
    let is_at_rest = *is_there && layouts.is_at_rest(&scene);
    // Nodes are not looked at in each frame of a long layout.
    if was_there && !is_at_rest {
        return;
    }
    let (camera, mut transform, mut projection) = camera.into_inner();
    if let (Some(all), Some(size)) = (Framed::all(&scene), camera.logical_viewport_size()) {
        all.fill(size, *insets, &mut transform, &mut projection);
        *was_framed = is_at_rest;
    }
}

/// Lets the window sleep while nothing happens.
fn choose_pace(
    scene: Res<GraphScene>,
    bridge: Option<Res<GraphBridge>>,
    layouts: Res<Layouts>,
    script: Option<Res<Script>>,
    moving: Query<(), Or<(With<Playback>, With<TransactionReplay>)>>,
    mut actions: MessageReader<Action>,
    mut settings: ResMut<WinitSettings>,
) {
    let is_acting = actions.read().count() > 0;
    let is_busy = is_acting || script.is_some() || !moving.is_empty() || scene.way() < 1.0 || layouts.is_running();
    let mode = match (is_busy || bridge.as_deref().is_some_and(GraphBridge::is_waiting), bridge) {
        (true, _) => UpdateMode::Continuous,
        (false, Some(_)) => UpdateMode::reactive_low_power(FOLLOWING),
        (false, None) => UpdateMode::reactive_low_power(RESTING),
    };
    if settings.focused_mode != mode {
        *settings = WinitSettings { focused_mode: mode, unfocused_mode: mode };
    }
}
