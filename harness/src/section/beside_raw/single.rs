//! One append after another, beside one raw publish after another; then two thousand a second in an open loop.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::EventStore;

use crate::baseline::{BaselineError, RawMessage, RawStream, Servers};
use crate::load::{ClosedLoop, OpenLoop, run_closed_loop, run_open_loop};
use crate::measure::{Distribution, Stopwatch};
use crate::number;
use crate::section::SectionOutcome;
use crate::section::append::{LeastDurability, send};
use crate::section::service::{GraphService, ServiceError};
use crate::target::Reached;
use crate::workload::MixedWorkload;

/// Turns in which the two are measured.
const ROUNDS: u64 = 10;

/// Appends of one turn.
const APPENDS: u64 = 500;

/// Events offered a second in the open loop.
const RATE: f64 = 2000.0;

/// Sends transactions of one event to a service whose graph is prepared, and publishes what it wrote raw, in turns; then
/// offers each 2000 a second for `duration`.
///
/// # Errors
/// The store's or the server's first.
///
/// # Panics
/// Where `workload` holds queries.
pub async fn single(
    service: &Arc<dyn GraphService>,
    store: &Arc<dyn EventStore>,
    server: &Servers,
    stream: &str,
    workload: &Arc<MixedWorkload>,
    duration: Duration,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let raw = RawStream::create(server, stream).await.map_err(ServiceError::new)?;
    let least = LeastDurability::default();
    let plan = ClosedLoop { callers: 1, duration: 4 * duration, operations_max: APPENDS, interval: duration };
    let (mut appended, mut published, mut first) = (Distribution::new(), Distribution::new(), 0);
    for _ in 0..ROUNDS {
        let operation = send(service, workload, &least);
        let from = store.last_sequence().await.map_err(ServiceError::new)? + 1;
        let result = run_closed_loop(&plan, move |number| operation(first + number)).await;
        appended.add(&result.latency);
        first += APPENDS;
        let messages = written(store, stream, from).await?;
        let operations_max = number::count(messages.len());
        let result = run_closed_loop(&ClosedLoop { operations_max, ..plan }, publishes(&raw, messages)).await;
        published.add(&result.latency);
    }
    report(&mut outcome, &appended, &published);
    let from = store.last_sequence().await.map_err(ServiceError::new)? + 1;
    let open = OpenLoop::new(RATE, duration, 1);
    let operation = send(service, workload, &least);
    let result = run_open_loop(&open, move |number| operation(first + number)).await;
    let messages = written(store, stream, from).await?;
    let again = number::count(messages.len());
    let publish = publishes(&raw, messages);
    let raw_result = run_open_loop(&open, move |number| publish(number % again)).await;
    raw.delete().await.map_err(ServiceError::new)?;
    let p99_ms = |latency: &Distribution| number::float(latency.quantile_ns(0.99)) / 1e6;
    let conditions = format!(
        "raw {} ms, open loop, {} failed, {} unanswered",
        number::readable(p99_ms(&raw_result.latency)),
        result.errors,
        result.unanswered
    );
    let reached = Reached { rate: RATE, seconds: duration.as_secs_f64(), ..Reached::default() };
    outcome.measure("served_single_p99", p99_ms(&result.latency), reached, conditions);
    outcome.histogram("appends at 2K/s, open loop", &result.latency);
    outcome.histogram("raw publishes at 2K/s, open loop", &raw_result.latency);
    Ok(outcome.timed(&watch))
}

fn report(outcome: &mut SectionOutcome, appended: &Distribution, published: &Distribution) {
    let p50 = |latency: &Distribution| number::float(latency.quantile_ns(0.5));
    let conditions = format!(
        "p50 {}, raw {}, {ROUNDS} turns of {APPENDS}",
        number::duration(p50(appended)),
        number::duration(p50(published))
    );
    outcome.measure("served_single_ratio", p50(appended) / p50(published).max(1.0), Reached::default(), conditions);
    outcome.report.lower("single_append_p50", "µs", p50(appended) / 1e3, Vec::new());
    outcome.report.lower("raw_publish_p50", "µs", p50(published) / 1e3, Vec::new());
    outcome.histogram("one append at a time", appended);
    outcome.histogram("one raw publish at a time", published);
}

async fn written(store: &Arc<dyn EventStore>, stream: &str, from: u64) -> Result<Vec<RawMessage>, ServiceError> {
    let written = store.read_all(from, usize::MAX).await.map_err(ServiceError::new)?;
    Ok(written.iter().map(|stored| RawMessage::of(stream, &stored.event)).collect())
}

fn publishes(
    raw: &RawStream,
    messages: Vec<RawMessage>,
) -> impl Fn(u64) -> futures::future::BoxFuture<'static, Result<(), BaselineError>> + Send + Sync + use<> {
    let raw = raw.clone();
    move |number| {
        let (raw, message) = (raw.clone(), messages[number::index(number)].clone());
        Box::pin(async move { raw.publish(message).await })
    }
}
