//! What happens while frames are timed.

use bevy::math::{Rect, Vec2};
use bevy::prelude::{Projection, Transform};
use cidgraph::{Component, GraphId, GraphMutation, GraphUpdate, Origin, Properties};

use crate::framing::{Framed, Insets};
use crate::generate::{generate, node_id};
use crate::headless::HeadlessView;
use crate::plugin::TransactionReplay;
use crate::scene::{GraphScene, VISUAL, gpu_version, nearest};

use super::rung::Rung;

/// The graph that is drawn.
pub(super) const GRAPH: GraphId = GraphId::from_u64(1);

/// Changes of a transaction of the past that is replayed, which took a second.
const REPLAYED_CHANGES: u32 = 10;

/// How many times as fast it is replayed.
const REPLAY_SPEED: f32 = 1000.0;

/// The length of that past, seconds: more than any rung has frames for.
const REPLAYED_SECONDS: u64 = 60_000;

/// What happens while frames are timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Nothing.
    Still,
    /// The camera moves; all nodes stay in view.
    Flight,
    /// One node in a hundred gets another place and another colour, every frame others.
    Changing,
    /// Every node gets another place.
    Moving,
    /// Another version is shown, of a past of ten versions a node.
    Scrubbing,
    /// A past of ten changes a second is shown again a thousand times as fast.
    Replay,
    /// Ten thousand events a second come through a store.
    Streaming,
    /// All nodes are laid out on a thread beside the frames, which go on, sixty a second, while the camera moves.
    Layout,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 8] = [
        Self::Still,
        Self::Flight,
        Self::Changing,
        Self::Moving,
        Self::Scrubbing,
        Self::Replay,
        Self::Streaming,
        Self::Layout,
    ];

    /// Returns its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Still => "still",
            Self::Flight => "flight",
            Self::Changing => "changing",
            Self::Moving => "moving",
            Self::Scrubbing => "scrubbing",
            Self::Replay => "replay",
            Self::Streaming => "streaming",
            Self::Layout => "layout",
        }
    }

    /// Does what happens in one frame, before it is made.
    pub(super) fn step(self, view: &mut HeadlessView, number: usize, stage: &Stage) {
        match self {
            Self::Still | Self::Replay | Self::Streaming => {}
            Self::Flight | Self::Layout => stage.fly(view, number),
            Self::Changing => change(&mut view.world().resource_mut(), number),
            Self::Moving => move_all(&mut view.world().resource_mut(), number),
            Self::Scrubbing => scrub(&mut view.world().resource_mut(), number),
        }
    }
}

/// What a camera flies over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage {
    pub(super) bounds: Rect,
    pub(super) viewport: Vec2,
}

impl Stage {
    /// Puts the camera before the scene.
    pub(super) fn before(view: &mut HeadlessView, rung: Rung) -> Self {
        let bounds = Framed::all(view.world().resource::<GraphScene>())
            .map_or(Rect::new(-1.0, -1.0, 1.0, 1.0), |framed| framed.middles);
        let stage = Self { bounds, viewport: rung.size().as_vec2() };
        stage.look_at(view, bounds);
        stage
    }

    /// Puts the camera on its way: a circle around the middle, further and nearer, so that all of the stage is in view.
    pub(super) fn fly(&self, view: &mut HeadlessView, number: usize) {
        let turn = angle(number, 120);
        let size = self.bounds.size() * (1.15 + 0.05 * turn.cos());
        let center = self.bounds.center() + self.bounds.size() * 0.04 * Vec2::from_angle(turn * 2.0);
        self.look_at(view, Rect::from_center_size(center, size));
    }

    /// Puts the camera where a rectangle fills the view.
    pub(super) fn look_at(&self, view: &mut HeadlessView, bounds: Rect) {
        let camera = view.camera();
        let mut camera = view.world().entity_mut(camera);
        let (mut transform, mut projection) = camera
            .get_components_mut::<(&mut Transform, &mut Projection)>()
            .expect("a camera has a place and a projection");
        let framed = Framed { middles: bounds, radius: 0.0, height: 0.0 };
        framed.fill(self.viewport, Insets::default(), &mut transform, &mut projection);
    }
}

/// Returns a frame's share of a turn that so many frames make.
fn angle(number: usize, turn_frames: u16) -> f32 {
    let part = u16::try_from(number % usize::from(turn_frames)).expect("less than the frames of a turn");
    std::f32::consts::TAU * f32::from(part) / f32::from(turn_frames)
}

fn change(scene: &mut GraphScene, number: usize) {
    let count = scene.nodes().len();
    for step in 0..count / 100 {
        let at = (number * 7919 + step * 104_729) % count;
        let node = u32::try_from(at).expect("the scene counts its slots in 32 bits");
        let [x, y, z, _] = scene.places()[at];
        let by = if number.is_multiple_of(2) { 0.2 } else { -0.2 };
        scene.put(node, [x + by, y, z]);
        let color = u32::try_from(number * 7919 % (1 << 24)).expect("24 bits") ^ node.wrapping_mul(2_654_435_761) >> 8;
        scene.paint_node(node, Some(0xff00_0000 | color), None);
    }
}

fn move_all(scene: &mut GraphScene, number: usize) {
    let (sin, cos) = f64::from(angle(1, 720)).sin_cos();
    let (sin, cos) =
        if number.is_multiple_of(2) { (nearest(sin), nearest(cos)) } else { (nearest(-sin), nearest(cos)) };
    for place in scene.places_mut() {
        let [x, y, z, radius] = *place;
        *place = [x * cos - y * sin, x * sin + y * cos, z, radius];
    }
}

/// Shows a version anywhere, in the next frame one half of the way on to the last, then one half of the way back to the
/// first.
fn scrub(scene: &mut GraphScene, number: usize) {
    let last = scene.graphs()[0].version;
    let shown = u64::from(scene.groups()[0].version);
    let version = match number % 3 {
        0 => (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) % last,
        1 => last - (last - shown) / 2,
        _ => shown / 2,
    };
    scene.show_version(0, version);
}

/// Returns a past in which nodes of a generated graph get other colours.
pub(super) fn replay(nodes: u32) -> TransactionReplay {
    let first = generate(nodes).count() as u64 + 1;
    let transactions = (first..first + REPLAYED_SECONDS).map(|version| GraphUpdate {
        graph: GRAPH,
        origin: Origin::Replay,
        transaction: None,
        transactions: 1,
        first_version: version,
        version,
        cid: None,
        timestamp_ns: version * 1_000_000_000,
        last_sequence: version,
        mutations: (0..REPLAYED_CHANGES).map(|change| repainted(version, change, nodes)).collect(),
    });
    TransactionReplay::new(transactions, REPLAY_SPEED)
}

fn repainted(version: u64, change: u32, nodes: u32) -> GraphMutation {
    let number = gpu_version(version).wrapping_mul(REPLAYED_CHANGES).wrapping_add(change);
    let color = format!("#{:06x}", number.wrapping_mul(2_654_435_761) >> 8);
    let component = Component { component_type: VISUAL.into(), properties: Properties::from([("color", color)]) };
    GraphMutation::ComponentSet { node: node_id(number.wrapping_mul(7919) % nodes), component }
}
