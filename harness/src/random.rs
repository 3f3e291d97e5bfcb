//! Random numbers that are the same on every machine: SplitMix64 and what is drawn from it.
//!
//! Nothing here is fit for secrets. Draws use integer arithmetic and IEEE basic operations; where a logarithm or power is
//! needed, the result is quantised so that the last bit of a platform's library cannot change a workload.

use crate::number;

/// The increment of SplitMix64: 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scrambles a number; a bijection on 64 bits (the output function of SplitMix64, Steele, Lea and Flood 2014).
pub const fn scramble(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A stream of random numbers that its seed determines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Makes the stream of `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Makes the stream of element `index` below `seed`, so that elements can be drawn in any order.
    pub const fn at(seed: u64, index: u64) -> Self {
        Self { state: scramble(seed ^ scramble(index.wrapping_mul(GOLDEN))) }
    }

    /// Returns the next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        scramble(self.state)
    }

    /// Returns a number from 0 up to, but not including, `bound`.
    ///
    /// # Panics
    /// Where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below 0");
        let product = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(product >> 64).expect("the high half fits in 64 bits")
    }

    /// Returns a number from 0 up to, but not including, 1, with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        number::float(self.bits() >> 11) / number::float(1 << 53)
    }

    /// Returns `true` with probability `share`.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Returns floor(u² × `bound`): small numbers are drawn more often, the first hundredth a tenth of the time.
    ///
    /// # Panics
    /// Where `bound` is 0.
    pub fn quadratic_below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is no number below 0");
        let unit = self.unit();
        number::floor(unit * unit * number::float(bound)).min(bound - 1)
    }

    /// Returns an exponentially distributed number with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }
}

/// Zipf's law over ranks: rank r is drawn in proportion to 1 ÷ (r + 1)^exponent.
///
/// Holds 8 bytes a rank; a draw is one binary search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zipf {
    cumulative: Vec<u64>,
}

impl Zipf {
    /// Makes the distribution over `ranks` ranks; exponent 0 is uniform.
    ///
    /// # Panics
    /// Where `ranks` is 0 or more than 2^22, or `exponent` is negative.
    pub fn new(ranks: u64, exponent: f64) -> Self {
        assert!((1..=1 << 22).contains(&ranks), "ranks must lie between 1 and 2^22");
        assert!(exponent >= 0.0, "a negative exponent favours the last rank");
        let mut total = 0;
        let mut weigh = |rank: u64| {
            let weight = number::float(1 << 40) / number::float(rank + 1).powf(exponent);
            total += number::round(weight).max(1);
            total
        };
        Self { cumulative: (0..ranks).map(&mut weigh).collect() }
    }

    /// Draws a rank, from 0.
    pub fn draw(&self, random: &mut Random) -> u64 {
        let total = *self.cumulative.last().expect("there is at least one rank");
        let point = random.below(total);
        number::count(self.cumulative.partition_point(|&end| end <= point))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_that_of_the_reference_implementation() {
        let mut random = Random::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.bits()).collect();
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_stay_below_their_bound() {
        let mut random = Random::new(7);
        for bound in [1, 2, 3, 1000, u64::MAX] {
            assert!((0..1000).all(|_| random.below(bound) < bound));
            assert!((0..1000).all(|_| random.quadratic_below(bound) < bound));
        }
    }

    #[test]
    fn quadratic_draws_fall_in_the_first_hundredth_a_tenth_of_the_time() {
        let mut random = Random::new(7);
        let hits = (0..100_000).filter(|_| random.quadratic_below(1000) < 10).count();
        assert!((9_500..10_500).contains(&hits), "{hits} of 100,000");
    }

    #[test]
    fn zipf_draws_fall_off_as_the_law_says() {
        let zipf = Zipf::new(1000, 1.0);
        let mut random = Random::new(7);
        let mut counts = vec![0_u32; 1000];
        for _ in 0..200_000 {
            counts[number::index(zipf.draw(&mut random))] += 1;
        }
        let ratio = f64::from(counts[0]) / f64::from(counts[9]);
        assert!((8.5..11.5).contains(&ratio), "rank 1 came {ratio} times as often as rank 10");
        assert!(Zipf::new(1, 2.0).draw(&mut random) == 0);
    }

    #[test]
    fn exponential_draws_have_mean_one() {
        let mut random = Random::new(7);
        let mean = (0..100_000).map(|_| random.exponential()).sum::<f64>() / 100_000.0;
        assert!((0.98..1.02).contains(&mean), "mean {mean}");
    }
}
