//! What the store's methods share, and the reads of one aggregate.

use cidgraph::{AggregateId, Capabilities, Durability, HashKind, StoreError, StoredEvent};

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
    pub(crate) replicas: usize,
    /// Whether an append may be sent as several atomic batches.
    pub(crate) split_appends: bool,
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
        let start = self.start(aggregate, from, head).await?;
        let count = usize::try_from(head.head.version - from + 1).unwrap_or(usize::MAX).min(limit);
        let events = self.range(&aggregate_subjects(aggregate), start, head.sequence, count).await?;
        for (version, stored) in (from..).zip(&events) {
            if stored.event.version != version {
                let reason = format!("version {version} of aggregate {aggregate} is missing before this event");
                return Err(damaged(stored.sequence, &reason));
            }
        }
        if let Some(last) = events.last() {
            self.read.remember(aggregate, last.into());
        }
        Ok(events)
    }

    /// Returns events of all aggregates.
    pub(crate) async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let last_sequence = match self.log.last_of(ALL_SUBJECTS, self.log.deadline).await {
            Ok(last) => last.map_or(0, |last| last.sequence),
            // What stands before the damage is read nevertheless.
            Err(StoreError::Corrupt { damage }) => damage.sequence.ok_or(StoreError::Corrupt { damage })?,
            Err(error) => return Err(error),
        };
        let left = (last_sequence + 1).saturating_sub(from_sequence.max(1));
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(limit);
        self.range(ALL_SUBJECTS, from_sequence, last_sequence, count).await
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
        let low = self.read.get(aggregate).filter(|place| place.head.version < version);
        match low {
            Some(place) if place.head.version + 1 == version => Ok(place.sequence + 1),
            low => find(&self.log, aggregate, version, low, head).await,
        }
    }
}
