//! Durations that wait to be counted: eight bytes each.

use std::time::Duration;

/// The largest duration told apart from longer ones: ten minutes.
const LARGEST_NS: u64 = 600_000_000_000;
const SERIES_SHIFT: u32 = 56;

/// How many samples wait in one place before they are counted.
pub(super) const WAITING_MAX: usize = 256;

/// A duration of 1 ns to ten minutes in the low bits, its series in the highest eight.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample(u64);

impl Sample {
    pub(super) fn new(series: usize, duration: Duration) -> Self {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(LARGEST_NS).clamp(1, LARGEST_NS);
        Self((series as u64) << SERIES_SHIFT | nanoseconds)
    }

    pub(super) const fn series(self) -> usize {
        (self.0 >> SERIES_SHIFT) as usize
    }

    pub(super) const fn nanoseconds(self) -> u64 {
        self.0 & ((1 << SERIES_SHIFT) - 1)
    }
}

/// Samples that wait, on cache lines of their own.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Samples {
    waiting: [Sample; WAITING_MAX],
    length: usize,
}

impl Default for Samples {
    fn default() -> Self {
        Self { waiting: [Sample::default(); WAITING_MAX], length: 0 }
    }
}

impl Samples {
    /// Adds a sample and returns whether that was the last place.
    pub(super) const fn push(&mut self, sample: Sample) -> bool {
        self.waiting[self.length] = sample;
        self.length += 1;
        self.length == WAITING_MAX
    }

    /// Takes out what waits.
    pub(super) fn take(&mut self) -> &[Sample] {
        let length = std::mem::take(&mut self.length);
        &self.waiting[..length]
    }
}
