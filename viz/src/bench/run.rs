//! One run: every scenario on every rung, a picture of each rung that draws, and the report.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use bevy::ecs::prelude::{Entity, With};
use bevy::math::Rect;
use bevy::prelude::{Projection, Transform};
use cidgraph_harness::measure::{Distribution, Stopwatch, process_memory};
use cidgraph_harness::number;
use cidgraph_harness::report::Report;
use cidgraph_harness::section::{SectionOutcome, finish_report};
use cidgraph_harness::target::Reached;

use crate::app::Eye;
use crate::framing::bounds;
use crate::generate::generated_scene;
use crate::headless::{AdapterError, HeadlessView, PictureError};
use crate::plugin::TransactionReplay;
use crate::render::{Detail, RenderFacts};
use crate::scene::GraphScene;

use super::frames::Frames;
use super::rung::Rung;
use super::scenario::{GRAPH, Scenario, Stage, replay};
use super::stream::Stream;

/// What is run.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// Nodes of the generated graph; it has twice as many edges.
    pub nodes: u32,
    /// What draws.
    pub rungs: Vec<Rung>,
    /// What happens.
    pub scenarios: Vec<Scenario>,
    /// Where a picture of each rung goes, if anywhere.
    pub pictures: Option<PathBuf>,
}

/// Why a run stops.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A rung cannot be opened.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// A picture cannot be written.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Runs a plan. `begin` is told what comes next.
///
/// # Errors
/// [`BenchError`].
pub fn run(plan: &BenchPlan, mut begin: impl FnMut(&str)) -> Result<Report, BenchError> {
    let watch = Stopwatch::start();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut report = Report::new("frames", 0, number::nanoseconds(now) / 1_000_000);
    let mut outcomes = Vec::new();
    for rung in &plan.rungs {
        begin(rung.name());
        outcomes.push(run_rung(plan, *rung, &mut report)?);
    }
    Ok(finish_report(report, outcomes, &watch))
}

fn run_rung(plan: &BenchPlan, rung: Rung, report: &mut Report) -> Result<SectionOutcome, BenchError> {
    let watch = Stopwatch::start();
    let mut outcome = SectionOutcome::new(rung.name());
    let mut view = HeadlessView::open(rung.adapter(), rung.size())?;
    report.versions.insert(format!("adapter {}", rung.name()), view.adapter.clone());
    if rung == Rung::A {
        view.world().insert_resource(Detail::of_device(wgpu::DeviceType::Other));
    }
    for scenario in &plan.scenarios {
        let (stage, stream) = set(&mut view, rung, *scenario, plan.nodes);
        let (frames, lag) = time(&mut view, rung, *scenario, &stage, stream);
        frames.report(&mut outcome, *scenario);
        measure(&mut outcome, plan, rung, *scenario, &frames, &view);
        if let Some(lag) = lag {
            report_lag(&mut outcome, plan, rung, &lag, &view);
        }
        if rung.has_pictures() && *scenario == Scenario::Flight {
            note_seen(&mut outcome, &mut view, rung);
            if let Some(folder) = &plan.pictures {
                view.picture().write_png(&folder.join(format!("rung-{rung:?}.png")))?;
            }
        }
    }
    if let Some(memory) = process_memory() {
        outcome.report.lower("resident", "MB", number::float(memory.resident) / 1e6, Vec::new());
    }
    Ok(outcome.timed(&watch))
}

/// Makes the scene of a scenario and puts the camera before it.
fn set(view: &mut HeadlessView, rung: Rung, scenario: Scenario, nodes: u32) -> (Stage, Option<Stream>) {
    let world = view.world();
    let replays: Vec<Entity> = world.query_filtered::<Entity, With<TransactionReplay>>().iter(world).collect();
    replays.into_iter().for_each(|replay| {
        world.despawn(replay);
    });
    let stream = (scenario == Scenario::Streaming).then(|| Stream::open(view, nodes));
    if stream.is_none() {
        view.world().insert_resource(generated_scene(GRAPH, nodes));
    }
    if scenario == Scenario::Replay {
        view.world().spawn(replay(nodes));
    }
    let bounds = bounds(view.world().resource::<GraphScene>()).unwrap_or(Rect::new(-1.0, -1.0, 1.0, 1.0));
    let stage = Stage { bounds, viewport: rung.size().as_vec2() };
    stage.look_at(view, bounds);
    (stage, stream)
}

fn time(
    view: &mut HeadlessView,
    rung: Rung,
    scenario: Scenario,
    stage: &Stage,
    stream: Option<Stream>,
) -> (Frames, Option<Distribution>) {
    let Some(mut stream) = stream else { return (Frames::time(view, rung, scenario, stage, |_| {}), None) };
    let frames = Frames::time(view, rung, scenario, stage, |view| stream.note_frame(view));
    let lag = stream.close(view);
    (frames, Some(lag))
}

/// Adds what was measured for a bar.
fn measure(
    outcome: &mut SectionOutcome,
    plan: &BenchPlan,
    rung: Rung,
    scenario: Scenario,
    frames: &Frames,
    view: &HeadlessView,
) {
    let distribution = frames.distribution();
    let (p50, p99) = (distribution.quantile_ns(0.5), distribution.quantile_ns(0.99));
    let milliseconds = |ns: u64| number::float(ns) / 1e6;
    let drawn = if frames.facts.is_points { "points" } else { "shapes" };
    let edges = match frames.facts.edge_stride {
        1 => "all edges".to_owned(),
        stride => format!("every {stride}th edge"),
    };
    let conditions = format!("{}, {drawn}, {edges}, {}", scenario.name(), view.adapter);
    let reached = reached(plan);
    let mut bar = |id, value| outcome.measure(id, value, reached, conditions.clone());
    match (rung, scenario) {
        (Rung::A, Scenario::Changing) => bar("frame_changing_p99", milliseconds(p99)),
        (Rung::A, Scenario::Still) => bar("frame_still_p50", milliseconds(p50)),
        (Rung::A, Scenario::Flight) => bar("frame_flight_p50", milliseconds(p50)),
        (Rung::A, Scenario::Scrubbing) => bar("frame_scrub_p50", milliseconds(p50)),
        (Rung::C, Scenario::Flight) => bar("frame_software_rate", frames.rate()),
        (Rung::C, Scenario::Still) => bar("frame_still_pictures", number::float(frames.facts.pictures)),
        (Rung::D, Scenario::Flight) => bar("frame_device_p99", milliseconds(p99)),
        (Rung::A, Scenario::Moving | Scenario::Replay | Scenario::Streaming) => {}
        (Rung::B, _) | (Rung::C | Rung::D, _) => {}
    }
}

fn report_lag(outcome: &mut SectionOutcome, plan: &BenchPlan, rung: Rung, lag: &Distribution, view: &HeadlessView) {
    let p99 = number::float(lag.quantile_ns(0.99)) / 1e6;
    outcome.report.lower("event_to_frame_p50", "ms", number::float(lag.quantile_ns(0.5)) / 1e6, Vec::new());
    outcome.report.lower("event_to_frame_p99", "ms", p99, Vec::new());
    outcome.histogram("event to frame", lag);
    if rung == Rung::A {
        let conditions = format!("10K events/s through a store in memory, {}", view.adapter);
        outcome.measure("frame_event_lag_p99", p99, reached(plan), conditions);
    }
}

/// Notes how many nodes the picture shows: as the GPU drew them, and as the processor counts those inside the view.
fn note_seen(outcome: &mut SectionOutcome, view: &mut HeadlessView, rung: Rung) {
    let facts = view.world().resource::<RenderFacts>().read();
    let seen = view.seen_nodes().len();
    let inside = count_inside(view, rung);
    outcome.report.higher("nodes_seen", "nodes", number::float_of(seen), Vec::new());
    outcome.report.higher("nodes_inside", "nodes", number::float_of(inside), Vec::new());
    outcome.report.higher("nodes_submitted", "nodes", f64::from(facts.nodes), Vec::new());
    outcome.report.higher("edges_submitted", "edges", f64::from(facts.edges), Vec::new());
    outcome.report.notes.push(format!(
        "{}: {seen} nodes have a pixel of their own, read back from the GPU; {inside} are inside the view, {} were submitted.",
        rung.name(),
        facts.nodes
    ));
}

/// Returns how many of the nodes that are shown are inside the view, as the processor sees it.
fn count_inside(view: &mut HeadlessView, rung: Rung) -> usize {
    let camera = view.camera();
    let world = view.world();
    let (Some(transform), Some(projection)) = (world.get::<Transform>(camera), world.get::<Projection>(camera)) else {
        return 0;
    };
    let Some(eye) = Eye::looking(transform, projection, rung.size().as_vec2()) else { return 0 };
    let scene = world.resource::<GraphScene>();
    let is_inside = |node: &u32| scene.is_shown(*node) && eye.sees(scene.world_place(*node));
    (0..).take(scene.nodes().len()).filter(is_inside).count()
}

fn reached(plan: &BenchPlan) -> Reached {
    Reached { nodes: u64::from(plan.nodes), edges: u64::from(plan.nodes) * 2, ..Reached::default() }
}
