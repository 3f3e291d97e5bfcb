//! What the store's methods share, and the reads of one aggregate.

use cidgraph::archive::merge;
use cidgraph::{AggregateId, Archive, Capabilities, Durability, HashKind, StoreError, StoredEvent, StreamFilter};

use crate::connection::invalid;
use crate::follow::read_many;
use crate::log::Log;
use crate::message::{ALL_SUBJECTS, aggregate_subjects, damaged};
use crate::places::{Place, Places, find};

/// So many events are read through a consumer, which was measured to be faster than pages; fewer are not worth one.
const MANY_EVENTS: usize = 4000;

/// What all methods share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) log: Log,
    pub(crate) hash: HashKind,
    pub(crate) capabilities: Capabilities,
    pub(crate) durability: Durability,
    /// The last event of aggregates that were appended to.
    pub(crate) heads: Places,
    /// The last event of aggregates that was read.
    pub(crate) read: Places,
    /// The first event of aggregates that the stream keeps, where it keeps not all.
    pub(crate) kept_from: Places,
    pub(crate) archive: Archive,
    pub(crate) replicas: usize,
    /// Whether an append may be sent as several atomic batches.
    pub(crate) split_appends: bool,
}

/// Returns whether events stand at one sequence after the other from the first on.
fn is_gapless(first: u64, events: &[StoredEvent]) -> bool {
    (first..).zip(events).all(|(sequence, stored)| stored.sequence == sequence)
}

impl Shared {
    /// Returns the place of an aggregate's last event.
    pub(crate) async fn last(&self, aggregate: AggregateId) -> Result<Option<Place>, StoreError> {
        let last = self.log.last(aggregate, self.log.deadline).await?;
        Ok(last.as_ref().map(Place::from))
    }

    /// Returns events of an aggregate, none of which is missing.
    pub(crate) async fn read(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let from = from.max(1);
        let Some(head) = self.last(aggregate).await? else { return Ok(Vec::new()) };
        if limit == 0 || head.head.version < from {
            return Ok(Vec::new());
        }
        let count = usize::try_from(head.head.version - from + 1).unwrap_or(usize::MAX).min(limit);
        let mut events = self.read_some(aggregate, from, head, count).await?;
        while events.len() < count {
            let next = from + events.len() as u64;
            let some = self.read_some(aggregate, next, head, count - events.len()).await?;
            events.extend(some);
        }
        Ok(events)
    }

    /// Returns `count` events, or some, from the archive: what the stream no longer keeps is there.
    async fn read_some(
        &self,
        aggregate: AggregateId,
        from: u64,
        head: Place,
        count: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut first = self.kept_from.get(aggregate).map_or(1, |first| first.head.version);
        if first <= from {
            match self.read_kept(aggregate, from, head, count).await {
                Err(error @ StoreError::Corrupt { .. }) => {
                    first = self.kept_from(aggregate).await?;
                    if first <= from {
                        return Err(error);
                    }
                }
                kept => return kept,
            }
        }
        let archived = usize::try_from(first - from).unwrap_or(usize::MAX);
        self.archive.read(aggregate, from, archived.min(count)).await
    }

    /// Returns `count` events that the stream keeps.
    async fn read_kept(
        &self,
        aggregate: AggregateId,
        from: u64,
        head: Place,
        count: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let start = self.start(aggregate, from, head).await?;
        let events = self.range(&aggregate_subjects(aggregate), start, head.sequence, count).await?;
        for (version, stored) in (from..).zip(&events) {
            if stored.event.version != version {
                let reason = format!("version {version} of aggregate {aggregate} is missing before this event");
                return Err(damaged(stored.sequence, &reason));
            }
        }
        if events.len() < count {
            let reason = format!("events of aggregate {aggregate} are missing before this one, its last");
            return Err(damaged(head.sequence, &reason));
        }
        if let Some(last) = events.last() {
            self.read.remember(aggregate, last.into());
        }
        Ok(events)
    }

    /// Returns the first version of an aggregate that the stream keeps.
    pub(crate) async fn kept_from(&self, aggregate: AggregateId) -> Result<u64, StoreError> {
        let Some(first) = self.log.next(&aggregate_subjects(aggregate), 1).await? else { return Ok(1) };
        self.kept_from.remember(aggregate, (&first).into());
        Ok(first.event.version)
    }

    /// Lets go of an aggregate's events below a version.
    pub(crate) async fn purge(&self, aggregate: AggregateId, version: u64) -> Result<(), StoreError> {
        if version <= self.kept_from(aggregate).await? {
            return Ok(());
        }
        let first = self.read(aggregate, version, 1).await?;
        let first = first.first().ok_or_else(|| invalid(format!("{aggregate} has no version {version} to keep")))?;
        self.log.purge(&aggregate_subjects(aggregate), first.sequence).await
    }

    /// Returns events of all aggregates.
    pub(crate) async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let first = from_sequence.max(1);
        let last_sequence = match self.log.last_of(ALL_SUBJECTS, self.log.deadline).await {
            Ok(last) => last.map_or(0, |last| last.sequence),
            // What stands before the damage is read nevertheless.
            Err(StoreError::Corrupt { damage }) => damage.sequence.ok_or(StoreError::Corrupt { damage })?,
            Err(error) => return Err(error),
        };
        let left = (last_sequence + 1).saturating_sub(first);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(limit);
        let kept = self.range(ALL_SUBJECTS, first, last_sequence, count).await?;
        if kept.len() == count && is_gapless(first, &kept) {
            return Ok(kept);
        }
        let last_sequence =
            if kept.len() == count { kept.last().map_or(0, |last| last.sequence) } else { last_sequence };
        let archived = self.archive.range(&StreamFilter::All, first, last_sequence, count).await?;
        let merged = merge(archived, kept.clone(), count);
        if merged.len() == count && is_gapless(first, &merged) {
            return Ok(merged);
        }
        // Something was archived since the list of segments was read, or messages are lost: chains tell which.
        self.archive.refresh().await?;
        let archived = self.archive.range(&StreamFilter::All, first, last_sequence, count).await?;
        Ok(merge(archived, kept, count))
    }

    /// Returns up to `count` events from `from_sequence` to `last_sequence`, which must be an event's.
    async fn range(&self, subjects: &str, from: u64, last: u64, count: usize) -> Result<Vec<StoredEvent>, StoreError> {
        if count < MANY_EVENTS {
            return self.log.range(subjects, from, last, count).await;
        }
        read_many(&self.log, subjects, from, last, count).await
    }

    /// Returns a sequence from which on the first event of the aggregate has this version.
    async fn start(&self, aggregate: AggregateId, version: u64, head: Place) -> Result<u64, StoreError> {
        if version == 1 {
            return Ok(1);
        }
        let below = |place: &Place| place.head.version < version;
        let low = self.read.get(aggregate).filter(below).or_else(|| self.kept_from.get(aggregate).filter(below));
        match low {
            Some(place) if place.head.version + 1 == version => Ok(place.sequence + 1),
            low => find(&self.log, aggregate, version, low, head).await,
        }
    }
}
