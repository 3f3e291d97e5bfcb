//! The asynchronous half of a feed: a graph is followed, or its past read, and what changed is handed over.
//!
//! A replica of the graph says what events did to it: it is the one place where they are understood.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::aggregate::Draft;
use crate::engine::{Engine, Error, ErrorKind};
use crate::event::names;
use crate::graph::{GraphAggregate, GraphReader};
use crate::history::{Frame, Moment, Step};
use crate::id::{AggregateId, GraphId};
use crate::state::GraphView;
use crate::store::StreamFilter;
use crate::subscription::{FollowError, GraphEventProcessor, GraphSink, GraphTransaction, SinkError};

use super::error::FeedError;
use super::event::{FeedId, GraphUpdate, Origin};
use super::hand_over::{Closed, HandOver};
use super::parcel::{Pending, Waiting};

/// The wait before a store that is not to be reached is asked again.
const RETRY_WAIT: Duration = Duration::from_millis(250);

/// Where following a graph begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeedStart {
    /// With the graph as it is now; one that is not there yet is empty.
    Now,
    /// Behind a version, the end of a transaction; 0 for all that ever happened.
    AfterVersion(u64),
}

/// What a feed lets others know while it runs.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) followed_version: AtomicU64,
    pub(super) reader: OnceLock<GraphReader>,
    pub(super) trouble: Mutex<Option<String>>,
}

/// One end of a lane: pushes what happens to a graph, and, whatever happens to itself, how that ended.
pub(super) struct Feed {
    pub(super) id: FeedId,
    pub(super) graph: GraphId,
    hand_over: Arc<HandOver<Waiting>>,
    progress: Arc<Progress>,
    has_ended: AtomicBool,
}

impl Feed {
    pub(super) const fn new(
        id: FeedId,
        graph: GraphId,
        hand_over: Arc<HandOver<Waiting>>,
        progress: Arc<Progress>,
    ) -> Self {
        Self { id, graph, hand_over, progress, has_ended: AtomicBool::new(false) }
    }

    /// Hands over that the feed begins, and with what graph, which `reader` shows as it goes on.
    pub(super) fn open(&self, reader: &GraphReader) {
        self.progress.reader.get_or_init(|| reader.clone());
        self.open_with(reader.view());
    }

    fn open_with(&self, view: GraphView) {
        self.progress.followed_version.store(view.version(), Ordering::Relaxed);
        // The first parcel of its lane finds room.
        self.hand_over.push_last(self.id.0, Waiting::Opened(view));
    }

    /// Hands over what one transaction did.
    pub(super) async fn push(&self, update: GraphUpdate) -> Result<(), Closed> {
        self.progress.followed_version.store(update.version, Ordering::Relaxed);
        self.hand_over.push(self.id.0, Waiting::Changed(Box::new(Pending::new(update)))).await
    }

    /// Hands over how the feed ended, the first time; nothing may come afterwards.
    fn end(&self, outcome: Result<(), FeedError>) {
        if !self.has_ended.swap(true, Ordering::Relaxed) {
            self.hand_over.push_last(self.id.0, Waiting::Ended(outcome));
        }
    }

    /// Follows the graph until somebody or something ends it.
    pub(super) async fn follow(self, engine: Engine, start: FeedStart) {
        let lane = Arc::new(self);
        let outcome = lane.follow_from(&engine, start).await;
        lane.end(outcome);
    }

    async fn follow_from(self: &Arc<Self>, engine: &Engine, start: FeedStart) -> Result<(), FeedError> {
        let (position, replica) = self.begin(engine, start).await?;
        let filter = StreamFilter::Aggregate(AggregateId::from(self.graph));
        let replica = Arc::new(replica);
        let mut following = GraphEventProcessor::after(Arc::clone(engine.store()), replica, filter, position).spawn();
        let mut trouble = following.trouble();
        loop {
            tokio::select! {
                _ = following.reached(u64::MAX) => break,
                Ok(()) = trouble.changed() => {
                    *self.progress.trouble.lock() = trouble.borrow_and_update().as_ref().map(ToString::to_string);
                }
            }
        }
        let failure = following.failures().pop();
        following.stop().await.map_err(Error::from)?;
        if let Some((_, failure)) = failure {
            return Err(failure.into());
        }
        let first = engine.store().read(AggregateId::from(self.graph), 1, 1).await.map_err(Error::from)?;
        let is_graph = first.first().is_none_or(|first| first.event.event_type == names::GRAPH_CREATED);
        Err(if is_graph { FeedError::Ended } else { FeedError::NotAGraph })
    }

    /// Makes the replica with which following begins, as soon as the store can be reached, and the sequence behind which
    /// there may be something that it lacks.
    async fn begin(self: &Arc<Self>, engine: &Engine, start: FeedStart) -> Result<(u64, Replica), FeedError> {
        loop {
            match self.try_begin(engine, start).await {
                Err(FeedError::Engine(error)) if error.kind() == ErrorKind::Unavailable => {
                    *self.progress.trouble.lock() = Some(error.to_string());
                    tokio::time::sleep(RETRY_WAIT).await;
                }
                begun => {
                    *self.progress.trouble.lock() = None;
                    return begun;
                }
            }
        }
    }

    async fn try_begin(self: &Arc<Self>, engine: &Engine, start: FeedStart) -> Result<(u64, Replica), FeedError> {
        let position = engine.store().last_sequence().await.map_err(Error::from)?;
        let (draft, reader) = match start {
            FeedStart::Now => engine.replica(self.graph).await?,
            FeedStart::AfterVersion(0) => engine.empty_replica(self.graph),
            FeedStart::AfterVersion(version) => {
                let history = engine.history(self.graph);
                let state = history.at_or_nothing(Moment::Version(version)).await.map_err(Error::from)?;
                let transaction_end = state.version();
                if transaction_end != version {
                    return Err(FeedError::InsideTransaction { version, transaction_end });
                }
                engine.replica_of(state.view().clone()).await
            }
        };
        self.open(&reader);
        Ok((position, Replica::new(self, Origin::Live, draft, reader)))
    }

    /// Reads a stretch of the graph's past.
    pub(super) async fn replay(self, engine: Engine, from: Option<Moment>, to: Option<Moment>) {
        let lane = Arc::new(self);
        let outcome = lane.replay_between(&engine, from, to).await;
        lane.end(outcome);
    }

    async fn replay_between(
        self: &Arc<Self>,
        engine: &Engine,
        from: Option<Moment>,
        to: Option<Moment>,
    ) -> Result<(), FeedError> {
        let mut past = engine.history(self.graph).transactions(from, to).await?;
        let (draft, reader) = engine.replica_of(past.start().view().clone()).await;
        self.open(&reader);
        let replica = Replica::new(self, Origin::Replay, draft, reader);
        while let Some(transaction) = past.next_transaction().await? {
            let (aggregate, version) = (AggregateId::from(self.graph), transaction.head.version);
            let taken = replica.apply(transaction).await;
            taken.map_err(|source| FollowError::Sink { aggregate, version, source: Arc::from(source) })?;
        }
        Ok(())
    }

    /// Reads a stretch of the graph's past step by step.
    pub(super) async fn animate(self, engine: Engine, from: Option<Moment>, to: Option<Moment>, step: Step) {
        let outcome = self.animate_between(&engine, from, to, step).await;
        self.end(outcome);
    }

    async fn animate_between(
        &self,
        engine: &Engine,
        from: Option<Moment>,
        to: Option<Moment>,
        step: Step,
    ) -> Result<(), FeedError> {
        let history = engine.history(self.graph);
        let to = match to {
            Some(to) => to,
            None => Moment::Version(history.now().await?.head.version),
        };
        let mut animation = history.animate(from, to, step).await?;
        self.open_with(animation.start().view().clone());
        let mut version = animation.start().version();
        while let Some((frame, mutations)) = animation.next_drawn().await? {
            let Frame { place, transaction, transactions, .. } = frame;
            let first_version = std::mem::replace(&mut version, place.head.version) + 1;
            let update = GraphUpdate {
                graph: self.graph,
                origin: Origin::Replay,
                transaction: Some(transaction),
                transactions,
                first_version,
                version,
                cid: Some(place.head.cid),
                timestamp_ns: place.timestamp_ns,
                last_sequence: place.sequence,
                mutations,
            };
            self.push(update).await.map_err(|Closed| FeedError::Ended)?;
        }
        Ok(())
    }
}

impl Drop for Feed {
    /// Where nobody said how it ended, whatever fed it is gone.
    fn drop(&mut self) {
        self.end(Err(FeedError::Ended));
    }
}

/// A graph that says what its events did to it.
struct Replica {
    lane: Arc<Feed>,
    origin: Origin,
    draft: Mutex<GraphAggregate>,
    reader: GraphReader,
}

impl Replica {
    fn new(lane: &Arc<Feed>, origin: Origin, draft: GraphAggregate, reader: GraphReader) -> Self {
        Self { lane: Arc::clone(lane), origin, draft: Mutex::new(draft), reader }
    }

    /// Applies a transaction, whole or not at all, and says what it did.
    fn update(&self, transaction: GraphTransaction) -> Result<GraphUpdate, SinkError> {
        let GraphTransaction { graph, transaction, first_version, head, timestamp_ns, last_sequence, events } =
            transaction;
        let mut draft = self.draft.lock();
        assert_eq!(first_version, self.reader.version() + 1, "transactions follow each other");
        let before = draft.savepoint();
        for (version, event) in &events {
            if let Err(misfit) = draft.apply(event, *version) {
                draft.roll_back(before);
                return Err(misfit.into());
            }
        }
        let mutations = draft.mutations();
        draft.publish(head, timestamp_ns);
        drop(draft);
        Ok(GraphUpdate {
            graph,
            origin: self.origin,
            transaction: Some(transaction),
            transactions: 1,
            first_version,
            version: head.version,
            cid: Some(head.cid),
            timestamp_ns,
            last_sequence,
            mutations,
        })
    }
}

#[async_trait]
impl GraphSink for Replica {
    async fn version(&self, _graph: GraphId) -> Result<u64, SinkError> {
        Ok(self.reader.version())
    }

    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError> {
        let update = self.update(transaction)?;
        Ok(self.lane.push(update).await?)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("id", &self.id).field("graph", &self.graph).finish_non_exhaustive()
    }
}
