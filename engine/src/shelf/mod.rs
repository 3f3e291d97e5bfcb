//! A shelf: snapshots of a store's graphs in a folder, from which graphs are opened instead of from their first event.
//!
//! Each graph has a folder of its own: snapshots, the transactions that each remembers, and layers, the events since the
//! newest snapshot; and histories, which answer for every version of a stretch. Everything on it can be lost: the store alone holds the truth, and nothing is taken from a shelf that
//! is not of a chain that the store holds. A file is there whole or not at all, and its name says what it holds.
//!
//! [`ShelvedGraphs`] opens graphs from a shelf and keeps it up to date beside the writer; [`push`] and [`pull`] bring what is on
//! it to an object store and back.

mod config;
mod retention;
mod name;
mod files;
mod layer;
mod transactions;
mod vouched;
mod histories;
mod folder;
mod found;
mod taking;
mod slice;
mod keeper;
mod historian;
mod drafts;
mod copy;
mod pull;

pub use config::{Notice, ShelfConfig};
pub use copy::{Copied, Refused, graphs_in, push};
pub use drafts::ShelvedGraphs;
pub use folder::{Cleared, Contents, GraphShelf, Layer, Shelf, ShelfError, ShelfLock, ShelvedHistory, ShelvedSnapshot};
pub use pull::pull;
pub use retention::{Retention, RetentionError};
