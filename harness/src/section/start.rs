//! How long a start takes: to the first answer of a command, and to a graph in memory.

use std::path::Path;

use cidgraph::topology::Topology;
use cidgraph::{Engine, GraphId};

use super::context::SectionOutcome;
use super::service::ServiceError;
use super::stores::StoreSource;
use crate::measure::Stopwatch;
use crate::number;
use crate::target::Reached;

/// Starts on the store in `folder`, `rounds` times; the median counts and all are samples.
///
/// # Errors
/// The store's or the engine's first.
///
/// # Panics
/// Where there are no rounds.
pub async fn start(
    stores: &dyn StoreSource,
    folder: &Path,
    graph: GraphId,
    rounds: usize,
) -> Result<SectionOutcome, ServiceError> {
    assert!(rounds > 0, "there is nothing to measure");
    let mut outcome = SectionOutcome::new("recovery");
    let watch = Stopwatch::start();
    let (mut first_answer_ms, mut replay_s) = (Vec::new(), Vec::new());
    let mut events = 0;
    for _ in 0..rounds {
        let opened = Stopwatch::start();
        let store = stores.open_to_read(folder).await.map_err(ServiceError::new)?;
        let graphs = store.list().await.map_err(ServiceError::new)?;
        first_answer_ms.push(opened.read().wall.as_secs_f64() * 1e3);
        events = graphs.iter().map(|(_, head)| head.version).sum();
        let engine = Engine::new(store);
        let loaded = engine.load_graph(graph).await.map_err(ServiceError::new)?;
        replay_s.push(opened.read().wall.as_secs_f64());
        std::hint::black_box(loaded.view().node_count());
        drop(loaded);
        engine.close().await;
    }
    let reached = Reached { events, ..Reached::default() };
    let (answer, replay) = (number::median(&first_answer_ms), number::median(&replay_s));
    outcome.measure("start_command", answer, reached, "opened and listed, files in the page cache");
    let rate = number::short(number::round(number::float(events) / replay));
    outcome.measure("start_replay", replay, reached, format!("opened, read, verified, projected: {rate} events/s"));
    outcome.report.lower("start_to_first_answer", "ms", answer, first_answer_ms);
    outcome.report.lower("start_to_full_replay", "s", replay, replay_s);
    Ok(outcome.timed(&watch))
}
