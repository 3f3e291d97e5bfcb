//! Real input: imported through the engine, asked, verified, and replayed to the same state.

use std::sync::Arc;
use std::time::Instant;

use cidgraph::algorithm::Direction;
use cidgraph::topology::Topology;
use cidgraph::{Engine, EventStore, Graph, GraphId, GraphView};

use super::context::SectionOutcome;
use super::engine_service::EngineService;
use super::service::{GraphService, ServiceError};
use crate::measure::{Distribution, Stopwatch};
use crate::number;
use crate::target::Reached;
use crate::workload::WorkloadTransaction;

/// Nodes whose neighbours are asked for, at most.
const ASKED_MAX: usize = 10_000;

/// Compares an imported graph with its input and returns how many things differ.
pub type InputCheck = Box<dyn FnOnce(&GraphView) -> u64 + Send>;

/// Input that exists outside the bench, on its way to transactions.
pub struct RealInput {
    /// What it is, in a few words.
    pub name: String,
    /// The graph that it becomes.
    pub graph: GraphId,
    /// Its transactions, the graph's creation first.
    pub transactions: Box<dyn Iterator<Item = Result<WorkloadTransaction, ServiceError>> + Send>,
    /// For a git repository: how many live files differ from those of its last commit.
    pub differing_files: Option<InputCheck>,
}

impl std::fmt::Debug for RealInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RealInput").field("name", &self.name).field("graph", &self.graph).finish_non_exhaustive()
    }
}

/// Imports `input` into `store`, one transaction after another, asks for neighbours, verifies every event and replays
/// them into a second engine, whose state hash must be the same.
///
/// # Errors
/// The input's or the engine's first.
pub async fn real_input(store: Arc<dyn EventStore>, input: RealInput) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("real input");
    let watch = Stopwatch::start();
    let service = EngineService::new(Engine::new(Arc::clone(&store)));
    let RealInput { name, graph, transactions, differing_files } = input;
    let (mut events, mut count) = (0, 0);
    for transaction in transactions {
        let acknowledged = service.apply(transaction?).await?;
        outcome.note_durability(acknowledged.durability);
        events += acknowledged.events;
        count += 1;
    }
    let imported = watch.read();
    let graph = service.engine().load_graph(graph).await.map_err(ServiceError::new)?;
    let view = graph.view();
    let (nodes, edges) = (number::count(view.node_count()), number::count(view.edge_count()));
    outcome.report.higher("import_rate", "events/s", imported.rate(events), Vec::new());
    outcome.report.higher("import_transactions", "transactions/s", imported.rate(count), Vec::new());
    outcome.report.notes.push(format!(
        "{name}: {} transactions, {} events, {} nodes and {} edges.",
        number::grouped(count),
        number::grouped(events),
        number::grouped(nodes),
        number::grouped(edges)
    ));
    let reached = Reached { nodes, edges, events, ..Reached::default() };
    if let Some(differing) = differing_files {
        let conditions = format!("{name}, {}/s", number::short(number::round(imported.rate(events))));
        outcome.measure("git_files", number::float(differing(&view)), reached, conditions);
    }
    outcome.histogram("neighbours of every node", &neighbours(&view));
    let same = replays(&service, &store, &graph, &mut outcome).await?;
    outcome.measure("real_input_replay", number::float(u64::from(!same)), reached, name);
    service.engine().close().await;
    Ok(outcome.timed(&watch))
}

/// Verifies the graph's chain and replays it elsewhere; returns whether the states are the same.
async fn replays(
    service: &EngineService,
    store: &Arc<dyn EventStore>,
    graph: &Graph,
    outcome: &mut SectionOutcome,
) -> Result<bool, ServiceError> {
    let verifying = Stopwatch::start();
    let verified = service.engine().verify_graph(graph.id()).await.map_err(ServiceError::new)?;
    outcome.report.higher("verify_rate", "events/s", verifying.read().rate(verified.events), Vec::new());
    let view = graph.view();
    let replaying = Stopwatch::start();
    let replica = Engine::new(Arc::clone(store)).get_graph(graph.id()).await.map_err(ServiceError::new)?;
    outcome.report.higher("replay_rate", "events/s", replaying.read().rate(verified.events), Vec::new());
    let same = view.state_hash() == replica.state_hash() && view.head() == replica.head();
    let word = if same { "the same state hash and head" } else { "ANOTHER state hash or head" };
    let head = verified.head;
    outcome.report.notes.push(format!("Verified to version {} ({}); a replay has {word}.", head.version, head.cid));
    Ok(same)
}

fn neighbours(view: &GraphView) -> Distribution {
    let mut distribution = Distribution::new();
    for node in view.at().nodes().take(ASKED_MAX) {
        let started = Instant::now();
        let found = cidgraph::algorithm::neighbours(view, node, Direction::Both).count();
        std::hint::black_box(found);
        distribution.record(number::nanoseconds(started.elapsed()));
    }
    distribution
}
