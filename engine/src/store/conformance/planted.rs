//! Stores that break one promise each. The suite is right only where every one of them fails at least one contract.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};

use crate::cid::HashKind;
use crate::id::AggregateId;
use crate::store::batch::appended;
use crate::store::{
    AggregateAppend, Appended, Capabilities, Durability, EventStore, Followed, Head, StoreError, StoredEvent,
    StreamFilter,
};

/// The promise that a planted store breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// One event in three cannot be read.
    DropsEvents,
    /// An event is read twice.
    RepeatsEvents,
    /// Two events are read in the wrong order.
    ReordersEvents,
    /// A batch is applied aggregate by aggregate.
    TearsBatches,
    /// A batch whose append is dropped is applied in part.
    TearsDroppedBatches,
    /// The head is that before the last append.
    StaleHead,
    /// A follower misses the first live event.
    GapInFollow,
    /// A follower gets the last event of the past twice.
    RepeatInFollow,
    /// A follower gets all events whatever its filter.
    IgnoresFilter,
    /// A block is changed.
    ChangesBytes,
    /// An append that conflicts is answered as if applied.
    HidesConflicts,
    /// A conflict names the expected head as the actual one.
    MisnamesConflicts,
    /// A malformed append is answered as if applied.
    AcceptsMalformed,
    /// An append is answered before it is applied.
    AnswersEarly,
    /// An append that is sent again conflicts with itself.
    ForgetsAnswers,
    /// The answer names other sequences.
    MiscountsSequences,
    /// The answer names a durability that the store does not have.
    OverstatesDurability,
    /// A read gives one event less than asked for.
    ShortReads,
    /// The list is not ordered.
    ShufflesList,
    /// All readers share one position.
    MixesPositions,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::DropsEvents,
        Self::RepeatsEvents,
        Self::ReordersEvents,
        Self::TearsBatches,
        Self::TearsDroppedBatches,
        Self::StaleHead,
        Self::GapInFollow,
        Self::RepeatInFollow,
        Self::IgnoresFilter,
        Self::ChangesBytes,
        Self::HidesConflicts,
        Self::MisnamesConflicts,
        Self::AcceptsMalformed,
        Self::AnswersEarly,
        Self::ForgetsAnswers,
        Self::MiscountsSequences,
        Self::OverstatesDurability,
        Self::ShortReads,
        Self::ShufflesList,
        Self::MixesPositions,
    ];
}

/// A store with a flaw around one without.
#[derive(Debug)]
pub struct PlantedStore {
    store: Arc<dyn EventStore>,
    flaw: Flaw,
}

impl PlantedStore {
    /// Plants a flaw in a store.
    pub fn new(store: impl EventStore + 'static, flaw: Flaw) -> Self {
        Self { store: Arc::new(store), flaw }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// Does to events that were read what the flaw does to them.
    fn bend(&self, mut events: Vec<StoredEvent>) -> Vec<StoredEvent> {
        if self.has(Flaw::DropsEvents) {
            events.retain(|stored| stored.event.version % 3 != 0);
        }
        if self.has(Flaw::RepeatsEvents)
            && let Some(first) = events.first().cloned()
        {
            events.insert(1, first);
        }
        if self.has(Flaw::ReordersEvents) && events.len() > 1 {
            events.swap(0, 1);
        }
        if self.has(Flaw::ShortReads) && events.len() > 1 {
            events.pop();
        }
        if self.has(Flaw::ChangesBytes) {
            for stored in &mut events {
                let mut block = stored.event.block.to_vec();
                block[20] ^= 1;
                stored.event.block = Bytes::from(block);
            }
        }
        events
    }

    async fn tear(&self, batch: &[AggregateAppend], yields: usize) -> Result<Appended, StoreError> {
        let mut whole: Option<Appended> = None;
        for part in batch {
            let appended = self.store.append(std::slice::from_ref(part)).await?;
            whole = Some(match whole {
                None => appended,
                Some(before) => Appended {
                    heads: before.heads.into_iter().chain(appended.heads).collect(),
                    first_sequence: before.first_sequence,
                    ..appended
                },
            });
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
        }
        whole.ok_or(StoreError::Malformed { reason: "the batch is empty".into() })
    }

    /// Answers as if the batch were applied behind what there is.
    async fn pretend(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        let last = self.store.last_sequence().await?;
        let count: usize = batch.iter().map(|part| part.events.len()).sum();
        let whole: Vec<AggregateAppend> = batch.iter().filter(|part| !part.events.is_empty()).cloned().collect();
        Ok(appended(&whole, last + 1, last + count as u64, Durability::Memory))
    }

    async fn answer_early(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        let answer = self.pretend(batch).await?;
        let (store, batch) = (Arc::clone(&self.store), batch.to_vec());
        tokio::spawn(async move {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            store.append(&batch).await
        });
        Ok(answer)
    }

    async fn all_hold(&self, batch: &[AggregateAppend]) -> Result<bool, StoreError> {
        for part in batch {
            if part.events.is_empty() || !part.expected.holds(self.store.head(part.aggregate).await?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn forget(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        for part in batch {
            let actual = self.store.head(part.aggregate).await?;
            if !part.expected.holds(actual) {
                return Err(StoreError::Conflict { aggregate: part.aggregate, expected: part.expected, actual });
            }
        }
        self.store.append(batch).await
    }

    /// Changes the answer to an append as the flaw does.
    async fn bend_answer(
        &self,
        batch: &[AggregateAppend],
        answer: Result<Appended, StoreError>,
    ) -> Result<Appended, StoreError> {
        match answer {
            Err(StoreError::Conflict { .. }) if self.has(Flaw::HidesConflicts) => self.pretend(batch).await,
            Err(StoreError::Malformed { .. }) if self.has(Flaw::AcceptsMalformed) => self.pretend(batch).await,
            Err(StoreError::Conflict { aggregate, expected, .. }) if self.has(Flaw::MisnamesConflicts) => {
                let actual = expected.cid().map(|cid| Head { version: expected.version(), cid });
                Err(StoreError::Conflict { aggregate, expected, actual })
            }
            Ok(answer) if self.has(Flaw::MiscountsSequences) => {
                Ok(Appended { first_sequence: answer.first_sequence + 1, ..answer })
            }
            Ok(answer) if self.has(Flaw::OverstatesDurability) => {
                let durable = self.capabilities().durable;
                Ok(Appended { durability: if durable { Durability::Memory } else { Durability::Fsynced }, ..answer })
            }
            answer => answer,
        }
    }
}

/// Leaves the event numbered `at` out.
fn without(events: Followed, at: usize) -> Followed {
    let numbered = events.enumerate();
    Box::pin(numbered.filter_map(move |(index, event)| async move { (index != at).then_some(event) }))
}

/// Gives the event numbered `at` twice.
fn twice(events: Followed, at: usize) -> Followed {
    let seen = AtomicUsize::new(0);
    Box::pin(events.flat_map(move |event| {
        let times = if seen.fetch_add(1, Ordering::Relaxed) == at { 2 } else { 1 };
        stream::iter(vec![event; times])
    }))
}

#[async_trait]
impl EventStore for PlantedStore {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        // Checked as a whole first, so that only dropping it can tear it.
        let answer = if self.has(Flaw::TearsDroppedBatches) && batch.len() > 1 && self.all_hold(batch).await? {
            self.tear(batch, 3).await
        } else if self.has(Flaw::TearsBatches) {
            self.tear(batch, 0).await
        } else if self.has(Flaw::AnswersEarly) {
            self.answer_early(batch).await
        } else if self.has(Flaw::ForgetsAnswers) {
            self.forget(batch).await
        } else {
            self.store.append(batch).await
        };
        self.bend_answer(batch, answer).await
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        let head = self.store.head(aggregate).await?;
        let Some(Head { version, .. }) = head.filter(|_| self.has(Flaw::StaleHead)) else { return Ok(head) };
        let before = self.store.read(aggregate, version - 1, 1).await?;
        Ok(before.first().filter(|_| version > 1).map(|stored| stored.event.head()))
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
        let last = self.store.last_sequence().await?;
        let past = usize::try_from((last + 1).saturating_sub(from_sequence.max(1))).unwrap_or(usize::MAX);
        let filter = if self.has(Flaw::IgnoresFilter) { StreamFilter::All } else { filter };
        let events = self.store.follow(from_sequence, filter).await?;
        if self.has(Flaw::GapInFollow) {
            return Ok(without(events, past));
        }
        Ok(if self.has(Flaw::RepeatInFollow) { twice(events, past.saturating_sub(1)) } else { events })
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        let mut list = self.store.list().await?;
        if self.has(Flaw::ShufflesList) {
            list.reverse();
        }
        Ok(list)
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        self.store.last_sequence().await
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        let reader = if self.has(Flaw::MixesPositions) { "all" } else { reader };
        self.store.save_position(reader, sequence).await
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        let reader = if self.has(Flaw::MixesPositions) { "all" } else { reader };
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
