//! Many graphs kept current from one follow of the stream.
//!
//! A graph is brought up to the stream when its first event is seen; from then on each of its transactions goes to the
//! sink once it is whole. The place in the stream is saved after what lies before it was applied, so after a restart
//! nothing is missed and what comes again is recognised by its version.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::id::{AggregateId, GraphId};
use crate::store::{EventStore, StoreError, StoredEvent, StreamFilter};

use super::follow_error::FollowError;
use super::graph_transaction::GraphSink;
use super::tracked_graph::{TrackedGraph, is_graph};

/// Events after which the place is saved at the latest.
const SAVE_EVENTS: usize = 256;

/// Graphs that are brought up to the stream at the same time.
const BEGUN_AT_A_TIME: usize = 16;

/// The wait before an unavailable store is followed again.
pub(super) const RETRY_WAIT: Duration = Duration::from_millis(250);

/// What is known of an aggregate that was seen.
enum Seen {
    Graph(Box<TrackedGraph>),
    /// Another kind of aggregate, or a graph that is followed no further.
    Ignored,
}

/// The graphs that could not be followed further, and why.
type Failures = Arc<Mutex<HashMap<GraphId, FollowError>>>;

/// Why the store cannot be followed at the moment.
type Trouble = Option<StoreError>;

/// Keeps the graphs of a sink current.
pub struct GraphEventProcessor<S: GraphSink + ?Sized> {
    store: Arc<dyn EventStore>,
    sink: Arc<S>,
    filter: StreamFilter,
    /// The name under which the place is saved.
    reader: Option<String>,
    seen: HashMap<AggregateId, Seen>,
    /// How many graphs wait for the end of a transaction.
    open: usize,
    /// All that lies up to here was applied.
    position: watch::Sender<u64>,
    failures: Failures,
    trouble: watch::Sender<Trouble>,
}

impl<S: GraphSink + ?Sized> GraphEventProcessor<S> {
    /// Makes a processor of all graphs that goes on where the reader called `reader` stopped, or begins with the first
    /// event.
    ///
    /// # Errors
    /// Where the store does not tell the place.
    pub async fn open(store: Arc<dyn EventStore>, sink: Arc<S>, reader: &str) -> Result<Self, StoreError> {
        let position = store.load_position(reader).await?.unwrap_or(0);
        Ok(Self { reader: Some(reader.to_owned()), ..Self::after(store, sink, StreamFilter::All, position) })
    }

    /// Makes a processor of the graphs that pass `filter`, from the event after `position` on; its place is not saved.
    pub fn after(store: Arc<dyn EventStore>, sink: Arc<S>, filter: StreamFilter, position: u64) -> Self {
        Self {
            store,
            sink,
            filter,
            reader: None,
            seen: HashMap::new(),
            open: 0,
            position: watch::Sender::new(position),
            failures: Failures::default(),
            trouble: watch::Sender::new(None),
        }
    }

    /// Follows the stream on the current tokio runtime until it is stopped.
    ///
    /// # Panics
    /// Outside a tokio runtime with timers.
    pub fn spawn(self) -> Following {
        let (stop, stopped) = watch::channel(());
        let position = self.position.subscribe();
        let (failures, trouble) = (Arc::clone(&self.failures), self.trouble.subscribe());
        Following { position, failures, trouble, stop, task: tokio::spawn(self.run(stopped)) }
    }

    async fn run(mut self, mut stopped: watch::Receiver<()>) -> Result<(), StoreError> {
        loop {
            let end = match self.begin_with_one().await {
                Ok(()) => self.follow(&mut stopped).await,
                error => error,
            };
            match end {
                Err(error @ StoreError::Unavailable { .. }) => {
                    self.trouble.send_replace(Some(error));
                    tokio::select! {
                        () = tokio::time::sleep(RETRY_WAIT) => {}
                        _ = stopped.changed() => return Ok(()),
                    }
                }
                end => return end,
            }
        }
    }

    /// Brings the one graph that is followed up to the stream, before its next event.
    async fn begin_with_one(&mut self) -> Result<(), StoreError> {
        match self.filter {
            StreamFilter::Aggregate(aggregate) => {
                let begun = self.begin(aggregate).await;
                self.settle(aggregate, begun)
            }
            StreamFilter::All | StreamFilter::EventType(_) => Ok(()),
        }
    }

    /// Follows until the stream ends or someone asks to stop, which is heard between two events only.
    async fn follow(&mut self, stopped: &mut watch::Receiver<()>) -> Result<(), StoreError> {
        let from_sequence = *self.position.borrow() + 1;
        let followed = self.store.follow(from_sequence, self.filter.clone()).await?;
        let mut chunks = followed.ready_chunks(SAVE_EVENTS);
        self.trouble.send_if_modified(|trouble| trouble.take().is_some());
        while !self.has_left_its_one_graph() {
            let chunk = tokio::select! {
                chunk = chunks.next() => chunk,
                _ = stopped.changed() => return Ok(()),
            };
            let Some(chunk) = chunk else { return Ok(()) };
            self.begin_new(&chunk).await?;
            for stored in chunk {
                self.take(&stored?).await?;
            }
            if let Some(reader) = &self.reader {
                let position = *self.position.borrow();
                self.store.save_position(reader, position).await?;
            }
        }
        Ok(())
    }

    /// Returns whether the one graph that is followed is no graph, or is followed no further.
    fn has_left_its_one_graph(&self) -> bool {
        match self.filter {
            StreamFilter::Aggregate(aggregate) => matches!(self.seen.get(&aggregate), Some(Seen::Ignored)),
            StreamFilter::All | StreamFilter::EventType(_) => false,
        }
    }

    async fn take(&mut self, stored: &StoredEvent) -> Result<(), StoreError> {
        let aggregate = stored.event.aggregate;
        let taken = match self.begin(aggregate).await {
            Ok(()) => self.take_begun(aggregate, stored).await,
            error => error,
        };
        self.settle(aggregate, taken)?;
        if self.open == 0 {
            self.position.send_replace(stored.sequence);
        }
        Ok(())
    }

    /// Leaves a graph behind that cannot be followed; what the store refuses ends the follow.
    fn settle(&mut self, aggregate: AggregateId, outcome: Result<(), FollowError>) -> Result<(), StoreError> {
        match outcome {
            Ok(()) => Ok(()),
            Err(FollowError::Store(error)) => Err(error),
            Err(error) => {
                self.ignore(aggregate);
                self.failures.lock().insert(GraphId::from(aggregate), error);
                Ok(())
            }
        }
    }

    /// Brings the aggregates that are seen for the first time up to the stream, several at a time: meanwhile the events
    /// of all others wait.
    async fn begin_new(&mut self, chunk: &[Result<StoredEvent, StoreError>]) -> Result<(), StoreError> {
        let aggregates = chunk.iter().flatten().map(|stored| stored.event.aggregate);
        let new: HashSet<AggregateId> = aggregates.filter(|aggregate| !self.seen.contains_key(aggregate)).collect();
        let (store, sink) = (Arc::clone(&self.store), Arc::clone(&self.sink));
        let begun = new.into_iter().map(|aggregate| {
            let (store, sink) = (Arc::clone(&store), Arc::clone(&sink));
            async move { (aggregate, begun(&store, &*sink, aggregate).await) }
        });
        let mut begun = stream::iter(begun).buffer_unordered(BEGUN_AT_A_TIME);
        while let Some((aggregate, begun)) = begun.next().await {
            let noted = begun.map(|seen| self.note(aggregate, seen));
            self.settle(aggregate, noted)?;
        }
        Ok(())
    }

    /// Brings an aggregate that is seen for the first time up to the stream, where it is a graph.
    async fn begin(&mut self, aggregate: AggregateId) -> Result<(), FollowError> {
        if self.seen.contains_key(&aggregate) {
            return Ok(());
        }
        let seen = begun(&self.store, &*self.sink, aggregate).await?;
        self.note(aggregate, seen);
        Ok(())
    }

    fn note(&mut self, aggregate: AggregateId, seen: Option<Seen>) {
        let Some(seen) = seen else { return };
        if let Seen::Graph(graph) = &seen {
            self.open += usize::from(graph.is_open());
        }
        self.seen.insert(aggregate, seen);
    }

    async fn take_begun(&mut self, aggregate: AggregateId, stored: &StoredEvent) -> Result<(), FollowError> {
        if let Some(Seen::Graph(graph)) = self.seen.get_mut(&aggregate) {
            let before = usize::from(graph.is_open());
            let taken = graph.take(&*self.sink, stored).await;
            self.open = self.open - before + usize::from(graph.is_open());
            taken?;
        }
        Ok(())
    }

    fn ignore(&mut self, aggregate: AggregateId) {
        if let Some(Seen::Graph(graph)) = self.seen.insert(aggregate, Seen::Ignored) {
            self.open -= usize::from(graph.is_open());
        }
    }
}

/// Returns what an aggregate is, brought up to the stream where it is a graph; `None` where it has no event.
async fn begun<S: GraphSink + ?Sized>(
    store: &Arc<dyn EventStore>,
    sink: &S,
    aggregate: AggregateId,
) -> Result<Option<Seen>, FollowError> {
    match is_graph(store, aggregate).await? {
        Some(true) => Ok(Some(Seen::Graph(Box::new(TrackedGraph::begin(store, sink, aggregate).await?)))),
        Some(false) => Ok(Some(Seen::Ignored)),
        None => Ok(None),
    }
}

impl<S: GraphSink + ?Sized> fmt::Debug for GraphEventProcessor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphEventProcessor").field("position", &*self.position.borrow()).finish_non_exhaustive()
    }
}

/// A processor at work; dropping it stops the work after the event under way.
#[derive(Debug)]
pub struct Following {
    position: watch::Receiver<u64>,
    failures: Failures,
    trouble: watch::Receiver<Trouble>,
    stop: watch::Sender<()>,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Following {
    /// Returns the sequence up to which everything was applied.
    pub fn position(&self) -> u64 {
        *self.position.borrow()
    }

    /// Waits until everything up to `sequence` was applied; returns false where the work ended before.
    pub async fn reached(&mut self, sequence: u64) -> bool {
        self.position.wait_for(|position| *position >= sequence).await.is_ok()
    }

    /// Returns the graphs that could not be followed further, and why.
    pub fn failures(&self) -> Vec<(GraphId, FollowError)> {
        self.failures.lock().iter().map(|(graph, error)| (*graph, error.clone())).collect()
    }

    /// Returns what tells why the store cannot be followed at the moment, `None` where it can; it is tried again and
    /// again.
    pub fn trouble(&self) -> watch::Receiver<Option<StoreError>> {
        self.trouble.clone()
    }

    /// Stops after the event under way.
    ///
    /// # Errors
    /// Where the store had failed for good before.
    pub async fn stop(self) -> Result<(), StoreError> {
        self.stop.send_replace(());
        match self.task.await {
            Ok(end) => end,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Ok(()),
        }
    }
}
