//! What the archive gives in the place of events that the stream lacks: only what leads to the event that the stream has
//! next. An archive that outlived its stream may hold the same versions of another history.

use cidgraph::{AggregateId, StoreError, StoredEvent};

use crate::message::damaged;
use crate::places::Place;
use crate::shared::Shared;

impl Shared {
    /// Returns up to `limit` events from a version on, at least one, of those before the first one that the stream keeps.
    pub(crate) async fn read_archived(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
        kept: Place,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        if self.joined.get(aggregate) != Some(kept) {
            let subjects = self.log.subjects.of_aggregate(aggregate);
            if let Some(next) = self.log.next(&subjects, kept.sequence).await? {
                self.check_leads_to(&next, &[]).await?;
                self.joined.remember(aggregate, kept);
            }
        }
        self.archive.read(aggregate, from, limit).await
    }

    /// Returns up to `limit` events from a version on, at least one, of those in a hole of the stream; `head` is the last
    /// event.
    pub(crate) async fn read_hole(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
        head: Place,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = self.archive.read(aggregate, from, limit).await?;
        let next = self.next_behind(aggregate, from, head).await?;
        events.retain(|stored| stored.event.version < next.event.version);
        self.check_leads_to(&next, &events).await?;
        Ok(events)
    }

    /// Checks that the archive's event before `next` is the one that it links to; `read` may hold it. One that the archive
    /// lacks, or that cannot be read, contradicts nothing: whoever asks for it is told.
    async fn check_leads_to(&self, next: &StoredEvent, read: &[StoredEvent]) -> Result<(), StoreError> {
        let (aggregate, before) = (next.event.aggregate, next.event.version - 1);
        let archived = match read.last().filter(|last| last.event.version == before) {
            Some(last) => Some(last.event.cid),
            None => match self.archive.read(aggregate, before, 1).await {
                Ok(events) => events.first().map(|stored| stored.event.cid),
                Err(StoreError::Corrupt { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        if archived.is_none_or(|cid| next.event.previous == Some(cid)) {
            return Ok(());
        }
        let reason = format!(
            "version {before} of aggregate {aggregate} is missing before this event, and the archive's is of another history"
        );
        Err(damaged(next.sequence, &reason))
    }

    /// Returns the first event behind a version that any server has; `head` is the last of the aggregate.
    async fn next_behind(&self, aggregate: AggregateId, version: u64, head: Place) -> Result<StoredEvent, StoreError> {
        let subjects = self.log.subjects.of_aggregate(aggregate);
        let gone = || damaged(head.sequence, "this event was there and is not any more");
        // Up to `low` stand only events that are not behind the version; at `high` or before it one that is.
        let (mut low, mut high) = (0, head.sequence);
        loop {
            let middle = low + (high - low) / 2;
            let next = self.log.next_of_any(&subjects, middle + 1).await?.ok_or_else(gone)?;
            if next.event.version <= version {
                low = next.sequence;
            } else if low == middle {
                return Ok(next);
            } else {
                high = middle;
            }
        }
    }
}
