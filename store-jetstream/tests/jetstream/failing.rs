//! A real store whose calls fail from a given one on, before or after they took effect: as if the process had ended there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use cidgraph::store::Followed;
use cidgraph::store::objects::Received;
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Capabilities, EventStore, HashKind, Head, ObjectError, ObjectInfo,
    ObjectStore, StoreError, StoredEvent, StreamFilter,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// How many calls succeed, and what becomes of the one behind them.
#[derive(Debug)]
pub(crate) struct Budget {
    left: AtomicI64,
    takes_effect: bool,
}

impl Budget {
    pub(crate) fn new(calls: i64, takes_effect: bool) -> Arc<Self> {
        Arc::new(Self { left: AtomicI64::new(calls), takes_effect })
    }

    /// Returns whether a call failed.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }

    /// Does a call, or fails.
    async fn spend<T, E>(&self, call: impl Future<Output = Result<T, E>>, failed: impl Fn() -> E) -> Result<T, E> {
        match self.left.fetch_sub(1, Ordering::Relaxed) {
            1.. => call.await,
            0 if self.takes_effect => call.await.and_then(|_| Err(failed())),
            _ => Err(failed()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Failing<S> {
    pub(crate) store: S,
    pub(crate) budget: Arc<Budget>,
}

fn down() -> StoreError {
    StoreError::Unavailable { reason: "the budget is spent".to_owned() }
}

fn objects_down() -> ObjectError {
    ObjectError::Unavailable { reason: "the budget is spent".to_owned() }
}

#[async_trait]
impl<S: EventStore> EventStore for Failing<S> {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        self.budget.spend(self.store.append(batch), down).await
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        self.budget.spend(self.store.head(aggregate), down).await
    }

    async fn read(&self, aggregate: AggregateId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.budget.spend(self.store.read(aggregate, from, limit), down).await
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.budget.spend(self.store.read_all(from_sequence, limit), down).await
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        self.budget.spend(self.store.follow(from_sequence, filter), down).await
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        self.budget.spend(self.store.list(), down).await
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        self.budget.spend(self.store.last_sequence(), down).await
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        self.budget.spend(self.store.save_position(reader, sequence), down).await
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        self.budget.spend(self.store.load_position(reader), down).await
    }

    fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        let objects = self.store.objects()?;
        Some(Arc::new(FailingObjects { objects, budget: Arc::clone(&self.budget) }))
    }

    async fn kept_from(&self, aggregate: AggregateId) -> Result<u64, StoreError> {
        self.budget.spend(self.store.kept_from(aggregate), down).await
    }

    async fn purge(&self, aggregate: AggregateId, version: u64) -> Result<(), StoreError> {
        self.budget.spend(self.store.purge(aggregate, version), down).await
    }

    fn hash_kind(&self) -> HashKind {
        self.store.hash_kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }
}

#[derive(Debug)]
struct FailingObjects {
    objects: Arc<dyn ObjectStore>,
    budget: Arc<Budget>,
}

#[async_trait]
impl ObjectStore for FailingObjects {
    async fn put(&self, name: &str, contents: &mut (dyn AsyncRead + Send + Unpin)) -> Result<ObjectInfo, ObjectError> {
        self.budget.spend(self.objects.put(name, contents), objects_down).await
    }

    async fn get(
        &self,
        name: &str,
        received: &mut Received,
        out: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<ObjectInfo, ObjectError> {
        self.budget.spend(self.objects.get(name, received, out), objects_down).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ObjectInfo>, ObjectError> {
        self.budget.spend(self.objects.list(prefix), objects_down).await
    }

    async fn delete(&self, name: &str) -> Result<bool, ObjectError> {
        self.budget.spend(self.objects.delete(name), objects_down).await
    }
}
