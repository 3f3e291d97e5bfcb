//! What one append costs: alone, and among many callers who share one sync of the disk.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cidgraph::Durability;

use super::context::SectionOutcome;
use super::service::{GraphService, ServiceError};
use crate::load::{ClosedLoop, ClosedLoopResult, OpenLoop, OpenLoopResult, run_closed_loop, run_open_loop};
use crate::measure::{Stopwatch, fdatasync_latency};
use crate::number;
use crate::report::Series;
use crate::target::Reached;
use crate::workload::{Action, MixedWorkload};

/// Length of an interval of the series of a short run, nanoseconds.
const INTERVAL: Duration = Duration::from_millis(100);

/// Bytes of the block with which the disk is measured.
const BLOCK_BYTES: usize = 350;

/// Sends `count` transactions of one event, one after another, to a service whose store is in memory and whose graphs are
/// prepared; returns the mean, nanoseconds, beside the outcome.
///
/// # Panics
/// Where `workload` holds queries.
pub async fn single_appends(
    service: &Arc<dyn GraphService>,
    workload: &Arc<MixedWorkload>,
    count: u64,
) -> (SectionOutcome, f64) {
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let plan = ClosedLoop { callers: 1, duration: Duration::from_secs(60), operations_max: count, interval: INTERVAL };
    let least = LeastDurability::default();
    let result = run_closed_loop(&plan, send(service, workload, &least)).await;
    let least = least.lock().unwrap_or_else(PoisonError::into_inner).take();
    least.into_iter().for_each(|durability| outcome.note_durability(durability));
    let p99_us = number::float(result.latency.quantile_ns(0.99)) / 1e3;
    let conditions = format!("{} appends, one at a time", number::short(result.answered));
    let reached = Reached { falls_short: service.falls_short(), ..Reached::default() };
    outcome.measure("append_memory_p99", p99_us, reached, conditions);
    let samples = result.intervals.iter().map(|interval| number::float(interval.p99_ns) / 1e3).collect();
    outcome.report.lower("append_memory_p99", "µs", p99_us, samples);
    outcome.histogram("in memory, one at a time", &result.latency);
    (outcome.timed(&watch), result.latency.mean_ns())
}

/// Lets 64 callers append one event each, again and again, to a service whose store syncs every append and whose
/// graphs are prepared, then offers half that rate in an open loop. `in_memory_ns` is what one append in memory takes.
///
/// # Errors
/// Those of the file system in `directory`.
///
/// # Panics
/// Where `workload` holds queries.
pub async fn concurrent_appends(
    service: &Arc<dyn GraphService>,
    workload: &Arc<MixedWorkload>,
    directory: &Path,
    in_memory_ns: f64,
    duration: Duration,
) -> std::io::Result<SectionOutcome> {
    const CALLERS: u32 = 64;
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let sync = fdatasync_latency(directory, BLOCK_BYTES, 500)?;
    let plan = ClosedLoop { callers: CALLERS, duration, operations_max: u64::MAX, interval: INTERVAL };
    let least = LeastDurability::default();
    let closed = run_closed_loop(&plan, send(service, workload, &least)).await;
    let least = least.lock().unwrap_or_else(PoisonError::into_inner).take();
    least.into_iter().for_each(|durability| outcome.note_durability(durability));
    let unsynced = least.is_none_or(|durability| durability < Durability::Fsynced);
    let falls_short = service.falls_short().or(unsynced.then_some("appends were not fsynced"));
    let reached = Reached { falls_short, ..Reached::default() };
    let sync_ns = number::float(sync.quantile_ns(0.5));
    let callers = f64::from(CALLERS);
    let possible = callers * 1e9 / (sync_ns + callers * in_memory_ns);
    let conditions = format!(
        "{}/s, fdatasync p50 {}, append {}",
        number::short(number::round(closed.rate())),
        number::duration(sync_ns),
        number::duration(in_memory_ns)
    );
    outcome.measure("fsync_ratio", closed.rate() / possible, reached, conditions);
    let sent = closed.answered;
    let (service, workload) = (Arc::clone(service), Arc::clone(workload));
    let operation = send(&service, &workload, &LeastDurability::default());
    let open = OpenLoop::new((closed.rate() / 2.0).max(1.0), duration, 1);
    let result = run_open_loop(&open, move |number| operation(sent + number)).await;
    report_open_loop(&mut outcome, &closed, reached, &open, &result);
    outcome.histogram("fdatasync alone", &sync);
    Ok(outcome.timed(&watch))
}

fn report_open_loop(
    outcome: &mut SectionOutcome,
    closed: &ClosedLoopResult,
    reached: Reached,
    open: &OpenLoop,
    result: &OpenLoopResult,
) {
    let p99_ms = number::float(result.latency.quantile_ns(0.99)) / 1e6;
    let reached = Reached { rate: open.rate, seconds: open.duration.as_secs_f64(), ..reached };
    let conditions = format!("{} errors, {} unanswered", result.errors, result.unanswered);
    outcome.measure("fsync_open_loop_p99", p99_ms, reached, conditions);
    let closed_series = Series::of("64 callers, fsynced", number::nanoseconds(INTERVAL), &closed.intervals);
    outcome.report.higher("fsync_rate_64_callers", "events/s", closed.rate(), closed_series.rates());
    let samples = result.intervals.iter().map(|interval| number::float(interval.p99_ns) / 1e6).collect();
    outcome.report.lower("fsync_open_loop_p99", "ms", p99_ms, samples);
    outcome.histogram("fsynced, 64 callers, closed loop", &closed.latency);
    outcome.histogram("fsynced, half that rate, open loop", &result.latency);
}

/// The least durability of a run's acknowledgements.
pub(super) type LeastDurability = Arc<Mutex<Option<Durability>>>;

/// Returns what sends the command of an operation number and notes the durability that it was given.
pub(super) fn send(
    service: &Arc<dyn GraphService>,
    workload: &Arc<MixedWorkload>,
    least: &LeastDurability,
) -> impl Fn(u64) -> futures::future::BoxFuture<'static, Result<(), ServiceError>> + Send + Sync + 'static {
    let (service, workload, least) = (Arc::clone(service), Arc::clone(workload), Arc::clone(least));
    move |number| {
        let Action::Command { transaction, .. } = workload.operation(number).action else {
            panic!("this workload holds commands alone");
        };
        let (service, least) = (Arc::clone(&service), Arc::clone(&least));
        Box::pin(async move {
            let durability = service.apply(transaction).await?.durability;
            let mut least = least.lock().unwrap_or_else(PoisonError::into_inner);
            *least = least.into_iter().chain([durability]).min();
            Ok(())
        })
    }
}
