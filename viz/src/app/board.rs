//! What is written over the picture: figures at the top, the slider at the bottom, keys on demand.

use std::collections::VecDeque;
use std::fmt::Write;

use bevy::ecs::prelude::*;
use bevy::prelude::{BackgroundColor, Color, FontSize, Node, PositionType, Text, TextColor, TextFont, Val, Visibility};
use bevy::time::{Real, Time};

use crate::plugin::GraphInbox;
use crate::render::RenderFacts;
use crate::scene::GraphScene;
use crate::source::Source;

use super::action::Action;
use super::hands::{Hands, SLIDER_PX};
use super::selection::Selection;
use super::time::shown_version;

/// Frames behind the percentiles.
const FRAMES: usize = 240;

/// Seconds between two updates of the figures.
const UPDATE_SECONDS: f32 = 0.25;

const KEYS: &str = "drag: move   wheel: zoom   F: fit   click, shift-click, shift-drag: select   Esc: nothing selected
1 2 3: neighbours   0: none   / text Enter: search   Space: play   ← →: step (shift: 100)   Home End: first, live
C: compare with the version shown   X: end the comparison   F12: picture   Q: quit   ?: these keys";

/// The figures.
#[derive(Component)]
pub(super) struct Figures;

/// The part of the slider up to the version that is shown.
#[derive(Component)]
pub(super) struct Slider;

/// The keys.
#[derive(Component)]
pub(super) struct Keys;

/// Puts everything up.
pub(super) fn put_up(mut commands: Commands) {
    let at = |top, bottom| Node {
        position_type: PositionType::Absolute,
        left: Val::Px(8.0),
        top,
        bottom,
        ..Node::default()
    };
    let font = TextFont { font_size: FontSize::Px(13.0), ..TextFont::default() };
    let color = TextColor(Color::srgb(0.85, 0.88, 0.92));
    commands.spawn((Figures, Text::default(), font.clone(), color, at(Val::Px(6.0), Val::Auto)));
    commands.spawn((
        Keys,
        Text::new(KEYS),
        font,
        color,
        Visibility::Hidden,
        at(Val::Auto, Val::Px(SLIDER_PX + 8.0)),
        BackgroundColor(Color::srgba(0.0, 0.0, 0.0, 0.7)),
    ));
    let bar = |width| Node {
        position_type: PositionType::Absolute,
        left: Val::Px(0.0),
        bottom: Val::Px(0.0),
        height: Val::Px(SLIDER_PX),
        width: Val::Percent(width),
        ..Node::default()
    };
    commands.spawn((bar(100.0), BackgroundColor(Color::srgba(1.0, 1.0, 1.0, 0.08))));
    commands.spawn((Slider, bar(100.0), BackgroundColor(Color::srgba(0.3, 0.6, 1.0, 0.6))));
}

/// Writes the figures, some times a second.
pub(super) fn write_figures(
    time: Res<Time<Real>>,
    scene: Res<GraphScene>,
    facts: Res<RenderFacts>,
    selection: Res<Selection>,
    hands: Res<Hands>,
    inbox: Option<Res<GraphInbox>>,
    source: Option<Res<Source>>,
    mut figures: Single<&mut Text, With<Figures>>,
    mut frames: Local<VecDeque<f32>>,
    mut since: Local<f32>,
) {
    frames.push_back(time.delta_secs() * 1e3);
    if frames.len() > FRAMES {
        frames.pop_front();
    }
    *since += time.delta_secs();
    if *since < UPDATE_SECONDS && !hands.is_changed() {
        return;
    }
    *since = 0.0;
    let mut text = String::new();
    let facts = facts.read();
    let mut sorted: Vec<f32> = frames.iter().copied().collect();
    sorted.sort_by(f32::total_cmp);
    let at = |part: usize| sorted.get(sorted.len() * part / 100).copied().unwrap_or(0.0);
    let thinned = if facts.edge_stride > 1 { format!(" (1 in {})", facts.edge_stride) } else { String::new() };
    let drawn = if facts.is_points { " as points" } else { "" };
    let waiting = inbox.map_or(0, |inbox| inbox.depth());
    drop(writeln!(
        text,
        "frame p50 {:.1} p99 {:.1} ms   nodes {}{drawn}   edges {}{thinned}   waiting {waiting}",
        at(50),
        at(99),
        facts.nodes,
        facts.edges
    ));
    for (graph, at) in (0..).zip(scene.graphs()) {
        drop(writeln!(text, "{}   version {} of {}", at.name, shown_version(&scene, graph), at.version));
    }
    if let [node] = selection.nodes() {
        let name = scene.name(*node);
        let key = name.key.as_ref().map_or_else(|| name.id.to_string(), ToString::to_string);
        drop(writeln!(text, "{} {key}", scene.kind(name.kind)));
    } else if !selection.nodes().is_empty() {
        drop(writeln!(text, "{} nodes selected", selection.nodes().len()));
    }
    if let Some(node) = source.as_ref().and_then(|source| source.node()).filter(|_| selection.nodes().len() == 1) {
        drop(writeln!(text, "last changed by version {}", node.version));
        for component in &node.components {
            drop(writeln!(text, "{} {:?}", component.component_type, component.properties));
        }
    }
    if let Some(failure) = source.as_ref().and_then(|source| source.failure()) {
        drop(writeln!(text, "{failure}"));
    }
    if let Some(search) = &hands.search {
        drop(writeln!(text, "search: {search}_"));
    }
    if figures.0 != text {
        figures.0 = text;
    }
}

/// Moves the slider to the version that is shown.
pub(super) fn move_slider(scene: Res<GraphScene>, mut slider: Single<&mut Node, With<Slider>>) {
    let Some(last) = scene.graphs().first().map(|graph| graph.version).filter(|last| *last > 0) else { return };
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a part of a window's width")]
    let width = Val::Percent((shown_version(&scene, 0).min(last) as f64 / last as f64 * 100.0) as f32);
    if slider.width != width {
        slider.width = width;
    }
}

/// Shows or hides the keys.
pub(super) fn show_keys(mut actions: MessageReader<Action>, mut keys: Single<&mut Visibility, With<Keys>>) {
    for _ in actions.read().filter(|action| **action == Action::Help) {
        **keys = if **keys == Visibility::Hidden { Visibility::Visible } else { Visibility::Hidden };
    }
}
