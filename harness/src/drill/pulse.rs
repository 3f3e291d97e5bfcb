//! Something that should happen all the time: the longest time in which it did not.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Something that should happen all the time.
#[derive(Debug)]
pub(super) struct Pulse(Mutex<Beats>);

#[derive(Debug)]
struct Beats {
    last: Instant,
    longest: Duration,
}

impl Beats {
    fn pass(&mut self, now: Instant) {
        self.longest = self.longest.max(now.saturating_duration_since(self.last));
        self.last = self.last.max(now);
    }
}

impl Pulse {
    /// Starts to measure.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Beats { last: Instant::now(), longest: Duration::ZERO }))
    }

    /// Notes that it happened now.
    pub(super) fn beat(&self) {
        self.beats().pass(Instant::now());
    }

    /// Returns the longest time without, up to now, and starts anew.
    pub(super) fn take_longest(&self) -> Duration {
        let mut beats = self.beats();
        beats.pass(Instant::now());
        std::mem::take(&mut beats.longest)
    }

    fn beats(&self) -> MutexGuard<'_, Beats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_time_without_is_measured() {
        let start = Instant::now();
        let mut beats = Beats { last: start, longest: Duration::ZERO };
        for milliseconds in [10, 15, 115, 120, 118] {
            beats.pass(start + Duration::from_millis(milliseconds));
        }
        assert_eq!(beats.longest, Duration::from_millis(100));
        assert_eq!(beats.last, start + Duration::from_millis(120));
    }
}
