//! The closed-loop generator: a fixed number of callers, each of which waits for its answer before it sends again.
//!
//! It finds the most that a service can do; its latencies say little, for a slow service slows the callers.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Interval, IntervalSeries};
use crate::measure::Distribution;
use crate::number;

/// A closed-loop run; it ends with whichever limit comes first.
#[derive(Debug, Clone, Copy)]
pub struct ClosedLoop {
    /// Callers.
    pub callers: u32,
    /// How long new operations are sent.
    pub duration: Duration,
    /// Operations, at most.
    pub operations_max: u64,
    /// Length of an interval of the series.
    pub interval: Duration,
}

/// What a closed-loop run showed.
#[derive(Debug, Clone)]
pub struct ClosedLoopResult {
    /// Operations that were answered, failures included.
    pub answered: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// From sending to the answer.
    pub latency: Distribution,
    /// The run in stretches.
    pub intervals: Vec<Interval>,
    /// From the start to the last answer.
    pub elapsed: Duration,
}

impl ClosedLoopResult {
    /// Returns the operations answered without failure a second.
    pub fn rate(&self) -> f64 {
        number::float(self.answered - self.errors) / self.elapsed.as_secs_f64().max(1e-9)
    }
}

/// One answer: when it came, after how long, whether it was a failure.
type Answer = (u64, u64, bool);

/// Lets the callers send operations 0, 1, 2 … until a limit is reached, and waits for the last answers. What `operation`
/// does before it returns its future is not part of the latency.
///
/// # Panics
/// Where `operation` panics.
pub async fn run_closed_loop<F, A, T, E>(plan: &ClosedLoop, operation: F) -> ClosedLoopResult
where
    F: Fn(u64) -> A + Send + Sync + 'static,
    A: Future<Output = Result<T, E>> + Send + 'static,
{
    let start = Instant::now();
    let shared = Arc::new((operation, AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..plan.callers {
        let (plan, shared) = (*plan, Arc::clone(&shared));
        callers.spawn(async move { call(&plan, start, &shared.0, &shared.1).await });
    }
    let mut answers: Vec<Answer> = callers.join_all().await.into_iter().flatten().collect();
    answers.sort_unstable();
    summarise(plan, &answers)
}

async fn call<F, A, T, E>(plan: &ClosedLoop, start: Instant, operation: &F, next: &AtomicU64) -> Vec<Answer>
where
    F: Fn(u64) -> A,
    A: Future<Output = Result<T, E>>,
{
    let mut answers = Vec::new();
    while start.elapsed() < plan.duration {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.operations_max {
            break;
        }
        let prepared = operation(number);
        let sent = Instant::now();
        let failed = prepared.await.is_err();
        let latency_ns = number::nanoseconds(sent.elapsed());
        answers.push((number::nanoseconds(start.elapsed()), latency_ns, failed));
    }
    answers
}

fn summarise(plan: &ClosedLoop, answers: &[Answer]) -> ClosedLoopResult {
    let mut latency = Distribution::new();
    let mut intervals = IntervalSeries::new(number::nanoseconds(plan.interval));
    let mut errors = 0;
    for &(done_ns, latency_ns, failed) in answers {
        latency.record(latency_ns);
        intervals.record(done_ns, latency_ns, failed);
        errors += u64::from(failed);
    }
    ClosedLoopResult {
        answered: number::count(answers.len()),
        errors,
        latency,
        intervals: intervals.finish(),
        elapsed: Duration::from_nanos(answers.last().map_or(0, |answer| answer.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn callers_wait_for_their_answers() {
        let plan = ClosedLoop {
            callers: 4,
            duration: Duration::from_secs(1),
            operations_max: u64::MAX,
            interval: Duration::from_millis(100),
        };
        let service = |_| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok::<(), ()>(())
        };
        let result = run_closed_loop(&plan, service).await;
        assert_eq!((result.answered, result.errors), (400, 0));
        assert_eq!(result.intervals.iter().map(|interval| interval.count).sum::<u64>(), 400);
        let limited = run_closed_loop(&ClosedLoop { operations_max: 10, ..plan }, service).await;
        assert_eq!(limited.answered, 10);
    }
}
