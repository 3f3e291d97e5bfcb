//! What one append costs: alone, and among many callers who share one sync of the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

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

/// Sends `count` transactions of one event, one after another, to a service whose store is in memory; returns the mean,
/// nanoseconds, beside the outcome.
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
    let result = run_closed_loop(&plan, send(service, workload)).await;
    let p99_us = number::float(result.latency.quantile_ns(0.99)) / 1e3;
    let conditions = format!("{} appends, one at a time", number::short(result.answered));
    outcome.measure("append_memory_p99", p99_us, Reached::default(), conditions);
    let samples = result.intervals.iter().map(|interval| number::float(interval.p99_ns) / 1e3).collect();
    outcome.report.lower("append_memory_p99", "µs", p99_us, samples);
    outcome.histogram("in memory, one at a time", &result.latency);
    (outcome.timed(&watch), result.latency.mean_ns())
}

/// Lets 64 callers append one event each, again and again, to a service whose store syncs every append, then offers half
/// that rate in an open loop. `in_memory_ns` is what one append in memory takes.
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
    let closed = run_closed_loop(&plan, send(service, workload)).await;
    let sync_ns = number::float(sync.quantile_ns(0.5));
    let callers = f64::from(CALLERS);
    let possible = callers * 1e9 / (sync_ns + callers * in_memory_ns);
    let conditions = format!(
        "{}/s, fdatasync p50 {}, append {}",
        number::short(number::round(closed.rate())),
        number::duration(sync_ns),
        number::duration(in_memory_ns)
    );
    outcome.measure("fsync_ratio", closed.rate() / possible, Reached::default(), conditions);
    let sent = closed.answered;
    let (service, workload) = (Arc::clone(service), Arc::clone(workload));
    let operation = send(&service, &workload);
    let open = OpenLoop::new((closed.rate() / 2.0).max(1.0), duration, 1);
    let result = run_open_loop(&open, move |number| operation(sent + number)).await;
    report_open_loop(&mut outcome, &closed, &open, &result);
    outcome.histogram("fdatasync alone", &sync);
    Ok(outcome.timed(&watch))
}

fn report_open_loop(outcome: &mut SectionOutcome, closed: &ClosedLoopResult, open: &OpenLoop, result: &OpenLoopResult) {
    let p99_ms = number::float(result.latency.quantile_ns(0.99)) / 1e6;
    let reached = Reached { rate: open.rate, seconds: open.duration.as_secs_f64(), ..Reached::default() };
    let conditions = format!("{} errors, {} unanswered", result.errors, result.unanswered);
    outcome.measure("fsync_open_loop_p99", p99_ms, reached, conditions);
    let closed_series = Series::of("64 callers, fsynced", number::nanoseconds(INTERVAL), &closed.intervals);
    outcome.report.higher("fsync_rate_64_callers", "events/s", closed.rate(), closed_series.rates());
    let samples = result.intervals.iter().map(|interval| number::float(interval.p99_ns) / 1e6).collect();
    outcome.report.lower("fsync_open_loop_p99", "ms", p99_ms, samples);
    outcome.histogram("fsynced, 64 callers, closed loop", &closed.latency);
    outcome.histogram("fsynced, half that rate, open loop", &result.latency);
}

/// Returns what sends the command of an operation number.
pub(super) fn send(
    service: &Arc<dyn GraphService>,
    workload: &Arc<MixedWorkload>,
) -> impl Fn(u64) -> futures::future::BoxFuture<'static, Result<(), ServiceError>> + Send + Sync + 'static {
    let (service, workload) = (Arc::clone(service), Arc::clone(workload));
    move |number| {
        let (service, workload) = (Arc::clone(&service), Arc::clone(&workload));
        Box::pin(async move {
            match workload.operation(number).action {
                Action::Command { transaction, .. } => service.apply(transaction).await.map(drop),
                Action::Query(_) => panic!("this workload holds commands alone"),
            }
        })
    }
}
