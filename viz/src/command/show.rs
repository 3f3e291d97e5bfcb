//! Sources on the screen, in a picture, or under a script.

use std::path::Path;

use bevy::app::App;
use bevy::ecs::world::World;
use bevy::math::UVec2;
use bevy::prelude::{ClearColor, Color, Projection, Transform};
use cidgraph_cli::failure::Failure as StoreFailure;

use crate::app::{Beginning, BoardPlugin, Layouts, Script, ViewerPlugin, window_app};
use crate::framing::{Framed, Insets};
use crate::headless::HeadlessView;
use crate::plugin::GraphBridge;
use crate::scene::GraphScene;
use crate::source::Source;

use super::arguments::Arguments;
use super::failure::Failure;

/// What is behind the graph.
const BACKGROUND: ClearColor = ClearColor(Color::srgb(0.055, 0.065, 0.08));

pub(super) fn show(arguments: &Arguments) -> Result<(), Failure> {
    let script = arguments.script.as_deref().map(read_script).transpose()?;
    if arguments.screenshot.is_none() && (script.is_none() || arguments.window) {
        return show_window(arguments, script);
    }
    let mut view = HeadlessView::open_with(arguments.adapter, arguments.size, |app: &mut App| {
        app.add_plugins(ViewerPlugin).insert_resource(BACKGROUND);
        if arguments.overlay {
            app.add_plugins(BoardPlugin { has_times: false });
        }
    })?;
    open(view.world(), arguments)?;
    catch_up(&mut view, arguments.stretch().is_some())?;
    look_at_all(&mut view, arguments.size);
    turn_to_version(view.world(), arguments)?;
    let mut mistakes = 0;
    if let Some(script) = script {
        view.world().insert_resource(script);
        while !view.is_over() {
            view.frame();
        }
        mistakes = view.world().resource::<Script>().mistakes();
    }
    if let Some(path) = &arguments.screenshot {
        view.picture().write_png(path)?;
    }
    if mistakes > 0 { Err(Failure::NotDone) } else { Ok(()) }
}

fn show_window(arguments: &Arguments, script: Option<Script>) -> Result<(), Failure> {
    let displays = ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"];
    if cfg!(target_os = "linux") && displays.iter().all(|name| std::env::var_os(name).is_none()) {
        let reason = "there is no display to open a window on: --screenshot and --script need none";
        return Err(StoreFailure::usage(reason).into());
    }
    let mut app = window_app(arguments.size.x, arguments.size.y);
    app.insert_resource(BACKGROUND);
    open(app.world_mut(), arguments)?;
    app.insert_resource(Beginning { at: arguments.at, compare: arguments.compare });
    if let Some(script) = script {
        app.insert_resource(script);
    }
    if app.run().is_error() { Err(Failure::NotDone) } else { Ok(()) }
}

fn read_script(path: &Path) -> Result<Script, Failure> {
    let script =
        std::fs::read_to_string(path).map_err(|source| Failure::File { file: path.display().to_string(), source })?;
    Ok(Script::read(&script)?)
}

/// Opens what is shown, and follows it.
fn open(world: &mut World, arguments: &Arguments) -> Result<(), Failure> {
    let mut scene = world.resource_mut::<GraphScene>();
    let (source, bridge) =
        Source::open(&arguments.place(), arguments.graph.as_deref(), arguments.stretch(), &mut scene)?;
    world.insert_resource(source);
    world.insert_resource(bridge);
    if arguments.is_laid_out() {
        world.insert_resource(Layouts::automatic());
    }
    Ok(())
}

/// Makes frames until everything is shown that the store held when it was opened, and laid out.
fn catch_up(view: &mut HeadlessView, is_stretch: bool) -> Result<(), Failure> {
    let is_behind = |world: &World| world.resource::<Source>().is_behind(world.resource::<GraphBridge>());
    loop {
        if let Some((graph, why)) = view.world().resource::<GraphBridge>().failures().first_key_value() {
            let reason = format!("graph {graph}: {why}");
            // There may be no such stretch; whatever was followed from the first event on is damaged.
            let failure = if is_stretch { StoreFailure::usage(reason) } else { StoreFailure::Damaged { reason } };
            return Err(failure.into());
        }
        if !is_behind(view.world()) {
            break;
        }
        view.frame();
    }
    view.frame();
    let is_at_rest = |world: &World| world.resource::<Layouts>().is_at_rest(world.resource::<GraphScene>());
    while !is_at_rest(view.world()) {
        view.frame();
    }
    Ok(())
}

/// Frames all that is shown.
fn look_at_all(view: &mut HeadlessView, size: UVec2) {
    let camera = view.camera();
    let world = view.world();
    let Some(all) = Framed::all(world.resource::<GraphScene>()) else { return };
    let insets = *world.resource::<Insets>();
    let mut camera = world.entity_mut(camera);
    let (mut transform, mut projection) = camera
        .get_components_mut::<(&mut Transform, &mut Projection)>()
        .expect("a camera has a place and a projection");
    all.fill(size.as_vec2(), insets, &mut transform, &mut projection);
}

/// Shows the version that was asked for, behind the framing: so pictures of several versions fit together.
///
/// # Errors
/// Where a snapshot is shown, which has no other version, or no graph has come to it.
fn turn_to_version(world: &mut World, arguments: &Arguments) -> Result<(), Failure> {
    let is_still = world.resource::<Source>().is_still();
    let mut scene = world.resource_mut::<GraphScene>();
    let asked = [arguments.at, arguments.compare].into_iter().flatten().min();
    let has_all = |version: u64| scene.graphs().iter().all(|graph| version >= graph.version);
    if is_still && asked.is_some_and(|version| !has_all(version)) {
        return Err(StoreFailure::usage("a snapshot has one version").into());
    }
    let last = scene.last_version();
    if let Some(version) = [arguments.at, arguments.compare].into_iter().flatten().find(|version| *version > last) {
        return Err(StoreFailure::usage(format!("no version {version}: the last one is {last}")).into());
    }
    for graph in (0..).take(scene.graphs().len()) {
        if let Some(version) = arguments.at {
            scene.show_version(graph, version);
        }
        scene.compare_with(graph, arguments.compare);
    }
    Ok(())
}
