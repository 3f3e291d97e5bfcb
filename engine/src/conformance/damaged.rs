//! A store that reads one event of each aggregate wrongly; everything else passes through.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;

use crate::cid::HashKind;
use crate::id::AggregateId;
use crate::store::{
    AggregateAppend, Appended, Capabilities, Durability, EventStore, Followed, Head, StoreError, StoredEvent,
    StreamFilter,
};

/// A store around another one whose events of one version are read with a changed byte, or not at all.
#[derive(Debug)]
pub struct Damaged {
    store: Arc<dyn EventStore>,
    version: u64,
    lost: bool,
}

impl Damaged {
    /// Changes the last byte of each aggregate's event of this version.
    pub fn changing(store: &Arc<dyn EventStore>, version: u64) -> Self {
        Self { store: Arc::clone(store), version, lost: false }
    }

    /// Leaves out each aggregate's event of this version.
    pub fn losing(store: &Arc<dyn EventStore>, version: u64) -> Self {
        Self { store: Arc::clone(store), version, lost: true }
    }

    fn bend(&self, events: Vec<StoredEvent>) -> Vec<StoredEvent> {
        events.into_iter().filter_map(|stored| bend(stored, self.version, self.lost)).collect()
    }
}

fn bend(mut stored: StoredEvent, version: u64, lost: bool) -> Option<StoredEvent> {
    if stored.event.version == version {
        if lost {
            return None;
        }
        let mut block = stored.event.block.to_vec();
        *block.last_mut().expect("no block is empty") ^= 1;
        stored.event.block = Bytes::from(block);
    }
    Some(stored)
}

#[async_trait]
impl EventStore for Damaged {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        self.store.append(batch).await
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        self.store.head(aggregate).await
    }

    async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.bend(self.store.read(aggregate, from_version, limit).await?))
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.bend(self.store.read_all(from_sequence, limit).await?))
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        let (version, lost) = (self.version, self.lost);
        let followed = self.store.follow(from_sequence, filter).await?;
        Ok(Box::pin(followed.filter_map(move |stored| async move {
            match stored {
                Ok(stored) => bend(stored, version, lost).map(Ok),
                Err(error) => Some(Err(error)),
            }
        })))
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        self.store.list().await
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        self.store.last_sequence().await
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        self.store.save_position(reader, sequence).await
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        self.store.load_position(reader).await
    }

    fn hash_kind(&self) -> HashKind {
        self.store.hash_kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn durability_of_kept(&self) -> Durability {
        self.store.durability_of_kept()
    }
}
