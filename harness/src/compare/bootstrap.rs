//! A confidence interval for the ratio of two means, by resampling.

use crate::number;
use crate::random::Random;

/// A ratio with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioInterval {
    /// The ratio of the means.
    pub ratio: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// Resamplings behind an interval.
const RESAMPLINGS: usize = 4000;

/// Fewer samples than this on a side show too little of its spread.
const SAMPLES_MIN: usize = 3;

/// Returns the ratio of the mean of `new` to that of `old` with its percentile bootstrap interval (Efron 1979); the same
/// samples give the same interval. `None` where a side has fewer than three samples or a mean that is not positive.
///
/// Samples are taken as independent; those of neighbouring intervals of one run are not quite, so the interval is rather
/// too narrow than too wide.
pub fn ratio_interval(old: &[f64], new: &[f64]) -> Option<RatioInterval> {
    if old.len().min(new.len()) < SAMPLES_MIN {
        return None;
    }
    let ratio = mean(new) / mean(old);
    if !(mean(old) > 0.0 && mean(new) > 0.0) {
        return None;
    }
    let mut random = Random::new(0x00b0_07ed);
    let mut ratios: Vec<f64> =
        (0..RESAMPLINGS).map(|_| resampled_mean(new, &mut random) / resampled_mean(old, &mut random)).collect();
    ratios.sort_by(f64::total_cmp);
    let tail = RESAMPLINGS / 40;
    Some(RatioInterval { ratio, low: ratios[tail], high: ratios[RESAMPLINGS - 1 - tail] })
}

fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / number::float_of(samples.len())
}

fn resampled_mean(samples: &[f64], random: &mut Random) -> f64 {
    let count = number::count(samples.len());
    let total: f64 = (0..count).map(|_| samples[number::index(random.below(count))]).sum();
    total / number::float(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(centre: f64, seed: u64) -> Vec<f64> {
        let mut random = Random::new(seed);
        (0..50).map(|_| centre * (0.9 + 0.2 * random.unit())).collect()
    }

    #[test]
    fn the_interval_holds_the_true_ratio() {
        let interval = ratio_interval(&noisy(100.0, 1), &noisy(150.0, 2)).expect("there are samples");
        assert!(interval.low < 1.5 && 1.5 < interval.high && interval.high - interval.low < 0.1, "{interval:?}");
        assert_eq!(Some(interval), ratio_interval(&noisy(100.0, 1), &noisy(150.0, 2)));
    }

    #[test]
    fn few_samples_tell_nothing() {
        assert_eq!(ratio_interval(&[1.0, 1.0], &[2.0, 2.0, 2.0]), None);
        assert_eq!(ratio_interval(&[0.0; 3], &[2.0; 3]), None);
    }
}
