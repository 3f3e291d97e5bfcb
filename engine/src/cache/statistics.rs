//! What a cache has done so far.

use std::ops::AddAssign;

/// A cache's counts since it was made.
///
/// `entries` = `insertions` − `evictions` − `expirations` − `invalidations` − `replacements`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStatistics {
    /// Answers kept now, those included whose time is over but that were not removed yet.
    pub entries: u64,
    /// Lookups that were answered.
    pub hits: u64,
    /// Lookups that were not.
    pub misses: u64,
    /// Answers taken in.
    pub insertions: u64,
    /// Answers not taken in: something that they rest on was touched meanwhile or may have been, an answer that is valid
    /// for longer is there, or they rest on too much.
    pub refusals: u64,
    /// Answers removed to make room.
    pub evictions: u64,
    /// Answers removed because their time was over.
    pub expirations: u64,
    /// Answers removed because something that they rest on was touched or may have been.
    pub invalidations: u64,
    /// Answers removed for one to the same query that is valid from an earlier version.
    pub replacements: u64,
}

impl CacheStatistics {
    /// Returns the share of lookups that were answered, 0 to 1; none before the first lookup.
    pub fn hit_ratio(&self) -> Option<f64> {
        let lookups = self.hits + self.misses;
        (lookups > 0).then(|| self.hits as f64 / lookups as f64)
    }
}

impl AddAssign for CacheStatistics {
    fn add_assign(&mut self, other: Self) {
        self.entries += other.entries;
        self.hits += other.hits;
        self.misses += other.misses;
        self.insertions += other.insertions;
        self.refusals += other.refusals;
        self.evictions += other.evictions;
        self.expirations += other.expirations;
        self.invalidations += other.invalidations;
        self.replacements += other.replacements;
    }
}
