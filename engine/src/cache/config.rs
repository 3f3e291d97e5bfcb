//! How long and how much a cache keeps.

use std::time::Duration;

/// The bounds of a [`QueryCache`](super::QueryCache).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheConfig {
    /// For how long an answer is given; 300 s.
    pub ttl: Duration,
    /// How many answers are kept, over all graphs; 10,000. None are kept where it is 0.
    pub capacity: usize,
    /// The most facets that a kept answer rests on; 1,024. It bounds how long an insertion can hold up a publication
    /// (some 50 ns a facet) and the memory for footprints (some 60 bytes a facet).
    pub footprint_facets_max: usize,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self { ttl: Duration::from_secs(300), capacity: 10_000, footprint_facets_max: 1_024 }
    }
}
