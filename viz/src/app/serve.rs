//! Pictures, state and the end.

use std::io::Write;

use bevy::app::AppExit;
use bevy::camera::RenderTarget;
use bevy::ecs::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};

use crate::headless::Picture;
use crate::render::GraphCamera;
use crate::scene::GraphScene;

use super::action::Action;
use super::selection::Selection;
use super::time::shown_version;

/// Takes pictures, prints what is shown, and ends.
pub(super) fn serve(
    mut commands: Commands,
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    camera: Single<&RenderTarget, With<GraphCamera>>,
    mut exit: MessageWriter<AppExit>,
) {
    for action in actions.read() {
        if let Action::Screenshot(path) = action {
            let path = path.clone();
            commands.spawn(Screenshot(camera.clone())).observe(move |captured: On<ScreenshotCaptured>| {
                let written = Picture::of_image(&captured.image).map(|picture| picture.write_png(&path));
                match written {
                    Some(Ok(())) => {}
                    Some(Err(error)) => bevy::log::error!("{error}"),
                    None => bevy::log::error!("{}: the picture has other than four bytes a pixel", path.display()),
                }
            });
        }
        if *action == Action::State {
            let text = describe(&scene, &selection);
            if let Err(error) = writeln!(std::io::stdout().lock(), "{text}") {
                bevy::log::error!("{error}");
            }
        }
        if *action == Action::Quit {
            exit.write(AppExit::Success);
        }
    }
}

/// Returns what is shown, in one line a graph and one of what is selected.
pub(super) fn describe(scene: &GraphScene, selection: &Selection) -> String {
    let mut text = String::new();
    for (graph, at) in (0..).zip(scene.graphs()) {
        let version = shown_version(scene, graph);
        let shown = scene.groups()[usize::from(graph)].version;
        let is_of = |bits| crate::scene::Bits(bits).group() == u32::from(graph);
        let nodes = scene.nodes().iter().filter(|node| is_of(node.bits) && node.lives_at(shown)).count();
        let edges = scene.edges().iter().filter(|edge| is_of(edge.bits) && edge.lives_at(shown)).count();
        text.push_str(&format!("graph {} version {version} of {} nodes {nodes} edges {edges}\n", at.name, at.version));
    }
    text.push_str(&format!("selected {}", selection.nodes().len()));
    text
}
