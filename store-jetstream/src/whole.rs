//! The stream from a place on with what was archived of it, in the order of sequences.
//!
//! A live event waits until all archived events before it were yielded. Which those are says the list of segments, read
//! before the consumer is made and again where a live event does not follow the one before: by its sequence where
//! everything is followed, by its version where one aggregate is. A follower of one event type has no such sign: it takes
//! what the consumer has ready, then asks whether something was purged meanwhile, and reads the list again where it was,
//! before it believes that nothing came between.
//!
//! The same signs tell of a server whose copy is damaged: what it lacks comes from the others. A follower of one event type
//! does not notice that.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::archive::merge;
use cidgraph::store::Followed;
use cidgraph::{StoreError, StoredEvent, StreamFilter};
use futures::{FutureExt, stream};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::follow::{Follower, Selection};
use crate::gaps::{Order, between};
use crate::message::damaged;
use crate::shared::Shared;

/// Events of one type that are taken before it is asked whether something was purged meanwhile.
const READY_EVENTS: usize = 1000;

/// How long an event of one type is waited for before it is asked whether something was purged meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Archived events that are read at a time.
const PAGE_EVENTS: usize = 1 << 14;

/// Follows the stream; ends when `open` closes.
pub(crate) fn follow(
    shared: Arc<Shared>,
    open: watch::Receiver<()>,
    from_sequence: u64,
    filter: StreamFilter,
) -> Followed {
    let live = Follower::new(&shared.log, shared.log.subjects.of_filter(&filter), Selection::From(from_sequence));
    let next = from_sequence.max(1);
    let whole = Whole {
        shared,
        open,
        filter,
        live,
        ready: VecDeque::new(),
        fresh: VecDeque::new(),
        held: None,
        next,
        horizon: 0,
        version: None,
        removed: (0, 0),
    };
    Box::pin(stream::try_unfold(whole, Whole::step))
}

struct Whole {
    shared: Arc<Shared>,
    open: watch::Receiver<()>,
    filter: StreamFilter,
    live: Follower,
    /// Archived events that come next.
    ready: VecDeque<StoredEvent>,
    /// Live events behind which nothing was purged that the list of segments does not hold.
    fresh: VecDeque<StoredEvent>,
    /// The live event that comes behind the archived ones before it.
    held: Option<StoredEvent>,
    /// The sequence from which events are still to be yielded.
    next: u64,
    /// The last archived sequence, as the list said when it was read last.
    horizon: u64,
    /// The version that was yielded last.
    version: Option<u64>,
    /// How many messages were gone before the list of segments was read.
    removed: (u64, u64),
}

impl Whole {
    async fn step(mut self) -> Result<Option<(StoredEvent, Self)>, StoreError> {
        let mut open = self.open.clone();
        let stepped = tokio::select! {
            event = self.event() => Some(event?),
            _ = open.changed() => None,
        };
        Ok(stepped.map(|event| (event, self)))
    }

    async fn event(&mut self) -> Result<StoredEvent, StoreError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let mut missing = self.missing_before(&event).await?;
                if missing.is_empty() {
                    return Ok(self.yielded(event));
                }
                missing.extend([event].into_iter().chain(self.ready.drain(..)));
                self.ready = missing.into();
                continue;
            }
            if let Some(held) = &self.held {
                let (sequence, version) = (held.sequence, held.event.version);
                self.ready = self.archived_before(sequence, version).await?;
                if !self.ready.is_empty() {
                    continue;
                }
            }
            if let Some(held) = self.held.take() {
                self.ready.push_back(held);
                continue;
            }
            if let Some(fresh) = self.fresh.pop_front() {
                self.held = Some(fresh).filter(|event| event.sequence >= self.next);
                continue;
            }
            if !self.live.is_open() {
                self.open_feed().await?;
            }
            if self.live.is_at_end() && self.next <= self.horizon {
                self.ready = self.archived(self.horizon).await?;
                if self.ready.is_empty() {
                    self.next = self.horizon + 1;
                }
                continue;
            }
            match self.filter {
                StreamFilter::EventType(_) => self.take_ready().await?,
                StreamFilter::All | StreamFilter::Aggregate(_) => self.fresh.extend(self.live.next_of_feed().await?),
            }
        }
    }

    /// Takes the live events that are ready, at least one if it comes soon, and reads the list of segments again where
    /// something was purged before they came.
    async fn take_ready(&mut self) -> Result<(), StoreError> {
        if let Ok(first) = timeout(LOOK, self.live.next_of_feed()).await {
            self.fresh.extend(first?);
        }
        while (1..READY_EVENTS).contains(&self.fresh.len())
            && let Some(next) = self.live.next_of_feed().now_or_never()
        {
            let Some(next) = next? else { break };
            self.fresh.push_back(next);
        }
        let removed = self.shared.log.removed_in_the_end().await?;
        if removed != self.removed {
            self.refresh().await?;
            self.removed = removed;
            if self.fresh.is_empty() {
                // What a new consumer does not have is archived.
                self.live.close();
            }
        }
        Ok(())
    }

    fn yielded(&mut self, event: StoredEvent) -> StoredEvent {
        self.next = event.sequence + 1;
        self.version = Some(event.event.version);
        event
    }

    /// Makes a consumer, with a list of segments that was read before and holds all that was purged until then.
    async fn open_feed(&mut self) -> Result<(), StoreError> {
        loop {
            self.live.open().await?;
            let removed = self.shared.log.removed_in_the_end().await?;
            if removed == self.removed {
                return Ok(());
            }
            self.refresh().await?;
            self.removed = removed;
        }
    }

    async fn refresh(&mut self) -> Result<(), StoreError> {
        self.shared.archive.refresh().await?;
        self.horizon = self.shared.archive.last_sequence().await?;
        Ok(())
    }

    /// Returns archived events that come before a live one; none only where there are none.
    async fn archived_before(&mut self, sequence: u64, version: u64) -> Result<VecDeque<StoredEvent>, StoreError> {
        if sequence == self.next {
            return Ok(VecDeque::new());
        }
        let known = if self.next <= self.horizon { self.archived(sequence - 1).await? } else { VecDeque::new() };
        let follows = match &self.filter {
            StreamFilter::All => known.front().is_some_and(|first| first.sequence == self.next),
            StreamFilter::Aggregate(_) => {
                let first = known.front().map_or(version, |first| first.event.version);
                self.version.is_none_or(|before| first == before + 1)
            }
            StreamFilter::EventType(_) => true,
        };
        if follows {
            return Ok(known);
        }
        self.refresh().await?;
        self.archived(sequence - 1).await
    }

    /// Returns events that come before this one, which is the next that is known; none only where it is the next one.
    async fn missing_before(&self, event: &StoredEvent) -> Result<Vec<StoredEvent>, StoreError> {
        let holes = &self.shared.holes;
        let (next, last) = (self.next, event.sequence - 1);
        if self.follows(event) || holes.knows(next, last) {
            return Ok(Vec::new());
        }
        let subjects = self.shared.log.subjects.of_filter(&self.filter);
        if self.starts_behind() && self.is_next_of_leader(&subjects, event).await? {
            return Ok(Vec::new());
        }
        let missing = self.between(&subjects, next, last).await?;
        match &self.filter {
            StreamFilter::All if missing.is_empty() => holes.remember(next, last),
            StreamFilter::Aggregate(aggregate) if missing.is_empty() && !self.starts_behind() => {
                let version = self.version.map_or(1, |version| version + 1);
                let reason = format!("version {version} of aggregate {aggregate} is missing before this event");
                return Err(damaged(event.sequence, &reason));
            }
            StreamFilter::All | StreamFilter::Aggregate(_) | StreamFilter::EventType(_) => {}
        }
        Ok(missing)
    }

    /// Returns whether an event says by its place that it is the next one; that of a type never says more.
    fn follows(&self, event: &StoredEvent) -> bool {
        event.sequence == self.next
            || match &self.filter {
                StreamFilter::All => false,
                StreamFilter::Aggregate(_) => event.event.version == self.version.map_or(1, |version| version + 1),
                StreamFilter::EventType(_) => true,
            }
    }

    /// Returns whether the first event of an aggregate that is followed from a later place on is still to come.
    const fn starts_behind(&self) -> bool {
        self.version.is_none() && self.next > 1 && matches!(self.filter, StreamFilter::Aggregate(_))
    }

    async fn is_next_of_leader(&self, subjects: &str, event: &StoredEvent) -> Result<bool, StoreError> {
        loop {
            match self.shared.log.next(subjects, self.next).await {
                // To follow is to wait for the stream as long as it takes.
                Err(StoreError::Unavailable { .. }) => {}
                next => return Ok(next?.is_some_and(|next| next.sequence == event.sequence)),
            }
        }
    }

    /// Returns the first events of a range that servers still have, or that were archived just now.
    async fn between(&self, subjects: &str, first: u64, last: u64) -> Result<Vec<StoredEvent>, StoreError> {
        loop {
            match self.try_between(subjects, first, last).await {
                Err(StoreError::Unavailable { .. }) => {}
                found => return found,
            }
        }
    }

    async fn try_between(&self, subjects: &str, first: u64, last: u64) -> Result<Vec<StoredEvent>, StoreError> {
        let order = match &self.filter {
            StreamFilter::Aggregate(_) => Order::Versions,
            StreamFilter::All | StreamFilter::EventType(_) => Order::Sequences,
        };
        let kept = between(&self.shared.log, subjects, order, (first, last), PAGE_EVENTS).await?;
        self.shared.archive.refresh().await?;
        let archived = self.shared.archive.range(&self.filter, first, last, PAGE_EVENTS).await?;
        Ok(merge(archived, kept, PAGE_EVENTS))
    }

    /// Returns the next archived events up to a sequence.
    async fn archived(&self, last: u64) -> Result<VecDeque<StoredEvent>, StoreError> {
        self.shared.archive.range(&self.filter, self.next, last, PAGE_EVENTS).await.map(VecDeque::from)
    }
}
