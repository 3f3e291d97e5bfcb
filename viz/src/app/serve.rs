//! Pictures, state and the end.

use std::io::Write;
use std::path::PathBuf;

use bevy::app::AppExit;
use bevy::camera::RenderTarget;
use bevy::ecs::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use cidgraph::GraphId;
use cidgraph_cli::command::stats::hex;

use crate::headless::Picture;
use crate::plugin::GraphBridge;
use crate::render::GraphCamera;
use crate::scene::{Bits, GraphScene, NodeRecord};
use crate::source::Source;

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
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
    camera: Single<&RenderTarget, With<GraphCamera>>,
    mut recording: Local<Option<Recording>>,
    mut described: Local<Vec<Described>>,
    script: Option<Res<Script>>,
    mut mistakes: MessageWriter<Mistake>,
    mut exit: MessageWriter<AppExit>,
) {
    if let Some(states) = source.as_ref().and_then(|source| source.take_states()) {
        print(&described, &states, &mut mistakes);
    }
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
            *described = describe(&scene, &selection);
            match &source {
                Some(source) => source.ask_states(bridge.as_deref(), shown_versions(&scene)),
                None => print(&described, &[], &mut mistakes),
            }
        }
        if *action == Action::Quit {
            let is_done = script.as_ref().is_none_or(|script| script.mistakes() == 0);
            exit.write(if is_done { AppExit::Success } else { AppExit::error() });
        }
    }
}

/// A line about a graph, or about all of them.
#[derive(Debug)]
pub(super) struct Described {
    graph: Option<GraphId>,
    text: String,
}

/// Prints what was shown, with the hashes of the states of graphs.
fn print(described: &[Described], states: &[(GraphId, [u8; 32])], mistakes: &mut MessageWriter<'_, Mistake>) {
    let line = |line: &Described| {
        let state = states.iter().find(|(graph, _)| Some(*graph) == line.graph);
        let state = state.map_or_else(String::new, |(_, hash)| format!(" state {}", hex(hash)));
        format!("{}{state}\n", line.text)
    };
    let text: String = described.iter().map(line).collect();
    if let Err(error) = std::io::stdout().lock().write_all(text.as_bytes()) {
        mistakes.write(Mistake(format!("standard output: {error}")));
    }
}

/// Returns the graphs with the versions that are shown.
fn shown_versions(scene: &GraphScene) -> Vec<(GraphId, u64)> {
    (0..).zip(scene.graphs()).map(|(graph, at)| (at.id, shown_version(scene, graph))).collect()
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
fn describe(scene: &GraphScene, selection: &Selection) -> Vec<Described> {
    let mut described = Vec::new();
    for (graph, at) in (0..).zip(scene.graphs()) {
        let version = shown_version(scene, graph);
        let shown = scene.groups()[usize::from(graph)].version;
        let is_of = |bits| Bits(bits).group() == u32::from(graph);
        let nodes = scene.nodes().iter().filter(|node| is_of(node.bits) && node.lives_at(shown)).count();
        let edges = scene.edges().iter().filter(|edge| is_of(edge.bits) && edge.lives_at(shown)).count();
        let text = format!("graph {} version {version} of {} nodes {nodes} edges {edges}", at.name, at.version);
        described.push(Described { graph: Some(at.id), text });
    }
    let is_hidden = |node: &&NodeRecord| {
        let shown = scene.groups()[Bits(node.bits).group() as usize].version;
        node.lives_at(shown) && node.bits & Bits::HIDDEN != 0
    };
    let hidden = scene.nodes().iter().filter(is_hidden).count();
    described.push(Described { graph: None, text: format!("selected {} hidden {hidden}", selection.nodes().len()) });
    described
}
