//! The embedded store as the bench's source of stores.

use std::path::Path;
use std::sync::Arc;

use cidgraph::{EventStore, StoreError};
use cidgraph_harness::section::{Opening, ServiceError, StoreSource, SyncPolicy};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use futures::future::BoxFuture;

/// Makes embedded stores.
#[derive(Debug, Clone, Copy)]
pub(super) struct EmbeddedStores;

impl StoreSource for EmbeddedStores {
    fn in_memory(&self) -> Arc<dyn EventStore> {
        Arc::new(MemoryStore::new())
    }

    fn open<'a>(&'a self, folder: &'a Path, sync: SyncPolicy) -> Opening<'a> {
        let fsync = match sync {
            SyncPolicy::Always => FsyncPolicy::Always,
            SyncPolicy::Never => FsyncPolicy::Never,
        };
        Box::pin(async move { Ok(Arc::new(MemoryStore::open(folder, fsync)?) as Arc<dyn EventStore>) })
    }

    fn open_to_read<'a>(&'a self, folder: &'a Path) -> Opening<'a> {
        Box::pin(async move { Ok(Arc::new(MemoryStore::open_read_only(folder)?) as Arc<dyn EventStore>) })
    }

    fn verify<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<u64, ServiceError>> {
        let verified = move || Ok(MemoryStore::open_read_only(folder)?.verify()?.events);
        Box::pin(async move { verified().map_err(|error: StoreError| ServiceError::new(error)) })
    }

    fn remove<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<(), StoreError>> {
        let removed = std::fs::remove_dir_all(folder);
        let reason = |error: std::io::Error| StoreError::Unavailable { reason: error.to_string() };
        Box::pin(async move { removed.map_err(reason) })
    }
}
