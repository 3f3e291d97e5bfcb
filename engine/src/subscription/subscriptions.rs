//! Subscriptions: a pattern over subjects, perhaps a filter, and what happens with the events.
//!
//! Each has a reader of its own on the store's `follow`. A slow one lags and hinders no other; nothing is dropped.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::chain::verify_block;
use crate::id::{AggregateId, GraphId};
use crate::store::{EventStore, SealedEvent, StoreError, StoredEvent, StreamFilter};
use crate::stream::{EventFilter, InvalidSubject, StreamEvent, SubjectPattern};

use super::delivery::{Buffer, SubscriptionHandler};
use super::follow_error::FollowError;
use super::graph_transaction::GraphSink;
use super::processor::{Following, GraphEventProcessor, RETRY_WAIT};

/// Events that are read at once to find out how far a subscription is behind.
const PAGE_EVENTS: usize = 1024;

/// Names a subscription within its manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With what comes after the subscription was made.
    Now,
    /// With the event after this sequence; 0 for the first event of all.
    After(u64),
    /// Where the subscription of this name stopped, in this process or an earlier one; with the first event of all
    /// where there was none. What was handed out but perhaps not finished comes again.
    Durable(String),
}

/// Why there is no such subscription.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubscriptionError {
    /// The subject can match nothing.
    #[error(transparent)]
    Subject(#[from] InvalidSubject),
    /// A graph cannot be kept current from a part of its events.
    #[error("graph {graph} cannot be kept current from a part of its events: subscribe to event.store.{graph}.>")]
    PartOfGraph {
        /// The graph.
        graph: GraphId,
    },
    /// The manager was made without a sink.
    #[error("graph updates need a sink: make the manager with one")]
    NoSink,
    /// There is no subscription of this id, or it is not a buffered one.
    #[error("there is no buffered subscription of this id")]
    Unknown,
    /// The subscription stopped.
    #[error(transparent)]
    Stopped(#[from] FollowError),
}

impl From<StoreError> for SubscriptionError {
    fn from(error: StoreError) -> Self {
        Self::Stopped(FollowError::Store(error))
    }
}

/// Keeps subscriptions to one store.
pub struct SubscriptionManager {
    store: Arc<dyn EventStore>,
    sink: Option<Arc<dyn GraphSink>>,
    next: AtomicU64,
    subscriptions: DashMap<SubscriptionId, Subscription>,
}

/// A subscription at work.
enum Subscription {
    Graph(Following, SubjectPattern),
    Events(Arc<EventReader>, JoinHandle<()>),
}

/// Reads events for a buffer or a callback.
struct EventReader {
    store: Arc<dyn EventStore>,
    pattern: SubjectPattern,
    filter: Option<EventFilter>,
    /// The name under which the place is saved.
    reader: Option<String>,
    target: Target,
    /// Everything up to here was put into the buffer or handed to the callback.
    position: AtomicU64,
    /// Everything up to here was handed out by a poll, or not wanted.
    polled: AtomicU64,
    failure: Mutex<Option<FollowError>>,
}

enum Target {
    Buffer(Box<Buffer>),
    Callback(Arc<dyn Fn(&StreamEvent) + Send + Sync>),
}

impl SubscriptionManager {
    /// Makes a manager without a sink for graph updates.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store, sink: None, next: AtomicU64::new(1), subscriptions: DashMap::new() }
    }

    /// Makes a manager whose graph updates go to `sink`.
    pub fn with_sink(store: Arc<dyn EventStore>, sink: Arc<dyn GraphSink>) -> Self {
        Self { sink: Some(sink), ..Self::new(store) }
    }

    /// Subscribes to what comes from now on; see [`subscribe_from`](Self::subscribe_from).
    ///
    /// # Errors
    /// As there.
    pub async fn subscribe(
        &self,
        subject: &str,
        filter: Option<EventFilter>,
        handler: SubscriptionHandler,
    ) -> Result<SubscriptionId, SubscriptionError> {
        self.subscribe_from(subject, filter, handler, Start::Now).await
    }

    /// Subscribes to the events whose subject fits a pattern such as `event.store.*.NodeTransformed` and that pass the
    /// filter. Every event handed out was verified by itself; a graph update also by its place in the chain.
    ///
    /// # Errors
    /// [`SubscriptionError::Subject`] for a pattern that fits no event, [`SubscriptionError::PartOfGraph`] and
    /// [`SubscriptionError::NoSink`] for a graph update that cannot be, [`SubscriptionError::Stopped`] where the store
    /// fails.
    ///
    /// # Panics
    /// Outside a tokio runtime with timers.
    pub async fn subscribe_from(
        &self,
        subject: &str,
        filter: Option<EventFilter>,
        handler: SubscriptionHandler,
        start: Start,
    ) -> Result<SubscriptionId, SubscriptionError> {
        let pattern: SubjectPattern = subject.parse()?;
        let (position, reader) = match start {
            Start::Now => (self.store.last_sequence().await?, None),
            Start::After(sequence) => (sequence, None),
            Start::Durable(name) => (self.store.load_position(&name).await?.unwrap_or(0), Some(name)),
        };
        let target = match handler {
            SubscriptionHandler::GraphUpdate { target_graph } => {
                return self.follow_graph(pattern, filter.as_ref(), target_graph, position);
            }
            SubscriptionHandler::Buffered { max_size, max_age } => {
                Target::Buffer(Box::new(Buffer::new(max_size, max_age)))
            }
            SubscriptionHandler::Custom(call) => Target::Callback(call),
        };
        let (store, polled) = (Arc::clone(&self.store), AtomicU64::new(position));
        let (position, failure) = (AtomicU64::new(position), Mutex::default());
        let reader = Arc::new(EventReader { store, pattern, filter, reader, target, position, polled, failure });
        let task = tokio::spawn(Arc::clone(&reader).run());
        Ok(self.keep(Subscription::Events(reader, task)))
    }

    fn follow_graph(
        &self,
        pattern: SubjectPattern,
        filter: Option<&EventFilter>,
        graph: GraphId,
        position: u64,
    ) -> Result<SubscriptionId, SubscriptionError> {
        let aggregate = AggregateId::from(graph);
        let by_aggregate = EventFilter::ByAggregate(aggregate);
        if !pattern.covers(aggregate) || filter.is_some_and(|filter| *filter != by_aggregate) {
            return Err(SubscriptionError::PartOfGraph { graph });
        }
        let sink = Arc::clone(self.sink.as_ref().ok_or(SubscriptionError::NoSink)?);
        let filter = StreamFilter::Aggregate(aggregate);
        let processor = GraphEventProcessor::after(Arc::clone(&self.store), sink, filter, position);
        Ok(self.keep(Subscription::Graph(processor.spawn(), pattern)))
    }

    fn keep(&self, subscription: Subscription) -> SubscriptionId {
        let id = SubscriptionId(self.next.fetch_add(1, Ordering::Relaxed));
        self.subscriptions.insert(id, subscription);
        id
    }

    /// Ends a subscription; returns whether there was one.
    pub fn unsubscribe(&self, id: SubscriptionId) -> bool {
        self.subscriptions.remove(&id).is_some()
    }

    /// Takes the waiting events of a buffered subscription: none before there are `max_size` or one has waited for
    /// `max_age`. A durable subscription counts them as finished with the next poll.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`]; [`SubscriptionError::Stopped`] once all events before the failure were taken.
    pub async fn poll_events(&self, id: SubscriptionId) -> Result<Vec<StreamEvent>, SubscriptionError> {
        let reader = match self.subscriptions.get(&id).as_deref() {
            Some(Subscription::Events(reader, _)) => Arc::clone(reader),
            Some(Subscription::Graph(..)) | None => return Err(SubscriptionError::Unknown),
        };
        let Target::Buffer(buffer) = &reader.target else { return Err(SubscriptionError::Unknown) };
        reader.save(reader.polled.load(Ordering::Acquire)).await?;
        let position = reader.position.load(Ordering::Acquire);
        let events = buffer.poll();
        match events.last() {
            Some(last) => reader.polled.store(last.sequence, Ordering::Release),
            None if buffer.is_empty() => {
                reader.polled.fetch_max(position, Ordering::AcqRel);
                if let Some(failure) = reader.failure.lock().clone() {
                    return Err(failure.into());
                }
            }
            None => (),
        }
        Ok(events)
    }

    /// Returns how many of the events that the subject admits are in the store or the buffer and were not yet handed
    /// out.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`]; [`SubscriptionError::Stopped`] where the store fails.
    pub async fn lag(&self, id: SubscriptionId) -> Result<u64, SubscriptionError> {
        let subscription = self.subscriptions.get(&id).ok_or(SubscriptionError::Unknown)?;
        let (position, pattern, buffered) = match &*subscription {
            Subscription::Graph(following, pattern) => (following.position(), pattern.clone(), 0),
            Subscription::Events(reader, _) => {
                (reader.position.load(Ordering::Acquire), reader.pattern.clone(), reader.buffered())
            }
        };
        drop(subscription);
        let mut from_sequence = position + 1;
        let mut lag = buffered as u64;
        loop {
            let page = self.store.read_all(from_sequence, PAGE_EVENTS).await?;
            lag += page.iter().filter(|stored| admits(&pattern, &stored.event)).count() as u64;
            match page.last() {
                Some(last) if page.len() == PAGE_EVENTS => from_sequence = last.sequence + 1,
                Some(_) | None => return Ok(lag),
            }
        }
    }

    /// Returns why a subscription stopped, `None` where it goes on.
    pub fn failure(&self, id: SubscriptionId) -> Option<FollowError> {
        match &*self.subscriptions.get(&id)? {
            Subscription::Graph(following, _) => following.failures().pop().map(|(_, error)| error),
            Subscription::Events(reader, _) => reader.failure.lock().clone(),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        match self {
            Self::Graph(..) => (),
            Self::Events(_, task) => task.abort(),
        }
    }
}

impl EventReader {
    /// Follows until the store fails for good or an event does not hold.
    async fn run(self: Arc<Self>) {
        loop {
            match self.follow().await {
                Err(FollowError::Store(StoreError::Unavailable { .. })) => tokio::time::sleep(RETRY_WAIT).await,
                Err(error) => {
                    *self.failure.lock() = Some(error);
                    return;
                }
                Ok(()) => return,
            }
        }
    }

    async fn follow(&self) -> Result<(), FollowError> {
        let from_sequence = self.position.load(Ordering::Acquire) + 1;
        let mut followed = self.store.follow(from_sequence, self.store_filter()).await?.ready_chunks(PAGE_EVENTS);
        while let Some(chunk) = followed.next().await {
            for stored in chunk {
                let stored = stored?;
                if admits(&self.pattern, &stored.event) {
                    self.deliver(&stored).await?;
                }
                self.position.store(stored.sequence, Ordering::Release);
            }
            match &self.target {
                Target::Buffer(_) => (),
                Target::Callback(_) => self.save(self.position.load(Ordering::Acquire)).await?,
            }
        }
        Ok(())
    }

    async fn deliver(&self, stored: &StoredEvent) -> Result<(), FollowError> {
        let (opened, _) = verify_block(&stored.event, Some(stored.sequence))?;
        let event = StreamEvent::new(stored, opened);
        if self.filter.as_ref().is_some_and(|filter| !filter.matches(&event)) {
            return Ok(());
        }
        match &self.target {
            Target::Buffer(buffer) => buffer.push(event).await,
            Target::Callback(call) => call(&event),
        }
        Ok(())
    }

    async fn save(&self, position: u64) -> Result<(), StoreError> {
        match &self.reader {
            Some(reader) => self.store.save_position(reader, position).await,
            None => Ok(()),
        }
    }

    fn buffered(&self) -> usize {
        match &self.target {
            Target::Buffer(buffer) => buffer.len(),
            Target::Callback(_) => 0,
        }
    }

    fn store_filter(&self) -> StreamFilter {
        match self.pattern.store_filter() {
            StreamFilter::All => self.filter.as_ref().map_or(StreamFilter::All, EventFilter::store_filter),
            narrow @ (StreamFilter::Aggregate(_) | StreamFilter::EventType(_)) => narrow,
        }
    }
}

fn admits(pattern: &SubjectPattern, event: &SealedEvent) -> bool {
    pattern.matches(event.aggregate, &event.event_type)
}

impl fmt::Debug for SubscriptionManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionManager").field("subscriptions", &self.subscriptions.len()).finish_non_exhaustive()
    }
}
