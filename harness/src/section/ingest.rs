//! How fast one graph grows: transactions of 1000, against SHA-256 alone over the same blocks.

use bytes::Bytes;
use cidgraph::{EventStore, StoreError};
use futures::StreamExt;
use futures::stream::FuturesOrdered;

use super::context::{BenchContext, SectionOutcome};
use super::service::{Acknowledgement, GraphService, ServiceError};
use crate::measure::{HashRate, Stopwatch, hash_rate};
use crate::number;
use crate::target::Reached;
use crate::workload::{GraphWorkload, WorkloadTransaction};

/// Transactions behind one sample of the rate.
const TRANSACTIONS_PER_SAMPLE: u64 = 50;

/// Blocks over which SHA-256 alone is measured, at most.
const BLOCKS_MAX: usize = 100_000;

/// Lets a service build `workload`, with at most `window` transactions under way, and measures the events a second. The
/// transactions are made beforehand.
///
/// # Errors
/// The service's first.
///
/// # Panics
/// Where `window` is 0.
pub async fn ingest(
    context: &BenchContext,
    workload: &GraphWorkload,
    service: &dyn GraphService,
    store: &dyn EventStore,
    window: usize,
) -> Result<SectionOutcome, ServiceError> {
    assert!(window > 0, "nothing can be under way");
    let mut outcome = SectionOutcome::new("append");
    let transactions: Vec<WorkloadTransaction> = workload.transactions().collect();
    let watch = Stopwatch::start();
    let mut progress = Progress::new();
    let mut under_way = FuturesOrdered::new();
    for transaction in transactions {
        if under_way.len() == window {
            progress.take(under_way.next().await, &mut outcome)?;
        }
        under_way.push_back(service.apply(transaction));
    }
    while let Some(answer) = under_way.next().await {
        progress.take(Some(answer), &mut outcome)?;
    }
    let timed = watch.read();
    let rate = timed.rate(progress.events);
    let hash = hash_alone(store, workload).await.map_err(ServiceError::new)?;
    let durability = outcome.durability.map_or_else(String::new, |durability| durability.to_string());
    let conditions = format!("durability {durability}, {} CPU s", number::readable(timed.processor.as_secs_f64()));
    let any = Reached { falls_short: service.falls_short(), ..Reached::default() };
    outcome.measure("ingest_rate", rate, any, conditions);
    let hash_conditions = format!("SHA-256 alone {}/s a core", number::short(number::round(hash.one_core)));
    outcome.measure("ingest_hash_ratio", rate / hash.one_core, any, hash_conditions);
    let reached = Reached { nodes: context.nodes, edges: context.edges, ..any };
    outcome.measure("nodes", number::float(workload.nodes), reached, "");
    outcome.report.higher("ingest_rate", "events/s", rate, progress.samples);
    outcome.report.higher("hash_rate_one_core", "blocks/s", hash.one_core, Vec::new());
    Ok(outcome.timed(&watch))
}

/// What was acknowledged so far.
struct Progress {
    events: u64,
    transactions: u64,
    sample: Stopwatch,
    sample_events: u64,
    samples: Vec<f64>,
}

impl Progress {
    fn new() -> Self {
        Self { events: 0, transactions: 0, sample: Stopwatch::start(), sample_events: 0, samples: Vec::new() }
    }

    fn take(
        &mut self,
        answer: Option<Result<Acknowledgement, ServiceError>>,
        outcome: &mut SectionOutcome,
    ) -> Result<(), ServiceError> {
        let Some(acknowledgement) = answer.transpose()? else { return Ok(()) };
        outcome.note_durability(acknowledgement.durability);
        self.events += acknowledgement.events;
        self.sample_events += acknowledgement.events;
        self.transactions += 1;
        if self.transactions.is_multiple_of(TRANSACTIONS_PER_SAMPLE) {
            self.samples.push(self.sample.read().rate(self.sample_events));
            self.sample = Stopwatch::start();
            self.sample_events = 0;
        }
        Ok(())
    }
}

async fn hash_alone(store: &dyn EventStore, workload: &GraphWorkload) -> Result<HashRate, StoreError> {
    let stored = store.read(workload.graph.into(), 1, BLOCKS_MAX).await?;
    let blocks: Vec<Bytes> = stored.into_iter().map(|stored| stored.event.block).collect();
    Ok(hash_rate(&blocks, 5))
}
