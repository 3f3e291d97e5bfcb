//! The contract of a store: its nouns, its errors, and [`EventStore`] with the guarantees beside the methods.
//!
//! A store keeps sealed blocks, byte for byte, in one stream with increasing sequences. It checks that an append
//! continues each aggregate it touches and applies it whole or not at all. It knows no event type and no graph rule.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;

use crate::cid::Cid;
use crate::id::AggregateId;
use crate::ledger::MemoryLedger;
use crate::store::ObjectStore;
use crate::value::Name;

/// An aggregate's last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// Its version, from 1.
    pub version: u64,
    /// Its CID.
    pub cid: Cid,
}

/// An event ready to be stored: its block, and what the store must know to keep it.
///
/// The fields repeat what the block says; [`seal`](crate::chain::seal) makes them of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedEvent {
    /// The aggregate it belongs to.
    pub aggregate: AggregateId,
    /// Its version, from 1.
    pub version: u64,
    /// Its wire name, the last token of its subject.
    pub event_type: Name,
    /// The CID of `block`.
    pub cid: Cid,
    /// The CID of the aggregate's event before it.
    pub previous: Option<Cid>,
    /// The event's canonical bytes.
    pub block: Bytes,
    /// Events of the same transaction that follow in this aggregate.
    pub transaction_remaining: u32,
}

/// An event as the store gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the store's stream; increasing, may have gaps.
    pub sequence: u64,
    /// The event, its block as it was appended.
    pub event: SealedEvent,
}

/// What an append expects of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// No event yet.
    Empty,
    /// Exactly this last event.
    Exact(Head),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no event"),
            Self::Exact(head) => write!(f, "version {} ({})", head.version, head.cid),
        }
    }
}

/// Whole transactions for one aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateAppend {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// What its last event must be.
    pub expected: Expected,
    /// The events: not empty, contiguous versions, the last with `transaction_remaining` 0.
    pub events: Vec<SealedEvent>,
}

/// What the store really did for an append before answering; ordered from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Durability {
    /// In this process's memory: gone with the process.
    Memory,
    /// Handed to the operating system: survives the process, not the machine.
    PageCache,
    /// On the disk.
    Fsynced,
    /// On the disks of a majority of replicas.
    QuorumFsynced,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::PageCache => "page cache",
            Self::Fsynced => "fsynced",
            Self::QuorumFsynced => "quorum fsynced",
        })
    }
}

/// The answer to an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// Each aggregate's new head, in the order of the batch.
    pub heads: Vec<(AggregateId, Head)>,
    /// Sequence of the batch's first event.
    pub first_sequence: u64,
    /// Sequence of the batch's last event.
    pub last_sequence: u64,
    /// What was done for it.
    pub durability: Durability,
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// An aggregate's head is not the expected one; nothing was written.
    #[error("aggregate {aggregate} is at {}, the append expected {expected}", actual.map_or(Expected::Empty, Expected::Exact))]
    Conflict {
        /// The first such aggregate of the batch.
        aggregate: AggregateId,
        /// What was expected.
        expected: Expected,
        /// Its head.
        actual: Option<Head>,
    },
    /// The batch breaks the contract (empty, versions not contiguous, an event that does not link to the one before it,
    /// a cut transaction, an aggregate twice, another hash function, more than the store takes); nothing was written.
    #[error("the append is not well-formed: {reason}")]
    Malformed {
        /// What is wrong.
        reason: Cow<'static, str>,
    },
    /// The store is not to be reached, or refuses what it may take later; nothing was written.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// The append may or may not have been applied: read the aggregate before going on.
    #[error("the outcome of the append is not known: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
    /// An append that the store was told it may split was applied up to a transaction's end, and not beyond. Sending the
    /// same batch again goes on from there; where the cause is a conflict, only reading does. Only a store with such a
    /// setting says so: else an append is all or nothing.
    #[error("{events} events of the append were applied, up to sequence {last_sequence}, the others not: {cause}")]
    Partial {
        /// Events that were applied, at least.
        events: usize,
        /// The last one's sequence.
        last_sequence: u64,
        /// What became of the rest.
        cause: Box<Self>,
    },
    /// What the store kept is damaged.
    #[error("{damage}")]
    Corrupt {
        /// Where and what.
        damage: Box<Damage>,
    },
    /// The store takes nothing until someone has changed something there; nothing was written.
    #[error("{refusal}")]
    Refused {
        /// Why, and what to change.
        refusal: Refusal,
    },
    /// The store cannot be used as asked: a path that is no folder, another store's files, a lock held by another
    /// writer.
    #[error("{reason}")]
    Invalid {
        /// What is wrong and what to do.
        reason: String,
    },
}

/// Why a store takes nothing until someone has changed something there: to ask again is of no use before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no room.
    #[error("{what} is full: {limit}; raise the limit or archive old events, then try again")]
    Full {
        /// What is full.
        what: String,
        /// The limit that is reached.
        limit: String,
    },
    /// What keeps the events is not there, or no longer.
    #[error("there is no {what}")]
    Missing {
        /// What is not there.
        what: String,
    },
    /// The login may not do it.
    #[error("the login lacks a permission: {permission}")]
    Forbidden {
        /// The permission that it lacks.
        permission: String,
    },
}

impl From<Refusal> for StoreError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal }
    }
}

/// Where kept bytes are damaged.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// The file or stream.
    pub place: String,
    /// Bytes from the start of the file.
    pub offset: Option<u64>,
    /// The aggregate, where it can be told.
    pub aggregate: Option<AggregateId>,
    /// The version, where it can be told.
    pub version: Option<u64>,
    /// The sequence, where it can be told.
    pub sequence: Option<u64>,
    /// The CID or value that should be there.
    pub expected: Option<String>,
    /// The CID or value that is there.
    pub actual: Option<String>,
    /// What is wrong, in a few words.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is damaged: {}", self.place, self.reason)?;
        if let Some(offset) = self.offset {
            write!(f, ", offset {offset}")?;
        }
        if let Some(aggregate) = self.aggregate {
            write!(f, ", aggregate {aggregate}")?;
        }
        if let Some(version) = self.version {
            write!(f, ", version {version}")?;
        }
        if let Some(sequence) = self.sequence {
            write!(f, ", sequence {sequence}")?;
        }
        if let Some(expected) = &self.expected {
            write!(f, ", expected {expected}")?;
        }
        if let Some(actual) = &self.actual {
            write!(f, ", actual {actual}")?;
        }
        Ok(())
    }
}

/// Which events a [`EventStore::follow`] yields.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum StreamFilter {
    /// All of them.
    #[default]
    All,
    /// Those of one aggregate.
    Aggregate(AggregateId),
    /// Those with one wire name.
    EventType(Name),
}

impl StreamFilter {
    /// Returns whether an event passes.
    pub fn matches(&self, event: &SealedEvent) -> bool {
        match self {
            Self::All => true,
            Self::Aggregate(aggregate) => event.aggregate == *aggregate,
            Self::EventType(name) => event.event_type == *name,
        }
    }
}

/// What may differ from store to store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether events outlive the process that appended them.
    pub durable: bool,
    /// Events of one append, at most.
    pub append_events_max: usize,
    /// Bytes of one block, at most.
    pub block_bytes_max: usize,
    /// Whether sequences have no gaps.
    pub gapless_sequences: bool,
    /// Whether events that were archived can be purged.
    pub purges: bool,
    /// So many transactions are worth an append together; fewer are sooner there one after the other.
    pub group_transactions_min: usize,
    /// How long a call is tried before it is answered that the store is unavailable.
    pub deadline: Duration,
}

/// Events as they come, without gap or repeat; ends only with an error or with the store.
pub type Followed = Pin<Box<dyn Stream<Item = Result<StoredEvent, StoreError>> + Send>>;

/// Keeps the events of all aggregates in one stream.
#[async_trait]
pub trait EventStore: Send + Sync + fmt::Debug {
    /// Appends whole transactions of one or more aggregates: all of them or none.
    ///
    /// The blocks are kept as they are. Sequences increase in the order of the batch. When it returns, every later
    /// `head`, `read` and `follow` sees the events. Sending a batch again that was applied is answered with its first
    /// [`Appended`] where all its events are still the aggregates' last ones or lie below them unchanged. Dropping the
    /// future leaves all or nothing.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] names the actual head of the first aggregate that differs;
    /// [`StoreError::Malformed`], [`StoreError::Unavailable`], [`StoreError::Refused`] wrote nothing;
    /// [`StoreError::Unknown`] may have; [`StoreError::Partial`] did in part, and only a store that was told to split
    /// appends answers with it.
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError>;

    /// Appends as [`append`](Self::append) and gives up after `patience`, where that is less than the store's own
    /// deadline. A store that never waits needs no method of its own.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    async fn append_within(&self, batch: &[AggregateAppend], _patience: Duration) -> Result<Appended, StoreError> {
        self.append(batch).await
    }

    /// Returns an aggregate's last event, `None` for one that has none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError>;

    /// Returns up to `limit` events of an aggregate from `from_version` on, in version order without gaps; fewer only
    /// where the aggregate ends.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Returns up to `limit` events of all aggregates from `from_sequence` on, in sequence order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Yields the events from `from_sequence` on that pass the filter: those there are, then those to come.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError>;

    /// Returns every aggregate with its head, ordered by id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError>;

    /// Returns the sequence of the last event, 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn last_sequence(&self) -> Result<u64, StoreError>;

    /// Keeps the place of a named reader of the stream.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError>;

    /// Returns the place of a named reader, `None` where it was never kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError>;

    /// Returns the hash function of all this store's CIDs.
    fn hash_kind(&self) -> crate::cid::HashKind;

    /// Returns what this store can do.
    fn capabilities(&self) -> Capabilities;

    /// Returns where the store keeps named objects beside its events, archives among them; `None` where it keeps none.
    fn objects(&self) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    /// Returns an aggregate's first version that the store keeps itself; those below were purged and are read from
    /// their archive.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    async fn kept_from(&self, _aggregate: AggregateId) -> Result<u64, StoreError> {
        Ok(1)
    }

    /// Lets go of an aggregate's events below `version`, of which there must be one: every aggregate keeps its last.
    ///
    /// Only [`archive`](crate::archive::archive) calls it, for events that it has verified in their archive. Where the
    /// outcome is not known, it may be called again.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where the store keeps every event, as [`Capabilities::purges`] says, or where there is no
    /// such version; [`StoreError::Unavailable`].
    async fn purge(&self, _aggregate: AggregateId, _version: u64) -> Result<(), StoreError> {
        Err(StoreError::Invalid { reason: "this store keeps every event: nothing can be archived".to_owned() })
    }

    /// Enters the bytes on the heap that the store keeps in this process.
    fn enter(&self, _ledger: &mut MemoryLedger) {}

    /// Returns what was done at least for every event that can be read.
    fn durability_of_kept(&self) -> Durability {
        if self.capabilities().durable { Durability::PageCache } else { Durability::Memory }
    }

    /// Gives back what the store holds on servers, and ends what is followed; calls may follow, and make it anew. A process
    /// that is to end calls it while its runtime still runs. A store that holds nothing there needs no method of its own.
    async fn close(&self) {}
}
