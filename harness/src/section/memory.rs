//! What a graph takes in memory: as the operating system counts it, and line by line.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::topology::Topology;
use cidgraph::{EventStore, GraphView};

use super::context::SectionOutcome;
use super::fixture::GraphFixture;
use super::service::ServiceError;
use crate::measure::{ProcessLedger, ProcessMemory, Stopwatch, process_memory, reset_peak};
use crate::number;
use crate::report::{Breakdown, Part};
use crate::target::Reached;
use crate::workload::GraphWorkload;

/// How long the allocator is given to hand freed pages back.
const CALM: Duration = Duration::from_millis(2500);

/// A graph whose memory is measured, and the names of what is found.
#[derive(Debug, Clone, Copy)]
pub struct MeasuredGraph {
    /// What it is called in figures.
    pub name: &'static str,
    /// The target that its resident memory is judged by, where there is one.
    pub target: Option<&'static str>,
    /// How many nodes.
    pub nodes: u64,
    /// How many edges.
    pub edges: u64,
    /// Whether every node has its own key of 16 bytes and its own score.
    pub distinct: bool,
}

/// Builds a graph in `store` and measures what it takes. It counts what is in use before as part of the process.
///
/// # Errors
/// The engine's first.
pub async fn memory_by_structure(
    store: Arc<dyn EventStore>,
    graph: MeasuredGraph,
    seed: u64,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("memory");
    let watch = Stopwatch::start();
    reset_peak();
    let before = process_memory();
    let workload =
        GraphWorkload { distinct: graph.distinct, ..GraphWorkload::new("memory", graph.nodes, graph.edges, seed) };
    let fixture = GraphFixture::of(store, workload).await?;
    tokio::time::sleep(CALM).await;
    let view = fixture.view();
    if graph.distinct {
        assert_eq!(read_back(&fixture, &view), graph.nodes, "every node is found with its key and score");
    }
    let structures = fixture.service.engine().memory();
    let lines = ProcessLedger::of(&structures);
    if let (Some(before), Some(after), Some(ledger)) = (before, process_memory(), lines) {
        let structures = structures.total();
        report_process(&mut outcome, graph, Measured { structures, before, after, ledger }, &view);
    }
    outcome.report.lower(&named(graph, "structures"), "MB", number::float(structures.total()) / 1e6, Vec::new());
    report_sharing(&mut outcome, graph, &view);
    drop(view);
    fixture.service.engine().close().await;
    Ok(outcome.timed(&watch))
}

/// Returns how many nodes have the key and the components that they were given.
fn read_back(fixture: &GraphFixture, view: &GraphView) -> u64 {
    let at = view.at();
    let is_there = |number: &u64| {
        let expected = fixture.nodes.node(*number);
        let found = at.find_node(expected.id);
        found.is_some_and(|node| at.node_key(node) == expected.key && at.components(node) == expected.components)
    };
    number::count((0..fixture.workload.nodes).filter(is_there).count())
}

struct Measured {
    structures: u64,
    before: ProcessMemory,
    after: ProcessMemory,
    ledger: ProcessLedger,
}

fn report_process(outcome: &mut SectionOutcome, graph: MeasuredGraph, measured: Measured, view: &GraphView) {
    let Measured { structures, before, after, ledger } = measured;
    let reached = Reached {
        nodes: number::count(view.node_count()),
        edges: number::count(view.edge_count()),
        ..Reached::default()
    };
    let megabytes = |bytes: u64| number::float(bytes) / 1e6;
    let conditions = format!(
        "resident, whole process ({} before the graph; its structures {}; highest {})",
        number::bytes(number::float(before.resident)),
        number::bytes(number::float(structures)),
        number::bytes(number::float(after.resident_peak)),
    );
    if let Some(target) = graph.target {
        outcome.measure(target, megabytes(after.resident), reached, conditions.clone());
    }
    if graph.target == Some("memory") {
        let ratio = number::float(after.resident_peak) / number::float(after.resident.max(1));
        outcome.measure("memory_peak", ratio, reached, conditions);
    }
    outcome.report.lower(&named(graph, "resident"), "MB", megabytes(after.resident), Vec::new());
    outcome.report.lower(&named(graph, "resident_peak"), "MB", megabytes(after.resident_peak), Vec::new());
    let unaccounted = ledger.unaccounted();
    let part = |name: &str, bytes| Part { name: name.to_owned(), bytes };
    let lines = ledger.lines.largest_first().into_iter().map(|line| part(line.name, line.bytes));
    let rest = part("unaccounted", u64::try_from(unaccounted).unwrap_or(0));
    let elements = format!("{} nodes and {} edges", number::short(graph.nodes), number::short(graph.edges));
    let name =
        format!("Memory of {elements}{}", if graph.distinct { ", each node with its own key and score" } else { "" });
    outcome.report.notes.push(format!(
        "{name}: {} resident.\n{}",
        number::bytes(number::float(ledger.resident)),
        ledger.lines
    ));
    outcome.report.breakdowns.push(Breakdown { name, parts: lines.chain([rest]).collect() });
}

/// Compares component storage, with everything that finds it, with each node's own copy.
fn report_sharing(outcome: &mut SectionOutcome, graph: MeasuredGraph, view: &GraphView) {
    let storage = view.component_storage();
    let mut ledger = cidgraph::MemoryLedger::default();
    view.enter(&mut ledger);
    let taken = storage.heap_bytes + ledger.bytes("node component sets");
    let saved = 100.0 * (1.0 - number::float(taken) / number::float(storage.bytes_without_sharing.max(1)));
    let reached = Reached { nodes: graph.nodes, edges: graph.edges, ..Reached::default() };
    let bytes = |bytes: u64| number::bytes(number::float(bytes));
    let conditions = format!("{} instead of {}", bytes(taken), bytes(storage.bytes_without_sharing));
    if graph.target == Some("memory") {
        outcome.measure("component_sharing", saved, reached, conditions);
    }
    outcome.report.higher(&named(graph, "component_bytes_saved"), "%", saved, Vec::new());
}

fn named(graph: MeasuredGraph, figure: &str) -> String {
    format!("{}{figure}", graph.name)
}
