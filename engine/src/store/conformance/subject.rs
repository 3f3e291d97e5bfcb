//! A store under test, and how contracts speak with it: an append that may succeed later is sent again, as a caller must.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use crate::store::conformance::sample::SampleStream;
use crate::store::{
    AggregateAppend, Appended, EventStore, Followed, SealedEvent, StoreError, StoredEvent, StreamFilter,
};

/// Appends in a row that may be refused as unavailable before a contract gives up.
const ATTEMPTS: usize = 64;

/// Which sentence of the contract a store broke, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach(pub String);

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Breach {
    fn from(error: E) -> Self {
        Self(format!("an unexpected error: {error}"))
    }
}

/// The outcome of a contract.
pub type Verdict = Result<(), Breach>;

/// Returns from a contract with a breach where the condition does not hold.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::store::conformance::Breach(format!($($message)+)));
        }
    };
}
pub(crate) use ensure;

/// A fresh, empty store under test.
#[derive(Debug)]
pub struct Subject {
    /// The store.
    pub store: Arc<dyn EventStore>,
    patience: Duration,
    _kept: Option<Box<dyn Kept>>,
}

/// What must live as long as the store: a folder, a server.
trait Kept: Any + Send + Sync + fmt::Debug {}

impl<T: Any + Send + Sync + fmt::Debug> Kept for T {}

impl Subject {
    /// Makes a subject of an empty store.
    pub fn new(store: impl EventStore + 'static) -> Self {
        Self { store: Arc::new(store), patience: Duration::from_secs(20), _kept: None }
    }

    /// Keeps something as long as the store.
    #[must_use]
    pub fn keeping(mut self, kept: impl fmt::Debug + Send + Sync + 'static) -> Self {
        self._kept = Some(Box::new(kept));
        self
    }

    /// Sets how long a contract waits for an event that must come.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns how long a contract waits for what must come.
    pub const fn patience(&self) -> Duration {
        self.patience
    }

    /// Returns an aggregate of samples with the store's hash function.
    pub fn stream(&self, number: u64) -> SampleStream {
        SampleStream::new(number, self.store.hash_kind())
    }

    /// Appends; where the outcome is not known or the store not to be reached, sends the same bytes again.
    ///
    /// # Errors
    /// Any other error, or the last where it never ends.
    pub async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        append(&*self.store, batch).await
    }

    /// Starts to follow, trying again as [`append`](Self::append) does.
    pub(crate) async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Following, StoreError> {
        Ok(Following { events: self.store.follow(from_sequence, filter).await?, patience: self.patience })
    }

    /// Returns all events in sequence order.
    pub(crate) async fn all(&self) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.read_all(0, usize::MAX).await
    }
}

/// Appends to a store, sending the same bytes again where the outcome is not known.
pub(crate) async fn append(store: &dyn EventStore, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
    for _ in 1..ATTEMPTS {
        match store.append(batch).await {
            Err(StoreError::Unavailable { .. } | StoreError::Unknown { .. }) => tokio::task::yield_now().await,
            answer @ (Ok(_)
            | Err(
                StoreError::Conflict { .. }
                | StoreError::Malformed { .. }
                | StoreError::Partial { .. }
                | StoreError::Corrupt { .. }
                | StoreError::Refused { .. }
                | StoreError::Invalid { .. },
            )) => return answer,
        }
    }
    store.append(batch).await
}

/// A followed stream whose events must come in time.
pub(crate) struct Following {
    events: Followed,
    patience: Duration,
}

impl Following {
    /// Returns the next `count` events.
    pub(crate) async fn next(&mut self, count: usize) -> Result<Vec<StoredEvent>, Breach> {
        let mut events = Vec::with_capacity(count);
        while events.len() < count {
            match tokio::time::timeout(self.patience, self.events.next()).await {
                Ok(Some(event)) => events.push(event?),
                Ok(None) => return Err(Breach("the stream ended".to_owned())),
                Err(_) => return Err(Breach(format!("{} of {count} events came in time", events.len()))),
            }
        }
        Ok(events)
    }
}

/// Returns the events without their sequences.
pub(crate) fn events_of(stored: &[StoredEvent]) -> Vec<SealedEvent> {
    stored.iter().map(|stored| stored.event.clone()).collect()
}
