//! How fast the machine hashes blocks when it does nothing else: the limit of every chained append and verification.

use rayon::prelude::*;
use ring::digest::{SHA256, digest};

use super::Stopwatch;
use crate::number;

/// Blocks hashed a second by SHA-256 alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HashRate {
    /// By one core.
    pub one_core: f64,
    /// By all cores together; never less than one core, which other work on the machine could make it seem.
    pub all_cores: f64,
}

/// Hashes the blocks `rounds` times over, by one core and then by all, and returns the best round of each.
///
/// # Panics
/// Where there are no blocks or no rounds.
pub fn hash_rate<B: AsRef<[u8]> + Sync>(blocks: &[B], rounds: usize) -> HashRate {
    assert!(!blocks.is_empty() && rounds > 0, "there is nothing to hash");
    let hash = |block: &B| digest(&SHA256, block.as_ref()).as_ref()[0];
    let count = number::count(blocks.len());
    let best = |hash_all: &dyn Fn() -> u64| {
        let rate = |_| {
            let watch = Stopwatch::start();
            std::hint::black_box(hash_all());
            watch.read().rate(count)
        };
        (0..rounds).map(rate).fold(0.0, f64::max)
    };
    let one_core = best(&|| blocks.iter().map(|block| u64::from(hash(block))).sum());
    let all_cores = best(&|| blocks.par_iter().with_min_len(256).map(|block| u64::from(hash(block))).sum());
    HashRate { one_core, all_cores: all_cores.max(one_core) }
}
