//! The engine and its open graphs.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::algorithm::CancelToken;
use crate::cache::{GraphCache, QueryCache};
use crate::chain::LogVerifier;
use crate::checkpoint::{Audited, CheckpointPolicy, audit_checkpoints};
use crate::clock::{Clock, Ids};
use crate::command::{CommandContext, GraphCommand, Rejected};
use crate::graph::{GraphAggregate, GraphReader};
use crate::history::{GraphHistory, GraphReplayService};
use crate::id::{AggregateId, GraphId};
use crate::ledger::MemoryLedger;
use crate::metrics::{Metrics, MetricsSnapshot, Operation};
use crate::pool::ComponentRegistry;
use crate::read_model::{Answer, GraphQuery, GraphReadModel, QueryError};
use crate::shelf::{Shelf, ShelvedGraphs};
use crate::state::GraphView;
use crate::store::{EventStore, Head};
use crate::value::Name;
use crate::writer::{
    AnswerOf, OpenAggregate, Receipt, Registry, Submission, WriteError, WriterHandle, WriterMetrics, received,
};

use super::builder::EngineBuilder;
use super::checkpoints::Checkpoints;
use super::error::Error;

/// Events that are read and verified at once.
const VERIFIED_AT_ONCE: usize = 4096;

/// An event-sourced graph engine on a store. Clones are the same engine.
///
/// Graphs load on demand and stay open until they are closed, or idle for longer than the writer's configuration says.
/// It needs a tokio runtime with timers.
#[derive(Clone)]
pub struct Engine(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) graphs: Registry<ShelvedGraphs>,
    pub(super) history: GraphReplayService,
    pub(super) checkpoints: Checkpoints,
    pub(super) components: ComponentRegistry,
    pub(super) cache: Arc<QueryCache<GraphQuery, Answer>>,
    pub(super) metrics: Metrics,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) actor: Name,
}

/// Commands in the queue of their graph's writer.
pub(crate) struct Sent<'a> {
    engine: &'a Engine,
    graph: GraphId,
    start_ns: u64,
    answer: AnswerOf<GraphAggregate>,
}

impl Sent<'_> {
    /// Waits for what becomes of them.
    pub(crate) async fn answer(self) -> Result<Receipt, Error> {
        let Self { engine, graph, start_ns, answer } = self;
        let answer = received(answer).await;
        if answer.is_ok() {
            engine.0.metrics.record(Operation::Append, engine.0.since(start_ns));
            engine.0.checkpoint_when_due(graph).await;
        }
        if matches!(answer, Err(WriteError::Rejected { rejection: Rejected::GraphNotFound, .. })) {
            engine.0.graphs.close_unused(AggregateId::from(graph)).await;
        }
        Ok(answer?)
    }
}

impl Engine {
    /// Makes an engine with defaults.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self::builder(store).build()
    }

    /// Starts to set an engine up.
    pub fn builder(store: Arc<dyn EventStore>) -> EngineBuilder {
        EngineBuilder::new(store)
    }

    pub(super) fn of(make: impl FnOnce(&Weak<Inner>) -> Inner) -> Self {
        Self(Arc::new_cyclic(make))
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<dyn EventStore> {
        self.0.graphs.store()
    }

    /// Returns where snapshots of the graphs are kept, if they are.
    pub fn shelf(&self) -> Option<&Shelf> {
        self.0.graphs.source().shelf()
    }

    /// Returns the known component types.
    pub fn components(&self) -> &ComponentRegistry {
        &self.0.components
    }

    /// Returns a fresh context for a command of the engine's own actor.
    pub fn context(&self) -> CommandContext {
        CommandContext::new(self.0.ids.command(), self.0.actor.clone())
    }

    /// Returns an id that no graph has.
    pub fn fresh_graph_id(&self) -> GraphId {
        self.0.ids.graph()
    }

    /// Opens a graph, loading it where it is not in memory.
    ///
    /// # Errors
    /// [`Error::GraphNotFound`]; [`Error::Replay`] where its events cannot be read, verified or understood.
    pub async fn load_graph(&self, graph: GraphId) -> Result<Graph, Error> {
        let aggregate = AggregateId::from(graph);
        let was_open = self.0.graphs.is_open(aggregate);
        let start_ns = self.0.clock.now_ns();
        let open = self.0.graphs.open(aggregate).await?;
        if open.reader.version() == 0 {
            // Asking for graphs that are not there takes no memory.
            self.0.graphs.close_unused(aggregate).await;
            return Err(Error::GraphNotFound { graph });
        }
        if !was_open {
            self.0.metrics.record(Operation::Load, self.0.since(start_ns));
        }
        Ok(Graph { id: graph, open, cached: self.0.cache.graph(graph), engine: Arc::clone(&self.0) })
    }

    /// Returns a graph as it is now.
    ///
    /// # Errors
    /// As of [`load_graph`](Self::load_graph).
    pub async fn get_graph(&self, graph: GraphId) -> Result<GraphReadModel, Error> {
        Ok(self.load_graph(graph).await?.read())
    }

    /// Returns what replays the store's graphs.
    pub fn replay_service(&self) -> &GraphReplayService {
        &self.0.history
    }

    /// Returns a graph's past, without loading the graph of now; [`Graph::history`] is that of an open graph.
    pub fn history(&self, graph: GraphId) -> GraphHistory {
        self.0.history.history(graph)
    }

    /// Decides commands one after another and makes their events durable as one transaction.
    ///
    /// # Errors
    /// [`Error::Write`]: a rule forbids it, others were first too often, the store fails.
    pub async fn submit(&self, graph: GraphId, submission: Submission<GraphCommand>) -> Result<Receipt, Error> {
        self.enqueue(graph, submission).await?.answer().await
    }

    /// Sends commands to the graph's writer, opening it where needed. What is sent to a graph once this has returned is
    /// decided afterwards.
    pub(crate) async fn enqueue(
        &self,
        graph: GraphId,
        submission: Submission<GraphCommand>,
    ) -> Result<Sent<'_>, Error> {
        let start_ns = self.0.clock.now_ns();
        let answer = self.0.graphs.enqueue(AggregateId::from(graph), submission).await?;
        Ok(Sent { engine: self, graph, start_ns, answer })
    }

    /// Decides one command under a fresh id of the engine's own actor.
    ///
    /// # Errors
    /// As of [`submit`](Self::submit).
    pub async fn command(&self, graph: GraphId, command: GraphCommand) -> Result<Receipt, Error> {
        self.submit(graph, Submission::one(self.context(), command)).await
    }

    /// Reads all of a graph's events and verifies every CID and link.
    ///
    /// # Errors
    /// [`Error::Chain`] with the first break, [`Error::Store`], [`Error::GraphNotFound`].
    pub async fn verify_graph(&self, graph: GraphId) -> Result<VerifiedGraph, Error> {
        let aggregate = AggregateId::from(graph);
        let mut verifier = LogVerifier::new();
        let mut events = 0;
        loop {
            let page = self.store().read(aggregate, events + 1, VERIFIED_AT_ONCE).await?;
            if let Some(error) = verifier.push(&page).into_iter().next() {
                return Err(error.into());
            }
            events += page.len() as u64;
            if page.len() < VERIFIED_AT_ONCE {
                break;
            }
        }
        match verifier.tip(aggregate) {
            Some(tip) => Ok(VerifiedGraph { events, head: Head { version: tip.version, cid: tip.cid } }),
            None => Err(Error::GraphNotFound { graph }),
        }
    }

    /// Commits to a graph's state as it is now, whatever the engine was told about checkpoints.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] where its roots cannot be computed, [`Error::Write`] where its event cannot be written.
    pub async fn checkpoint(&self, graph: GraphId) -> Result<Receipt, Error> {
        self.load_graph(graph).await?;
        self.0.checkpoint(graph).await
    }

    /// Commits to a graph's state as it is now where a policy says that this is due, also where it costs much beside what
    /// has changed.
    ///
    /// # Errors
    /// As of [`checkpoint`](Self::checkpoint), and where the events since the last one cannot be read.
    pub async fn checkpoint_where_due(
        &self,
        graph: GraphId,
        policy: &CheckpointPolicy,
    ) -> Result<Option<Receipt>, Error> {
        self.load_graph(graph).await?;
        self.0.checkpoint_where_due(graph, policy).await
    }

    /// Makes the checkpoint that the engine was told to make after what has been written, and that a process which ended
    /// too early has left to be made.
    ///
    /// # Errors
    /// As of [`load_graph`](Self::load_graph).
    pub async fn catch_up_checkpoints(&self, graph: GraphId) -> Result<(), Error> {
        self.load_graph(graph).await?;
        self.0.checkpoint_when_due(graph).await;
        Ok(())
    }

    /// Replays a graph and compares the roots of each of its checkpoints with its events and its state then.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] with the first that does not hold.
    pub async fn audit_checkpoints(&self, graph: GraphId) -> Result<Audited, Error> {
        Ok(audit_checkpoints(self.store(), graph).await?)
    }

    /// Returns what the engine has measured so far.
    pub fn metrics(&self) -> MetricsSnapshot {
        self.0.metrics.snapshot(self.0.cache.statistics(), self.memory())
    }

    /// Returns what the engine's structures take: its open graphs, their writers, the cache, the metrics and what the
    /// store keeps in this process. It looks at every value of the indices, so it is not for every request.
    pub fn memory(&self) -> MemoryLedger {
        let mut ledger = MemoryLedger::default();
        for open in self.0.graphs.in_memory() {
            open.reader.view().enter(&mut ledger);
            open.writer.enter(&mut ledger);
        }
        self.0.cache.enter(&mut ledger, |_, answer| answer.heap_bytes());
        self.0.metrics.enter(&mut ledger);
        self.store().enter(&mut ledger);
        ledger
    }

    /// Closes a graph: what was submitted is finished, and what is missing of its snapshots is taken; then its state leaves
    /// memory.
    pub async fn close_graph(&self, graph: GraphId) {
        self.0.graphs.close(AggregateId::from(graph)).await;
        self.0.checkpoints.forget(graph);
        self.0.cache.forget(graph);
    }

    /// Closes every graph.
    pub async fn close(&self) {
        self.0.graphs.close_all().await;
        self.0.checkpoints.forget_all();
    }

    /// Returns the graphs that are open, in no order.
    pub fn open_graphs(&self) -> Vec<GraphId> {
        self.0.graphs.aggregates().into_iter().map(GraphId::from).collect()
    }
}

/// What verification found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedGraph {
    /// How many events there are.
    pub events: u64,
    /// The last of them.
    pub head: Head,
}

impl Inner {
    /// Returns how long ago it was, 0 where the clock went back.
    fn since(&self, start_ns: u64) -> Duration {
        Duration::from_nanos(self.clock.now_ns().saturating_sub(start_ns))
    }
}

/// An open graph: its writer, its published state, and the answers that are kept of it. Clones are the same graph.
///
/// Once the graph was closed it shows the last state and takes no more commands; the engine opens it again.
#[derive(Clone)]
pub struct Graph {
    id: GraphId,
    open: OpenAggregate<ShelvedGraphs>,
    cached: GraphCache<GraphQuery, Answer>,
    engine: Arc<Inner>,
}

impl Graph {
    /// Returns its id.
    pub const fn id(&self) -> GraphId {
        self.id
    }

    /// Returns the graph as it is now; the view never changes.
    #[inline]
    pub fn view(&self) -> GraphView {
        self.open.reader.view()
    }

    /// Returns the graph as it is now, to be asked.
    pub fn read(&self) -> GraphReadModel {
        GraphReadModel::new(self.view(), self.engine.components.clone())
    }

    /// Returns the graph's past; the state of now needs no replay.
    pub fn history(&self) -> GraphHistory {
        self.engine.history.history(self.id).with_live(self.open.reader.clone())
    }

    /// Answers a query on the graph as it is now, from the cache where nothing that the answer rests on has changed.
    ///
    /// # Errors
    /// As of [`GraphReadModel::query`].
    pub fn query(&self, query: &GraphQuery) -> Result<Arc<Answer>, QueryError> {
        match self.cached.get(query, self.open.reader.version()) {
            Some(answer) => Ok(answer),
            None => self.compute(query, &CancelToken::NEVER),
        }
    }

    /// Answers a query as [`query`](Self::query) does, unless it is cancelled first.
    ///
    /// # Errors
    /// As of [`GraphReadModel::query_until`].
    pub fn query_until(&self, query: &GraphQuery, cancel: &CancelToken) -> Result<Arc<Answer>, QueryError> {
        match self.cached.get(query, self.open.reader.version()) {
            Some(answer) => Ok(answer),
            None => self.compute(query, cancel),
        }
    }

    fn compute(&self, query: &GraphQuery, cancel: &CancelToken) -> Result<Arc<Answer>, QueryError> {
        // Announced before the view is read, so that the cache hears of every change behind it.
        let _computing = self.cached.computing();
        let model = self.read();
        let start_ns = self.engine.clock.now_ns();
        let answer = Arc::new(model.query_until(query, cancel)?);
        self.engine.metrics.record(query.operation(), self.engine.since(start_ns));
        let footprint = model.footprint(query, &answer);
        self.cached.insert(query.clone(), model.version(), &footprint, Arc::clone(&answer));
        Ok(answer)
    }

    /// Returns what shows the graph's published state.
    pub const fn reader(&self) -> &GraphReader {
        &self.open.reader
    }

    /// Returns the graph's writer.
    pub const fn writer(&self) -> &WriterHandle<GraphAggregate> {
        &self.open.writer
    }

    /// Decides commands one after another and makes their events durable as one transaction.
    ///
    /// # Errors
    /// As of [`Engine::submit`]; [`WriteError::Closed`] once the graph was closed.
    pub async fn submit(&self, submission: Submission<GraphCommand>) -> Result<Receipt, WriteError<Rejected>> {
        let start_ns = self.engine.clock.now_ns();
        let receipt = self.open.writer.submit(submission).await?;
        self.engine.metrics.record(Operation::Append, self.engine.since(start_ns));
        let view = self.view();
        if view.version() == receipt.head.version {
            self.engine.metrics.record_event_lag(self.engine.since(view.timestamp_ns()));
        }
        self.engine.checkpoint_when_due(self.id).await;
        Ok(receipt)
    }

    /// Returns what the writer has done since the graph was opened.
    pub fn writer_metrics(&self) -> WriterMetrics {
        self.open.writer.metrics()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("graphs", &self.0.graphs).finish_non_exhaustive()
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("id", &self.id)
            .field("version", &self.open.reader.version())
            .finish_non_exhaustive()
    }
}
