//! Reading an aggregate's events from the store into a draft: when it is opened, and after another writer appended.
//!
//! Every block is verified and decoded once, in parallel; every link is checked in order. The next chunk is fetched,
//! verified and decoded while the present one is applied.

use std::sync::Arc;

use rayon::prelude::*;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::aggregate::Draft;
use crate::chain::{ChainError, ChainTip, Link, verify_each, verify_link};
use crate::cid::{Cid, HashKind};
use crate::event::{DecodeError, EventPayload};
use crate::id::AggregateId;
use crate::store::{EventStore, Head, StoreError, StoredEvent};

use super::recent::{Recent, Remembered};

/// Events that are read at once.
const CHUNK_EVENTS: usize = 4096;

/// Events that one thread verifies and decodes at a time.
const PART_EVENTS: usize = 256;

/// Why stored events could not be taken in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReplayError {
    /// The store did not give them.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A payload is not what its event type says.
    #[error("event {version} of {aggregate} could not be read: {source}")]
    Decode {
        /// The aggregate.
        aggregate: AggregateId,
        /// The event's version.
        version: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// An event is well chained, but its aggregate could not have brought it about.
    #[error("event {version} of {aggregate} does not fit what came before: {reason}")]
    Misfit {
        /// The aggregate.
        aggregate: AggregateId,
        /// The event's version.
        version: u64,
        /// What does not fit.
        reason: String,
    },
}

/// Where a loaded aggregate ends, and which transactions it remembers.
#[derive(Debug)]
pub struct LoadedTip {
    pub(super) aggregate: AggregateId,
    hash: HashKind,
    last: Option<Link>,
    pub(super) recent: Remembered,
}

/// Loads all events of an aggregate into a fresh draft and publishes them.
///
/// Where it fails, the draft is at some earlier version of the aggregate and is best dropped.
///
/// # Errors
/// [`ReplayError`]: the store fails, the chain is broken, an event is unknown.
pub async fn load<D: Draft>(
    store: &Arc<dyn EventStore>,
    aggregate: AggregateId,
    draft: &mut D,
    remembered_transactions_max: usize,
) -> Result<LoadedTip, ReplayError> {
    let mut tip = LoadedTip::empty(aggregate, store.hash_kind(), remembered_transactions_max);
    tip.catch_up(store, draft, None).await?;
    Ok(tip)
}

impl LoadedTip {
    /// Makes the tip of an aggregate of which nothing was loaded.
    pub fn empty(aggregate: AggregateId, hash: HashKind, remembered_transactions_max: usize) -> Self {
        Self { aggregate, hash, last: None, recent: Remembered::new(remembered_transactions_max) }
    }

    /// Makes the tip of an aggregate whose draft was resumed at a verified event, and remembers transactions up to there,
    /// oldest first.
    ///
    /// # Panics
    /// Where the event does not end its transaction.
    #[must_use]
    pub fn resumed(self, last: Link, recent: impl IntoIterator<Item = Recent>) -> Self {
        assert_eq!(last.transaction_remaining, 0, "a draft is published at the end of a transaction");
        recent.into_iter().for_each(|recent| self.recent.record(recent));
        Self { last: Some(last), ..self }
    }

    /// Returns the aggregate.
    pub const fn aggregate(&self) -> AggregateId {
        self.aggregate
    }

    /// Returns the transactions that are remembered.
    pub const fn remembered(&self) -> &Remembered {
        &self.recent
    }

    /// Takes in events that follow this tip, which are kept elsewhere than in the store, and publishes them up to the last
    /// end of a transaction. On an error the draft and the tip are at the last transaction border that was published.
    ///
    /// # Errors
    /// [`ReplayError`]: an event does not hold or does not follow.
    pub fn take_in<D: Draft>(&mut self, draft: &mut D, events: &[StoredEvent]) -> Result<(), ReplayError> {
        let mut progress =
            Progress { last: self.last, first_version: self.version() + 1, published: draft.savepoint() };
        let taken = prepare(self.aggregate, events).and_then(|chunk| self.apply(draft, &mut progress, chunk));
        draft.roll_back(progress.published);
        taken
    }

    /// Returns what sealing the next event needs.
    pub fn chain_tip(&self) -> ChainTip {
        ChainTip {
            head: self.last.map(|last| Head { version: last.version, cid: last.cid }),
            timestamp_ns: self.last.map_or(0, |last| last.timestamp_ns),
            ..ChainTip::empty(self.aggregate, self.hash)
        }
    }

    /// Returns the version of the last event, 0 where there is none.
    pub fn version(&self) -> u64 {
        self.last.map_or(0, |last| last.version)
    }

    /// Returns the last event; `None` where there is none.
    pub const fn last(&self) -> Option<&Link> {
        self.last.as_ref()
    }

    /// Makes the tip of an aggregate whose draft stands at `last`, the end of a transaction, or at nothing.
    ///
    /// # Panics
    /// Where `last` does not end its transaction.
    pub fn at(aggregate: AggregateId, hash: HashKind, last: Option<Link>) -> Self {
        assert!(last.is_none_or(|last| last.transaction_remaining == 0), "a draft stands between transactions");
        Self { aggregate, hash, last, recent: Remembered::new(1) }
    }

    /// Moves to the last event of what this writer appended.
    pub(super) fn advance(&mut self, last: Link) {
        assert!(last.version > self.version() && last.transaction_remaining == 0, "an append ends with a transaction");
        self.last = Some(last);
    }

    /// Takes in what the store holds beyond this tip, and publishes it; gives up at `deadline`. On an error the draft and
    /// the tip are at the last transaction border that was published.
    ///
    /// # Errors
    /// As of [`load`].
    pub async fn catch_up<D: Draft>(
        &mut self,
        store: &Arc<dyn EventStore>,
        draft: &mut D,
        deadline: Option<Instant>,
    ) -> Result<(), ReplayError> {
        self.go_on(store, draft, u64::MAX, deadline).await
    }

    /// Takes in what the store holds beyond this tip up to version `until`, which ends a transaction where the store
    /// has it, and publishes it; gives up at `deadline`. On an error the draft and the tip are at the last transaction
    /// border that was published.
    ///
    /// # Errors
    /// As of [`load`].
    pub async fn go_on<D: Draft>(
        &mut self,
        store: &Arc<dyn EventStore>,
        draft: &mut D,
        until: u64,
        deadline: Option<Instant>,
    ) -> Result<(), ReplayError> {
        let mut from = self.version() + 1;
        let mut chunk = in_time(deadline, fetch(Arc::clone(store), self.aggregate, from, until)).await?;
        let mut progress = Progress { last: self.last, first_version: from, published: draft.savepoint() };
        loop {
            let next = (chunk.len == CHUNK_EVENTS).then(|| {
                from += CHUNK_EVENTS as u64;
                Prefetch(tokio::spawn(fetch(Arc::clone(store), self.aggregate, from, until)))
            });
            if let Err(error) = self.apply(draft, &mut progress, chunk) {
                draft.roll_back(progress.published);
                return Err(error);
            }
            let Some(next) = next else { break };
            chunk = match in_time(deadline, next.join()).await {
                Ok(chunk) => chunk,
                Err(error) => {
                    draft.roll_back(progress.published);
                    return Err(error);
                }
            };
        }
        if let Err(error) = progress.check_complete(self.aggregate) {
            draft.roll_back(progress.published);
            return Err(error);
        }
        Ok(())
    }

    fn apply<D: Draft>(
        &mut self,
        draft: &mut D,
        progress: &mut Progress,
        chunk: Chunk<D::Event>,
    ) -> Result<(), ReplayError> {
        for part in chunk.parts {
            let mut events = part.events.iter();
            for place in &part.places {
                verify_link(self.aggregate, progress.last.as_ref(), place.previous, &place.link, Some(place.sequence))?;
                for event in events.by_ref().take(place.events) {
                    let version = place.link.version;
                    draft.apply(event, version).map_err(|misfit| ReplayError::Misfit {
                        aggregate: self.aggregate,
                        version,
                        reason: misfit.reason,
                    })?;
                }
                progress.last = Some(place.link);
                if place.link.transaction_remaining == 0 {
                    let Link { version, cid, timestamp_ns, .. } = place.link;
                    draft.end_transaction(Head { version, cid }, timestamp_ns);
                    self.recent.record(progress.finished(&place.link));
                    progress.first_version = place.link.version + 1;
                }
            }
        }
        if let Some(last) = progress.last
            && last.transaction_remaining == 0
            && last.version > self.version()
        {
            self.last = Some(last);
            draft.publish(Head { version: last.version, cid: last.cid }, last.timestamp_ns);
            progress.published = draft.savepoint();
        }
        Ok(())
    }
}

/// How far a replay has come beyond what it published.
struct Progress {
    last: Option<Link>,
    /// The first version of the transaction that comes next or is under way.
    first_version: u64,
    published: crate::aggregate::Savepoint,
}

impl Progress {
    fn finished(&self, last: &Link) -> Recent {
        let events = u32::try_from(last.version - self.first_version + 1).expect("a transaction counts in 32 bits");
        Recent { transaction: last.transaction, first_version: self.first_version, events }
    }

    /// Checks that the aggregate ends with a whole transaction, as every append does.
    fn check_complete(&self, aggregate: AggregateId) -> Result<(), ReplayError> {
        match self.last {
            Some(last) if last.transaction_remaining > 0 => Err(ReplayError::Chain(ChainError::ChainBroken {
                aggregate,
                version: last.version + 1,
                sequence: None,
                expected: format!("{} more events of transaction {}", last.transaction_remaining, last.transaction),
                actual: "the end of the aggregate".to_owned(),
            })),
            Some(_) | None => Ok(()),
        }
    }
}

/// Events that were read at once, verified one by one and decoded.
struct Chunk<E> {
    len: usize,
    parts: Vec<Part<E>>,
}

struct Part<E> {
    places: Vec<Place>,
    events: Vec<E>,
}

/// A verified event's place in the chain, and how many decoded events it means today.
struct Place {
    link: Link,
    previous: Option<Cid>,
    sequence: u64,
    events: usize,
}

/// A chunk on its way, given up when dropped.
struct Prefetch<E>(JoinHandle<Result<Chunk<E>, ReplayError>>);

impl<E> Prefetch<E> {
    async fn join(mut self) -> Result<Chunk<E>, ReplayError> {
        match (&mut self.0).await {
            Ok(chunk) => chunk,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(StoreError::Unavailable { reason: "the runtime is shutting down".to_owned() }.into()),
        }
    }
}

impl<E> Drop for Prefetch<E> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn in_time<T>(
    deadline: Option<Instant>,
    reading: impl Future<Output = Result<T, ReplayError>>,
) -> Result<T, ReplayError> {
    let Some(deadline) = deadline else { return reading.await };
    let late = |_| Err(StoreError::Unavailable { reason: "no answer came in time".to_owned() }.into());
    timeout_at(deadline, reading).await.unwrap_or_else(late)
}

async fn fetch<E: EventPayload>(
    store: Arc<dyn EventStore>,
    aggregate: AggregateId,
    from_version: u64,
    until: u64,
) -> Result<Chunk<E>, ReplayError> {
    let left = until.saturating_add(1).saturating_sub(from_version);
    let limit = usize::try_from(left).map_or(CHUNK_EVENTS, |left| left.min(CHUNK_EVENTS));
    if limit == 0 {
        return Ok(Chunk { len: 0, parts: Vec::new() });
    }
    let events = store.read(aggregate, from_version, limit).await?;
    if events.len() <= PART_EVENTS {
        return Ok(Chunk { len: events.len(), parts: vec![prepare_part(aggregate, &events)?] });
    }
    let (done, prepared) = oneshot::channel();
    rayon::spawn(move || drop(done.send(prepare(aggregate, &events))));
    prepared.await.expect("the thread that prepares the events answers")
}

fn prepare<E: EventPayload>(aggregate: AggregateId, events: &[StoredEvent]) -> Result<Chunk<E>, ReplayError> {
    let parts: Vec<_> = events.par_chunks(PART_EVENTS).map(|events| prepare_part(aggregate, events)).collect();
    let parts = parts.into_iter().collect::<Result<_, _>>()?;
    Ok(Chunk { len: events.len(), parts })
}

fn prepare_part<E: EventPayload>(aggregate: AggregateId, stored: &[StoredEvent]) -> Result<Part<E>, ReplayError> {
    let mut part = Part { places: Vec::with_capacity(stored.len()), events: Vec::with_capacity(stored.len()) };
    for (StoredEvent { sequence, event }, verified) in stored.iter().zip(verify_each(stored)) {
        let (opened, link) = verified?;
        if event.aggregate != aggregate {
            return Err(ReplayError::Chain(ChainError::ChainBroken {
                aggregate,
                version: event.version,
                sequence: Some(*sequence),
                expected: format!("aggregate {aggregate}"),
                actual: format!("aggregate {}", event.aggregate),
            }));
        }
        let before = part.events.len();
        opened.decode(&mut part.events).map_err(|source| ReplayError::Decode {
            aggregate,
            version: event.version,
            source,
        })?;
        let events = part.events.len() - before;
        part.places.push(Place { link, previous: event.previous, sequence: *sequence, events });
    }
    Ok(part)
}
