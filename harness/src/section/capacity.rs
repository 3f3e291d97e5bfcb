//! The highest rate at which appends stay within a latency.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::append::{LeastDurability, send};
use super::context::SectionOutcome;
use super::service::GraphService;
use crate::load::{OpenLoop, RateSearch, Trial, highest_rate, run_open_loop};
use crate::measure::Stopwatch;
use crate::number;
use crate::workload::MixedWorkload;

/// Operations of one trial at the lowest rate: with fewer, even three trials could not show that 1 in 100 is not exceeded.
const OPERATIONS_MIN: f64 = 300.0;

/// Looks for the highest rate, at most `rate_max`, at which 99 of 100 appends are answered within `limit`; each trial takes
/// `duration`. The graphs are prepared; operations are numbered from `first_operation`.
///
/// # Panics
/// Where `workload` holds queries.
pub async fn append_capacity(
    service: &Arc<dyn GraphService>,
    workload: &Arc<MixedWorkload>,
    first_operation: u64,
    rate_max: f64,
    limit: Duration,
    duration: Duration,
) -> SectionOutcome {
    let mut outcome = SectionOutcome::new("append");
    let watch = Stopwatch::start();
    let next = AtomicU64::new(first_operation);
    let search = RateSearch {
        low: (OPERATIONS_MIN / duration.as_secs_f64()).min(rate_max),
        high: rate_max,
        share_above_max: 0.01,
        precision: 0.05,
        trials_max: 3,
    };
    let least = LeastDurability::default();
    let trial = async |rate: f64| {
        let plan = OpenLoop::new(rate, duration, next.load(Ordering::Relaxed));
        let first = next.load(Ordering::Relaxed);
        let operation = send(service, workload, &least);
        let result = run_open_loop(&plan, move |number| operation(first + number)).await;
        next.fetch_add(result.due, Ordering::Relaxed);
        let above = result.latency.count_above(number::nanoseconds(limit));
        Trial { operations: result.due, above, complete: result.is_complete() }
    };
    // The first trial meets graphs that were only just made and are still being folded: it does not count.
    trial(search.low).await;
    let found = highest_rate(&search, trial).await;
    let limit = number::duration(number::float(number::nanoseconds(limit)));
    let note = match found.rate {
        Some(rate) => format!("Append p99 stays within {limit} up to {}/s", number::grouped(number::round(rate))),
        None => format!("Append p99 exceeds {limit} even at {}/s", number::readable(search.low)),
    };
    let least = least.lock().unwrap_or_else(PoisonError::into_inner).take();
    let durability = least.map_or_else(String::new, |durability| format!("{durability}, "));
    outcome.report.notes.push(format!("{note} ({durability}open loop, trials: {}).", found.tried.len()));
    outcome.report.higher("append_capacity", "events/s", found.rate.unwrap_or(0.0), Vec::new());
    outcome.timed(&watch)
}
