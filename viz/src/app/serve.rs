//! Pictures, state and the end.

use std::io::Write;
use std::path::PathBuf;

use bevy::app::AppExit;
use bevy::camera::RenderTarget;
use bevy::ecs::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use cidgraph::GraphReadModel;
use cidgraph::pool::ComponentRegistry;

use crate::headless::Picture;
use crate::plugin::GraphBridge;
use crate::render::GraphCamera;
use crate::scene::{Bits, GraphScene, NodeRecord};

use super::action::Action;
use super::mistake::Mistake;
use super::script::Script;
use super::selection::Selection;
use super::time::shown_version;

/// Takes pictures, prints what is shown, and ends.
pub(super) fn serve(
    mut commands: Commands,
    mut actions: MessageReader<Action>,
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    bridge: Option<Res<GraphBridge>>,
    camera: Single<&RenderTarget, With<GraphCamera>>,
    mut recording: Local<Option<Recording>>,
    script: Option<Res<Script>>,
    mut mistakes: MessageWriter<Mistake>,
    mut exit: MessageWriter<AppExit>,
) {
    if let Some(recorded) = recording.take_if(|recorded| recorded.next >= recorded.count) {
        bevy::log::info!("{} pictures in {}", recorded.count, recorded.folder.display());
    }
    if let Some(recorded) = &mut *recording {
        let path = recorded.folder.join(format!("{:05}.png", recorded.next));
        recorded.next += 1;
        commands.spawn(Screenshot(camera.clone())).observe(write_to(path));
    }
    for action in actions.read() {
        if let Action::Screenshot(path) = action {
            commands.spawn(Screenshot(camera.clone())).observe(write_to(path.clone()));
        }
        if let Action::Record(count, folder) = action {
            if let Err(error) = std::fs::create_dir_all(folder) {
                mistakes.write(Mistake(format!("{}: {error}", folder.display())));
            } else {
                *recording = Some(Recording { folder: folder.clone(), next: 0, count: *count });
            }
        }
        if *action == Action::State {
            let text = describe(&scene, &selection, bridge.as_deref());
            if let Err(error) = writeln!(std::io::stdout().lock(), "{text}") {
                mistakes.write(Mistake(format!("standard output: {error}")));
            }
        }
        if *action == Action::Quit {
            let is_done = script.as_ref().is_none_or(|script| script.mistakes() == 0);
            exit.write(if is_done { AppExit::Success } else { AppExit::error() });
        }
    }
}

/// Pictures that are still to be written.
#[derive(Debug)]
pub(super) struct Recording {
    folder: PathBuf,
    next: u32,
    count: u32,
}

/// Returns what writes a picture once it was taken.
fn write_to(path: PathBuf) -> impl FnMut(On<'_, '_, ScreenshotCaptured>, MessageWriter<Mistake>) {
    move |captured, mut mistakes| {
        let written = Picture::of_image(&captured.image).map(|picture| picture.write_png(&path));
        let mistake = match written {
            Some(Ok(())) => return,
            Some(Err(error)) => error.to_string(),
            None => format!("{}: the picture has other than four bytes a pixel", path.display()),
        };
        mistakes.write(Mistake(mistake));
    }
}

/// Returns what is shown, in one line a graph and one of what is selected.
fn describe(scene: &GraphScene, selection: &Selection, bridge: Option<&GraphBridge>) -> String {
    let mut text = String::new();
    for (graph, at) in (0..).zip(scene.graphs()) {
        let version = shown_version(scene, graph);
        let shown = scene.groups()[usize::from(graph)].version;
        let is_of = |bits| Bits(bits).group() == u32::from(graph);
        let nodes = scene.nodes().iter().filter(|node| is_of(node.bits) && node.lives_at(shown)).count();
        let edges = scene.edges().iter().filter(|edge| is_of(edge.bits) && edge.lives_at(shown)).count();
        text.push_str(&format!("graph {} version {version} of {} nodes {nodes} edges {edges}", at.name, at.version));
        let known = bridge.and_then(|bridge| bridge.view(at.id)).filter(|view| view.version() == version);
        if let Some(view) = known {
            let hash = GraphReadModel::new(view, ComponentRegistry::default()).state_hash();
            let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push_str(&format!(" state {digits}"));
        }
        text.push('\n');
    }
    let is_hidden = |node: &&NodeRecord| {
        let shown = scene.groups()[Bits(node.bits).group() as usize].version;
        node.lives_at(shown) && node.bits & Bits::HIDDEN != 0
    };
    let hidden = scene.nodes().iter().filter(is_hidden).count();
    text.push_str(&format!("selected {} hidden {hidden}", selection.nodes().len()));
    text
}
