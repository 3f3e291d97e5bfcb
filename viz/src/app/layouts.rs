//! Layout of the nodes that have no place of their own, on a thread beside the frames.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bevy::app::{App, Plugin, Update};
use bevy::ecs::prelude::*;
use bevy::math::Vec2;
use bevy::time::{Real, Time};
use cidgraph_layout::{Layout, Place, Progress, Stage};
use parking_lot::Mutex;

use crate::plugin::{GraphBridge, GraphSystems};
use crate::scene::{ALIVE, Bits, GraphScene, nearest};
use crate::source::Source;

use super::action::Action;
use super::apart::Apart;

/// The layout's seed: the same graph has the same picture.
const SEED: u64 = 42;

/// How often positions of a layout that still goes on are shown.
const SHOWN_EVERY: Duration = Duration::from_millis(500);

/// How long nodes are on the way to where they are sent, seconds.
const WAY_SECONDS: f32 = 0.4;

/// The time between two layouts while nodes come, seconds.
const PAUSE_SECONDS: f32 = 1.0;

/// Lays out the nodes that have no place of their own, without the viewer, while there are [`Layouts`].
#[derive(Debug, Clone, Copy, Default)]
pub struct LayoutPlugin;

impl Plugin for LayoutPlugin {
    fn build(&self, app: &mut App) {
        let lay_out = lay_out.run_if(resource_exists::<Layouts>).after(GraphSystems::Apply);
        app.add_message::<Action>().add_systems(Update, lay_out);
    }
}

/// Layouts that were made and the one that goes on.
#[derive(Resource, Debug, Default)]
pub struct Layouts {
    running: Option<Running>,
    /// Whether nodes that are new get places by themselves.
    is_automatic: bool,
    /// The slots that have had a place by a layout, all before this one.
    laid_out: u32,
    /// Units of space for one of the layout; `None` before the first one has told positions.
    scale: Option<f32>,
    /// How often nodes were sent to where a layout says.
    sent: u32,
    rested_seconds: f32,
    /// Whether the viewer has chosen what is in view.
    is_framed: bool,
}

/// A layout that goes on.
#[derive(Debug)]
struct Running {
    /// The slots of its nodes.
    nodes: Vec<u32>,
    /// The slots that the scene had when it began.
    slots: u32,
    /// Whether no node had a place before.
    is_whole: bool,
    /// By how much graphs stood aside when it began, by their places in the scene.
    asides: Vec<Vec2>,
    is_cancelled: Arc<AtomicBool>,
    report: Arc<Mutex<Report>>,
    worker: JoinHandle<()>,
}

/// What a layout has come to.
#[derive(Debug, Default)]
struct Report {
    /// Positions that were not shown yet.
    positions: Option<Vec<[f32; 2]>>,
    progress: Option<Progress>,
}

impl Layouts {
    /// Makes layouts that begin by themselves where nodes come.
    pub fn automatic() -> Self {
        let mut layouts = Self::default();
        (layouts.is_automatic, layouts.rested_seconds) = (true, PAUSE_SECONDS);
        layouts
    }

    /// Returns how far the layout that goes on has come.
    pub fn progress(&self) -> Option<String> {
        let report = self.running.as_ref()?.report.lock();
        Some(
            report
                .progress
                .map_or_else(|| "begins".to_owned(), |progress| format!("{} iterations", progress.iterations)),
        )
    }

    /// Returns whether every node stands where it will: none is to be laid out, and none is on its way.
    pub fn is_at_rest(&self, scene: &GraphScene) -> bool {
        let is_all_laid_out = !self.is_automatic || scene.nodes().len() <= self.laid_out as usize;
        self.running.is_none() && is_all_laid_out && scene.way() >= 1.0
    }

    /// Returns how often nodes were sent to where a layout says.
    pub const fn sent(&self) -> u32 {
        self.sent
    }

    /// Returns whether a layout goes on.
    pub const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Begins a layout instead of the one that goes on: of all nodes anew, or of those that had no place yet.
    fn begin(&mut self, scene: &GraphScene, apart: Option<&Apart>, is_anew: bool) {
        self.stop();
        let nodes: Vec<u32> =
            (0..).zip(scene.nodes()).filter(|(_, record)| record.death == ALIVE).map(|(slot, _)| slot).collect();
        let mut place_of = vec![u32::MAX; scene.nodes().len()];
        (0..).zip(&nodes).for_each(|(place, slot)| place_of[*slot as usize] = place);
        let edges: Vec<[u32; 2]> = scene
            .edges()
            .iter()
            .filter(|edge| edge.death == ALIVE)
            .map(|edge| [edge.source, edge.target].map(|end| place_of[end as usize]))
            .collect();
        let laid_out = if is_anew { 0 } else { self.laid_out };
        let has_places = nodes.iter().any(|slot| scene.own_place(*slot).is_some());
        if has_places {
            self.scale = Some(1.0);
        }
        let scale = self.scale.unwrap_or(1.0);
        let graphs = (0..).take(scene.graphs().len());
        let asides: Vec<Vec2> = graphs.map(|graph| apart.map_or(Vec2::ZERO, |apart| apart.aside(graph))).collect();
        let place = |slot: &u32| {
            let [right, up] = asides[graph_of(scene, *slot)].to_array();
            match scene.own_place(*slot) {
                Some([x, y, _]) => Place::Fixed([x + right, y + up]),
                None if *slot < laid_out => {
                    let [x, y, _] = scene.given_place(*slot);
                    Place::Kept([(x + right) / scale, (y + up) / scale])
                }
                None => Place::Free,
            }
        };
        let places: Vec<Place> = nodes.iter().map(place).collect();
        let is_whole = !has_places && laid_out == 0;
        let slots = u32::try_from(scene.nodes().len()).expect("the scene counts its slots in 32 bits");
        let (is_cancelled, report) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Report>>::default());
        let (cancelled, told) = (Arc::clone(&is_cancelled), Arc::clone(&report));
        let worker = std::thread::spawn(move || {
            // Around a place that is no number nothing can be laid out.
            if let Ok(layout) = Layout::new(&edges, &places, SEED) {
                refine(layout, &told, &cancelled);
            }
        });
        self.running = Some(Running { nodes, slots, is_whole, asides, is_cancelled, report, worker });
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.is_cancelled.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Layouts {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Refines a layout to its end, and tells from time to time how far it is.
fn refine(mut layout: Layout, report: &Mutex<Report>, is_cancelled: &AtomicBool) {
    // One core is left to the picture.
    let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1));
    let Ok(pool) = rayon::ThreadPoolBuilder::new().num_threads(threads).build() else { return };
    let mut told = None;
    while !is_cancelled.load(Ordering::Relaxed) {
        let progress = pool.install(|| layout.step(1));
        let is_over = matches!(progress.stage, Stage::Done | Stage::Cancelled);
        let is_due = told.is_none_or(|told: Instant| told.elapsed() >= SHOWN_EVERY);
        let mut report = report.lock();
        report.progress = Some(progress);
        if progress.stage != Stage::Begun && (is_due || is_over) {
            report.positions = Some(layout.positions().to_vec());
            told = Some(Instant::now());
        }
        drop(report);
        if is_over {
            return;
        }
    }
}

/// Returns the place of a node's graph in the scene.
fn graph_of(scene: &GraphScene, node: u32) -> usize {
    Bits(scene.nodes()[node as usize].bits).group() as usize
}

/// Returns by how much to enlarge positions so that each node has a unit of area for itself in the mean: in a graph of many
/// edges they would lie upon each other.
fn roomy(positions: &[[f32; 2]]) -> f32 {
    let squares: f64 = positions.iter().flatten().map(|coordinate| f64::from(*coordinate).powi(2)).sum();
    #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^52 nodes")]
    let count = positions.len() as f64;
    // A disc that is filled evenly has the squared radius of twice its mean square.
    let area = std::f64::consts::TAU * squares / count;
    let scale = (count / area).sqrt();
    if scale.is_finite() { nearest(scale.clamp(1.0, 1e3)) } else { 1.0 }
}

/// Begins layouts, and sends nodes where they say.
pub(super) fn lay_out(
    mut commands: Commands,
    time: Res<Time<Real>>,
    mut actions: MessageReader<Action>,
    mut scene: ResMut<GraphScene>,
    mut layouts: ResMut<Layouts>,
    apart: Option<Res<Apart>>,
    source: Option<Res<Source>>,
    bridge: Option<Res<GraphBridge>>,
) {
    if scene.way() < 1.0 {
        scene.advance(time.delta_secs() / WAY_SECONDS);
    }
    layouts.rested_seconds += time.delta_secs();
    let mut is_wanted = false;
    for action in actions.read() {
        is_wanted |= *action == Action::Layout;
        layouts.is_framed |= action.frames();
    }
    // The first layout is of all that the store had: so it is the same however it comes.
    let is_loading =
        layouts.laid_out == 0 && source.zip(bridge).is_some_and(|(source, bridge)| source.is_behind(&bridge));
    let is_new = layouts.running.is_none() && scene.nodes().len() > layouts.laid_out as usize;
    let is_rested = layouts.rested_seconds >= PAUSE_SECONDS && !is_loading;
    if is_wanted || is_new && layouts.is_automatic && is_rested {
        layouts.begin(&scene, apart.as_deref(), is_wanted);
    }
    let layouts = &mut *layouts;
    let Some(running) = &layouts.running else { return };
    let is_over = running.worker.is_finished();
    let positions = running.report.lock().positions.take();
    if let Some(positions) = positions {
        let slots = u32::try_from(scene.nodes().len()).expect("the scene counts its slots in 32 bits");
        let mut places: Vec<[f32; 3]> = (0..slots).map(|slot| scene.given_place(slot)).collect();
        if running.is_whole {
            layouts.scale = Some(roomy(&positions));
        }
        let scale = layouts.scale.unwrap_or(1.0);
        for (slot, [x, y]) in running.nodes.iter().zip(positions) {
            let [_, _, z] = places[*slot as usize];
            let [right, up] = running.asides[graph_of(&scene, *slot)].to_array();
            places[*slot as usize] = [x * scale - right, y * scale - up, z];
        }
        scene.send(&places);
        layouts.sent += 1;
        if running.is_whole && !layouts.is_framed {
            commands.write_message(Action::Fit);
        }
    }
    if is_over {
        let slots = running.slots;
        (layouts.laid_out, layouts.rested_seconds, layouts.running) = (slots, 0.0, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_gets_room_and_a_sparse_graph_stays() {
        let grid = |step: f32| -> Vec<[f32; 2]> {
            let line = |at: u16| (f32::from(at) - 15.5) * step;
            (0..32).flat_map(|x| (0..32).map(move |y| [line(x), line(y)])).collect()
        };
        let scale = roomy(&grid(0.1));
        assert!((9.0..11.0).contains(&scale), "{scale}");
        assert_eq!(roomy(&grid(3.0)), 1.0);
        assert_eq!(roomy(&[]), 1.0);
        assert_eq!(roomy(&[[0.0, 0.0]]), 1.0);
    }
}
