//! The past of a long history: the graph at any version, what differs between two, and proofs of a node.
//!
//! The graph grows by single elements, its writer commits to its state, and its shelf takes snapshots as it likes while
//! events come; none of them is cleared away.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::proof::{Prover, check};
use cidgraph::{
    AggregateId, CheckpointPolicy, Checkpointing, Engine, EventStore, GraphHistory, Moment, Shelf, ShelfConfig,
};

use super::context::SectionOutcome;
use super::engine_service::EngineService;
use super::service::{GraphService, ServiceError};
use crate::measure::{Distribution, Stopwatch};
use crate::number;
use crate::random::Random;
use crate::target::Reached;
use crate::workload::GraphWorkload;

/// States that are asked for one after another by an engine that has asked before.
const WARM_STATES: u64 = 500;

/// Events between the two versions of a diff.
const NEAR: u64 = 100;

/// How many diffs are made.
const DIFFS: u64 = 50;

/// Checkpoints with which proofs begin, and proofs from each.
const CHECKPOINTS: usize = 3;
const PROOFS: u64 = 50;

/// A long history.
#[derive(Debug, Clone)]
pub struct LongHistory {
    store: Arc<dyn EventStore>,
    workload: GraphWorkload,
    shelf: Shelf,
    /// The last version.
    events: u64,
}

impl LongHistory {
    /// Makes a history of about so many events of one element each, with what a shelf takes meanwhile.
    ///
    /// # Errors
    /// The engine's first.
    pub async fn build(store: Arc<dyn EventStore>, shelf: &Path, events: u64, seed: u64) -> Result<Self, ServiceError> {
        let nodes = (events / 6).max(1);
        let workload = GraphWorkload {
            transaction_elements: 1,
            ..GraphWorkload::new("history", nodes, events.saturating_sub(nodes), seed)
        };
        let policy = CheckpointPolicy { only_where_paid: false, ..CheckpointPolicy::default() };
        let engine = Engine::builder(Arc::clone(&store))
            .snapshots(config(shelf, true))
            .checkpoints(Checkpointing::Between(policy))
            .build();
        let service = EngineService::new(engine);
        // One after another: an edge must not overtake its ends.
        for transaction in workload.transactions() {
            service.apply(transaction).await?;
        }
        service.engine().close().await;
        let head = store.head(AggregateId::from(workload.graph)).await.map_err(ServiceError::new)?;
        let events = head.map_or(0, |head| head.version);
        Ok(Self { store, workload, shelf: Shelf::new(config(shelf, false)), events })
    }

    fn reached(&self) -> Reached {
        Reached { events: self.events, ..Reached::default() }
    }

    /// Opens the graph in an engine that has asked nothing yet.
    async fn open(&self) -> Result<(Engine, GraphHistory), ServiceError> {
        let shelf = config(&self.shelf.config().folder, false);
        let engine = Engine::builder(Arc::clone(&self.store)).snapshots(shelf).build();
        let graph = engine.load_graph(self.workload.graph).await.map_err(ServiceError::new)?;
        Ok((engine, graph.history()))
    }

    /// Returns a version that is one, drawn.
    fn version(&self, random: &mut Random) -> u64 {
        2 + random.below(self.events - 2)
    }

    fn snapshots(&self) -> Result<(usize, u64), ServiceError> {
        let contents = self.shelf.graph(self.workload.graph).contents().map_err(ServiceError::new)?;
        let versions: Vec<u64> = contents.snapshots.iter().map(|snapshot| snapshot.version).collect();
        let ends = versions.iter().copied().chain([self.events]);
        let apart = [0].into_iter().chain(versions.iter().copied()).zip(ends).map(|(from, to)| to - from);
        Ok((versions.len(), apart.max().unwrap_or(0)))
    }
}

/// Returns how the history's shelf is kept: what is due is taken at once, and all of it stays.
fn config(folder: &Path, takes: bool) -> ShelfConfig {
    let retention = "all for ever".parse().expect("it is written as a rule is");
    ShelfConfig { takes, pause: Duration::ZERO, retention, ..ShelfConfig::new(folder) }
}

/// Measures the time to the first answer of the graph at drawn versions: by engines that have asked nothing before, for as
/// long as `patience` lasts, and by one that goes on asking. And diffs of versions that lie near each other.
///
/// # Errors
/// The engine's first.
pub async fn states_of_the_past(history: &LongHistory, patience: Duration) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("history");
    let watch = Stopwatch::start();
    let mut random = Random::new(history.workload.seed ^ 0x0a57_0000);
    let mut cold = Distribution::new();
    let give_up = Instant::now() + patience;
    while cold.count() < 2 || Instant::now() < give_up {
        let (engine, past) = history.open().await?;
        cold.record(first_answer(history, &past, history.version(&mut random)).await?);
        engine.close().await;
    }
    let (engine, past) = history.open().await?;
    let mut warm = Distribution::new();
    for _ in 0..WARM_STATES {
        warm.record(first_answer(history, &past, history.version(&mut random)).await?);
    }
    let diffs = diffs(history, &past, &mut random).await?;
    engine.close().await;
    let at = |of: &Distribution, quantile| number::duration(number::float(of.quantile_ns(quantile)));
    let (snapshots, apart) = history.snapshots()?;
    let conditions = format!(
        "point query by a fresh engine, {} of them, p50 {}; one that goes on asking p50 {}, p99 {}; {snapshots} \
         snapshots, at most {} events apart",
        cold.count(),
        at(&cold, 0.5),
        at(&warm, 0.5),
        at(&warm, 0.99),
        number::short(apart)
    );
    outcome.measure("state_at_p99", number::float(cold.quantile_ns(0.99)) / 1e6, history.reached(), conditions);
    for (name, figure, distribution) in [
        ("state at a version, fresh engine", "state_at_cold_p50", &cold),
        ("state at a version, the same engine", "state_at_warm_p50", &warm),
        ("diff of versions 100 events apart", "diff_p50", &diffs),
    ] {
        outcome.report.lower(figure, "ms", number::float(distribution.quantile_ns(0.5)) / 1e6, Vec::new());
        outcome.histogram(name, distribution);
    }
    Ok(outcome.timed(&watch))
}

/// Returns the nanoseconds to the first answer of the graph at a version.
async fn first_answer(history: &LongHistory, past: &GraphHistory, version: u64) -> Result<u64, ServiceError> {
    let first = history.workload.node_source().id(0);
    let started = Instant::now();
    let model = past.at(Moment::Version(version)).await.map_err(ServiceError::new)?;
    let kind = model.get(first).map(|node| node.kind().len());
    let took = started.elapsed();
    assert!(kind.is_some(), "the first node is there from version 2 on");
    Ok(number::nanoseconds(took))
}

async fn diffs(history: &LongHistory, past: &GraphHistory, random: &mut Random) -> Result<Distribution, ServiceError> {
    let mut distribution = Distribution::new();
    for _ in 0..DIFFS {
        let from = history.version(random).min(history.events.saturating_sub(NEAR)).max(1);
        let started = Instant::now();
        let moments = (Moment::Version(from), Moment::Version(from + NEAR.min(history.events - from)));
        let diff = past.diff(moments.0, moments.1).await.map_err(ServiceError::new)?;
        distribution.record(number::nanoseconds(started.elapsed()));
        assert!(!diff.is_empty(), "elements were added in between");
    }
    Ok(distribution)
}

/// Makes proofs of drawn nodes at drawn versions behind a few checkpoints, and checks each.
///
/// # Errors
/// Where a proof cannot be made or does not hold.
pub async fn proofs_of_the_past(history: &LongHistory) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("history");
    let watch = Stopwatch::start();
    let graph = history.workload.graph;
    let head = history.store.head(graph.into()).await.map_err(ServiceError::new)?;
    let Some(head) = head else { return Ok(outcome) };
    let mut prover = Prover::open(Arc::clone(&history.store), graph).await.map_err(ServiceError::new)?;
    let opened_ms = watch.read().wall.as_secs_f64() * 1e3;
    let spans: Vec<(u64, u64)> = prover.checkpoints().windows(2).map(|two| (two[0].event, two[1].version)).collect();
    let chosen = (0..CHECKPOINTS).filter_map(|place| spans.get(spans.len() * (2 * place + 1) / (2 * CHECKPOINTS)));
    let (mut first_ms, mut made, mut checked, mut bytes) = (0.0, Distribution::new(), Distribution::new(), 0);
    let mut random = Random::new(history.workload.seed ^ 0x0970_0f00);
    let nodes = history.workload.node_source();
    for (from, until) in chosen.copied() {
        for number in 0..=PROOFS {
            let version = from + random.below(until.saturating_sub(from).max(1));
            let node = nodes.id(random.below(history.workload.nodes));
            let started = Instant::now();
            let proof = prover.prove(node, version).await.map_err(ServiceError::new)?.encode();
            let took = started.elapsed();
            let started = Instant::now();
            let proven = check(&proof, head.cid).map_err(ServiceError::new)?;
            checked.record(number::nanoseconds(started.elapsed()));
            assert_eq!((proven.version, proven.graph), (version, graph), "it is of what was asked for");
            bytes = bytes.max(number::count(proof.len()));
            // The first from a checkpoint replays the graph up to it.
            match number {
                0 => first_ms = took.as_secs_f64() * 1e3,
                _ => made.record(number::nanoseconds(took)),
            }
        }
    }
    if made.count() == 0 {
        outcome.report.notes.push("No proofs: the history has fewer than two checkpoints.".to_owned());
        return Ok(outcome.timed(&watch));
    }
    let p99_ms = |of: &Distribution| number::float(of.quantile_ns(0.99)) / 1e6;
    let conditions = format!(
        "{} proofs, the state of their checkpoint at hand; the first from the last one {}, the log read {}",
        made.count(),
        number::duration(first_ms * 1e6),
        number::duration(opened_ms * 1e6)
    );
    let reached = history.reached();
    outcome.measure("proof_made", p99_ms(&made), reached, conditions);
    outcome.measure("proof_checked", p99_ms(&checked), reached, format!("{} proofs, offline", checked.count()));
    let checkpoints = format!("{} checkpoints", number::grouped(number::count(prover.checkpoints().len())));
    outcome.measure("proof_bytes", number::float(bytes) / 1024.0, reached, checkpoints);
    outcome.report.lower("proof_first_from_checkpoint", "ms", first_ms, Vec::new());
    outcome.report.lower("prover_open", "ms", opened_ms, Vec::new());
    outcome.histogram("proof made", &made);
    outcome.histogram("proof checked", &checked);
    Ok(outcome.timed(&watch))
}
