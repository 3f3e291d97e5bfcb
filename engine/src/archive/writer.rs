//! Moving an aggregate's old events to its archive.
//!
//! Each step leaves every event in the stream or in a segment that was read back and compared: segments are put one
//! after another, each is read back and compared with the stream, the chain is verified from what was archived before to
//! the first event that stays, and the last step lets go of what is below. Whatever is interrupted, running again
//! finishes: a segment that is there already is compared again, and put again where it does not hold.

use super::reader::Archive;
use super::segment::{SEGMENT_BYTES, Segment, encode};
use crate::chain::{ChainError, ChainVerifier, verify_block};
use crate::id::AggregateId;
use crate::store::{Damage, EventStore, Head, ObjectStore, StoreError, StoredEvent};

/// Events that are read at a time.
const PAGE_EVENTS: usize = 8192;

/// Events among which the end of a transaction is looked for at a time.
const BORDER_EVENTS: u64 = 1024;

/// Why events were not archived; nothing is lost.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store or the object store failed.
    #[error("{source}")]
    Store {
        /// What happened.
        #[from]
        source: StoreError,
    },
    /// The events do not hold: they are to be repaired first.
    #[error("{source}")]
    Chain {
        /// What does not hold.
        #[from]
        source: ChainError,
    },
    /// A segment that was put is given back as another.
    #[error("the object {name} is given back as other events than were put")]
    Differs {
        /// The segment.
        name: String,
    },
    /// The snapshot does not cover the events, or is of another history.
    #[error("the snapshot of version {covered} does not cover the events up to version {up_to}: {reason}")]
    Uncovered {
        /// The version up to which events were to be archived.
        up_to: u64,
        /// The snapshot's version.
        covered: u64,
        /// Why not.
        reason: &'static str,
    },
    /// Another process archives the same aggregate.
    #[error("somebody else archives {aggregate} at the same time: wait for that, then run it again")]
    Overtaken {
        /// The aggregate.
        aggregate: AggregateId,
    },
    /// The archive holds other events under versions or sequences that the stream keeps.
    #[error("the object {name} is of another history of this aggregate: move it away, then archive")]
    Foreign {
        /// The segment.
        name: String,
    },
}

/// What holds the state that the archived events made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// A snapshot that was verified, by its head.
    By(Head),
    /// Nothing: every state is made of the archive again, event by event.
    Nothing,
}

/// What was archived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Archived {
    /// The last version that the stream no longer keeps, 0 where it keeps all.
    pub last_version: u64,
    /// Events that left the stream this time.
    pub events: u64,
    /// Bytes of their blocks.
    pub block_bytes: u64,
    /// Segments that were put this time.
    pub segments: u64,
    /// Bytes that these take, compressed.
    pub stored_bytes: u64,
}

/// Archives an aggregate's events up to a version and lets the stream go of them.
///
/// It goes up to the last end of a transaction at or before `up_to_version`, and never as far as the aggregate's last
/// event. The state that these events made must be covered by a verified snapshot whose head is the store's event, unless
/// the caller does without. Readers still get the events, from the archive.
///
/// # Errors
/// [`ArchiveError`]; running it again goes on.
pub async fn archive(
    store: &dyn EventStore,
    aggregate: AggregateId,
    up_to_version: u64,
    covered: Covered,
) -> Result<Archived, ArchiveError> {
    if let Covered::By(head) = covered {
        let uncovered = |reason| ArchiveError::Uncovered { up_to: up_to_version, covered: head.version, reason };
        if up_to_version > head.version {
            return Err(uncovered("it is older"));
        }
        let stored = store.read(aggregate, head.version, 1).await?;
        if stored.first().is_none_or(|stored| stored.event.head() != head) {
            return Err(uncovered("its head is not the store's event"));
        }
    }
    archive_in_segments(store, aggregate, up_to_version, SEGMENT_BYTES).await
}

/// Archives as [`archive`] does without a snapshot, in segments of about so many bytes of blocks.
///
/// # Errors
/// As [`archive`].
///
/// # Panics
/// Where the segments are to be larger than [`SEGMENT_BYTES`].
pub async fn archive_in_segments(
    store: &dyn EventStore,
    aggregate: AggregateId,
    up_to_version: u64,
    segment_bytes: usize,
) -> Result<Archived, ArchiveError> {
    assert!(segment_bytes <= SEGMENT_BYTES, "a reader takes no larger segments");
    let Some(objects) = store.objects().filter(|_| store.capabilities().purges) else {
        let reason = "this store keeps every event: nothing can be archived".to_owned();
        return Err(StoreError::Invalid { reason }.into());
    };
    let first = store.kept_from(aggregate).await?;
    let nothing = Archived { last_version: first - 1, ..Archived::default() };
    let Some(head) = store.head(aggregate).await? else { return Ok(nothing) };
    let Some(last) = border(store, aggregate, first, up_to_version.min(head.version - 1)).await? else {
        return Ok(nothing);
    };
    let archive = Archive::new(objects);
    for segment in archive.reaching(aggregate, first).await? {
        if !is_of(&archive, &segment, store, first).await? {
            return Err(ArchiveError::Foreign { name: segment.name() });
        }
    }
    let verifier = match first {
        1 => ChainVerifier::new(aggregate),
        _ => after(&archive, aggregate, first - 1).await?,
    };
    let mut archiver = Archiver { store, archive, aggregate, verifier, last, segment_bytes, done: nothing };
    if let Err(error) = archiver.run(first).await {
        let moved = store.kept_from(aggregate).await.is_ok_and(|now| now != first);
        return Err(if moved { ArchiveError::Overtaken { aggregate } } else { error });
    }
    store.purge(aggregate, last + 1).await?;
    Ok(Archived { last_version: last, ..archiver.done })
}

/// Returns a verifier that expects the event behind an archived one.
async fn after(archive: &Archive, aggregate: AggregateId, version: u64) -> Result<ChainVerifier, ArchiveError> {
    let before = archive.read(aggregate, version, 1).await?;
    let before = before.first().expect("a read of the archive gives at least one event");
    let (_, link) = verify_block(&before.event, Some(before.sequence))?;
    Ok(ChainVerifier::after(aggregate, link))
}

/// Returns whether a segment holds what the stream does from a version on: an earlier run put it. One that cannot be read
/// is put again.
async fn is_of(archive: &Archive, segment: &Segment, store: &dyn EventStore, first: u64) -> Result<bool, StoreError> {
    let held = match archive.segment(segment).await {
        Ok(held) => held,
        Err(StoreError::Corrupt { .. }) => return Ok(true),
        Err(error) => return Err(error),
    };
    let held = &held[held.partition_point(|stored| stored.event.version < first)..];
    let Some(from) = held.first() else { return Ok(true) };
    match store.read(segment.aggregate, from.event.version, held.len()).await {
        Err(StoreError::Corrupt { .. }) => Ok(true),
        read => Ok(read? == held),
    }
}

/// Returns the segments beside a store that are of another history than its events: those of a store that was deleted and
/// made anew, above all. Nothing is read from them.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn foreign_segments(store: &dyn EventStore) -> Result<Vec<Segment>, StoreError> {
    let Some(objects) = store.objects().filter(|_| store.capabilities().purges) else { return Ok(Vec::new()) };
    let archive = Archive::new(objects);
    let mut foreign = Vec::new();
    for aggregate in archive.aggregates().await? {
        let first = match store.head(aggregate).await {
            Ok(Some(_)) => store.kept_from(aggregate).await?,
            Ok(None) => 0,
            // That is told by whoever reads the events.
            Err(StoreError::Corrupt { .. }) => continue,
            Err(error) => return Err(error),
        };
        for segment in archive.known_reaching(aggregate, first).await? {
            if first == 0 || !is_of(&archive, &segment, store, first).await? {
                foreign.push(segment);
            }
        }
    }
    Ok(foreign)
}

/// Returns the last version from `first` to `last` that ends its transaction.
async fn border(
    store: &dyn EventStore,
    aggregate: AggregateId,
    first: u64,
    last: u64,
) -> Result<Option<u64>, StoreError> {
    let mut last = last;
    while last >= first {
        let from = last.saturating_sub(BORDER_EVENTS - 1).max(first);
        let count = usize::try_from(last - from + 1).expect("so many are looked at");
        let events = store.read(aggregate, from, count).await?;
        if let Some(end) = events.iter().rfind(|stored| stored.event.transaction_remaining == 0) {
            return Ok(Some(end.event.version));
        }
        last = from - 1;
    }
    Ok(None)
}

/// One run for one aggregate.
struct Archiver<'a> {
    store: &'a dyn EventStore,
    archive: Archive,
    aggregate: AggregateId,
    verifier: ChainVerifier,
    /// The last version that is archived.
    last: u64,
    segment_bytes: usize,
    done: Archived,
}

impl Archiver<'_> {
    /// Brings the events from a version to the last into segments that hold, and verifies that the next one follows.
    async fn run(&mut self, first: u64) -> Result<(), ArchiveError> {
        let mut version = first;
        while version <= self.last {
            let events = match self.there(version).await? {
                Some(events) => events,
                None => self.put(version).await?,
            };
            for stored in &events {
                self.verifier.push(stored)?;
                self.done.events += 1;
                self.done.block_bytes += stored.event.block.len() as u64;
            }
            version += events.len() as u64;
        }
        let next = self.store.read(self.aggregate, version, 1).await?;
        let next = next.first().ok_or_else(|| self.missing(version))?;
        self.verifier.push(next)?;
        Ok(())
    }

    /// Returns the events from a version on that a segment of an earlier run holds as the stream does.
    async fn there(&self, version: u64) -> Result<Option<Vec<StoredEvent>>, ArchiveError> {
        let Some(segment) = self.archive.holding(self.aggregate, version).await? else { return Ok(None) };
        let kept = match self.archive.segment(&segment).await {
            Ok(kept) => kept,
            Err(StoreError::Corrupt { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let count = usize::try_from(segment.versions.1.min(self.last) - version + 1).unwrap_or(usize::MAX);
        let skipped = usize::try_from(version - segment.versions.0).unwrap_or(usize::MAX);
        let events = self.store.read(self.aggregate, version, count).await?;
        let same = kept.get(skipped..).is_some_and(|kept| kept.get(..count) == Some(&events));
        Ok(same.then_some(events))
    }

    /// Puts the next segment and returns its events once they were read back.
    async fn put(&mut self, version: u64) -> Result<Vec<StoredEvent>, ArchiveError> {
        let events = self.next(version).await?;
        let segment = Segment::of(&events).ok_or_else(|| self.missing(version))?;
        let objects: &dyn ObjectStore = &**self.archive.objects();
        let name = segment.name();
        let info = objects.put(&name, &mut encode(&events).as_slice()).await.map_err(StoreError::from)?;
        match self.archive.segment(&segment).await {
            Ok(read) if read == events => {}
            // Whoever put it again meanwhile puts all of them.
            _ if objects.list(&name).await.map_err(StoreError::from)?.first() != Some(&info) => {
                return Err(ArchiveError::Overtaken { aggregate: self.aggregate });
            }
            Ok(_) => return Err(ArchiveError::Differs { name }),
            Err(error) => return Err(error.into()),
        }
        self.done.segments += 1;
        self.done.stored_bytes += info.stored_bytes;
        Ok(events)
    }

    /// Returns as many of the next events as make a segment.
    async fn next(&self, version: u64) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut bytes = 0;
        loop {
            let from = version + events.len() as u64;
            let left = usize::try_from((self.last + 1).saturating_sub(from)).unwrap_or(usize::MAX);
            let page = self.store.read(self.aggregate, from, left.min(PAGE_EVENTS)).await?;
            if page.is_empty() {
                return Ok(events);
            }
            for stored in page {
                bytes += stored.event.block.len();
                events.push(stored);
                if bytes >= self.segment_bytes {
                    return Ok(events);
                }
            }
        }
    }

    fn missing(&self, version: u64) -> StoreError {
        let damage = Damage {
            place: "the stream".to_owned(),
            aggregate: Some(self.aggregate),
            version: Some(version),
            reason: "the version is missing".to_owned(),
            ..Damage::default()
        };
        StoreError::Corrupt { damage: Box::new(damage) }
    }
}
