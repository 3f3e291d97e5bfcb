//! The store that this crate is for.

use std::sync::Arc;

use async_trait::async_trait;
use cidgraph::store::Followed;
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Capabilities, EventStore, HashKind, Head, StoreError, StoredEvent,
    StreamFilter,
};

use crate::follow::follow;
use crate::volatile::Volatile;

/// Keeps events in this process's memory.
#[derive(Debug)]
pub struct MemoryStore {
    log: Arc<Volatile>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Makes an empty store in memory whose CIDs are taken with SHA-256.
    pub fn new() -> Self {
        Self::with_hash(HashKind::Sha2_256)
    }

    /// Makes an empty store in memory whose CIDs are taken with `hash`.
    pub fn with_hash(hash: HashKind) -> Self {
        Self { log: Arc::new(Volatile::new(hash)) }
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        self.log.append(batch)
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        Ok(self.log.head(aggregate))
    }

    async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.log.read(aggregate, from_version, limit))
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.log.read_all(from_sequence, limit))
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        Ok(follow(&self.log, self.log.committed(), from_sequence, filter))
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        Ok(self.log.list())
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        Ok(self.log.last_sequence())
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        self.log.save_position(reader, sequence);
        Ok(())
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        Ok(self.log.load_position(reader))
    }

    fn hash_kind(&self) -> HashKind {
        self.log.hash_kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.log.capabilities()
    }
}
