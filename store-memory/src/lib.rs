//! An [`EventStore`](cidgraph::EventStore) in this process.
//!
//! [`MemoryStore`] keeps all events in memory.

mod follow;
mod store;
mod volatile;

pub use store::MemoryStore;
