//! Sustained load in an open loop, every acknowledged event audited afterwards, and while it runs unless somebody else
//! follows the store then.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cidgraph::{Durability, EventStore};

use super::context::{BenchContext, SectionOutcome};
use super::service::{GraphService, ServiceError};
use crate::check::{Audit, Auditor};
use crate::load::{Arrival, OpenLoop, OpenLoopResult, run_open_loop};
use crate::measure::Stopwatch;
use crate::number;
use crate::report::Series;
use crate::target::Reached;
use crate::workload::{Action, MixedWorkload};

/// The rate is offered with this much on top, so that what is answered can reach it in full.
const HEADROOM: f64 = 1.01;

/// How long the audit beside the load may take to catch up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Creates the graphs of a workload and their first nodes.
///
/// # Errors
/// The service's first.
pub async fn prepare(service: &dyn GraphService, workload: &MixedWorkload) -> Result<(), ServiceError> {
    for transaction in workload.preparation() {
        service.apply(transaction).await?;
    }
    Ok(())
}

/// Who follows the store while the load runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follower {
    /// The audit, which compares what comes with what was acknowledged.
    Audit,
    /// Whoever measures it, so that the audit takes nothing of the machine.
    Another,
}

/// Offers the context's rate for its duration to a service whose graphs are prepared, and audits every acknowledged event.
///
/// # Errors
/// Those of the store, where the audit cannot read it.
///
/// # Panics
/// Where `workload` holds queries.
pub async fn sustained_load(
    context: &BenchContext,
    service: &Arc<dyn GraphService>,
    store: &Arc<dyn EventStore>,
    workload: &Arc<MixedWorkload>,
    follower: Follower,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let auditor = Arc::new(Auditor::new());
    let from = store.last_sequence().await.map_err(ServiceError::new)? + 1;
    let beside = (follower == Follower::Audit).then(|| auditor.watch(Arc::clone(store), from));
    let plan = OpenLoop {
        arrival: Arrival::Poisson,
        ..OpenLoop::new(context.rate * HEADROOM, context.duration, context.seed)
    };
    let durability = Arc::new(Mutex::new(None));
    let result = run_open_loop(&plan, audited(service, workload, &auditor, &durability)).await;
    let during = match beside {
        Some(beside) => Some(beside.finish(PATIENCE).await.map_err(ServiceError::new)?),
        None => None,
    };
    let after = auditor.compare(store.as_ref()).await.map_err(ServiceError::new)?;
    let least: Option<Durability> = *durability.lock().unwrap_or_else(PoisonError::into_inner);
    least.into_iter().for_each(|durability| outcome.note_durability(durability));
    let reached = Reached {
        rate: context.rate,
        seconds: plan.duration.as_secs_f64(),
        falls_short: service.falls_short(),
        ..Reached::default()
    };
    report_load(&mut outcome, reached, &plan, &result);
    report_audits(&mut outcome, reached, during.as_ref(), &after);
    Ok(outcome.timed(&watch))
}

fn audited(
    service: &Arc<dyn GraphService>,
    workload: &Arc<MixedWorkload>,
    auditor: &Arc<Auditor>,
    durability: &Arc<Mutex<Option<Durability>>>,
) -> impl Fn(u64) -> futures::future::BoxFuture<'static, Result<(), ServiceError>> + Send + Sync + 'static {
    let shared = (Arc::clone(service), Arc::clone(workload), Arc::clone(auditor), Arc::clone(durability));
    move |number| {
        let (service, workload, auditor, durability) = shared.clone();
        Box::pin(async move {
            let Action::Command { transaction, .. } = workload.operation(number).action else {
                panic!("this workload holds commands alone");
            };
            let acknowledged = service.apply(transaction).await?;
            for (version, cid) in acknowledged.told {
                auditor.acknowledge(acknowledged.aggregate, version, cid);
            }
            let mut least = durability.lock().unwrap_or_else(PoisonError::into_inner);
            *least = least.into_iter().chain([acknowledged.durability]).min();
            Ok(())
        })
    }
}

fn report_load(outcome: &mut SectionOutcome, reached: Reached, plan: &OpenLoop, result: &OpenLoopResult) {
    let durability = outcome.durability.map_or_else(|| "none".to_owned(), |durability| durability.to_string());
    let conditions = format!(
        "Poisson, {durability}, {} late, {} failed, {} unanswered",
        number::short(result.missed_schedule),
        result.errors,
        result.unanswered
    );
    outcome.measure("throughput", result.rate(), reached, conditions);
    let p99_ms = number::float(result.latency.quantile_ns(0.99)) / 1e6;
    let closed = number::duration(number::float(result.service.quantile_ns(0.99)));
    let conditions = format!("{durability}, from the intended send time (from the actual: {closed})");
    outcome.measure("append_p99", p99_ms, reached, conditions);
    let series = Series::of("sustained load", number::nanoseconds(plan.interval), &result.intervals);
    outcome.report.higher("sustained_rate", "events/s", result.rate(), series.rates());
    let samples = result.intervals.iter().map(|interval| number::float(interval.p99_ns) / 1e6).collect();
    outcome.report.lower("append_p99", "ms", p99_ms, samples);
    outcome.report.series.push(series);
    outcome.histogram("from the intended send time", &result.latency);
    outcome.histogram("from the actual send time (closed loop)", &result.service);
    outcome.histogram("lateness of the generator", &result.lateness);
}

fn report_audits(outcome: &mut SectionOutcome, reached: Reached, during: Option<&Audit>, after: &Audit) {
    let faults = |audit: &Audit| audit.lost + audit.duplicated + audit.reordered + audit.forked + audit.broken;
    let conditions = format!(
        "{} acknowledged and checked, {} duplicated, {} out of order, {} forked, {} broken, no fault injected",
        number::grouped(after.acknowledged),
        after.duplicated,
        after.reordered,
        after.forked,
        after.broken
    );
    let lost = during.map_or(0, |during| during.lost).max(after.lost);
    outcome.measure("lost_events", number::float(lost), reached, conditions);
    let audits: Vec<_> = during.map(|during| ("during", during)).into_iter().chain([("after", after)]).collect();
    for (when, audit) in &audits {
        outcome.report.notes.push(format!("Audit {when} the load: {audit}."));
        outcome.report.notes.extend(audit.faults.iter().take(5).map(ToString::to_string));
    }
    outcome.report.lower(
        "audit_faults",
        "events",
        number::float(audits.iter().map(|(_, audit)| faults(audit)).sum()),
        Vec::new(),
    );
}
