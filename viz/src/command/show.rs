//! Sources on the screen, in a picture, or under a script.

use bevy::app::App;
use bevy::ecs::world::World;
use bevy::math::UVec2;
use bevy::prelude::{ClearColor, Color, Projection, Transform};

use crate::app::{Action, Script, ViewerPlugin, window_app};
use crate::framing::{bounds, frame};
use crate::headless::HeadlessView;
use crate::plugin::GraphInbox;
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
    })?;
    follow(&mut view, arguments)?;
    look_at_all(&mut view, arguments.size);
    turn_to_version(&mut view.world().resource_mut(), arguments);
    if let Some(actions) = script {
        view.world().insert_resource(Script::new(actions));
        while !view.is_over() {
            view.frame();
        }
    }
    if let Some(path) = &arguments.screenshot {
        view.picture().write_png(path)?;
    }
    Ok(())
}

fn show_window(arguments: &Arguments, script: Option<Vec<Action>>) -> Result<(), Failure> {
    let mut app = window_app(arguments.size.x, arguments.size.y);
    app.insert_resource(BACKGROUND);
    let (source, inbox) = Source::open(&arguments.place())?;
    app.insert_resource(source).insert_resource(inbox);
    if let Some(actions) = script {
        app.insert_resource(Script::new(actions));
    }
    app.run();
    Ok(())
}

fn read_script(path: &std::path::Path) -> Result<Vec<Action>, Failure> {
    Ok(Action::read_script(&std::fs::read_to_string(path)?)?)
}

/// Shows what the store holds now, and follows it.
fn follow(view: &mut HeadlessView, arguments: &Arguments) -> Result<(), Failure> {
    let (source, inbox) = Source::open(&arguments.place())?;
    let last = source.last_sequence()?;
    view.world().insert_resource(inbox);
    view.world().insert_resource(source);
    let is_behind =
        |world: &World| world.resource::<Source>().position() < last || world.resource::<GraphInbox>().depth() > 0;
    while is_behind(view.world()) {
        if let Some(failure) = view.world().resource::<Source>().failure() {
            return Err(Failure::Usage(failure));
        }
        view.frame();
    }
    view.frame();
    Ok(())
}

/// Frames all that is shown.
fn look_at_all(view: &mut HeadlessView, size: UVec2) {
    let camera = view.camera();
    let world = view.world();
    let Some(bounds) = bounds(world.resource::<GraphScene>()) else { return };
    let mut camera = world.entity_mut(camera);
    let (mut transform, mut projection) = camera
        .get_components_mut::<(&mut Transform, &mut Projection)>()
        .expect("a camera has a place and a projection");
    frame(bounds, size.as_vec2(), &mut transform, &mut projection);
}

/// Shows the version that was asked for, behind the framing: so pictures of several versions fit together.
fn turn_to_version(scene: &mut GraphScene, arguments: &Arguments) {
    for graph in (0..).take(scene.graphs().len()) {
        if let Some(version) = arguments.at {
            scene.show_version(graph, version);
        }
        scene.compare_with(graph, arguments.compare);
    }
}
