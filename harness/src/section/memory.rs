//! What a graph takes in memory: as the operating system counts it, and by structure.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::topology::Topology;
use cidgraph::{EventStore, GraphView};

use super::context::SectionOutcome;
use super::fixture::GraphFixture;
use super::service::ServiceError;
use crate::measure::{ProcessMemory, Stopwatch, process_memory};
use crate::number;
use crate::report::{Breakdown, Part};
use crate::target::Reached;

/// How long the allocator is given to hand freed pages back.
const CALM: Duration = Duration::from_millis(500);

/// Builds a graph in `store` and measures what it takes. It counts what is in use before as part of the process.
///
/// # Errors
/// The engine's first.
pub async fn memory_by_structure(
    store: Arc<dyn EventStore>,
    nodes: u64,
    edges: u64,
    seed: u64,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("memory");
    let watch = Stopwatch::start();
    let before = process_memory();
    let fixture = GraphFixture::build(store, "memory", nodes, edges, seed).await?;
    tokio::time::sleep(CALM).await;
    let view = fixture.view();
    let parts = structures(&view);
    let structures: u64 = parts.iter().map(|part| part.bytes).sum();
    if let (Some(before), Some(after)) = (before, process_memory()) {
        report_process(&mut outcome, &view, structures, before, after);
    }
    let name = format!("By structure, {} nodes and {} edges", number::short(nodes), number::short(edges));
    outcome.report.breakdowns.push(Breakdown { name, parts });
    outcome.report.lower("structures", "MB", number::float(structures) / 1e6, Vec::new());
    drop(view);
    fixture.service.engine().close().await;
    Ok(outcome.timed(&watch))
}

fn report_process(
    outcome: &mut SectionOutcome,
    view: &GraphView,
    structures: u64,
    before: ProcessMemory,
    after: ProcessMemory,
) {
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
    outcome.measure("memory", megabytes(after.resident), reached, conditions);
    outcome.report.lower("resident", "MB", megabytes(after.resident), Vec::new());
    outcome.report.lower("resident_peak", "MB", megabytes(after.resident_peak), Vec::new());
    let grown = after.resident.saturating_sub(before.resident);
    outcome.report.notes.push(format!(
        "The process grew by {}, of which {} are in the structures below; the rest is the writer, the store's own \
         tables, spare room of the allocator and pages that it has not handed back.",
        number::bytes(number::float(grown)),
        number::bytes(number::float(structures)),
    ));
}

/// Returns the bytes on the heap by structure, the largest first.
fn structures(view: &GraphView) -> Vec<Part> {
    let generation = view.generation();
    let base = generation.base().ledger();
    let index = view.index().heap_bytes();
    let parts = [
        ("node ids", base.node_ids),
        ("id table", base.id_table),
        ("node columns", base.node_columns),
        ("adjacency, both ways", base.adjacency),
        ("edge columns", base.edge_columns),
        ("history in the base", base.history),
        ("rows since the base", generation.heap_bytes()),
        ("pool", generation.pool().heap_bytes()),
        ("names", generation.pool().names().heap_bytes()),
        ("index of kinds and types", index.total() - index.properties),
        ("index of properties", index.properties),
    ];
    let part = |(name, bytes): (&str, usize)| Part { name: name.to_owned(), bytes: number::count(bytes) };
    let mut parts: Vec<Part> = parts.into_iter().map(part).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    parts
}
