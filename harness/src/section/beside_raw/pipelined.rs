//! A thousand graphs that get one event each, again and again, beside as many raw publishes under way, with and without
//! the check that a store asks for.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::{EventStore, GraphCommand, GraphId, GraphMetadata};
use futures::future::{BoxFuture, try_join_all};

use super::checked::Checked;
use crate::baseline::{BaselineError, RawMessage, RawStream, Servers};
use crate::load::{ClosedLoop, run_closed_loop};
use crate::measure::Stopwatch;
use crate::number;
use crate::section::SectionOutcome;
use crate::section::service::{GraphService, ServiceError};
use crate::target::Reached;
use crate::workload::{NodeSource, WorkloadTransaction, transaction_of};

/// Graphs, and events under way at once.
const GRAPHS: u32 = 1000;

/// Turns in which the two are measured.
const ROUNDS: u64 = 3;

/// Makes a thousand graphs, lets each of as many callers append one event to one of them, again and again, and
/// publishes the same messages raw, without and with the store's check, in turns of `duration`.
///
/// # Errors
/// The service's, the store's or the server's first.
pub async fn pipelined(
    service: &Arc<dyn GraphService>,
    store: &Arc<dyn EventStore>,
    server: &Servers,
    stream: &str,
    duration: Duration,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let raw = RawStream::create(server, stream).await.map_err(ServiceError::new)?;
    let mut checked = Checked::create(server, stream).await?;
    let graphs: Arc<Vec<GraphId>> = Arc::new((0..GRAPHS).map(|number| GraphId::named(&number.to_string())).collect());
    try_join_all(graphs.iter().map(|graph| service.apply(creation(*graph)))).await?;
    let plan = ClosedLoop { callers: GRAPHS, duration, operations_max: u64::MAX, interval: duration };
    let (mut rates, mut raw_rates, mut first) = (Vec::new(), Vec::new(), 0);
    for _ in 0..ROUNDS {
        let from = store.last_sequence().await.map_err(ServiceError::new)? + 1;
        let result = run_closed_loop(&plan, appends(service, &graphs, first)).await;
        rates.push(result.rate());
        first += result.answered;
        outcome.report.lower("pipelined_append_errors", "events", number::float(result.errors), Vec::new());
        let written = store.read_all(from, number::index(result.answered)).await.map_err(ServiceError::new)?;
        let messages = written.iter().map(|stored| RawMessage::of(stream, &stored.event)).collect();
        let operations_max = number::count(written.len());
        let published = run_closed_loop(&ClosedLoop { operations_max, ..plan }, publishes(&raw, messages)).await;
        raw_rates.push(published.rate());
        checked.publish(&written).await?;
        outcome.histogram("1000 graphs, one event each", &result.latency);
        outcome.histogram("1000 raw publishes under way", &published.latency);
    }
    raw.delete().await.map_err(ServiceError::new)?;
    let (checked_rate, _) = checked.delete().await?;
    report(&mut outcome, rates, raw_rates, checked_rate);
    Ok(outcome.timed(&watch))
}

fn report(outcome: &mut SectionOutcome, rates: Vec<f64>, raw_rates: Vec<f64>, checked: f64) {
    let ratios: Vec<f64> = rates.iter().zip(&raw_rates).map(|(rate, raw)| rate / raw).collect();
    let (rate, raw, ratio) = (number::median(&rates), number::median(&raw_rates), number::median(&ratios));
    let short = |rate: f64| number::short(number::round(rate));
    let conditions = format!(
        "{}/s, raw {}/s, raw with the check {}/s, {GRAPHS} under way, median of {ROUNDS} turns",
        short(rate),
        short(raw),
        short(checked)
    );
    outcome.measure("served_pipelined_ratio", ratio, Reached::default(), conditions);
    outcome.report.higher("pipelined_rate", "events/s", rate, rates);
    outcome.report.higher("raw_pipelined_rate", "messages/s", raw, raw_rates);
    outcome.report.higher("checked_pipelined_rate", "messages/s", checked, Vec::new());
}

fn creation(graph: GraphId) -> WorkloadTransaction {
    let metadata = GraphMetadata::named("pipelined");
    transaction_of(graph, u64::MAX, 0, vec![GraphCommand::CreateGraph { metadata }])
}

/// Returns what appends a node to one graph after the other.
fn appends(
    service: &Arc<dyn GraphService>,
    graphs: &Arc<Vec<GraphId>>,
    first: u64,
) -> impl Fn(u64) -> BoxFuture<'static, Result<(), ServiceError>> + Send + Sync + use<> {
    let (service, graphs) = (Arc::clone(service), Arc::clone(graphs));
    move |number| {
        let number = first + number;
        let graph = graphs[number::index(number) % graphs.len()];
        let node = NodeSource::new(graph, 0).node(number);
        let transaction = transaction_of(graph, 0, number, vec![GraphCommand::AddNode { node }]);
        let service = Arc::clone(&service);
        Box::pin(async move { service.apply(transaction).await.map(drop) })
    }
}

fn publishes(
    raw: &RawStream,
    messages: Vec<RawMessage>,
) -> impl Fn(u64) -> BoxFuture<'static, Result<(), BaselineError>> + Send + Sync + use<> {
    let (raw, messages) = (raw.clone(), messages);
    move |number| {
        let (raw, message) = (raw.clone(), messages[number::index(number)].clone());
        Box::pin(async move { raw.publish(message).await.map(drop) })
    }
}
