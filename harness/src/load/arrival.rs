//! When operations are meant to be sent.

use crate::number;
use crate::random::Random;

/// An arrival process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Evenly spaced.
    Constant,
    /// Independent callers: exponentially distributed gaps.
    Poisson,
    /// Evenly spaced groups of operations that are due at the same moment.
    Burst {
        /// Operations of one group.
        size: u32,
    },
}

/// The intended send times of an endless run, nanoseconds from its start, in order.
#[derive(Debug, Clone)]
pub struct Schedule {
    arrival: Arrival,
    gap_ns: f64,
    random: Random,
    index: u64,
    poisson_ns: f64,
}

impl Schedule {
    /// Makes a schedule with `rate` operations a second on average.
    ///
    /// # Panics
    /// Where `rate` is not positive and finite, or a burst is empty.
    pub fn new(arrival: Arrival, rate: f64, seed: u64) -> Self {
        assert!(rate.is_finite() && rate > 0.0, "a rate is positive");
        assert!(arrival != Arrival::Burst { size: 0 }, "a burst has at least one operation");
        Self { arrival, gap_ns: 1e9 / rate, random: Random::new(seed), index: 0, poisson_ns: 0.0 }
    }
}

impl Iterator for Schedule {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let index = self.index;
        self.index += 1;
        let due_ns = match self.arrival {
            Arrival::Constant => number::float(index) * self.gap_ns,
            Arrival::Burst { size } => {
                let size = u64::from(size);
                number::float(index / size * size) * self.gap_ns
            }
            Arrival::Poisson => {
                self.poisson_ns += self.random.exponential() * self.gap_ns;
                self.poisson_ns
            }
        };
        Some(number::round(due_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(arrival: Arrival, rate: f64, count: usize) -> Vec<u64> {
        Schedule::new(arrival, rate, 7).take(count).collect()
    }

    #[test]
    fn constant_and_burst_are_evenly_spaced() {
        assert_eq!(first(Arrival::Constant, 1000.0, 3), [0, 1_000_000, 2_000_000]);
        assert_eq!(first(Arrival::Burst { size: 2 }, 1000.0, 5), [0, 0, 2_000_000, 2_000_000, 4_000_000]);
        assert_eq!(first(Arrival::Constant, 3.0, 4)[3], 1_000_000_000);
    }

    #[test]
    fn poisson_keeps_the_rate_and_the_order() {
        let times = first(Arrival::Poisson, 1000.0, 100_000);
        assert!(times.is_sorted());
        let seconds = times[99_999] / 1_000_000;
        assert!((99_000..101_000).contains(&seconds), "{seconds} ms for 100 s of operations");
    }
}
