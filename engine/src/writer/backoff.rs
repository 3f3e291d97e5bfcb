//! Waits between retries: doubling, with a jitter drawn from a deterministic sequence.

use std::time::Duration;

use tokio::time::Instant;

use super::config::WriterConfig;

/// The waits of one operation.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    max: Duration,
    deadline: Instant,
    random: u64,
}

impl Backoff {
    pub(super) const fn new(config: &WriterConfig, deadline: Instant, seed: u64) -> Self {
        Self { next: config.retry_wait_min, max: config.retry_wait_max, deadline, random: seed }
    }

    /// Waits, and returns whether the deadline lies still ahead.
    pub(super) async fn wait(&mut self) -> bool {
        let now = Instant::now();
        if now >= self.deadline {
            return false;
        }
        let half = self.next / 2;
        let wait = half + half.mul_f64(self.fraction());
        self.next = (self.next * 2).min(self.max);
        tokio::time::sleep_until((now + wait).min(self.deadline)).await;
        true
    }

    /// Returns the next number in [0, 1) (SplitMix64, Steele, Lea and Flood 2014).
    fn fraction(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit in a float exactly")]
        let fraction = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }
}
