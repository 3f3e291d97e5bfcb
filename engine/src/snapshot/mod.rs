//! Snapshot files: one version of a graph, read in place.
//!
//! A file holds a frozen base with everything that goes with it, as it lies in memory: opening it maps it and reads a few
//! hundred bytes, however large it is. What a query touches is checked page by page when it is first touched. A file is
//! a function of the state and its history alone: the same events give the same bytes on every machine, however they
//! were grouped. Its layout is `docs/SNAPSHOT.md`.

mod error;
mod plain_file;
mod header;
mod info;
mod map;
mod write;
mod open;
mod verify;

pub use crate::pages::{SnapshotDamage, guarded};
pub use error::SnapshotError;
pub use info::{SectionInfo, SnapshotInfo};
pub use open::Snapshot;
pub(crate) use plain_file::demand_plain_file;
