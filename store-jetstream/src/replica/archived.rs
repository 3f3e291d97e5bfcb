//! The archive beside the stream, as whoever compares copies needs it.
//!
//! What was archived is no damage where it is missing at the beginning of an aggregate's events, and its last event is
//! the one that the first kept one must link to.

use std::sync::Arc;

use cidgraph::chain::{Link, verify_block};
use cidgraph::{AggregateId, Archive, StoreError};

use crate::log::Log;
use crate::objects::JetStreamObjects;
use crate::refusals::invalid;

/// The archive, where there is a bucket for it.
#[derive(Debug)]
pub(crate) struct Archived(Option<Archive>);

impl Archived {
    /// Looks for the bucket; makes none.
    pub(crate) async fn open(log: &Log) -> Result<Self, StoreError> {
        let objects = JetStreamObjects::on(log.connection.clone(), 1);
        let is_made = objects.is_made().await?;
        Ok(Self(is_made.then(|| Archive::new(Arc::new(objects)))))
    }

    /// Refuses to go on where events are archived.
    pub(crate) async fn none_or_refuse(&self) -> Result<(), StoreError> {
        let last_sequence = match &self.0 {
            Some(archive) => archive.last_sequence().await?,
            None => 0,
        };
        if last_sequence == 0 {
            return Ok(());
        }
        Err(invalid(
            "events of this stream are archived, so it is neither made anew nor filled from files: repair without files \
             where a copy is whole; else restore the backups of the stream and of the bucket object-store, or import \
             the exports of its graphs (cidgraph import car) into a new stream",
        ))
    }

    /// Returns whether a version is archived.
    pub(crate) async fn holds(&self, aggregate: AggregateId, version: u64) -> Result<bool, StoreError> {
        match &self.0 {
            Some(archive) => archive.holds(aggregate, version).await,
            None => Ok(false),
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
