//! Answers that are kept until something that they rest on is touched.
//!
//! An answer computed at version `v` is given to a reader at version `w` only if nothing of its footprint was touched in
//! `(v, w]`; where that is not known, the reader misses. Besides, answers end after a time to live, and beyond a
//! capacity over all graphs the ones that nobody asks for again make room.
//!
//! Locks, in the order in which they are taken: one graph's book, then one shard at a time. A hit takes only its
//! shard's lock, shared, for the time of a table lookup.

mod config;
mod statistics;
mod slab;
mod change_log;
mod footprints;
mod observed;
mod slots;
mod entries;
mod graph_cache;
mod query_cache;
#[cfg(test)]
mod tests;

pub use config::CacheConfig;
pub use graph_cache::{Computation, GraphCache};
pub use query_cache::QueryCache;
pub use statistics::CacheStatistics;
