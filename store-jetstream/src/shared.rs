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

    /// Returns events of an aggregate, none of which is missing. As many as were asked for come from any replica; that
    /// there are fewer, only the leader can say.
    pub(crate) async fn read(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let from = from.max(1);
        let events = if limit < MANY_EVENTS {
            self.read_some(aggregate, from, limit).await?
        } else {
            self.read_to_head(aggregate, from, limit).await?
        };
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

    async fn read_some(&self, aggregate: AggregateId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let subjects = aggregate_subjects(aggregate);
        let Some(start) = self.start(aggregate, from).await? else { return Ok(Vec::new()) };
        self.log.range(&subjects, start, u64::MAX, limit).await
    }

    async fn read_to_head(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let Some(head) = self.last(aggregate).await? else { return Ok(Vec::new()) };
        if head.head.version < from {
            return Ok(Vec::new());
        }
        let (low, _) = self.around(aggregate, from);
        let start = self.start_between(aggregate, from, low, head).await?;
        let count = usize::try_from(head.head.version - from + 1).unwrap_or(usize::MAX).min(limit);
        self.range(&aggregate_subjects(aggregate), start, head.sequence, count).await
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

    /// Returns a sequence from which on the first event of the aggregate has this version; `None` where there is no such
    /// version.
    async fn start(&self, aggregate: AggregateId, version: u64) -> Result<Option<u64>, StoreError> {
        let (low, high) = self.around(aggregate, version);
        let reaches = |place: &Place| place.head.version >= version;
        let high = match high {
            _ if follows(low, version).is_some() => return Ok(follows(low, version)),
            Some(high) => Some(high),
            None => {
                let seen = self.log.last_anywhere(&aggregate_subjects(aggregate)).await?;
                match seen.as_ref().map(Place::from).filter(reaches) {
                    Some(seen) => Some(seen),
                    None => self.last(aggregate).await?.filter(reaches),
                }
            }
        };
        let Some(high) = high else { return Ok(None) };
        self.start_between(aggregate, version, low, high).await.map(Some)
    }

    async fn start_between(
        &self,
        aggregate: AggregateId,
        version: u64,
        low: Option<Place>,
        high: Place,
    ) -> Result<u64, StoreError> {
        match follows(low, version) {
            Some(start) => Ok(start),
            None => find(&self.log, aggregate, version, low, high).await,
        }
    }

    /// Returns the nearest known places below a version, and at or above it.
    fn around(&self, aggregate: AggregateId, version: u64) -> (Option<Place>, Option<Place>) {
        let known = [self.heads.get(aggregate), self.read.get(aggregate)];
        let (low, high): (Vec<_>, Vec<_>) = known.into_iter().flatten().partition(|place| place.head.version < version);
        let by_version = |place: &Place| place.head.version;
        (low.into_iter().max_by_key(by_version), high.into_iter().min_by_key(by_version))
    }
}

/// Returns a sequence from which on the first event has this version, where the event before it is known.
fn follows(low: Option<Place>, version: u64) -> Option<u64> {
    match low {
        _ if version == 1 => Some(1),
        Some(place) if place.head.version + 1 == version => Some(place.sequence + 1),
        Some(_) | None => None,
    }
}
