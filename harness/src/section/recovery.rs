//! Recovery of a large graph: from its first event, and from a snapshot a thousand events behind; and what these events
//! add to the snapshot.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cidgraph::shelf::Notice;
use cidgraph::topology::Topology;
use cidgraph::{Engine, ShelfConfig};

use super::context::SectionOutcome;
use super::engine_service::EngineService;
use super::query::change;
use super::service::{GraphService, ServiceError};
use super::stores::{StoreSource, SyncPolicy};
use crate::measure::Stopwatch;
use crate::number;
use crate::target::Reached;
use crate::workload::GraphWorkload;

/// Events after which something is put on the shelf.
const INTERVAL: u64 = 1000;

/// How often the graph is recovered from its snapshot.
const ROUNDS: usize = 3;

/// Longer than any bench: snapshots are taken when the graph is closed, where it can be seen how long that takes.
const PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a graph is kept.
#[derive(Debug, Clone, Copy)]
pub struct KeptGraph<'a> {
    /// Makes its store.
    pub stores: &'a dyn StoreSource,
    /// The store's folder.
    pub folder: &'a Path,
    /// The folder of its snapshots; empty at first.
    pub shelf: &'a Path,
    /// What built it.
    pub workload: &'a GraphWorkload,
}

/// An engine that has the graph open, and what it was told of the shelf.
struct Opened {
    service: EngineService,
    notices: Arc<Mutex<Vec<Notice>>>,
    seconds: f64,
    version: u64,
    reached: Reached,
}

impl KeptGraph<'_> {
    /// Opens the store and the graph, as after a stop of the whole process.
    async fn open(&self, takes: bool) -> Result<Opened, ServiceError> {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&notices);
        let config = ShelfConfig {
            takes,
            interval_events: INTERVAL,
            pause: PAUSE,
            notify: Arc::new(move |notice| told.lock().expect("nobody panics").push(notice.clone())),
            ..ShelfConfig::new(PathBuf::from(self.shelf))
        };
        let watch = Stopwatch::start();
        let store = self.stores.open(self.folder, SyncPolicy::Never).await.map_err(ServiceError::new)?;
        let engine = Engine::builder(store).snapshots(config).build();
        let view = engine.load_graph(self.workload.graph).await.map_err(ServiceError::new)?.view();
        let seconds = watch.read().wall.as_secs_f64();
        let (nodes, edges) = (number::count(view.node_count()), number::count(view.edge_count()));
        let reached = Reached { nodes, edges, ..Reached::default() };
        let (service, version) = (EngineService::new(engine), view.version());
        Ok(Opened { service, notices, seconds, version, reached })
    }
}

impl Opened {
    /// Appends single changes until the graph has a version.
    async fn change_until(&self, workload: &GraphWorkload, version: u64) -> Result<(), ServiceError> {
        let nodes = workload.node_source();
        let mut reached = self.version;
        while reached < version {
            let transaction = change(&nodes, workload.nodes, workload.seed ^ 0x5e1f_0000, reached);
            let acknowledged = self.service.apply(transaction).await?;
            reached = acknowledged.told.last().map_or(reached, |(version, _)| *version);
        }
        Ok(())
    }

    /// Closes the graph, which takes what is due, and returns the seconds that took and what the shelf told.
    async fn close(self) -> (f64, Vec<Notice>) {
        let watch = Stopwatch::start();
        self.service.engine().close().await;
        let seconds = watch.read().wall.as_secs_f64();
        let notices = self.notices.lock().expect("nobody panics").clone();
        (seconds, notices)
    }
}

/// Recovers a graph from its first event, takes its snapshot, and recovers it again when it has a thousand events more.
///
/// # Errors
/// The store's or the engine's first.
pub async fn recovery(graph: KeptGraph<'_>) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("recovery");
    let watch = Stopwatch::start();
    let whole = graph.open(true).await?;
    let replay_seconds = whole.seconds;
    outcome.report.lower("recovery_from_first_event", "s", replay_seconds, Vec::new());
    // Closed at a whole interval, so that the thousand events after it are the next one.
    whole.change_until(graph.workload, whole.version.next_multiple_of(INTERVAL)).await?;
    let (_, notices) = whole.close().await;
    let snapshot_bytes = notices.iter().find_map(|notice| match notice {
        Notice::SnapshotTaken { bytes, .. } => Some(*bytes),
        Notice::Opened { .. }
        | Notice::Skipped { .. }
        | Notice::LayerTaken { .. }
        | Notice::HistoryTaken { .. }
        | Notice::Failed { .. } => None,
    });
    let ahead = graph.open(false).await?;
    ahead.change_until(graph.workload, ahead.version + INTERVAL).await?;
    ahead.close().await;
    from_snapshot(&mut outcome, graph, replay_seconds).await?;
    next_snapshot(&mut outcome, graph, snapshot_bytes).await?;
    Ok(outcome.timed(&watch))
}

async fn from_snapshot(
    outcome: &mut SectionOutcome,
    graph: KeptGraph<'_>,
    replay_seconds: f64,
) -> Result<(), ServiceError> {
    let mut seconds = Vec::new();
    let mut reached = Reached::default();
    let mut behind = None;
    for _ in 0..ROUNDS {
        let opened = graph.open(false).await?;
        seconds.push(opened.seconds);
        reached = opened.reached;
        let version = opened.version;
        let (_, notices) = opened.close().await;
        behind = notices.iter().find_map(|notice| match notice {
            Notice::Opened { layers, .. } => Some(version - layers),
            Notice::SnapshotTaken { .. }
            | Notice::Skipped { .. }
            | Notice::LayerTaken { .. }
            | Notice::HistoryTaken { .. }
            | Notice::Failed { .. } => None,
        });
    }
    let recovered = number::median(&seconds);
    let replay = number::duration(replay_seconds * 1e9);
    let (falls_short, how) = match behind {
        Some(events) => (None, format!("snapshot checked whole, {events} events from the store")),
        None => (Some("no snapshot was used"), "whole journal".to_owned()),
    };
    let conditions = format!("{how}; from the first event {replay}");
    outcome.measure("recovery", recovered, Reached { falls_short, ..reached }, conditions);
    outcome.report.lower("recovery", "s", recovered, seconds);
    Ok(())
}

async fn next_snapshot(
    outcome: &mut SectionOutcome,
    graph: KeptGraph<'_>,
    snapshot_bytes: Option<u64>,
) -> Result<(), ServiceError> {
    let opened = graph.open(true).await?;
    let reached = opened.reached;
    let (seconds, notices) = opened.close().await;
    let (mut events, mut bytes) = (0, 0);
    for notice in &notices {
        match notice {
            Notice::LayerTaken { versions: (first, last), bytes: taken, .. } => {
                events += last - first + 1;
                bytes += taken;
            }
            Notice::SnapshotTaken { bytes: taken, .. } => bytes += taken,
            Notice::Failed { reason, .. } => outcome.report.notes.push(format!("No snapshot was taken: {reason}.")),
            Notice::Opened { .. } | Notice::Skipped { .. } | Notice::HistoryTaken { .. } => {}
        }
    }
    let Some(whole) = snapshot_bytes.filter(|_| bytes > 0) else { return Ok(()) };
    let readable = |bytes| number::bytes(number::float(bytes));
    let conditions = format!("{} events, closing the graph included", number::grouped(events));
    outcome.measure("snapshot_delta", seconds * 1e3, reached, conditions);
    let share = 100.0 * number::float(bytes) / number::float(whole.max(1));
    let conditions = format!("{} after {}", readable(bytes), readable(whole));
    outcome.measure("snapshot_delta_share", share, reached, conditions);
    outcome.report.lower("snapshot_delta", "ms", seconds * 1e3, Vec::new());
    outcome.report.lower("snapshot_delta_bytes", "B", number::float(bytes), Vec::new());
    Ok(())
}
