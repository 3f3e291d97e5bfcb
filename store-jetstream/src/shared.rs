//! What the store's methods share, and the reads of one aggregate.

use std::collections::BTreeMap;

use cidgraph::archive::merge;
use cidgraph::{AggregateId, Archive, Capabilities, Durability, HashKind, Head, StoreError, StoredEvent, StreamFilter};
use tokio::time::timeout;

use crate::follow::read_heads;
use crate::gaps::{Order, between};
use crate::holes::{Holes, vacant};
use crate::log::Log;
use crate::message::damaged;
use crate::places::{Asked, Place, Places, find};
use crate::reads::Reads;
use crate::refusals::{invalid, unavailable};

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
    pub(crate) reads: Reads,
    /// Where no event stands.
    pub(crate) holes: Holes,
    /// The first event of aggregates that the stream keeps, where it keeps not all.
    pub(crate) kept_from: Places,
    /// The same, of those to which the archive was seen to lead.
    pub(crate) joined: Places,
    pub(crate) archive: Archive,
    pub(crate) replicas: usize,
    /// Bytes that the stream may hold, as far as they were said.
    pub(crate) max_bytes: Option<u64>,
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
        let last = self.log.last(aggregate, self.log.connection.deadline).await?;
        Ok(last.as_ref().map(Place::from))
    }

    /// Returns events of an aggregate, none of which is missing: what the stream no longer keeps is in the archive.
    pub(crate) async fn read(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let from = from.max(1);
        let mut events = Vec::new();
        while events.len() < limit {
            let (next, left) = (from + events.len() as u64, limit - events.len());
            if let Some(first) = self.kept_from.get(aggregate).filter(|first| next < first.head.version) {
                let count = usize::try_from(first.head.version - next).unwrap_or(usize::MAX).min(left);
                events.extend(self.read_archived(aggregate, next, count, first).await?);
                continue;
            }
            match self.read_kept(aggregate, next, left).await {
                // Where something is missing, it may have been archived meanwhile.
                Err(StoreError::Corrupt { .. }) if next < self.kept_from(aggregate).await? => {}
                Err(StoreError::Corrupt { .. }) => {
                    let read = self.read_surely(aggregate, next, left).await?;
                    if read.is_empty() {
                        break;
                    }
                    events.extend(read);
                }
                kept => {
                    events.extend(kept?);
                    break;
                }
            }
        }
        Ok(events)
    }

    /// Returns events that the stream keeps. As many as were asked for come from any replica; that there are fewer, only
    /// the leader can say.
    async fn read_kept(&self, aggregate: AggregateId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let events = if limit < MANY_EVENTS {
            let read = timeout(self.log.connection.deadline, self.read_some(aggregate, from, limit)).await;
            read.map_err(|_| unavailable("no answer came in time"))??
        } else {
            self.read_to_head(aggregate, from, limit).await?
        };
        check_versions(aggregate, from, &events)?;
        if let Some(last) = events.last() {
            self.read.remember(aggregate, last.into());
        }
        Ok(events)
    }

    /// Returns the same as [`read_kept`](Self::read_kept), or its beginning, where one server's copy has a gap: what the
    /// others have, or else the archive.
    async fn read_surely(
        &self,
        aggregate: AggregateId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let Some(head) = self.last(aggregate).await?.filter(|head| head.head.version >= from) else {
            return Ok(Vec::new());
        };
        let subjects = self.log.subjects.of_aggregate(aggregate);
        let count = usize::try_from(head.head.version - from + 1).unwrap_or(usize::MAX).min(limit);
        let read = async {
            let start = find(&self.log, Asked::Leader, aggregate, from, None, head).await?;
            let events = between(&self.log, &subjects, Order::Versions, (start, head.sequence), count).await?;
            check_versions(aggregate, from, &events)?;
            if events.is_empty() {
                return Err(damaged(start, &format!("version {from} of aggregate {aggregate} is missing")));
            }
            Ok(events)
        };
        match read.await {
            Err(StoreError::Corrupt { .. }) if self.archive.holds(aggregate, from).await? => {
                self.read_hole(aggregate, from, count, head).await
            }
            read => read,
        }
    }

    async fn read_some(&self, aggregate: AggregateId, from: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let subjects = self.log.subjects.of_aggregate(aggregate);
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
        self.range(&self.log.subjects.of_aggregate(aggregate), start, head.sequence, count).await
    }

    /// Returns the first version of an aggregate that the stream keeps.
    pub(crate) async fn kept_from(&self, aggregate: AggregateId) -> Result<u64, StoreError> {
        let Some(first) = self.log.next(&self.log.subjects.of_aggregate(aggregate), 1).await? else { return Ok(1) };
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
        self.log.purge(&self.log.subjects.of_aggregate(aggregate), first.sequence).await
    }

    /// Returns events of all aggregates.
    pub(crate) async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let first = from_sequence.max(1);
        let last_sequence = match self.log.last_of(&self.log.subjects.all(), self.log.connection.deadline).await {
            Ok(last) => last.map_or(0, |last| last.sequence),
            // What stands before the damage is read nevertheless.
            Err(StoreError::Corrupt { damage }) => damage.sequence.ok_or(StoreError::Corrupt { damage })?,
            Err(error) => return Err(error),
        };
        let left = (last_sequence + 1).saturating_sub(first);
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(limit);
        let kept = self.range(&self.log.subjects.all(), first, last_sequence, count).await?;
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
        // Something was archived since the list of segments was read, or the server that answered lacks events.
        self.archive.refresh().await?;
        let archived = self.archive.range(&StreamFilter::All, first, last_sequence, count).await?;
        self.with_missing(merge(archived, kept, count), first, last_sequence, count).await
    }

    /// Adds to a read of all events those that stand in its holes. One that remains is remembered: there every server
    /// lacks the same, and chains tell whether that is damage.
    async fn with_missing(
        &self,
        events: Vec<StoredEvent>,
        first: u64,
        last: u64,
        count: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let holes = |events: &[StoredEvent]| {
            let end = if events.len() == count { events.last().map_or(0, |last| last.sequence) } else { last };
            let mut holes = vacant(first, end, events);
            holes.retain(|(first, last)| !self.holes.knows(*first, *last));
            holes
        };
        let mut missing = Vec::new();
        for hole in holes(&events) {
            missing.extend(self.missing(hole, count).await?);
            if missing.len() >= count {
                break;
            }
        }
        let whole = merge(missing, events, count);
        holes(&whole).into_iter().for_each(|(first, last)| self.holes.remember(first, last));
        Ok(whole)
    }

    /// Returns up to `limit` of the events in a hole: what servers still have, and what was archived just now.
    async fn missing(&self, (first, last): (u64, u64), limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let all = self.log.subjects.all();
        let kept = between(&self.log, &all, Order::Sequences, (first, last), limit).await?;
        if kept.len() as u64 == last - first + 1 {
            return Ok(kept);
        }
        self.archive.refresh().await?;
        let archived = self.archive.range(&StreamFilter::All, first, last, limit).await?;
        Ok(merge(archived, kept, limit))
    }

    /// Returns every aggregate with its head, ordered by id.
    pub(crate) async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        let last = self.log.last_of(&self.log.subjects.all(), self.log.connection.deadline).await?;
        let last_sequence = last.map_or(0, |last| last.sequence);
        if !self.log.is_leaderless()
            && let Some(heads) = read_heads(&self.log, last_sequence).await?
        {
            return Ok(heads.into_iter().collect());
        }
        match self.log.lasts().await? {
            Some(lasts) => {
                let heads: BTreeMap<AggregateId, Head> =
                    lasts.iter().map(|stored| (stored.event.aggregate, stored.event.head())).collect();
                Ok(heads.into_iter().collect())
            }
            None => self.scan_heads(last_sequence).await,
        }
    }

    /// Returns the heads by reading all events, for which no consumer is needed.
    async fn scan_heads(&self, last_sequence: u64) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        let (mut heads, mut next) = (BTreeMap::new(), 1);
        while next <= last_sequence {
            let page = self.log.range(&self.log.subjects.all(), next, last_sequence, MANY_EVENTS).await?;
            let Some(last) = page.last() else { break };
            next = last.sequence + 1;
            heads.extend(page.iter().map(|stored| (stored.event.aggregate, stored.event.head())));
        }
        Ok(heads.into_iter().collect())
    }

    /// Returns up to `count` events from `from_sequence` to `last_sequence`, which must be an event's.
    async fn range(&self, subjects: &str, from: u64, last: u64, count: usize) -> Result<Vec<StoredEvent>, StoreError> {
        // Without a leader no consumer can be made.
        if self.log.is_leaderless() || count < MANY_EVENTS && !self.reads.has(subjects, from) {
            return self.log.range(subjects, from, last, count).await;
        }
        match self.reads.read(&self.log, subjects, from, last, count).await? {
            Some(events) => Ok(events),
            None => self.log.range(subjects, from, last, count).await,
        }
    }

    /// Returns a sequence from which on the first event of the aggregate has this version; `None` where there is no such
    /// version.
    async fn start(&self, aggregate: AggregateId, version: u64) -> Result<Option<u64>, StoreError> {
        let (low, high) = self.around(aggregate, version);
        let high = match high {
            _ if follows(low, version).is_some() => return Ok(follows(low, version)),
            Some(high) => Some(high),
            None => self.log.reaching(aggregate, version).await?.as_ref().map(Place::from),
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
            None => find(&self.log, Asked::Anyone, aggregate, version, low, high).await,
        }
    }

    /// Returns the nearest known places below a version, and at or above it.
    fn around(&self, aggregate: AggregateId, version: u64) -> (Option<Place>, Option<Place>) {
        let known = [self.heads.get(aggregate), self.read.get(aggregate), self.kept_from.get(aggregate)];
        let (low, high): (Vec<_>, Vec<_>) = known.into_iter().flatten().partition(|place| place.head.version < version);
        let by_version = |place: &Place| place.head.version;
        (low.into_iter().max_by_key(by_version), high.into_iter().min_by_key(by_version))
    }
}

/// Checks that versions follow each other from the first on.
fn check_versions(aggregate: AggregateId, from: u64, events: &[StoredEvent]) -> Result<(), StoreError> {
    match (from..).zip(events).find(|(version, stored)| stored.event.version != *version) {
        None => Ok(()),
        Some((version, stored)) => {
            let reason = format!("version {version} of aggregate {aggregate} is missing before this event");
            Err(damaged(stored.sequence, &reason))
        }
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
