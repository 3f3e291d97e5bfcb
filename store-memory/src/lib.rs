//! An [`EventStore`](cidgraph::EventStore) in this process: in memory, or durable in a journal of CARv1 files.
//!
//! [`MemoryStore::new`] keeps all events in memory. [`MemoryStore::open`] keeps them in a folder: `segment-N.car` files
//! that any IPLD tool reads, in each a fixed manifest as root, the event blocks, and one commit block after each group
//! of appends; `segment-N.idx` says where a sealed segment's events stand and can be made again; `durable.cbor` says up
//! to where the journal was on the disk when a segment was begun or the store closed. One process writes, any number
//! read.

pub mod disk;
mod follow;
mod journal;
mod objects;
#[cfg(feature = "simulation")]
pub mod simulated;
mod store;
mod volatile;

pub use journal::open::RecoveryReport;
pub use journal::writer::FsyncPolicy;
pub use objects::{FolderObjects, MemoryObjects};
pub use store::{MemoryStore, MemoryStoreOptions, SEGMENT_BYTES, Survey, Verified};
