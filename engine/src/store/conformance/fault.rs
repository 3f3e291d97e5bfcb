//! A real store behind a bad network: appends fail before or after they took effect, and answers come late or never.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::cid::HashKind;
use crate::id::AggregateId;
use crate::store::{
    AggregateAppend, Appended, Capabilities, Durability, EventStore, Followed, Head, ObjectStore, StoreError,
    StoredEvent, StreamFilter,
};

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is refused as unavailable; nothing was written.
    Refused,
    /// It is not applied, and the caller is told that this is not known.
    LostRequest,
    /// It is applied, and the caller is told that this is not known.
    LostAnswer,
    /// It is applied after the task has yielded so often.
    Late {
        /// Times to yield.
        yields: u32,
    },
    /// It is applied, and answered after the task has yielded so often.
    LateAnswer {
        /// Times to yield.
        yields: u32,
    },
    /// It is not applied and never answered: the caller must give up.
    StuckBefore,
    /// It is applied and never answered: the caller must give up.
    StuckAfter,
}

/// Wraps a store and makes its appends fail; everything else passes through.
#[derive(Debug)]
pub struct FaultInjector<S> {
    store: S,
    plan: Mutex<Plan>,
}

#[derive(Debug)]
struct Plan {
    next: VecDeque<Fault>,
    /// The state of the generator.
    random: u64,
    /// Of a thousand appends so many meet a fault of the generator's choice.
    per_mille: u64,
}

impl<S: EventStore> FaultInjector<S> {
    /// Wraps a store; faults come only as [`inject`](Self::inject) asks for them.
    pub const fn new(store: S) -> Self {
        Self::seeded(store, 0, 0)
    }

    /// Wraps a store; of a thousand appends about `per_mille` meet a fault after which the caller can go on. The same
    /// seed gives the same faults.
    pub const fn seeded(store: S, seed: u64, per_mille: u64) -> Self {
        let plan = Plan { next: VecDeque::new(), random: seed, per_mille };
        Self { store, plan: Mutex::new(plan) }
    }

    /// Makes the next append that has no fault yet meet this one.
    pub fn inject(&self, fault: Fault) {
        self.plan.lock().next.push_back(fault);
    }

    /// Returns the wrapped store.
    pub const fn inner(&self) -> &S {
        &self.store
    }
}

impl Plan {
    fn next(&mut self) -> Option<Fault> {
        if let Some(fault) = self.next.pop_front() {
            return Some(fault);
        }
        if self.random() % 1000 >= self.per_mille {
            return None;
        }
        let yields = 3;
        Some(match self.random() % 5 {
            0 => Fault::Refused,
            1 => Fault::LostRequest,
            2 => Fault::LostAnswer,
            3 => Fault::Late { yields },
            _ => Fault::LateAnswer { yields },
        })
    }

    /// Returns the next number of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    const fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.random;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }
}

async fn yield_times(yields: u32) {
    for _ in 0..yields {
        tokio::task::yield_now().await;
    }
}

#[async_trait]
impl<S: EventStore> EventStore for FaultInjector<S> {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        let fault = self.plan.lock().next();
        match fault {
            None => self.store.append(batch).await,
            Some(Fault::Refused) => Err(StoreError::Unavailable { reason: "a fault was injected".to_owned() }),
            Some(Fault::LostRequest) => Err(StoreError::Unknown { reason: "the request was lost".to_owned() }),
            Some(Fault::LostAnswer) => match self.store.append(batch).await {
                Ok(_) => Err(StoreError::Unknown { reason: "the answer was lost".to_owned() }),
                Err(error) => Err(error),
            },
            Some(Fault::Late { yields }) => {
                yield_times(yields).await;
                self.store.append(batch).await
            }
            Some(Fault::LateAnswer { yields }) => {
                let answer = self.store.append(batch).await;
                yield_times(yields).await;
                answer
            }
            Some(Fault::StuckBefore) => std::future::pending().await,
            Some(Fault::StuckAfter) => {
                drop(self.store.append(batch).await);
                std::future::pending().await
            }
        }
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
        self.store.read(aggregate, from_version, limit).await
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.read_all(from_sequence, limit).await
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        self.store.follow(from_sequence, filter).await
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

    fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        self.store.objects()
    }

    async fn kept_from(&self, aggregate: AggregateId) -> Result<u64, StoreError> {
        self.store.kept_from(aggregate).await
    }

    async fn purge(&self, aggregate: AggregateId, version: u64) -> Result<(), StoreError> {
        self.store.purge(aggregate, version).await
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

    async fn close(&self) {
        self.store.close().await;
    }
}
