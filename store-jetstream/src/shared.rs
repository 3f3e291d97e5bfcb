//! What the store's methods share, and the reads of one aggregate.

use cidgraph::{AggregateId, Capabilities, Durability, HashKind, StoreError, StoredEvent};

use crate::log::Log;
use crate::message::{aggregate_subjects, damaged};
use crate::places::{Place, Places, find};

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
        let events = self.log.range(&aggregate_subjects(aggregate), start, head.sequence, limit).await?;
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
