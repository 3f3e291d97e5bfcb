//! The open-loop generator: it sends when the schedule says, not when the service is ready.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::pacer::Pacer;
use super::{Arrival, Interval, IntervalSeries, Pacing, Schedule};
use crate::measure::Distribution;
use crate::number;

/// An open-loop run.
#[derive(Debug, Clone, Copy)]
pub struct OpenLoop {
    /// The arrival process.
    pub arrival: Arrival,
    /// Operations a second.
    pub rate: f64,
    /// How long operations are due.
    pub duration: Duration,
    /// Operations under way at once, at most; one that is due while so many are waits, and its latency runs.
    pub in_flight_max: u32,
    /// Time after the last operation was due within which all must be answered.
    pub drain: Duration,
    /// Length of an interval of the series.
    pub interval: Duration,
    /// An operation that is sent later than this after it was due counts as a missed schedule.
    pub late_after: Duration,
    /// How the generator waits.
    pub pacing: Pacing,
    /// What a Poisson schedule is drawn from.
    pub seed: u64,
}

impl OpenLoop {
    /// Makes a Poisson run with at most 4096 operations under way, 5 s to drain and intervals of 100 ms; an operation is
    /// late after 1 ms.
    pub fn new(rate: f64, duration: Duration, seed: u64) -> Self {
        Self {
            arrival: Arrival::Poisson,
            rate,
            duration,
            in_flight_max: 4096,
            drain: Duration::from_secs(5),
            interval: Duration::from_millis(100),
            late_after: Duration::from_millis(1),
            pacing: Pacing::Thread,
            seed,
        }
    }
}

/// What an open-loop run showed.
#[derive(Debug, Clone)]
pub struct OpenLoopResult {
    /// Operations that were due.
    pub due: u64,
    /// Operations that were answered, failures included.
    pub answered: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// Operations that were sent later than `late_after` after they were due, or never.
    pub missed_schedule: u64,
    /// Operations that were never sent, or not answered when the time to drain was over. Each is in `latency` with the
    /// time that had passed since it was due: a lower bound.
    pub unanswered: u64,
    /// From the intended send time to the answer.
    pub latency: Distribution,
    /// From the actual send time to the answer: what a closed-loop generator would have called latency.
    pub service: Distribution,
    /// From the intended to the actual send time.
    pub lateness: Distribution,
    /// The run in stretches.
    pub intervals: Vec<Interval>,
    /// From the start to the last answer.
    pub elapsed: Duration,
}

impl OpenLoopResult {
    /// Returns the operations answered without failure a second, from the start to the last answer.
    pub fn rate(&self) -> f64 {
        number::float(self.answered - self.errors) / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Returns whether all operations were answered without failure.
    pub const fn is_complete(&self) -> bool {
        self.answered == self.due && self.errors == 0
    }
}

/// Sends operations 0, 1, 2 … when they are due and measures each from that moment on.
///
/// Operations run as tasks of the current runtime, at most `in_flight_max` at once. The answer's clock is read in the
/// operation's own task, the moment its future is ready.
///
/// # Panics
/// Where `operation` panics.
pub async fn run_open_loop<F, A, T, E>(plan: &OpenLoop, operation: F) -> OpenLoopResult
where
    F: Fn(u64) -> A + Send + Sync + 'static,
    A: Future<Output = Result<T, E>> + Send + 'static,
{
    Run::new(plan, operation).drive().await
}

/// What the operations' tasks share.
#[derive(Debug)]
struct Record {
    start: Instant,
    latency: Distribution,
    service: Distribution,
    intervals: IntervalSeries,
    answered: u64,
    errors: u64,
    last_ns: u64,
    /// Intended send times of the operations under way, by number.
    under_way: std::collections::HashMap<u64, u64>,
}

impl Record {
    fn answer(&mut self, number: u64, sent_ns: u64, done_ns: u64, failed: bool) {
        let due_ns = self.under_way.remove(&number).expect("an operation is answered once");
        let latency_ns = done_ns.saturating_sub(due_ns);
        self.latency.record(latency_ns);
        self.service.record(done_ns.saturating_sub(sent_ns));
        self.intervals.record(done_ns, latency_ns, failed);
        self.answered += 1;
        self.errors += u64::from(failed);
        self.last_ns = self.last_ns.max(done_ns);
    }
}

struct Run<'a, F> {
    plan: &'a OpenLoop,
    operation: Arc<F>,
    start: Instant,
    record: Arc<Mutex<Record>>,
    permits: Arc<Semaphore>,
    tasks: JoinSet<()>,
    lateness: Distribution,
    due: u64,
    missed_schedule: u64,
    unsent: Distribution,
}

impl<'a, F, A, T, E> Run<'a, F>
where
    F: Fn(u64) -> A + Send + Sync + 'static,
    A: Future<Output = Result<T, E>> + Send + 'static,
{
    fn new(plan: &'a OpenLoop, operation: F) -> Self {
        let start = Instant::now();
        let record = Record {
            start,
            latency: Distribution::new(),
            service: Distribution::new(),
            intervals: IntervalSeries::new(number::nanoseconds(plan.interval)),
            answered: 0,
            errors: 0,
            last_ns: 0,
            under_way: std::collections::HashMap::new(),
        };
        Self {
            plan,
            operation: Arc::new(operation),
            start,
            record: Arc::new(Mutex::new(record)),
            permits: Arc::new(Semaphore::new(number::index(u64::from(plan.in_flight_max)))),
            tasks: JoinSet::new(),
            lateness: Distribution::new(),
            due: 0,
            missed_schedule: 0,
            unsent: Distribution::new(),
        }
    }

    async fn drive(mut self) -> OpenLoopResult {
        let mut pacer = Pacer::new(self.plan.pacing);
        let end_ns = number::nanoseconds(self.plan.duration);
        let deadline = self.start + self.plan.duration + self.plan.drain;
        let schedule = Schedule::new(self.plan.arrival, self.plan.rate, self.plan.seed);
        for due_ns in schedule.take_while(|&due_ns| due_ns < end_ns) {
            let moment = self.start + Duration::from_nanos(due_ns);
            if Instant::now() < moment {
                self.reap();
                pacer.wait_until(moment).await;
            }
            self.send(due_ns, deadline).await;
        }
        self.drain(deadline).await;
        self.result()
    }

    /// Sends the next operation as soon as there is room for it; at the deadline it is given up.
    async fn send(&mut self, due_ns: u64, deadline: Instant) {
        let number = self.due;
        self.due += 1;
        let room = Arc::clone(&self.permits).acquire_owned();
        let Ok(permit) = tokio::time::timeout_at(deadline, room).await else {
            self.missed_schedule += 1;
            self.unsent.record(number::nanoseconds(self.start.elapsed()).saturating_sub(due_ns));
            return;
        };
        let permit = permit.expect("the semaphore is never closed");
        let sent_ns = number::nanoseconds(self.start.elapsed());
        let late_ns = sent_ns.saturating_sub(due_ns);
        self.lateness.record(late_ns);
        self.missed_schedule += u64::from(late_ns > number::nanoseconds(self.plan.late_after));
        lock(&self.record).under_way.insert(number, due_ns);
        let (operation, record) = (Arc::clone(&self.operation), Arc::clone(&self.record));
        self.tasks.spawn(async move {
            let failed = operation(number).await.is_err();
            let mut record = lock(&record);
            let done_ns = number::nanoseconds(record.start.elapsed());
            record.answer(number, sent_ns, done_ns, failed);
            drop(permit);
        });
    }

    /// Takes in finished tasks so that they do not pile up.
    fn reap(&mut self) {
        while let Some(finished) = self.tasks.try_join_next() {
            finished.expect("an operation does not panic");
        }
    }

    async fn drain(&mut self, deadline: Instant) {
        while let Ok(Some(finished)) = tokio::time::timeout_at(deadline, self.tasks.join_next()).await {
            finished.expect("an operation does not panic");
        }
        self.tasks.shutdown().await;
    }

    fn result(self) -> OpenLoopResult {
        let now_ns = number::nanoseconds(self.start.elapsed());
        let mut record = lock(&self.record);
        let mut latency = record.latency.clone();
        latency.add(&self.unsent);
        record.under_way.values().for_each(|&due_ns| latency.record(now_ns.saturating_sub(due_ns)));
        let intervals = std::mem::replace(&mut record.intervals, IntervalSeries::new(1)).finish();
        OpenLoopResult {
            due: self.due,
            answered: record.answered,
            errors: record.errors,
            missed_schedule: self.missed_schedule,
            unanswered: self.due - record.answered,
            latency,
            service: record.service.clone(),
            lateness: self.lateness,
            intervals,
            elapsed: Duration::from_nanos(record.last_ns),
        }
    }
}

/// Locks what the tasks share; a task that panicked ends the run anyway.
fn lock(record: &Mutex<Record>) -> std::sync::MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rate: f64, seconds: u64) -> OpenLoop {
        let arrival = Arrival::Constant;
        OpenLoop { arrival, pacing: Pacing::Timer, ..OpenLoop::new(rate, Duration::from_secs(seconds), 7) }
    }

    async fn answer_after(pause: Duration) -> Result<(), ()> {
        tokio::time::sleep(pause).await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_steady_service_shows_its_own_time() {
        let result = run_open_loop(&plan(1000.0, 2), |_| answer_after(Duration::from_millis(3))).await;
        assert_eq!((result.due, result.answered, result.unanswered, result.missed_schedule), (2000, 2000, 0, 0));
        assert!(result.is_complete());
        let p50_ns = result.latency.quantile_ns(0.5);
        assert!((2_990_000..4_100_000).contains(&p50_ns), "{p50_ns} ns");
        assert_eq!(result.intervals.iter().map(|interval| interval.count).sum::<u64>(), 2000);
    }

    /// A service with one place that stalls for a second: operations that were due in the meantime carry the wait, though
    /// each took only a millisecond once it was sent.
    #[tokio::test(start_paused = true)]
    async fn a_stall_is_charged_to_every_operation_that_was_due() {
        let plan = OpenLoop { in_flight_max: 1, ..plan(100.0, 3) };
        let service = |number| answer_after(Duration::from_millis(if number == 100 { 1000 } else { 1 }));
        let result = run_open_loop(&plan, service).await;
        assert_eq!((result.due, result.unanswered), (300, 0));
        assert!(result.latency.quantile_ns(0.9) > 700_000_000, "open loop {}", result.latency.quantile_ns(0.9));
        assert!(result.service.quantile_ns(0.99) < 5_000_000, "closed loop {}", result.service.quantile_ns(0.99));
        assert!((95..=130).contains(&result.missed_schedule), "{} missed", result.missed_schedule);
        assert_eq!(result.intervals[15].count, 0, "nothing is answered half way through the stall");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_answered_is_counted_and_is_not_fast() {
        let plan = OpenLoop { in_flight_max: 10, drain: Duration::from_secs(1), ..plan(100.0, 1) };
        let result = run_open_loop(&plan, |_| std::future::pending::<Result<(), ()>>()).await;
        assert_eq!((result.due, result.answered, result.unanswered), (100, 0, 100));
        assert_eq!(result.latency.count(), 100);
        assert!(result.latency.min_ns() >= 990_000_000, "{}", result.latency.min_ns());
        assert!(!result.is_complete());
    }

    #[tokio::test(start_paused = true)]
    async fn failures_are_answers_but_no_throughput() {
        let service = |number: u64| std::future::ready(if number.is_multiple_of(4) { Err(()) } else { Ok(()) });
        let result = run_open_loop(&plan(100.0, 1), service).await;
        assert_eq!((result.answered, result.errors, result.unanswered), (100, 25, 0));
        assert!((75.0..77.0).contains(&result.rate()), "{}", result.rate());
    }

    #[tokio::test]
    async fn the_thread_sends_every_operation() {
        let plan = OpenLoop { pacing: Pacing::Thread, ..plan(20_000.0, 1) };
        let plan = OpenLoop { duration: Duration::from_millis(50), ..plan };
        let result = run_open_loop(&plan, |_| std::future::ready(Ok::<(), ()>(()))).await;
        assert_eq!((result.due, result.answered), (1000, 1000));
    }
}
