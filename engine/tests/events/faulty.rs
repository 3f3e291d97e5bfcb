//! A store around a real one that fails as it is told, and holds appends back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use cidgraph::store::Followed;
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Capabilities, Durability, EventStore, HashKind, Head, StoreError,
    StoredEvent, StreamFilter,
};
use futures::StreamExt;
use tokio::sync::Semaphore;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Writes nothing and says so.
    Unavailable,
    /// Writes and loses the answer.
    UnknownApplied,
    /// Writes nothing and cannot tell.
    UnknownLost,
    /// Writes and loses the answer; reading fails from then on.
    UnknownAppliedThenBlind,
    /// Writes nothing and cannot tell; reading fails from then on.
    UnknownLostThenBlind,
}

pub(crate) struct Faulty {
    pub(crate) inner: Arc<dyn EventStore>,
    pub(crate) faults: Mutex<VecDeque<Fault>>,
    pub(crate) always: Mutex<Fault>,
    pub(crate) blind: AtomicBool,
    pub(crate) appends: AtomicUsize,
    /// An append takes a permit for good.
    pub(crate) gate: Semaphore,
    pub(crate) limits: Option<Capabilities>,
    /// The version whose block is read with one bit changed.
    pub(crate) damaged: Option<u64>,
    /// The version that reading leaves out.
    pub(crate) lost: Option<u64>,
    /// Whether reading never ends.
    pub(crate) slow: bool,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl Faulty {
    pub(crate) fn around(inner: Arc<dyn EventStore>) -> Self {
        Self {
            inner,
            faults: Mutex::default(),
            always: Mutex::new(Fault::None),
            blind: AtomicBool::new(false),
            appends: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
            limits: None,
            damaged: None,
            lost: None,
            slow: false,
        }
    }

    pub(crate) fn closed(inner: Arc<dyn EventStore>) -> Self {
        Self { gate: Semaphore::new(0), ..Self::around(inner) }
    }

    #[must_use]
    pub(crate) fn limited(self, limits: Capabilities) -> Self {
        Self { limits: Some(limits), ..self }
    }

    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().unwrap().extend(faults);
    }

    fn damage(&self, stored: &mut StoredEvent) {
        if Some(stored.event.version) == self.damaged {
            let mut block = stored.event.block.to_vec();
            *block.last_mut().unwrap() ^= 1;
            stored.event.block = block.into();
        }
    }

    fn see(&self) -> Result<(), StoreError> {
        if self.blind.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "told not to read".to_owned() });
        }
        Ok(())
    }
}

#[async_trait]
impl EventStore for Faulty {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        self.gate.acquire().await.unwrap().forget();
        self.appends.fetch_add(1, Ordering::SeqCst);
        let fault = self.faults.lock().unwrap().pop_front().unwrap_or(*self.always.lock().unwrap());
        let unknown = || StoreError::Unknown { reason: "told to lose the answer".to_owned() };
        match fault {
            Fault::None => self.inner.append(batch).await,
            Fault::Unavailable => Err(StoreError::Unavailable { reason: "told to".to_owned() }),
            Fault::UnknownApplied => {
                self.inner.append(batch).await?;
                Err(unknown())
            }
            Fault::UnknownLost => Err(unknown()),
            Fault::UnknownAppliedThenBlind => {
                self.inner.append(batch).await?;
                self.blind.store(true, Ordering::SeqCst);
                Err(unknown())
            }
            Fault::UnknownLostThenBlind => {
                self.blind.store(true, Ordering::SeqCst);
                Err(unknown())
            }
        }
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        self.see()?;
        self.inner.head(aggregate).await
    }

    async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.see()?;
        if self.slow {
            std::future::pending::<()>().await;
        }
        let mut events = self.inner.read(aggregate, from_version, limit).await?;
        events.retain(|stored| Some(stored.event.version) != self.lost);
        for stored in &mut events {
            self.damage(stored);
        }
        Ok(events)
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.see()?;
        self.inner.read_all(from_sequence, limit).await
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        self.see()?;
        let damaged = Self { damaged: self.damaged, ..Self::around(Arc::clone(&self.inner)) };
        let damage = move |stored: Result<StoredEvent, StoreError>| {
            stored.map(|mut stored| {
                damaged.damage(&mut stored);
                stored
            })
        };
        Ok(Box::pin(self.inner.follow(from_sequence, filter).await?.map(damage)))
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        self.inner.list().await
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        self.inner.last_sequence().await
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        self.inner.save_position(reader, sequence).await
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        self.inner.load_position(reader).await
    }

    fn hash_kind(&self) -> HashKind {
        self.inner.hash_kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.limits.unwrap_or_else(|| self.inner.capabilities())
    }

    fn durability_of_kept(&self) -> Durability {
        self.inner.durability_of_kept()
    }
}
