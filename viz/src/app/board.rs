//! What is written over the picture: figures at the top, the slider at the bottom, keys on demand.

use std::collections::VecDeque;
use std::time::Duration;

use bevy::app::{App, Plugin, Startup, Update};
use bevy::ecs::prelude::*;
use bevy::ecs::system::SystemParam;
use bevy::prelude::{
    BackgroundColor, Color, Display, FontSize, Node, PositionType, Text, TextColor, TextFont, TextSpan, Val, Visibility,
};
use bevy::time::{Real, Time};

use crate::framing::Insets;
use crate::plugin::{GraphBridge, GraphSystems};
use crate::render::RenderFacts;
use crate::scene::GraphScene;
use crate::source::{FOLLOWED_MAX, Source};

use super::action::Action;
use super::card::{Card, lines};
use super::hands::{Hands, SLIDER_PX};
use super::labels::NAME_PX;
use super::layouts::Layouts;
use super::letters::Letters;
use super::mistake::{LastMistake, keep_last};
use super::paint::Paint;
use super::selection::Selection;
use super::time::shown_version;

/// An event that is older was not written just now.
const LIVE: Duration = Duration::from_secs(3600);

/// The height of a line of the figures, pixels.
const LINE_PX: f32 = 16.0;

/// The lines of figures that are not of one graph, and the most lines of graphs that room is kept for.
const GENERAL_LINES: f32 = 2.5;
const GRAPH_LINES_MAX: u8 = 8;

/// Frames behind the percentiles.
const FRAMES: usize = 240;

/// Seconds between two updates of the figures.
const UPDATE_SECONDS: f32 = 0.25;

const KEYS: &str = "drag: move   wheel: zoom   F: fit   O: from aside (right button: turn)   L: layout
click, shift-click, shift-drag: select   Esc: nothing   drag the selected node: move it   U: undo
1 2 3: neighbours   0: none   / text Enter: search   : line Enter: any action of a script (color, size, filter, go ...)
Space: play   left, right: a transaction (shift: 100)   Home End: first, live   C: compare with what is shown   X: end it
F12: picture   Q: quit   ?: these keys";

/// Writes figures, legend and cards over the picture, and the bar of versions below them.
#[derive(Debug, Clone, Copy)]
pub struct BoardPlugin {
    /// Whether there are times among the figures, which are others every time.
    pub has_times: bool,
}

/// What [`BoardPlugin::has_times`] says.
#[derive(Resource, Debug, Clone, Copy)]
struct HasTimes(bool);

impl Plugin for BoardPlugin {
    fn build(&self, app: &mut App) {
        let board = (move_slider, show_keys, write_figures, write_legend, write_card);
        app.insert_resource(HasTimes(self.has_times))
            .init_resource::<Hands>()
            .add_systems(Startup, put_up)
            .add_systems(Update, keep_room.before(GraphSystems::Receive))
            .add_systems(Update, board.after(keep_last));
    }
}

/// The figures.
#[derive(Component)]
struct Figures;

/// The part of the slider up to the version that is shown.
#[derive(Component)]
struct Slider;

/// What is written into the bar of versions.
#[derive(Component)]
struct BarText;

/// The keys.
#[derive(Component)]
struct Keys;

/// What colours and sizes mean.
#[derive(Component)]
struct Legend;

/// The card of a node.
#[derive(Component)]
struct CardText;

const INK: Color = Color::srgb(0.85, 0.88, 0.92);
const PAPER: Color = Color::srgba(0.02, 0.03, 0.05, 0.8);

fn font() -> TextFont {
    TextFont { font_size: FontSize::Px(13.0), ..TextFont::default() }
}

/// Puts everything up.
fn put_up(mut commands: Commands) {
    let at = |left, right, top, bottom| Node {
        position_type: PositionType::Absolute,
        left,
        right,
        top,
        bottom,
        ..Node::default()
    };
    let (edge, auto) = (Val::Px(8.0), Val::Auto);
    let figures = (Figures, Text::default(), font(), TextColor(INK), BackgroundColor(PAPER));
    commands.spawn((figures, at(edge, auto, Val::Px(6.0), auto)));
    let legend = (Legend, Text::default(), font(), TextColor(INK), BackgroundColor(PAPER));
    commands.spawn((legend, at(auto, edge, Val::Px(6.0), auto)));
    let card = (CardText, Text::default(), font(), TextColor(INK), Visibility::Hidden, BackgroundColor(PAPER));
    commands.spawn((card, at(edge, auto, auto, Val::Px(SLIDER_PX + 8.0))));
    let keys = (Keys, Text::new(KEYS), font(), TextColor(INK), Visibility::Hidden, BackgroundColor(PAPER));
    commands.spawn((keys, at(edge, auto, auto, Val::Px(SLIDER_PX + 8.0))));
    let bar = |width| Node {
        height: Val::Px(SLIDER_PX),
        width: Val::Percent(width),
        ..at(Val::Px(0.0), auto, auto, Val::Px(0.0))
    };
    commands.spawn((bar(100.0), BackgroundColor(Color::srgba(1.0, 1.0, 1.0, 0.08))));
    commands.spawn((Slider, bar(100.0), BackgroundColor(Color::srgba(0.3, 0.6, 1.0, 0.6))));
    let text = (BarText, Text::default(), font(), TextColor(INK));
    commands.spawn((text, at(edge, auto, auto, Val::Px(0.0))));
}

/// Keeps room for the figures, and below them for the names of the topmost nodes.
fn keep_room(scene: Res<GraphScene>, mut insets: ResMut<Insets>) {
    let graphs = u8::try_from(scene.graphs().len()).map_or(GRAPH_LINES_MAX, |graphs| graphs.min(GRAPH_LINES_MAX));
    let figures = (GENERAL_LINES + f32::from(graphs)) * LINE_PX;
    insets.set_if_neq(Insets { top: NAME_PX + figures, bottom: SLIDER_PX });
}

/// What the figures are taken from.
#[derive(SystemParam)]
struct Known<'w> {
    scene: Res<'w, GraphScene>,
    facts: Res<'w, RenderFacts>,
    selection: Res<'w, Selection>,
    hands: Res<'w, Hands>,
    mistake: Res<'w, LastMistake>,
    layouts: Res<'w, Layouts>,
    bridge: Option<Res<'w, GraphBridge>>,
    source: Option<Res<'w, Source>>,
    has_times: Res<'w, HasTimes>,
}

/// Writes the figures: some times a second where there are times among them.
fn write_figures(
    time: Res<Time<Real>>,
    known: Known<'_>,
    mut letters: Letters<'_>,
    mut figures: Single<&mut Text, With<Figures>>,
    mut frames: Local<VecDeque<f32>>,
    mut since: Local<f32>,
    mut shown: Local<Shown>,
) {
    frames.push_back(time.delta_secs() * 1e3);
    if frames.len() > FRAMES {
        frames.pop_front();
    }
    *since += time.delta_secs();
    let is_early = known.has_times.0 && *since < UPDATE_SECONDS;
    if is_early && !known.hands.is_changed() && !known.mistake.is_changed() {
        return;
    }
    *since = 0.0;
    let mut sorted: Vec<f32> = frames.iter().copied().collect();
    sorted.sort_by(f32::total_cmp);
    let at = |part: usize| sorted.get(sorted.len() * part / 100).copied().unwrap_or(0.0);
    shown.follow(&known.scene);
    let times = known.has_times.0.then(|| format!("frame p50 {:.1} p99 {:.1} ms   ", at(50), at(99)));
    let text = letters.readable(known.lines(&times.unwrap_or_default(), &shown).join("\n"));
    if figures.0 != text {
        figures.0 = text;
    }
}

/// How many elements are shown, counted anew where something changed.
#[derive(Debug, Default)]
struct Shown {
    revision: (u64, f32),
    nodes: usize,
    edges: usize,
}

impl Shown {
    fn follow(&mut self, scene: &GraphScene) {
        if self.revision != scene.revision() {
            (self.nodes, self.edges) = scene.count_shown();
            self.revision = scene.revision();
        }
    }
}

impl Known<'_> {
    fn lines(&self, times: &str, shown: &Shown) -> Vec<String> {
        let facts = self.facts.read();
        let thinned = if facts.edge_stride > 1 { format!(", 1 in {} drawn", facts.edge_stride) } else { String::new() };
        let drawn = if facts.is_points { " as points" } else { "" };
        let mut lines = vec![format!("{times}nodes {}{drawn}   edges {}{thinned}", shown.nodes, shown.edges)];
        lines.extend(self.bridge.as_ref().map(|bridge| feed_line(bridge, self.has_times.0)));
        for (graph, at) in (0..).zip(self.scene.graphs()).take(GRAPH_LINES_MAX.into()) {
            let head = self.bridge.as_ref().and_then(|bridge| bridge.view(at.id)).and_then(|view| view.head());
            let head =
                head.filter(|head| head.version == at.version).map_or_else(String::new, |head| head.cid.to_string());
            lines.push(format!(
                "{}   version {} of {}   {head}",
                at.name,
                shown_version(&self.scene, graph),
                at.version
            ));
        }
        let more = self.scene.graphs().len().saturating_sub(GRAPH_LINES_MAX.into());
        lines.extend((more > 0).then(|| format!("and {more} more graphs")));
        let selected = self.selection.nodes().len();
        lines.extend((selected > 1).then(|| format!("{selected} nodes selected")));
        lines.extend(self.layouts.progress().map(|progress| format!("layout: {progress}")));
        lines.extend(self.troubles());
        lines.extend(self.hands.typed.as_ref().map(|typed| format!("{typed}_")));
        lines
    }

    /// Returns what does not go as it should.
    fn troubles(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        if let Some(bridge) = &self.bridge {
            let feeds = bridge.feeds().into_iter();
            troubles.extend(feeds.filter_map(|feed| Some(format!("graph {}: {}", feed.graph, feed.trouble?))));
            troubles.extend(
                bridge.failures().iter().map(|(graph, why)| format!("graph {graph} is followed no more: {why}")),
            );
        }
        if let Some(source) = &self.source {
            let (listed, followed) = source.graphs();
            troubles.extend(
                (followed == FOLLOWED_MAX && listed > followed)
                    .then(|| format!("{followed} of {listed} graphs are shown: --graph chooses")),
            );
            troubles.extend(source.trouble());
        }
        troubles.extend(self.mistake.get().map(str::to_owned));
        troubles
    }
}

fn feed_line(bridge: &GraphBridge, has_times: bool) -> String {
    let feeds = bridge.feeds();
    let waiting: usize = feeds.iter().map(|feed| feed.pending_mutations).sum();
    let behind: u64 = feeds.iter().map(cidgraph::bridge::FeedStatus::lag_versions).sum();
    let counters = bridge.bridge.counters();
    let lag = bridge
        .last_lag()
        .filter(|lag| has_times && *lag < LIVE)
        .map_or_else(String::new, |lag| format!("   event lag {:.1} ms", lag.as_secs_f64() * 1e3));
    format!("waiting {waiting}   behind {behind} versions   received {}{lag}", counters.transactions)
}

/// Writes what colours and sizes mean.
fn write_legend(
    mut commands: Commands,
    paint: Res<Paint>,
    mut letters: Letters<'_>,
    legend: Single<(Entity, &mut Visibility), With<Legend>>,
) {
    if !paint.is_changed() {
        return;
    }
    let (legend, mut visibility) = legend.into_inner();
    // Without lines it would stay as it was drawn.
    let has_lines = !paint.legend().is_empty();
    visibility.set_if_neq(if has_lines { Visibility::Inherited } else { Visibility::Hidden });
    commands.entity(legend).despawn_children();
    for line in paint.legend() {
        let [red, green, blue, _] = line.color.map_or([0xd8; 4], u32::to_le_bytes);
        let text = letters.readable(format!("{}\n", line.text));
        commands.entity(legend).with_child((TextSpan::new(text), font(), TextColor(Color::srgb_u8(red, green, blue))));
    }
}

/// Writes the card beside the pointer, or at the bottom where the node is selected and not pointed at.
fn write_card(
    scene: Res<GraphScene>,
    selection: Res<Selection>,
    source: Option<Res<Source>>,
    card: Res<Card>,
    mut letters: Letters<'_>,
    text: Single<(&mut Text, &mut Visibility), With<CardText>>,
) {
    let (mut text, mut visibility) = text.into_inner();
    let Some(node) = card.node(&selection) else {
        visibility.set_if_neq(Visibility::Hidden);
        return;
    };
    visibility.set_if_neq(Visibility::Inherited);
    let lines = letters.readable(lines(&scene, source.as_deref(), node).join("\n"));
    if text.0 != lines {
        text.0 = lines;
    }
}

/// Moves the slider to the version that is shown; a snapshot has one alone, and the bar says so.
fn move_slider(
    scene: Res<GraphScene>,
    source: Option<Res<Source>>,
    mut slider: Single<&mut Node, With<Slider>>,
    mut text: Single<&mut Text, With<BarText>>,
) {
    if source.is_some_and(|source| source.is_still()) {
        if slider.display != Display::None {
            slider.display = Display::None;
            text.0 = "a snapshot has this version alone".to_owned();
        }
        return;
    }
    let Some(last) = scene.graphs().first().map(|graph| graph.version).filter(|last| *last > 0) else { return };
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a part of a window's width")]
    let width = Val::Percent((shown_version(&scene, 0).min(last) as f64 / last as f64 * 100.0) as f32);
    if slider.width != width {
        slider.width = width;
    }
}

/// Shows or hides the keys.
fn show_keys(mut actions: MessageReader<Action>, mut keys: Single<&mut Visibility, With<Keys>>) {
    for _ in actions.read().filter(|action| **action == Action::Help) {
        **keys = if **keys == Visibility::Hidden { Visibility::Visible } else { Visibility::Hidden };
    }
}
