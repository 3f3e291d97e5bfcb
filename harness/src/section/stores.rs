//! Where sections get their stores from; the harness itself knows no kind of store.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use cidgraph::{EventStore, StoreError};

/// When a durable store brings what was appended to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncPolicy {
    /// Before each append is acknowledged.
    Always,
    /// When the operating system likes.
    Never,
}

/// Makes stores of one kind.
pub trait StoreSource: fmt::Debug + Send + Sync {
    /// Makes an empty store that keeps everything in memory.
    fn in_memory(&self) -> Arc<dyn EventStore>;

    /// Opens the durable store in `folder`, making it where there is none.
    ///
    /// # Errors
    /// Those of the store.
    fn open(&self, folder: &Path, sync: SyncPolicy) -> Result<Arc<dyn EventStore>, StoreError>;

    /// Opens the durable store in `folder` to read only.
    ///
    /// # Errors
    /// Those of the store.
    fn open_to_read(&self, folder: &Path) -> Result<Arc<dyn EventStore>, StoreError>;

    /// Checks every byte, CID and link of the durable store in `folder` and returns how many events it has.
    ///
    /// # Errors
    /// Those of the store, the first damage among them.
    fn verify(&self, folder: &Path) -> Result<u64, StoreError>;
}
