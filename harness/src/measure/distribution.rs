//! A distribution of durations: an HDR histogram of nanoseconds with three significant digits.

use hdrhistogram::Histogram;

use crate::number;

/// The largest duration told apart from longer ones: ten minutes.
const LARGEST_NS: u64 = 600_000_000_000;

/// Durations in nanoseconds, from 1 ns to ten minutes; longer ones count as ten minutes.
#[derive(Debug, Clone)]
pub struct Distribution {
    histogram: Histogram<u64>,
}

impl Default for Distribution {
    fn default() -> Self {
        Self::new()
    }
}

impl Distribution {
    /// Makes an empty distribution.
    pub fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, LARGEST_NS, 3).expect("the bounds are valid");
        Self { histogram }
    }

    /// Records one duration.
    pub fn record(&mut self, duration_ns: u64) {
        self.histogram.saturating_record(duration_ns.clamp(1, LARGEST_NS));
    }

    /// Adds all durations of another distribution.
    pub fn add(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("all distributions have the same bounds");
    }

    /// Forgets all durations.
    pub fn clear(&mut self) {
        self.histogram.reset();
    }

    /// Returns how many durations were recorded.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// Returns how many durations are longer than `limit_ns`, to within the histogram's three digits.
    pub fn count_above(&self, limit_ns: u64) -> u64 {
        self.histogram.len() - self.histogram.count_between(0, limit_ns.min(LARGEST_NS))
    }

    /// Returns the duration that a share of `quantile` does not exceed, nanoseconds; 0 where nothing was recorded.
    pub fn quantile_ns(&self, quantile: f64) -> u64 {
        self.histogram.value_at_quantile(quantile)
    }

    /// Returns the mean, nanoseconds; 0 where nothing was recorded.
    pub fn mean_ns(&self) -> f64 {
        self.histogram.mean()
    }

    /// Returns the shortest duration, nanoseconds; 0 where nothing was recorded.
    pub fn min_ns(&self) -> u64 {
        if self.histogram.is_empty() { 0 } else { self.histogram.min() }
    }

    /// Returns the longest duration, nanoseconds; 0 where nothing was recorded.
    pub fn max_ns(&self) -> u64 {
        self.histogram.max()
    }

    /// Returns (quantile, nanoseconds) pairs for a percentile curve: each step halves what lies above, until less than
    /// one duration does.
    pub fn curve(&self) -> Vec<(f64, u64)> {
        let mut points = Vec::new();
        let mut above = 1.0;
        while self.count() > 0 && above * number::float(self.count()) >= 1.0 {
            for part in 0..4 {
                let quantile = 1.0 - above * (1.0 - f64::from(part) / 8.0);
                points.push((quantile, self.quantile_ns(quantile)));
            }
            above /= 2.0;
        }
        if self.count() > 0 {
            points.push((1.0 - 1.0 / number::float(self.count() + 1), self.max_ns()));
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let mut distribution = Distribution::new();
        (1..=1000).for_each(|duration| distribution.record(duration));
        assert_eq!(distribution.quantile_ns(0.5), 500);
        assert_eq!(distribution.quantile_ns(0.99), 990);
        assert_eq!(distribution.count_above(990), 10);
        assert_eq!((distribution.min_ns(), distribution.max_ns(), distribution.count()), (1, 1000, 1000));
    }

    #[test]
    fn the_curve_rises_and_ends_at_the_longest() {
        let mut distribution = Distribution::new();
        assert!(distribution.curve().is_empty());
        (1..=1000).for_each(|duration| distribution.record(duration));
        let curve = distribution.curve();
        assert!(curve.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{curve:?}");
        assert_eq!(curve.last().map(|point| point.1), Some(1000));
    }

    #[test]
    fn nothing_and_too_much_are_clamped() {
        let mut distribution = Distribution::new();
        assert_eq!(distribution.quantile_ns(0.99), 0);
        distribution.record(0);
        distribution.record(u64::MAX);
        assert_eq!(distribution.min_ns(), 1);
        assert!(distribution.max_ns() >= LARGEST_NS);
    }
}
