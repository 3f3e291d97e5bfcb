//! Snapshot files: how long the whole graph takes to be written, how long a file takes to its first answer, and what a
//! graph that is read in place costs beside one in memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use cidgraph::pool::ComponentRegistry;
use cidgraph::topology::Topology;
use cidgraph::{GraphReadModel, NodeId, Snapshot};

use super::context::SectionOutcome;
use super::fixture::GraphFixture;
use super::query::question;
use super::service::ServiceError;
use crate::measure::{Distribution, Stopwatch, mean_of_calls, process_memory};
use crate::number;
use crate::random::Random;
use crate::target::Reached;
use crate::workload::{COLORS, KINDS, QueryDraw};

/// How often each file is opened.
const OPENINGS: u64 = 1000;

/// Nodes that are asked about.
const DRAWN: usize = 2000;

/// What the process that serves a file is asked: so many times each of the drawn nodes.
const ROUNDS_SERVED: usize = 10;

/// A snapshot file of a workload's graph.
#[derive(Debug, Clone)]
pub struct SnapshotFile {
    path: PathBuf,
    bytes: u64,
    /// How long writing it took.
    seconds: f64,
    nodes: u64,
    edges: u64,
    drawn: Vec<NodeId>,
}

impl SnapshotFile {
    /// Writes the fixture's graph, as it is now, into a file of the folder.
    ///
    /// # Errors
    /// Where the system does not write it.
    pub fn write(fixture: &GraphFixture, folder: &Path) -> Result<Self, ServiceError> {
        let view = fixture.view();
        let path = folder.join(format!("{}.snapshot", view.node_count()));
        let watch = Stopwatch::start();
        let registry = fixture.service.engine().components();
        let written = Snapshot::write(&view, registry, &path).map_err(ServiceError::new)?;
        let seconds = watch.read().wall.as_secs_f64();
        let mut random = Random::new(fixture.workload.seed ^ 0x0f11_e5ed);
        let drawn = (0..DRAWN).map(|_| fixture.nodes.id(random.below(fixture.workload.nodes))).collect();
        let (nodes, edges) = (written.node_count, written.edge_count);
        Ok(Self { path, bytes: written.file_len, seconds, nodes, edges, drawn })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn reached(&self) -> Reached {
        Reached { nodes: self.nodes, edges: self.edges, ..Reached::default() }
    }

    fn open(&self) -> Result<GraphReadModel, ServiceError> {
        Ok(Snapshot::map(&self.path).map_err(ServiceError::new)?.read(ComponentRegistry::default()))
    }
}

/// Reports the writing of a file, and the time from a file to its first answer for files of several sizes, the smallest
/// first, all of them in the page cache.
///
/// # Errors
/// Where a file cannot be opened.
///
/// # Panics
/// Where there is no file.
pub fn snapshot_opening(files: &[SnapshotFile], written: &SnapshotFile) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("snapshot");
    let watch = Stopwatch::start();
    let conditions = format!("{}, synced", number::bytes(number::float(written.bytes)));
    outcome.measure("snapshot_write", written.seconds, written.reached(), conditions);
    outcome.report.lower("snapshot_write", "s", written.seconds, Vec::new());
    outcome.report.lower("snapshot_bytes", "B", number::float(written.bytes), Vec::new());
    let opened = open_in_turn(files)?;
    let largest = files.last().expect("there is a file to open");
    let p99_ms = |opened: &Distribution| number::float(opened.quantile_ns(0.99)) / 1e6;
    let by_size: Vec<String> = files
        .iter()
        .zip(&opened)
        .map(|(file, opened)| {
            let at = |quantile| number::duration(number::float(opened.quantile_ns(quantile)));
            format!("{} nodes {} (p50 {})", number::short(file.nodes), at(0.99), at(0.5))
        })
        .collect();
    let conditions = format!("in the page cache, p99 by size: {}", by_size.join("; "));
    let worst = opened.iter().map(p99_ms).fold(0.0, f64::max);
    let best = opened.iter().map(p99_ms).fold(f64::INFINITY, f64::min);
    outcome.measure("open_p99", worst, largest.reached(), conditions);
    let sizes = if files.len() > 1 { None } else { Some("one size alone") };
    let reached = Reached { falls_short: sizes, ..largest.reached() };
    let conditions = format!("{} sizes, p99 of {OPENINGS} openings each", files.len());
    outcome.measure("open_flat", worst / best.max(1e-6), reached, conditions);
    for (file, opened) in files.iter().zip(&opened) {
        let name = format!("open and first point query, {} nodes", number::short(file.nodes));
        outcome.histogram(&name, opened);
    }
    outcome.report.lower("open_p99", "ms", worst, Vec::new());
    load(&mut outcome, written, &opened[files.iter().position(|file| file.path == written.path).unwrap_or(0)])?;
    Ok(outcome.timed(&watch))
}

/// Reports the opening of one file, beside an opening that checks all of it first.
fn load(outcome: &mut SectionOutcome, file: &SnapshotFile, opened: &Distribution) -> Result<(), ServiceError> {
    let watch = Stopwatch::start();
    drop(Snapshot::open_verified(&file.path).map_err(ServiceError::new)?);
    let checked_ms = watch.read().wall.as_secs_f64() * 1e3;
    let longest_ms = number::float(opened.max_ns()) / 1e6;
    let conditions = format!(
        "the longest to a first answer, pages are checked when they are touched; all checked first {}",
        number::duration(checked_ms * 1e6)
    );
    outcome.measure("snapshot_load", longest_ms, file.reached(), conditions);
    outcome.report.lower("open_all_checked", "ms", checked_ms, Vec::new());
    Ok(())
}

/// Opens the files in turn, so that what disturbs one disturbs all, and asks each for one node.
fn open_in_turn(files: &[SnapshotFile]) -> Result<Vec<Distribution>, ServiceError> {
    let mut opened = vec![Distribution::new(); files.len()];
    for round in 0..OPENINGS {
        for (file, opened) in files.iter().zip(&mut opened) {
            let node = file.drawn[number::index(round) % DRAWN];
            let started = Instant::now();
            let model = file.open()?;
            let kind = model.get(node).map(|node| node.kind().len());
            let took = started.elapsed();
            assert!(kind.is_some(), "the node is in the file");
            opened.record(number::nanoseconds(took));
        }
    }
    Ok(opened)
}

/// Reports what queries take on the file, beside the same ones on the fixture's graph in memory.
///
/// # Errors
/// Where the file cannot be opened.
pub fn mapped_queries(file: &SnapshotFile, fixture: &GraphFixture) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("snapshot");
    let watch = Stopwatch::start();
    let mapped = Costs::of(&file.open()?, &file.drawn);
    let live = Costs::of(&fixture.graph.read(), &file.drawn);
    let rows = [
        ("point read", "mapped_point_read", &mapped.point, &live.point),
        ("AND count", "mapped_and_count", &mapped.count, &live.count),
        ("2-hop out", "mapped_two_hops", &mapped.two_hops, &live.two_hops),
    ];
    let mut notes = Vec::new();
    for (name, figure, mapped, live) in rows {
        let p50 = |distribution: &Distribution| number::float(distribution.quantile_ns(0.5));
        notes.push(format!("{name} {} (live {})", number::duration(p50(mapped)), number::duration(p50(live))));
        outcome.report.lower(figure, "ns", p50(mapped), Vec::new());
        outcome.histogram(&format!("{name}, mapped"), mapped);
    }
    outcome.report.notes.push(format!("Medians on the mapped file: {}.", notes.join(", ")));
    Ok(outcome.timed(&watch))
}

/// What the classes cost on one graph.
struct Costs {
    point: Distribution,
    count: Distribution,
    two_hops: Distribution,
}

impl Costs {
    fn of(model: &GraphReadModel, drawn: &[NodeId]) -> Self {
        let node = |call: u64| drawn[number::index(call) % drawn.len()];
        let pairs = pairs();
        let point = mean_of_calls(1000, |call| model.get(node(call)).map(|node| (node.index(), node.kind().len())));
        let count = mean_of_calls(100, |call| model.query(&question(pairs[number::index(call) % pairs.len()])));
        let mut two_hops = Distribution::new();
        for node in drawn {
            let started = Instant::now();
            std::hint::black_box(model.query(&question(QueryDraw::TwoHops { node: *node }))).ok();
            two_hops.record(number::nanoseconds(started.elapsed()));
        }
        Self { point, count, two_hops }
    }
}

fn pairs() -> Vec<QueryDraw> {
    let with = |kind| COLORS.iter().map(move |color| QueryDraw::Count { kind, color });
    KINDS.iter().flat_map(|kind| with(*kind)).collect()
}

/// Starts `server`, which runs [`serve_snapshot`] on the file, and reports what it says.
///
/// # Errors
/// Those of the system, where the process cannot be started or does not come to its end.
pub async fn mapped_memory(file: &SnapshotFile, mut server: Command) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("snapshot");
    let watch = Stopwatch::start();
    let output = tokio::task::spawn_blocking(move || server.output()).await.expect("waiting does not panic");
    let output = output.map_err(ServiceError::new)?;
    let said = String::from_utf8_lossy(&output.stdout);
    match said.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>().as_deref() {
        Ok([anonymous, resident, asked]) => {
            let megabytes = number::float(*anonymous) / 1e6;
            let conditions = format!(
                "anonymous, a process of its own after {} queries; {} resident with the file's pages",
                number::short(*asked),
                number::bytes(number::float(*resident))
            );
            outcome.measure("mapped_memory", megabytes, file.reached(), conditions);
            outcome.report.lower("mapped_memory", "MB", megabytes, Vec::new());
        }
        Ok(_) | Err(_) => {
            let why = String::from_utf8_lossy(&output.stderr);
            outcome
                .report
                .notes
                .push(format!("The process that served the file says nothing of memory: {}", why.trim()));
        }
    }
    Ok(outcome.timed(&watch))
}

/// Maps a snapshot file, answers queries on it, and writes this process's anonymous and resident memory, bytes, and how
/// many queries there were, to `output`; nothing where the operating system does not tell.
///
/// # Errors
/// Where the file cannot be read, an answer is none, or the output is closed.
pub fn serve_snapshot(file: &Path, output: &mut dyn Write) -> Result<(), ServiceError> {
    let model = Snapshot::map(file).map_err(ServiceError::new)?.read(ComponentRegistry::default());
    let at = model.view().at();
    let drawn: Vec<NodeId> = at.nodes().step_by(model.node_count() / DRAWN + 1).map(|node| at.node_id(node)).collect();
    let mut asked = 0;
    for draw in pairs().into_iter().chain(drawn.iter().map(|node| QueryDraw::TwoHops { node: *node })) {
        std::hint::black_box(model.query(&question(draw)).map_err(ServiceError::new)?);
        asked += 1;
    }
    for node in (0..ROUNDS_SERVED).flat_map(|_| &drawn) {
        std::hint::black_box(model.node(*node));
        asked += 1;
    }
    let Some(memory) = process_memory() else { return Ok(()) };
    writeln!(output, "{} {} {asked}", memory.anonymous, memory.resident).map_err(ServiceError::new)
}
