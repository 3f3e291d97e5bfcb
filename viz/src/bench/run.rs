//! One run: every scenario on every rung, a picture of each rung that draws, and the report.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use bevy::ecs::prelude::{Entity, With};
use bevy::prelude::{Projection, Transform};
use cidgraph_harness::measure::{Stopwatch, process_memory};
use cidgraph_harness::number;
use cidgraph_harness::report::Report;
use cidgraph_harness::section::{SectionOutcome, finish_report};

use crate::app::{Eye, LayoutPlugin};
use crate::generate::generated_scene;
use crate::headless::{AdapterError, HeadlessView, PictureError};
use crate::plugin::TransactionReplay;
use crate::render::{Detail, RenderFacts};
use crate::scene::GraphScene;

use super::bars::Bars;
use super::frames::Frames;
use super::laid_out::lay_out;
use super::past::long_past;
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
    let mut view = HeadlessView::open_with(rung.adapter(), rung.size(), |app| {
        app.add_plugins(LayoutPlugin);
    })?;
    report.versions.insert(format!("adapter {}", rung.name()), view.adapter.clone());
    if rung == Rung::A {
        view.world().insert_resource(Detail::of_device(wgpu::DeviceType::Other));
    }
    let adapter = view.adapter.clone();
    let bars = Bars { rung, nodes: plan.nodes, adapter: &adapter };
    let mut timed = Vec::new();
    for scenario in &plan.scenarios {
        let frames = time(&mut view, *scenario, &bars, &mut outcome);
        frames.report(&mut outcome, scenario.name());
        bars.frames(&mut outcome, *scenario, &frames);
        timed.push((*scenario, frames.quantile_ms(0.99)));
        if rung.has_pictures() && *scenario == Scenario::Flight {
            note_seen(&mut outcome, &mut view, rung);
            if let Some(folder) = &plan.pictures {
                view.picture().write_png(&folder.join(format!("rung-{rung:?}.png")))?;
            }
        }
    }
    bars.device(&mut outcome, &timed);
    if let Some(memory) = process_memory() {
        outcome.report.lower("resident", "MB", number::float(memory.resident) / 1e6, Vec::new());
    }
    Ok(outcome.timed(&watch))
}

/// Times the frames of a scenario, and reports what else it shows.
fn time(view: &mut HeadlessView, scenario: Scenario, bars: &Bars<'_>, outcome: &mut SectionOutcome) -> Frames {
    let (rung, nodes) = (bars.rung, bars.nodes);
    clear(view);
    match scenario {
        Scenario::Streaming => {
            let mut stream = Stream::open(view, nodes);
            let stage = Stage::before(view, rung);
            let frames = Frames::time(view, rung, scenario, &stage, |view| stream.note_frame(view));
            bars.lag(outcome, &stream.close(view));
            frames
        }
        Scenario::Scrubbing => {
            view.world().insert_resource(long_past(GRAPH, nodes));
            let stage = Stage::before(view, rung);
            let still = Frames::time(view, rung, Scenario::Still, &stage, |_| {});
            let frames = Frames::time(view, rung, scenario, &stage, |_| {});
            bars.scrubbing(outcome, &frames, &still);
            frames
        }
        Scenario::Layout => {
            view.world().insert_resource(generated_scene(GRAPH, nodes));
            let stage = Stage::before(view, rung);
            let (frames, laid_out) = lay_out(view, stage);
            bars.layout(outcome, &laid_out);
            frames
        }
        Scenario::Still | Scenario::Flight | Scenario::Changing | Scenario::Moving | Scenario::Replay => {
            view.world().insert_resource(generated_scene(GRAPH, nodes));
            if scenario == Scenario::Replay {
                view.world().spawn(replay(nodes));
            }
            let stage = Stage::before(view, rung);
            Frames::time(view, rung, scenario, &stage, |_| {})
        }
    }
}

/// Ends what the scenario before left to go on.
fn clear(view: &mut HeadlessView) {
    let world = view.world();
    let replays: Vec<Entity> = world.query_filtered::<Entity, With<TransactionReplay>>().iter(world).collect();
    replays.into_iter().for_each(|replay| {
        world.despawn(replay);
    });
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
    let is_inside = |node: &u32| {
        scene.is_shown(*node) && eye.pixel(scene.world_place(*node)).is_some_and(|(pixel, _)| eye.has(pixel))
    };
    (0..).take(scene.nodes().len()).filter(is_inside).count()
}
