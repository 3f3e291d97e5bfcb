//! One append after another, beside one raw publish after another; then two thousand a second in an open loop.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::{EventStore, StoredEvent};

use super::checked::Checked;
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

/// Sends transactions of one event to a service whose graph is prepared, and publishes what it wrote raw, without and with
/// the store's check, in turns; then offers each 2000 a second for `duration`.
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
    let mut checked = Checked::create(server, stream).await?;
    let least = LeastDurability::default();
    let plan = ClosedLoop { callers: 1, duration: 4 * duration, operations_max: APPENDS, interval: duration };
    let (mut appended, mut published, mut first) = (Distribution::new(), Distribution::new(), 0);
    for _ in 0..ROUNDS {
        let operation = send(service, workload, &least);
        let from = store.last_sequence().await.map_err(ServiceError::new)? + 1;
        let result = run_closed_loop(&plan, move |number| operation(first + number)).await;
        appended.add(&result.latency);
        first += APPENDS;
        let events = store.read_all(from, usize::MAX).await.map_err(ServiceError::new)?;
        let messages = messages_of(stream, &events);
        let operations_max = number::count(messages.len());
        let result = run_closed_loop(&ClosedLoop { operations_max, ..plan }, publishes(&raw, messages)).await;
        published.add(&result.latency);
        checked.publish(&events).await?;
    }
    let (_, checked) = checked.delete().await?;
    report(&mut outcome, &appended, &published, &checked);
    let from = store.last_sequence().await.map_err(ServiceError::new)? + 1;
    let open = OpenLoop::new(RATE, duration, 1);
    let operation = send(service, workload, &least);
    let result = run_open_loop(&open, move |number| operation(first + number)).await;
    let messages = messages_of(stream, &store.read_all(from, usize::MAX).await.map_err(ServiceError::new)?);
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

fn report(outcome: &mut SectionOutcome, appended: &Distribution, published: &Distribution, checked: &Distribution) {
    let p50 = |latency: &Distribution| number::float(latency.quantile_ns(0.5));
    let conditions = format!(
        "p50 {}, raw {}, raw with the check {}, {ROUNDS} turns of {APPENDS}",
        number::duration(p50(appended)),
        number::duration(p50(published)),
        number::duration(p50(checked))
    );
    outcome.measure("served_single_ratio", p50(appended) / p50(published).max(1.0), Reached::default(), conditions);
    outcome.report.lower("single_append_p50", "µs", p50(appended) / 1e3, Vec::new());
    outcome.report.lower("raw_publish_p50", "µs", p50(published) / 1e3, Vec::new());
    outcome.histogram("one append at a time", appended);
    outcome.report.lower("checked_publish_p50", "µs", p50(checked) / 1e3, Vec::new());
    outcome.histogram("one raw publish at a time", published);
    outcome.histogram("one raw publish with the check at a time", checked);
}

fn messages_of(stream: &str, events: &[StoredEvent]) -> Vec<RawMessage> {
    events.iter().map(|stored| RawMessage::of(stream, &stored.event)).collect()
}

fn publishes(
    raw: &RawStream,
    messages: Vec<RawMessage>,
) -> impl Fn(u64) -> futures::future::BoxFuture<'static, Result<(), BaselineError>> + Send + Sync + use<> {
    let raw = raw.clone();
    move |number| {
        let (raw, message) = (raw.clone(), messages[number::index(number)].clone());
        Box::pin(async move { raw.publish(message).await.map(drop) })
    }
}
