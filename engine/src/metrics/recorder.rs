//! Takes durations from any thread.
//!
//! A thread writes to one of a few buffers, which no other thread writes to while there are no more threads than buffers;
//! a full buffer is counted into the histograms at once. So there is one histogram an operation, however many threads.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use super::operation::Operation;
use super::samples::{Sample, Samples};
use super::snapshot::{MetricsSnapshot, Summary};
use crate::cache::CacheStatistics;
use crate::ledger::MemoryLedger;

const BUFFERS: usize = 16;
/// The operations, and last the lag of events.
const SERIES: usize = Operation::ALL.len() + 1;
const LAG: usize = Operation::ALL.len();
const SIGNIFICANT_DIGITS: u8 = 3;

static NEXT_BUFFER: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static BUFFER: Cell<usize> = Cell::new(NEXT_BUFFER.fetch_add(1, Ordering::Relaxed) % BUFFERS);
}

/// The durations of an engine's operations, to within 0.1 %.
///
/// ```
/// use std::time::Duration;
///
/// use cidgraph::MemoryLedger;
/// use cidgraph::cache::CacheStatistics;
/// use cidgraph::metrics::{Metrics, Operation};
///
/// let metrics = Metrics::default();
/// metrics.record(Operation::QueryPath, Duration::from_micros(570));
/// metrics.record_event_lag(Duration::from_millis(2));
/// let snapshot = metrics.snapshot(CacheStatistics::default(), MemoryLedger::default());
/// assert_eq!(snapshot.operation(Operation::QueryPath).count, 1);
/// assert!((snapshot.query_p99_ms() - 0.57).abs() < 0.001);
/// assert!((snapshot.event_lag_ms() - 2.0).abs() < 0.01);
/// ```
#[derive(Debug)]
pub struct Metrics {
    buffers: [Mutex<Samples>; BUFFERS],
    histograms: Mutex<[Histogram<u64>; SERIES]>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = |_| Histogram::new(SIGNIFICANT_DIGITS).expect("three digits are valid");
        Self {
            buffers: std::array::from_fn(|_| Mutex::default()),
            histograms: Mutex::new(std::array::from_fn(histogram)),
        }
    }
}

impl Metrics {
    /// Records how long an operation took; 0 counts as 1 ns, more than ten minutes as ten minutes.
    #[inline]
    pub fn record(&self, operation: Operation, duration: Duration) {
        self.push(Sample::new(operation.index(), duration));
    }

    /// Records how long after an event's timestamp readers could see it.
    pub fn record_event_lag(&self, lag: Duration) {
        self.push(Sample::new(LAG, lag));
    }

    /// Enters the bytes on the heap.
    pub fn enter(&self, ledger: &mut MemoryLedger) {
        let histograms = self.histograms.lock();
        let bytes = |histogram: &Histogram<u64>| histogram.distinct_values() * size_of::<u64>();
        ledger.enter("metrics", size_of::<Self>() + histograms.iter().map(bytes).sum::<usize>());
    }

    /// Returns what was recorded so far, beside what the cache counted and what takes memory.
    pub fn snapshot(&self, cache: CacheStatistics, memory: MemoryLedger) -> MetricsSnapshot {
        for buffer in &self.buffers {
            self.count(&mut buffer.lock());
        }
        let histograms = self.histograms.lock();
        let mut queries = Histogram::new(SIGNIFICANT_DIGITS).expect("three digits are valid");
        for operation in Operation::ALL.into_iter().filter(|operation| operation.is_query()) {
            queries.add(&histograms[operation.index()]).expect("the sum grows as needed");
        }
        MetricsSnapshot {
            operations: Operation::ALL.map(|operation| Summary::of(&histograms[operation.index()])),
            queries: Summary::of(&queries),
            event_lag: Summary::of(&histograms[LAG]),
            cache,
            memory,
        }
    }

    #[inline]
    fn push(&self, sample: Sample) {
        let mut samples = self.buffers[BUFFER.get()].lock();
        if samples.push(sample) {
            self.count(&mut samples);
        }
    }

    #[cold]
    fn count(&self, samples: &mut Samples) {
        let mut histograms = self.histograms.lock();
        for sample in samples.take() {
            histograms[sample.series()].record(sample.nanoseconds()).expect("the histogram grows as needed");
        }
    }
}
