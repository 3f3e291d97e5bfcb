//! What happened in each stretch of a run: throughput and latency over time, stalls included.

use serde::{Deserialize, Serialize};

use crate::measure::Distribution;

/// What completed within one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// Its start, nanoseconds from the run's start.
    pub start_ns: u64,
    /// Operations that were answered.
    pub count: u64,
    /// Of them, those that failed.
    pub errors: u64,
    /// Latency from the intended send time: the median, nanoseconds; 0 where nothing was answered.
    pub p50_ns: u64,
    /// The 99th percentile, nanoseconds.
    pub p99_ns: u64,
    /// The longest, nanoseconds.
    pub max_ns: u64,
}

/// Intervals of one length, without gaps: one in which nothing was answered is there with a count of 0.
#[derive(Debug, Clone)]
pub struct IntervalSeries {
    length_ns: u64,
    closed: Vec<Interval>,
    open: Distribution,
    open_errors: u64,
}

impl IntervalSeries {
    /// Makes a series of intervals of `length_ns` nanoseconds.
    ///
    /// # Panics
    /// Where the length is 0.
    pub fn new(length_ns: u64) -> Self {
        assert!(length_ns > 0, "an interval has a length");
        Self { length_ns, closed: Vec::new(), open: Distribution::new(), open_errors: 0 }
    }

    /// Records an answer that came `done_ns` after the run's start. One that belongs to an interval already closed, by a
    /// race between two answers, counts in the open one.
    pub fn record(&mut self, done_ns: u64, latency_ns: u64, failed: bool) {
        while self.open_start_ns() + self.length_ns <= done_ns {
            self.close();
        }
        self.open.record(latency_ns);
        self.open_errors += u64::from(failed);
    }

    /// Ends the series; the interval that was open is there if anything was answered in it.
    pub fn finish(mut self) -> Vec<Interval> {
        if self.open.count() > 0 {
            self.close();
        }
        self.closed
    }

    fn open_start_ns(&self) -> u64 {
        crate::number::count(self.closed.len()) * self.length_ns
    }

    fn close(&mut self) {
        self.closed.push(Interval {
            start_ns: self.open_start_ns(),
            count: self.open.count(),
            errors: self.open_errors,
            p50_ns: self.open.quantile_ns(0.5),
            p99_ns: self.open.quantile_ns(0.99),
            max_ns: self.open.max_ns(),
        });
        self.open.clear();
        self.open_errors = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_shows_as_empty_intervals() {
        let mut series = IntervalSeries::new(100);
        series.record(10, 5, false);
        series.record(350, 300, true);
        series.record(349, 7, false);
        let counts: Vec<_> = series.finish().iter().map(|i| (i.start_ns, i.count, i.errors, i.max_ns)).collect();
        assert_eq!(counts, [(0, 1, 0, 5), (100, 0, 0, 0), (200, 0, 0, 0), (300, 2, 1, 300)]);
    }
}
