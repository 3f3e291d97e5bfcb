//! The embedded store as the bench's source of stores.

use std::path::Path;
use std::sync::Arc;

use cidgraph::{EventStore, StoreError};
use cidgraph_harness::section::{StoreSource, SyncPolicy};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};

/// Makes embedded stores.
#[derive(Debug, Clone, Copy)]
pub(super) struct EmbeddedStores;

impl StoreSource for EmbeddedStores {
    fn in_memory(&self) -> Arc<dyn EventStore> {
        Arc::new(MemoryStore::new())
    }

    fn open(&self, folder: &Path, sync: SyncPolicy) -> Result<Arc<dyn EventStore>, StoreError> {
        let fsync = match sync {
            SyncPolicy::Always => FsyncPolicy::Always,
            SyncPolicy::Never => FsyncPolicy::Never,
        };
        Ok(Arc::new(MemoryStore::open(folder, fsync)?))
    }

    fn open_to_read(&self, folder: &Path) -> Result<Arc<dyn EventStore>, StoreError> {
        Ok(Arc::new(MemoryStore::open_read_only(folder)?))
    }

    fn verify(&self, folder: &Path) -> Result<u64, StoreError> {
        Ok(MemoryStore::open_read_only(folder)?.verify()?.events)
    }
}
