//! A graph's events read, verified and decoded, beside a pull of the same stream; and a start behind by ten thousand.

use std::path::Path;
use std::sync::Arc;

use cidgraph::aggregate::Misfit;
use cidgraph::writer::load;
use cidgraph::{Draft, Engine, EventStore, GraphCommand, GraphEvent, GraphId, Head, Rejected, Savepoint};

use crate::baseline::{RawStream, Servers};
use crate::measure::Stopwatch;
use crate::number;
use crate::section::service::ServiceError;
use crate::section::{SectionOutcome, StoreSource};
use crate::target::Reached;

/// Turns in which the two are measured.
const ROUNDS: usize = 3;

/// Transactions that a replay remembers: as few as it can.
const REMEMBERED: usize = 1;

/// Reads, verifies and decodes all events of a graph, and pulls its stream raw, in turns.
///
/// # Errors
/// The store's, the chain's or the server's first.
pub async fn replayed(
    store: &Arc<dyn EventStore>,
    graph: GraphId,
    server: &Servers,
    stream: &str,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("replay and verify");
    let watch = Stopwatch::start();
    let (mut rates, mut raw_rates, mut events) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let timed = Stopwatch::start();
        let mut counted = Counted(0);
        load(store, graph.into(), &mut counted, REMEMBERED).await.map_err(ServiceError::new)?;
        rates.push(timed.read().rate(counted.0));
        events = counted.0;
        let timed = Stopwatch::start();
        let (pulled, _) = RawStream::pull(server, stream).await.map_err(ServiceError::new)?;
        raw_rates.push(timed.read().rate(pulled));
    }
    let ratios: Vec<f64> = rates.iter().zip(&raw_rates).map(|(rate, raw)| rate / raw).collect();
    let (rate, raw, ratio) = (number::median(&rates), number::median(&raw_rates), number::median(&ratios));
    let short = |rate: f64| number::short(number::round(rate));
    let conditions = format!("{}/s, raw pull {}/s, median of {ROUNDS} turns", short(rate), short(raw));
    outcome.measure("served_replay_ratio", ratio, Reached { events, ..Reached::default() }, conditions);
    outcome.report.higher("served_replay_rate", "events/s", rate, rates);
    outcome.report.higher("raw_pull_rate", "messages/s", raw, raw_rates);
    Ok(outcome.timed(&watch))
}

/// Connects to the store in `folder` anew and loads a graph, as after a stop of the whole process.
///
/// # Errors
/// The store's or the engine's first.
pub async fn start_behind(
    stores: &dyn StoreSource,
    folder: &Path,
    graph: GraphId,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("recovery");
    let mut seconds = Vec::new();
    let mut events = 0;
    for _ in 0..ROUNDS {
        let timed = Stopwatch::start();
        let store = stores.open_to_read(folder).await.map_err(ServiceError::new)?;
        let engine = Engine::new(store);
        let loaded = engine.load_graph(graph).await.map_err(ServiceError::new)?;
        seconds.push(timed.read().wall.as_secs_f64());
        events = loaded.view().version();
        drop(loaded);
        engine.close().await;
    }
    let median = number::median(&seconds);
    let conditions = "connected, read, verified, projected; there is no snapshot, so from the first event on";
    outcome.measure("served_start", median, Reached { events, ..Reached::default() }, conditions);
    outcome.report.lower("served_start", "s", median, seconds);
    Ok(outcome)
}

/// Counts events that were verified and decoded, and keeps none.
struct Counted(u64);

impl Draft for Counted {
    type Command = GraphCommand;
    type Event = GraphEvent;
    type Rejection = Rejected;

    fn decide(&self, _command: &GraphCommand) -> Result<Vec<GraphEvent>, Rejected> {
        Ok(Vec::new())
    }

    fn apply(&mut self, _event: &GraphEvent, version: u64) -> Result<(), Misfit> {
        self.0 = version;
        Ok(())
    }

    fn savepoint(&mut self) -> Savepoint {
        Savepoint(0)
    }

    fn roll_back(&mut self, _to: Savepoint) {}

    fn publish(&mut self, _head: Head, _timestamp_ns: u64) {}
}
