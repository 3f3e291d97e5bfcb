//! Time on the wall and on the processor, and nanosecond figures as means over many calls.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use super::Distribution;
use crate::number;

/// Calls behind one sample of [`mean_of_calls`]: reading the clock costs as much as a fast call.
pub const CALLS_PER_SAMPLE: u64 = 64;

/// Ticks a second in `/proc/self/stat`: USER_HZ, 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// A clock for one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    started: Instant,
    processor: Duration,
}

/// How long a piece of work took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timed {
    /// On the wall.
    pub wall: Duration,
    /// On all processors together, in steps of 10 ms.
    pub processor: Duration,
}

impl Stopwatch {
    /// Starts.
    pub fn start() -> Self {
        Self { started: Instant::now(), processor: processor_time() }
    }

    /// Returns the time since the start.
    pub fn read(&self) -> Timed {
        Timed { wall: self.started.elapsed(), processor: processor_time().saturating_sub(self.processor) }
    }
}

impl Timed {
    /// Returns how often `count` things fit in a second of wall time.
    pub fn rate(&self, count: u64) -> f64 {
        number::float(count) / self.wall.as_secs_f64().max(1e-9)
    }
}

/// Returns the processor time of this process so far, zero where the operating system does not tell.
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    Duration::from_millis(processor_ticks(&text).unwrap_or(0) * 1000 / TICKS_PER_SECOND)
}

/// Returns user and system ticks of a `/proc/self/stat` line; the second field may hold blanks and parentheses.
fn processor_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Calls `call` with 0, 1, 2 … and records the mean of every [`CALLS_PER_SAMPLE`] calls, `samples` times.
///
/// What a call returns is kept from the optimiser.
pub fn mean_of_calls<T>(samples: u64, mut call: impl FnMut(u64) -> T) -> Distribution {
    let mut distribution = Distribution::new();
    let mut number = 0;
    for _ in 0..samples {
        let started = Instant::now();
        for _ in 0..CALLS_PER_SAMPLE {
            black_box(call(black_box(number)));
            number += 1;
        }
        distribution.record((number::nanoseconds(started.elapsed()) + CALLS_PER_SAMPLE / 2) / CALLS_PER_SAMPLE);
    }
    distribution
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_past_a_name_with_blanks() {
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 120 34 0 0 20 0 1 0";
        assert_eq!(processor_ticks(stat), Some(154));
        assert_eq!(processor_ticks(""), None);
    }

    #[test]
    fn every_call_is_made_once_and_in_order() {
        let mut called = Vec::new();
        let distribution = mean_of_calls(3, |number| called.push(number));
        assert_eq!(distribution.count(), 3);
        assert!(called.iter().copied().eq(0..3 * CALLS_PER_SAMPLE));
    }
}
