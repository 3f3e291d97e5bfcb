//! Sustained load, projected live by a reader of the stream: how far behind it is, and whether it misses anything.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use cidgraph::subscription::SinkError;
use cidgraph::{
    Clock, EventStore, GraphEventProcessor, GraphId, GraphReplicas, GraphSink, GraphTransaction, StreamFilter,
    SystemClock,
};

use crate::measure::Distribution;
use crate::number;
use crate::section::service::{GraphService, ServiceError};
use crate::section::{BenchContext, Follower, SectionOutcome, sustained_load};
use crate::target::Reached;
use crate::workload::MixedWorkload;

/// Replicas, and how long after its own time each transaction stood in them.
struct Timed {
    replicas: GraphReplicas,
    lag: Mutex<Distribution>,
}

/// Offers the context's rate for its duration, as [`sustained_load`] does, while `replicas`, which have caught up, alone
/// follow the stream.
///
/// # Errors
/// Those of the store.
///
/// # Panics
/// Where `workload` holds queries.
pub async fn projected_load(
    context: &BenchContext,
    service: &Arc<dyn GraphService>,
    store: &Arc<dyn EventStore>,
    replicas: GraphReplicas,
    workload: &Arc<MixedWorkload>,
) -> Result<SectionOutcome, ServiceError> {
    let sink = Arc::new(Timed { replicas: replicas.clone(), lag: Mutex::default() });
    let processor = GraphEventProcessor::after(Arc::clone(store), Arc::clone(&sink), StreamFilter::All, 0);
    let mut following = processor.spawn();
    // What was there before the load is no part of it: a reader that catches up is behind by what it has to read.
    let prepared = store.last_sequence().await.map_err(ServiceError::new)?;
    following.reached(prepared).await;
    *sink.lag.lock().unwrap_or_else(PoisonError::into_inner) = Distribution::new();
    let mut outcome = sustained_load(context, service, store, workload, Follower::Another).await?;
    let last = store.last_sequence().await.map_err(ServiceError::new)?;
    let reached_end = following.reached(last).await;
    let failures = following.failures().len();
    let mut missed = 0;
    for (graph, head) in store.list().await.map_err(ServiceError::new)? {
        // A graph that got no event during the load is no replica.
        let held = replicas.view(graph.into()).map_or(head.version, |view| view.version());
        missed += head.version.abs_diff(held);
    }
    following.stop().await.map_err(ServiceError::new)?;
    let lag = std::mem::take(&mut *sink.lag.lock().unwrap_or_else(PoisonError::into_inner));
    report(&mut outcome, context, &lag, missed, reached_end && failures == 0);
    Ok(outcome)
}

fn report(outcome: &mut SectionOutcome, context: &BenchContext, lag: &Distribution, missed: u64, whole: bool) {
    let falls_short = (!whole).then_some("the projection stopped");
    let seconds = context.duration.as_secs_f64();
    let reached = Reached { rate: context.rate, seconds, falls_short, ..Reached::default() };
    let append = outcome.measurements.iter().rev().find(|measurement| measurement.target == "append_p99").cloned();
    if let Some(append) = append {
        outcome.measure("served_append_p99", append.value, reached, append.conditions);
    }
    let p99_ms = number::float(lag.quantile_ns(0.99)) / 1e6;
    let p50 = number::duration(number::float(lag.quantile_ns(0.5)));
    let conditions = format!(
        "from an event's own time until a reader of the stream has projected it, p50 {p50}, {} transactions",
        number::short(lag.count())
    );
    outcome.measure("served_lag_p99", p99_ms, reached, conditions);
    outcome.measure("served_missed", number::float(missed), reached, "versions of the replicas against the heads");
    outcome.report.lower("event_lag_p99", "ms", p99_ms, Vec::new());
    outcome.histogram("event lag, projected live", lag);
}

#[async_trait]
impl GraphSink for Timed {
    async fn version(&self, graph: GraphId) -> Result<u64, SinkError> {
        self.replicas.version(graph).await
    }

    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError> {
        let timestamp_ns = transaction.timestamp_ns;
        self.replicas.apply(transaction).await?;
        let lag_ns = SystemClock.now_ns().saturating_sub(timestamp_ns);
        self.lag.lock().unwrap_or_else(PoisonError::into_inner).record(lag_ns);
        Ok(())
    }
}
