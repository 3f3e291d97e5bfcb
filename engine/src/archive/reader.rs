//! Reading archives: by version, and by sequence over all aggregates.
//!
//! The list of segments is read when it is first needed and again where it does not suffice; the segments that were read
//! last are kept unpacked. A segment that is missing or damaged is [`StoreError::Corrupt`], which names it.
//!
//! What a store still keeps itself is not read from the archive: so an archive that outlived the store it was made of is
//! never mixed with what a new one of the same name holds.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use tokio::io::AsyncWrite;

use super::segment::{PREFIX, SEGMENT_BYTES_MAX, Segment, decode};
use super::table::Table;
use crate::id::AggregateId;
use crate::store::objects::Received;
use crate::store::{Damage, ObjectError, ObjectStore, StoreError, StoredEvent, StreamFilter};

/// Segments that are kept unpacked, about 10 MiB each.
const UNPACKED_MAX: usize = 4;

/// Aggregates that a store is asked for at the same time.
const ASKED_AT_ONCE: usize = 64;

/// Says what a store keeps itself, so that its archive gives only what is before it.
#[async_trait]
pub trait KeptEvents: Send + Sync + std::fmt::Debug {
    /// Returns the first version of an aggregate that the store keeps itself, `None` where it keeps no event of it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn kept_from(&self, aggregate: AggregateId) -> Result<Option<u64>, StoreError>;
}

/// The archives in an object store.
#[derive(Debug)]
pub struct Archive {
    objects: Arc<dyn ObjectStore>,
    kept: Option<Arc<dyn KeptEvents>>,
    table: Mutex<Option<Arc<Table>>>,
    unpacked: Mutex<VecDeque<(Segment, Arc<Vec<StoredEvent>>)>>,
}

impl Archive {
    /// Makes a reader of the archives in an object store; reads nothing yet.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, kept: None, table: Mutex::default(), unpacked: Mutex::default() }
    }

    /// Makes a reader of what a store no longer keeps itself: ranges hold nothing else.
    pub fn behind(objects: Arc<dyn ObjectStore>, kept: Arc<dyn KeptEvents>) -> Self {
        Self { kept: Some(kept), ..Self::new(objects) }
    }

    /// Returns the object store.
    pub fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.objects
    }

    /// Reads the list of segments again.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.listed().await.map(drop)
    }

    async fn listed(&self) -> Result<Arc<Table>, StoreError> {
        let listed = self.objects.list(PREFIX).await?;
        let table = Arc::new(Table::new(listed.iter().filter_map(|info| Segment::parse(&info.name)).collect()));
        *self.table.lock() = Some(Arc::clone(&table));
        Ok(table)
    }

    /// Returns the segments of one or all aggregates whose beginning the store no longer keeps, ordered by their first
    /// sequence, each with the first version that it does keep.
    async fn needed(&self, aggregate: Option<AggregateId>) -> Result<Vec<(Segment, u64)>, StoreError> {
        let table = self.table().await?;
        let segments = table.ordered(aggregate);
        let Some(kept) = &self.kept else {
            return Ok(segments.iter().map(|segment| (*segment, u64::MAX)).collect());
        };
        let unknown: Vec<AggregateId> = {
            let known = table.kept_from.lock();
            table.aggregates(aggregate).filter(|aggregate| !known.contains_key(aggregate)).collect()
        };
        let ask = |aggregate| async move { Ok((aggregate, kept.kept_from(aggregate).await?.unwrap_or(0))) };
        let asked = stream::iter(unknown.into_iter().map(ask)).buffered(ASKED_AT_ONCE);
        let said: Result<Vec<_>, StoreError> = asked.try_collect().await;
        let mut known = table.kept_from.lock();
        known.extend(said?);
        let kept_from = |segment: &Segment| known[&segment.aggregate];
        let needed = segments.iter().map(|segment| (*segment, kept_from(segment)));
        Ok(needed.filter(|(segment, kept_from)| segment.versions.0 < *kept_from).collect())
    }

    async fn table(&self) -> Result<Arc<Table>, StoreError> {
        let known = self.table.lock().clone();
        match known {
            Some(table) => Ok(table),
            None => self.listed().await,
        }
    }

    /// Returns the segment that holds a version, as the list that was read last says.
    pub(super) async fn holding(&self, aggregate: AggregateId, version: u64) -> Result<Option<Segment>, StoreError> {
        Ok(self.table().await?.holding(aggregate, version))
    }

    /// Returns the aggregates that have segments; the list is read again.
    pub(super) async fn aggregates(&self) -> Result<Vec<AggregateId>, StoreError> {
        let mut aggregates: Vec<AggregateId> = self.listed().await?.aggregates(None).collect();
        aggregates.sort_unstable();
        Ok(aggregates)
    }

    /// Returns the segments of an aggregate that reach a version or lie behind it; the list is read again.
    pub(super) async fn reaching(&self, aggregate: AggregateId, version: u64) -> Result<Vec<Segment>, StoreError> {
        self.refresh().await?;
        self.known_reaching(aggregate, version).await
    }

    /// Returns what [`reaching`](Self::reaching) does, as the list that was read last says.
    pub(super) async fn known_reaching(
        &self,
        aggregate: AggregateId,
        version: u64,
    ) -> Result<Vec<Segment>, StoreError> {
        let table = self.table().await?;
        let segments = table.ordered(Some(aggregate)).iter();
        Ok(segments.filter(|segment| segment.versions.1 >= version).copied().collect())
    }

    /// Returns whether a segment holds a version, as the list that was read last says.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`], where there is no list yet.
    pub async fn holds(&self, aggregate: AggregateId, version: u64) -> Result<bool, StoreError> {
        Ok(self.holding(aggregate, version).await?.is_some())
    }

    /// Returns up to `limit` archived events of an aggregate from `from_version` on, at least one.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where no segment holds that version, or one is missing or damaged;
    /// [`StoreError::Unavailable`].
    pub async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = Vec::new();
        let mut version = from_version;
        while events.len() < limit {
            let mut holding = self.table().await?.holding(aggregate, version);
            if holding.is_none() && events.is_empty() {
                holding = self.listed().await?.holding(aggregate, version);
            }
            let Some(segment) = holding else { break };
            let unpacked = self.unpacked(&segment).await?;
            let skipped = usize::try_from(version - segment.versions.0).expect("a segment's events are in memory");
            let taken = (unpacked.len() - skipped).min(limit - events.len());
            events.extend_from_slice(&unpacked[skipped..skipped + taken]);
            version += taken as u64;
        }
        if events.is_empty() && limit > 0 {
            return Err(missing(aggregate, from_version));
        }
        Ok(events)
    }

    /// Returns the first `limit` archived events that pass a filter of those from `first` to `last` sequence, in sequence
    /// order; where the reader was made [`behind`](Self::behind) a store, only those that it no longer keeps.
    ///
    /// Holds at most so many events and one segment more. Where the segments of many aggregates overlap, all that may
    /// hold one of the events are read: ask for many events at a time.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where a segment is missing or damaged; [`StoreError::Unavailable`].
    pub async fn range(
        &self,
        filter: &StreamFilter,
        first: u64,
        last: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let aggregate = match filter {
            StreamFilter::Aggregate(aggregate) => Some(*aggregate),
            StreamFilter::All | StreamFilter::EventType(_) => None,
        };
        let (mut found, mut last): (Vec<StoredEvent>, u64) = (Vec::new(), last);
        for (segment, kept_from) in &self.needed(aggregate).await? {
            if segment.sequences.0 > last {
                break;
            }
            if segment.sequences.1 < first {
                continue;
            }
            let unpacked = self.unpacked(segment).await?;
            let start = unpacked.partition_point(|stored| stored.sequence < first);
            let end = unpacked.partition_point(|stored| stored.sequence <= last);
            let passes = |stored: &&StoredEvent| stored.event.version < *kept_from && filter.matches(&stored.event);
            let passing = unpacked[start.min(end)..end].iter().filter(passes);
            found.extend(passing.cloned());
            if found.len() > limit {
                order(&mut found, limit);
                last = found.last().map_or(first, |stored| stored.sequence);
            }
        }
        order(&mut found, limit);
        Ok(found)
    }

    /// Returns the segments that [`range`](Self::range) may give events of, ordered by their first sequence.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    pub async fn segments(&self) -> Result<Vec<Segment>, StoreError> {
        Ok(self.needed(None).await?.into_iter().map(|(segment, _)| segment).collect())
    }

    /// Returns the last sequence that [`range`](Self::range) may give an event of, 0 where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::Corrupt`].
    pub async fn last_sequence(&self) -> Result<u64, StoreError> {
        Ok(self.needed(None).await?.iter().map(|(segment, _)| segment.sequences.1).max().unwrap_or(0))
    }

    async fn unpacked(&self, segment: &Segment) -> Result<Arc<Vec<StoredEvent>>, StoreError> {
        let known =
            self.unpacked.lock().iter().find(|(known, _)| known == segment).map(|(_, events)| Arc::clone(events));
        if let Some(events) = known {
            return Ok(events);
        }
        let events = Arc::new(self.segment(segment).await?);
        let mut unpacked = self.unpacked.lock();
        unpacked.truncate(UNPACKED_MAX - 1);
        unpacked.push_front((*segment, Arc::clone(&events)));
        Ok(events)
    }

    /// Reads a segment from the object store.
    pub(super) async fn segment(&self, segment: &Segment) -> Result<Vec<StoredEvent>, StoreError> {
        let name = segment.name();
        let mut bytes = Bounded::default();
        match self.objects.get(&name, &mut Received::default(), &mut bytes).await {
            Ok(_) => decode(segment, &bytes.0).map_err(|reason| damaged(segment, &reason)),
            Err(ObjectError::Sink { .. }) => Err(damaged(segment, "it is larger than a segment can be")),
            Err(error) => Err(error.into()),
        }
    }
}

/// Orders events by sequence, each once, and keeps the first of them.
fn order(events: &mut Vec<StoredEvent>, limit: usize) {
    events.sort_unstable_by_key(|stored| stored.sequence);
    events.dedup_by_key(|stored| stored.sequence);
    events.truncate(limit);
}

/// Takes so many bytes as a segment can have, at most.
#[derive(Default)]
struct Bounded(Vec<u8>);

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if (self.0.len() + bytes.len()) as u64 > SEGMENT_BYTES_MAX {
            return Poll::Ready(Err(io::Error::other("too many bytes")));
        }
        self.0.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn damaged(segment: &Segment, reason: &str) -> StoreError {
    corrupt(format!("object {}", segment.name()), segment.aggregate, segment.versions.0, reason)
}

fn missing(aggregate: AggregateId, version: u64) -> StoreError {
    let place = format!("objects {}", Segment::prefix(aggregate));
    corrupt(place, aggregate, version, "no segment of the archive holds this version")
}

fn corrupt(place: String, aggregate: AggregateId, version: u64, reason: &str) -> StoreError {
    let damage = Damage {
        place,
        aggregate: Some(aggregate),
        version: Some(version),
        reason: reason.to_owned(),
        ..Damage::default()
    };
    StoreError::Corrupt { damage: Box::new(damage) }
}
