//! The archive beside the stream, as whoever compares copies needs it.
//!
//! What was archived is no damage where it is missing at the beginning of an aggregate's events, and its last event is
//! the one that the first kept one must link to.

use std::sync::Arc;

use cidgraph::archive::{Segment, merge};
use cidgraph::chain::{Link, verify_block};
use cidgraph::{AggregateId, Archive, SealedEvent, StoreError, StoredEvent, StreamFilter};

use crate::log::Log;
use crate::objects::JetStreamObjects;

/// The archive, where there is a bucket for it.
#[derive(Debug)]
pub(crate) struct Archived(Option<Archive>);

impl Archived {
    /// Looks for the bucket; makes none.
    pub(crate) async fn open(log: &Log) -> Result<Self, StoreError> {
        let objects = JetStreamObjects::of(log, 1);
        let is_made = objects.is_made().await?;
        Ok(Self(is_made.then(|| Archive::behind(Arc::new(objects), Arc::new(log.clone())))))
    }

    /// Adds to the events that the stream keeps those that it let go of.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a segment is missing or damaged; [`StoreError::Unavailable`].
    pub(crate) async fn with(&self, kept: Vec<StoredEvent>) -> Result<Vec<StoredEvent>, StoreError> {
        let Some(archive) = &self.0 else { return Ok(kept) };
        let archived = archive.range(&StreamFilter::All, 0, u64::MAX, usize::MAX).await?;
        Ok(if archived.is_empty() { kept } else { merge(archived, kept, usize::MAX) })
    }

    /// Returns the segments with events that the stream let go of.
    pub(crate) async fn segments(&self) -> Result<Vec<Segment>, StoreError> {
        match &self.0 {
            Some(archive) => archive.segments().await,
            None => Ok(Vec::new()),
        }
    }

    /// Deletes segments whose events the stream holds again.
    pub(crate) async fn delete(&self, segments: &[Segment]) -> Result<(), StoreError> {
        let Some(archive) = &self.0 else { return Ok(()) };
        for segment in segments {
            archive.objects().delete(&segment.name()).await?;
        }
        Ok(())
    }

    /// Returns whether an event is archived.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub(crate) async fn holds(&self, event: &SealedEvent) -> Result<bool, StoreError> {
        let Some(archive) = &self.0 else { return Ok(false) };
        if !archive.holds(event.aggregate, event.version).await? {
            return Ok(false);
        }
        match archive.read(event.aggregate, event.version, 1).await {
            Ok(events) => Ok(events.iter().any(|stored| stored.event.cid == event.cid)),
            Err(StoreError::Corrupt { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns what must stand behind an archived version, `None` where it is not archived.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where the segment is missing or damaged.
    pub(crate) async fn link(&self, aggregate: AggregateId, version: u64) -> Result<Option<Link>, StoreError> {
        let Some(archive) = &self.0 else { return Ok(None) };
        if !archive.holds(aggregate, version).await? {
            return Ok(None);
        }
        let events = archive.read(aggregate, version, 1).await?;
        let stored = events.first().expect("a read of the archive gives at least one event");
        Ok(verify_block(&stored.event, Some(stored.sequence)).ok().map(|(_, link)| link))
    }
}
