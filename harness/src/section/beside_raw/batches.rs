//! Transactions of a thousand events, one graph growing, beside atomic batches of the same messages.

use std::sync::Arc;

use cidgraph::EventStore;
use futures::StreamExt;
use futures::stream::FuturesOrdered;

use crate::baseline::{RawMessage, RawStream, Servers};
use crate::measure::Stopwatch;
use crate::number;
use crate::section::service::{GraphService, ServiceError};
use crate::section::{Acknowledgement, SectionOutcome};
use crate::target::Reached;
use crate::workload::{GraphWorkload, WorkloadTransaction};

/// Turns in which the two are measured.
const ROUNDS: usize = 5;

/// Transactions under way at once.
const WINDOW: usize = 8;

/// Lets a service build `workload` and publishes what it wrote raw, in turns.
///
/// # Errors
/// The service's, the store's or the server's first.
///
/// # Panics
/// Where the workload has less than a transaction for each turn.
pub async fn batches(
    service: &dyn GraphService,
    store: &Arc<dyn EventStore>,
    server: &Servers,
    stream: &str,
    workload: &GraphWorkload,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let raw = RawStream::create(server, stream).await.map_err(ServiceError::new)?;
    let transactions: Vec<WorkloadTransaction> = workload.transactions().collect();
    let turn = transactions.len().div_ceil(ROUNDS);
    assert!(transactions.len() >= ROUNDS, "each turn has a transaction");
    let (mut rates, mut raw_rates, mut version) = (Vec::new(), Vec::new(), 1);
    for transactions in transactions.chunks(turn) {
        let timed = Stopwatch::start();
        let mut events = 0;
        for acknowledged in grow(service, transactions).await? {
            outcome.note_durability(acknowledged.durability);
            events += acknowledged.events;
        }
        rates.push(timed.read().rate(events));
        let written = store.read(workload.graph.into(), version, number::index(events)).await;
        let written = written.map_err(ServiceError::new)?;
        version += events;
        let messages: Vec<RawMessage> = written.iter().map(|stored| RawMessage::of(stream, &stored.event)).collect();
        raw_rates.push(publish(&raw, messages, workload.transaction_elements).await?);
    }
    raw.delete().await.map_err(ServiceError::new)?;
    report(&mut outcome, server, rates, raw_rates);
    Ok(outcome.timed(&watch))
}

async fn grow(
    service: &dyn GraphService,
    transactions: &[WorkloadTransaction],
) -> Result<Vec<Acknowledgement>, ServiceError> {
    let (mut under_way, mut answers) = (FuturesOrdered::new(), Vec::with_capacity(transactions.len()));
    for transaction in transactions {
        if under_way.len() == WINDOW {
            answers.extend(under_way.next().await.transpose()?);
        }
        under_way.push_back(service.apply(transaction.clone()));
    }
    while let Some(answer) = under_way.next().await {
        answers.push(answer?);
    }
    Ok(answers)
}

/// Publishes batches one after another, as a graph's writer does, and returns the messages a second.
async fn publish(raw: &RawStream, messages: Vec<RawMessage>, batch: usize) -> Result<f64, ServiceError> {
    let count = number::count(messages.len());
    let mut batches = Vec::new();
    let mut messages = messages.into_iter().peekable();
    while messages.peek().is_some() {
        batches.push(messages.by_ref().take(batch).collect::<Vec<_>>());
    }
    let timed = Stopwatch::start();
    for (number, batch) in batches.into_iter().enumerate() {
        // The messages of the first batch tell the batches of two turns apart.
        let batch_id = format!("{number}-{}", batch[0].id());
        raw.publish_batch(&batch_id, batch).await.map_err(ServiceError::new)?;
    }
    Ok(timed.read().rate(count))
}

fn report(outcome: &mut SectionOutcome, server: &Servers, rates: Vec<f64>, raw_rates: Vec<f64>) {
    let ratios: Vec<f64> = rates.iter().zip(&raw_rates).map(|(rate, raw)| rate / raw).collect();
    let (rate, raw, ratio) = (number::median(&rates), number::median(&raw_rates), number::median(&ratios));
    let short = |rate: f64| number::short(number::round(rate));
    let conditions = format!("{}/s, raw batches of 1000 {}/s, median of {ROUNDS} turns", short(rate), short(raw));
    let (ratio_bar, rate_bar) = if server.replicas() == 1 {
        ("served_batch_ratio_r1", "served_batch_rate_r1")
    } else {
        ("served_batch_ratio_r3", "served_batch_rate_r3")
    };
    outcome.measure(ratio_bar, ratio, Reached::default(), conditions.clone());
    outcome.measure(rate_bar, rate, Reached::default(), conditions);
    outcome.report.higher(rate_bar, "events/s", rate, rates);
    outcome.report.higher(&format!("raw_{rate_bar}"), "messages/s", raw, raw_rates);
}
