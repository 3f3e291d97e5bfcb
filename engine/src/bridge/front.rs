//! The frame loop's half.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::command::CommandContext;
use crate::engine::Engine;
use crate::graph::GraphDrafts;
use crate::history::{Moment, Step};
use crate::id::{AggregateId, CommandId, GraphId};
use crate::state::GraphView;
use crate::writer::{DraftSource, Submission};

use super::answers::Answers;
use super::command::{BridgeCommand, Order, carry_out};
use super::config::BatchConfig;
use super::error::BridgeError;
use super::event::{BridgeEvent, FeedId, Origin};
use super::feed::{Feed, FeedStart, Progress};
use super::hand_over::{HandOver, Parcel};
use super::local::LocalFeed;
use super::parcel::Waiting;
use super::received::Received;
use super::status::{BridgeCounters, FeedStatus};

/// A frame loop's end of an engine: commands go in, what happened comes out, nothing waits.
///
/// Each graph that is followed is a feed of its own: first [`Opened`](BridgeEvent::Opened) with the graph as it stands,
/// then a [`Changed`](BridgeEvent::Changed) for each transaction, catching up and then live, without gap or repeat. An
/// update is whole: applied, it makes the graph of the end of a transaction, and says which. Several graphs, and the same
/// graph several times, now and in the past, go through one bridge; there may be several bridges.
///
/// **A frame loop that is behind.** Beyond [`max_batch_size`](BatchConfig::max_batch_size) waiting mutations of a feed the
/// next transactions are put together with the last one: all changes of structure, first and in order, then of components,
/// places and properties the last one of each. So the frame loop goes from one end of a transaction to a later one, and
/// never sees a half. A feed of the past puts nothing together. At [`max_pending_events`](BatchConfig::max_pending_events)
/// a feed reads no further from the store until half of that was received: a frame loop may stand still for hours at a
/// bounded price, and finds everything afterwards. [`feeds`](Self::feeds) says how far behind it is.
///
/// **Ends.** Dropping the bridge ends its feeds; commands that were sent are still carried out. Where the runtime ends
/// first, commands are refused, those that were sent are answered, and feeds end with an event that says so.
///
/// ```
/// # use std::sync::Arc;
/// # use cidgraph::{AsyncSyncBridge, BatchConfig, BridgeCommand, BridgeEvent, Engine, FeedStart};
/// # use cidgraph::{GraphCommand, GraphMetadata, GraphMutation, NodeEntity};
/// # use cidgraph_store_memory::MemoryStore;
/// let runtime = tokio::runtime::Runtime::new()?;
/// let engine = Engine::new(Arc::new(MemoryStore::new()));
/// let graph = engine.fresh_graph_id();
/// let mut bridge = AsyncSyncBridge::new(&engine, runtime.handle(), BatchConfig::default());
/// bridge.follow(graph, FeedStart::Now);
/// let metadata = GraphMetadata::named("friends");
/// bridge.send_command(BridgeCommand::Graph(graph, GraphCommand::CreateGraph { metadata }))?;
/// let node = NodeEntity::keyed(graph, "Person", "alice");
/// bridge.send_command(BridgeCommand::Graph(graph, GraphCommand::AddNode { node }))?;
///
/// let mut nodes = 0;
/// while nodes == 0 {
///     // A frame.
///     for event in bridge.receive_events() {
///         match event {
///             BridgeEvent::Opened { view, .. } => nodes = view.at().nodes().count(),
///             BridgeEvent::Changed { update, .. } => {
///                 let added = |mutation: &&GraphMutation| matches!(mutation, GraphMutation::NodeAdded { .. });
///                 nodes += update.mutations.iter().filter(added).count();
///             }
///             BridgeEvent::Answered { outcome, .. } => drop(outcome?),
///             BridgeEvent::Ended { outcome, .. } => outcome?,
///         }
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct AsyncSyncBridge {
    engine: Engine,
    runtime: Handle,
    config: BatchConfig,
    orders: mpsc::Sender<Order>,
    answers: Arc<Answers>,
    hand_over: Arc<HandOver<Waiting>>,
    feeds: BTreeMap<FeedId, Fed>,
    /// Taken and not yet received.
    answered: VecDeque<BridgeEvent>,
    taken: VecDeque<(u64, Waiting)>,
    counters: BridgeCounters,
}

/// What the frame loop knows of a feed.
struct Fed {
    graph: GraphId,
    origin: Origin,
    progress: Arc<Progress>,
    /// Ends the task that feeds; a local feed has none.
    task: Option<AbortHandle>,
    received_version: u64,
    /// Taken when the feed was paused.
    held: VecDeque<Waiting>,
}

impl AsyncSyncBridge {
    /// Makes a bridge whose tasks run on `runtime`, which must have timers.
    pub fn new(engine: &Engine, runtime: &Handle, config: BatchConfig) -> Self {
        let answers = Arc::new(Answers::new(config.max_pending_commands));
        let (orders, ordered) = mpsc::channel(config.max_pending_commands.max(1));
        drop(runtime.spawn(carry_out(engine.clone(), ordered)));
        Self {
            engine: engine.clone(),
            runtime: runtime.clone(),
            config,
            orders,
            answers,
            hand_over: Arc::new(HandOver::new(config.max_pending_events, config.max_batch_size)),
            feeds: BTreeMap::new(),
            answered: VecDeque::new(),
            taken: VecDeque::new(),
            counters: BridgeCounters::default(),
        }
    }

    /// Returns the engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns a fresh context for a transaction of the engine's own actor.
    pub fn context(&self) -> CommandContext {
        self.engine.context()
    }

    /// Sends a command, and returns the id under which its answer comes: each command that is taken is answered once, by
    /// [`Answered`](BridgeEvent::Answered). Commands for one graph are decided in the order in which they are sent.
    ///
    /// # Errors
    /// [`BridgeError::Full`], [`BridgeError::CommandChannelClosed`]; the command was not taken.
    pub fn send_command(&self, command: BridgeCommand) -> Result<CommandId, BridgeError> {
        let (graph, submission) = match command {
            BridgeCommand::Graph(graph, command) => (graph, Submission::one(self.context(), command)),
            BridgeCommand::Transaction(graph, submission) => (graph, submission),
        };
        let id = submission.context.id;
        let promise = self.answers.promise(id, graph)?;
        self.orders.try_send(Order { graph, submission, promise }).map_err(|error| {
            let (order, error) = match error {
                mpsc::error::TrySendError::Closed(order) => (order, BridgeError::CommandChannelClosed),
                mpsc::error::TrySendError::Full(order) => {
                    (order, BridgeError::Full { under_way: self.answers.under_way() })
                }
            };
            order.promise.withdraw();
            error
        })?;
        Ok(id)
    }

    /// Follows a graph.
    pub fn follow(&mut self, graph: GraphId, start: FeedStart) -> FeedId {
        let (feed, progress) = self.feed(graph);
        let id = feed.id;
        let task = self.runtime.spawn(feed.follow(self.engine.clone(), start)).abort_handle();
        self.keep(id, graph, Origin::Live, progress, Some(task))
    }

    /// Reads a stretch of a graph's past: the same events as following it then would have given, one for each transaction.
    /// Without `from` it begins with nothing, without `to` it ends with the last transaction of now.
    pub fn replay(&mut self, graph: GraphId, from: Option<Moment>, to: Option<Moment>) -> FeedId {
        let (feed, progress) = self.feed(graph);
        let id = feed.id;
        let task = self.runtime.spawn(feed.replay(self.engine.clone(), from, to)).abort_handle();
        self.keep(id, graph, Origin::Replay, progress, Some(task))
    }

    /// Reads a stretch of a graph's past step by step: one event for each step in which something happened, with what it
    /// came to in sum. `from` and `to` are as of [`replay`](Self::replay).
    pub fn animate(&mut self, graph: GraphId, from: Option<Moment>, to: Option<Moment>, step: Step) -> FeedId {
        let (feed, progress) = self.feed(graph);
        let id = feed.id;
        let task = self.runtime.spawn(feed.animate(self.engine.clone(), from, to, step)).abort_handle();
        self.keep(id, graph, Origin::Replay, progress, Some(task))
    }

    /// Makes a feed of changes that come from elsewhere than a store; it begins with an empty graph.
    pub fn local(&mut self, graph: GraphId) -> LocalFeed {
        let (feed, progress) = self.feed(graph);
        feed.open(&GraphDrafts::default().fresh(AggregateId::from(graph)).1);
        self.keep(feed.id, graph, Origin::Local, progress, None);
        LocalFeed::new(feed)
    }

    fn feed(&self, graph: GraphId) -> (Feed, Arc<Progress>) {
        let (id, progress) = (FeedId(self.hand_over.open()), Arc::default());
        (Feed::new(id, graph, Arc::clone(&self.hand_over), Arc::clone(&progress)), progress)
    }

    fn keep(
        &mut self,
        id: FeedId,
        graph: GraphId,
        origin: Origin,
        progress: Arc<Progress>,
        task: Option<AbortHandle>,
    ) -> FeedId {
        let fed = Fed { graph, origin, progress, task, received_version: 0, held: VecDeque::new() };
        self.feeds.insert(id, fed);
        id
    }

    /// Ends a feed: nothing comes from it any more. Returns whether there was one; a feed that has ended by itself is gone
    /// once its end was received.
    pub fn stop(&mut self, feed: FeedId) -> bool {
        let Some(fed) = self.feeds.remove(&feed) else { return false };
        self.hand_over.close(feed.0);
        self.taken.retain(|(lane, _)| *lane != feed.0);
        fed.end();
        true
    }

    /// Lets a feed rest: [`receive_events`](Self::receive_events) leaves it out, [`step`](Self::step) does not.
    pub fn pause(&mut self, feed: FeedId) {
        let Some(fed) = self.feeds.get_mut(&feed) else { return };
        self.hand_over.pause(feed.0, true);
        let taken = std::mem::take(&mut self.taken);
        for (lane, waiting) in taken {
            if lane == feed.0 { fed.held.push_back(waiting) } else { self.taken.push_back((lane, waiting)) }
        }
    }

    /// Lets a paused feed go on.
    pub fn resume(&mut self, feed: FeedId) {
        let Some(fed) = self.feeds.get_mut(&feed) else { return };
        self.hand_over.pause(feed.0, false);
        for waiting in std::mem::take(&mut fed.held).into_iter().rev() {
            self.taken.push_front((feed.0, waiting));
        }
    }

    /// Receives the next event of one feed, be it paused or not; `None` where none is there yet.
    pub fn step(&mut self, feed: FeedId) -> Option<BridgeEvent> {
        let fed = self.feeds.get_mut(&feed)?;
        let taken = self.taken.iter().position(|(lane, _)| *lane == feed.0);
        let taken = taken.and_then(|place| self.taken.remove(place)).map(|(_, waiting)| waiting);
        let waiting = fed.held.pop_front().or(taken).or_else(|| self.hand_over.take_one(feed.0))?;
        Some(self.tell(feed, waiting))
    }

    /// Receives what is there, for as long as the configuration says.
    pub fn receive_events(&mut self) -> Received<'_> {
        self.receive_events_within(self.config.batch_timeout)
    }

    /// Receives what is there, for as long as `budget`.
    pub fn receive_events_within(&mut self, budget: Duration) -> Received<'_> {
        Received::within(self, budget)
    }

    /// Returns the next event, taking a batch where nothing is left of the last one.
    pub(super) fn next_event(&mut self) -> Option<BridgeEvent> {
        if self.answered.is_empty() && self.taken.is_empty() {
            self.answers.take(&mut self.answered);
            self.hand_over.take(self.config.max_batch_size.max(1), &mut self.taken);
        }
        if let Some(answered) = self.answered.pop_front() {
            return Some(answered);
        }
        let (lane, waiting) = self.taken.pop_front()?;
        Some(self.tell(FeedId(lane), waiting))
    }

    fn tell(&mut self, feed: FeedId, waiting: Waiting) -> BridgeEvent {
        let event = waiting.into_event(feed, &mut self.counters);
        let version = match &event {
            BridgeEvent::Opened { view, .. } => Some(view.version()),
            BridgeEvent::Changed { update, .. } => Some(update.version),
            BridgeEvent::Ended { .. } | BridgeEvent::Answered { .. } => None,
        };
        match version {
            Some(version) => {
                let fed = self.feeds.get_mut(&feed).expect("a feed is there until its end was received");
                fed.received_version = version;
            }
            None => {
                self.stop(feed);
            }
        }
        event
    }

    /// Returns a feed's graph as far as it was read, which may be beyond what was received; `None` before it has begun, and
    /// where its past is read step by step.
    pub fn view(&self, feed: FeedId) -> Option<GraphView> {
        Some(self.feeds.get(&feed)?.progress.reader.get()?.view())
    }

    /// Returns how each feed is doing.
    pub fn feeds(&self) -> Vec<FeedStatus> {
        self.feeds.iter().map(|(feed, fed)| self.status(*feed, fed)).collect()
    }

    fn status(&self, feed: FeedId, fed: &Fed) -> FeedStatus {
        let depth = self.hand_over.depth(feed.0);
        let taken = self.taken.iter().filter(|(lane, _)| *lane == feed.0).map(|(_, waiting)| waiting);
        FeedStatus {
            feed,
            graph: fed.graph,
            origin: fed.origin,
            followed_version: fed.progress.followed_version.load(Ordering::Relaxed),
            received_version: fed.received_version,
            pending_mutations: depth.weight + taken.chain(&fed.held).map(Parcel::weight).sum::<usize>(),
            waits_for_frame_loop: depth.is_waited_for,
            trouble: fed.progress.trouble.lock().clone(),
        }
    }

    /// Returns what was handed over so far.
    pub const fn counters(&self) -> BridgeCounters {
        self.counters
    }

    /// Returns how many commands were sent whose answer was not received.
    pub fn commands_under_way(&self) -> usize {
        self.answers.under_way() + self.answered.len()
    }
}

impl Fed {
    fn end(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Drop for AsyncSyncBridge {
    fn drop(&mut self) {
        self.hand_over.close_all();
        self.feeds.values().for_each(Fed::end);
    }
}

impl fmt::Debug for AsyncSyncBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncSyncBridge")
            .field("config", &self.config)
            .field("feeds", &self.feeds.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}
