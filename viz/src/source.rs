//! Where graphs come from: a store that is followed beside the frames, and what is asked of it and written to it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::prelude::*;
use cidgraph::entity::SPATIAL;
use cidgraph::history::Step;
use cidgraph::pool::ComponentRegistry;
use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeCommand, Cid, CommandId, Engine, EventStore, FeedStart, GraphCommand, GraphId,
    GraphMetadata, GraphReadModel, GraphView, HistoryError, ManualClock, Moment, NodeId, NodeView, SequentialIds,
    Snapshot, SnapshotError, TransformOperation,
};
use cidgraph_cli::command::car::import_events;
use cidgraph_cli::failure::Failure;
use cidgraph_cli::session::graph_id;
use cidgraph_cli::store::{Fsync, Snapshots, StoreKind, StoreOptions};
use cidgraph_store_memory::MemoryStore;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::destination::Destination;
use crate::generate::commands;
use crate::plugin::GraphBridge;
use crate::scene::GraphScene;

/// How often the store is asked which graphs it has.
const LISTING: Duration = Duration::from_secs(1);

/// After how long a store that does not answer is said to.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most graphs that are followed.
pub const FOLLOWED_MAX: usize = 256;

/// The time of a made-up graph's events: the first second of 2025, UTC.
const GENERATED_AT_NS: u64 = 1_735_689_600_000_000_000;

/// Where graphs come from.
#[derive(Debug, Clone)]
pub enum Place {
    /// A made-up graph of so many nodes, in memory.
    Generated(u32),
    /// A store, and whether it is written to.
    Store(StoreOptions, bool),
    /// A CAR file of events, or a snapshot of one graph.
    File(PathBuf),
}

/// A stretch of the past that is read step by step, instead of following from the first event on.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    /// Where it begins; `None` for the empty graph.
    pub from: Option<Moment>,
    /// Where it ends; `None` for the last transaction that there is.
    pub to: Option<Moment>,
    /// How long a step is.
    pub step: Step,
}

/// A store that is followed.
#[derive(Resource)]
pub struct Source {
    runtime: Runtime,
    engine: Engine,
    told: Arc<Mutex<Told>>,
    /// Graphs that were followed, or are left out.
    known: BTreeSet<GraphId>,
    only: Option<String>,
    stretch: Option<Stretch>,
    /// The graph of a snapshot file.
    still: Option<GraphView>,
    /// What takes back which command, the last one last.
    undo: Vec<(CommandId, GraphId, GraphCommand)>,
    /// Commands that were not answered yet.
    unanswered: BTreeSet<CommandId>,
    /// Why nothing can be changed.
    read_only: Option<&'static str>,
}

/// What the store answered.
#[derive(Debug, Default)]
struct Told {
    /// The store's graphs with their names, and their last versions when they were listed.
    graphs: Vec<(GraphId, u64)>,
    node: Option<AskedNode>,
    moment: Vec<(GraphId, u64)>,
    states: Option<Vec<(GraphId, [u8; 32])>>,
    /// Questions that were not answered yet.
    questions: usize,
    trouble: Option<String>,
    /// Why questions have no answer.
    mistakes: Vec<String>,
}

/// A node as it was at a version.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedNode {
    /// The node; `None` where there was none.
    pub node: Option<NodeView>,
    /// The last event that changed it.
    pub event: Option<Cid>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("known", &self.known).finish_non_exhaustive()
    }
}

impl Source {
    /// Opens a place and follows its graphs from their first events, or reads a stretch of their past; or only the graph of
    /// an id or a name. A snapshot is put into `scene` as it stands.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(
        place: &Place,
        only: Option<&str>,
        stretch: Option<Stretch>,
        scene: &mut GraphScene,
    ) -> Result<(Self, GraphBridge), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::usage(format!("the system gives no threads: {error}")))?;
        let is_on_servers = matches!(place, Place::Store(options, _) if options.kind == StoreKind::Jetstream);
        let (engine, still) = open_engine(&runtime, place)?;
        if let Some(still) = &still {
            scene.take_view(still.info().graph, still);
        }
        if let Place::Generated(nodes) = place {
            runtime.block_on(generate(engine.store(), *nodes))?;
        }
        let config = BatchConfig { max_batch_size: usize::MAX, ..BatchConfig::default() };
        let bridge = GraphBridge::new(AsyncSyncBridge::new(&engine, runtime.handle(), config), is_on_servers);
        let told = Arc::<Mutex<Told>>::default();
        told.lock().graphs = runtime.block_on(list(&engine))?;
        let mut source = Self {
            runtime,
            engine,
            told,
            known: BTreeSet::new(),
            only: only.map(str::to_owned),
            stretch,
            still,
            undo: Vec::new(),
            unanswered: BTreeSet::new(),
            read_only: match place {
                Place::File(_) => Some("a file is only looked at: import it into a store to change it"),
                Place::Store(_, false) => Some("the store was opened to read: give --write to change it"),
                Place::Store(_, true) | Place::Generated(_) if stretch.is_some() => Some(
                    "the past is read in steps, and nothing behind it would be shown: leave --step out to change it",
                ),
                Place::Store(_, true) | Place::Generated(_) => None,
            },
        };
        let mut bridge = bridge;
        source.follow_listed(&mut bridge)?;
        source.runtime.spawn(keep_listing(source.engine.clone(), Arc::clone(&source.told)));
        Ok((source, bridge))
    }

    /// Follows the graphs that the store has and that are not followed yet.
    ///
    /// # Errors
    /// Where only one graph is wanted, and the store has none of its name.
    fn follow_listed(&mut self, bridge: &mut GraphBridge) -> Result<(), Failure> {
        let wanted = self.only.as_deref().map(graph_id);
        let listed = self.told.lock().graphs.clone();
        if let Some(wanted) = wanted.filter(|wanted| !listed.iter().any(|(graph, _)| graph == wanted)) {
            let name = self.only.clone().unwrap_or_else(|| wanted.to_string());
            return Err(Failure::usage(format!("no graph {name:?} in the store: `cidgraph graphs` lists them")));
        }
        for (graph, _) in listed {
            let is_wanted = wanted.is_none_or(|wanted| wanted == graph) && self.known.len() < FOLLOWED_MAX;
            if is_wanted && self.known.insert(graph) {
                match self.stretch {
                    Some(Stretch { from, to, step }) => bridge.bridge.animate(graph, from, to, step),
                    None => bridge.bridge.follow(graph, FeedStart::AfterVersion(0)),
                };
            }
        }
        Ok(())
    }

    /// Returns whether something that the store had when it was opened has not been received yet.
    pub fn is_behind(&self, bridge: &GraphBridge) -> bool {
        let told = self.told.lock();
        let mut followed = told.graphs.iter().filter(|(graph, _)| self.known.contains(graph));
        followed.any(|(graph, version)| bridge.is_before(*graph, *version))
    }

    /// Returns the graph of a snapshot file.
    pub fn still(&self, graph: GraphId) -> Option<GraphView> {
        self.still.clone().filter(|still| still.info().graph == graph)
    }

    /// Returns whether this is a snapshot, which has one version.
    pub const fn is_still(&self) -> bool {
        self.still.is_some()
    }

    /// Returns how many graphs the store has, and how many of them are followed.
    pub fn graphs(&self) -> (usize, usize) {
        (self.told.lock().graphs.len(), self.known.len())
    }

    /// Returns the engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Asks for a node as it was at a version; [`node`](Self::node) has it once it was answered.
    pub fn ask(&self, bridge: &GraphBridge, graph: GraphId, node: NodeId, version: u64) {
        let view = bridge.view(graph).or_else(|| self.still(graph)).filter(|view| view.version() == version);
        let engine = self.engine.clone();
        self.told.lock().node = None;
        self.question(
            async move { asked_node(&engine, graph, node, version, view).await },
            |told, answer| match answer {
                Ok(node) => told.node = Some(node),
                Err(error) => told.mistakes.push(error.to_string()),
            },
        );
    }

    /// Returns the node that was asked for last.
    pub fn node(&self) -> Option<AskedNode> {
        self.told.lock().node.clone()
    }

    /// Asks at which version graphs were at a moment, nothing yet being 0; [`take_moment`](Self::take_moment) has those
    /// that have one once they were answered.
    pub fn seek(&self, graphs: Vec<GraphId>, moment: Destination) {
        let engine = self.engine.clone();
        let places = async move {
            let (mut found, mut mistake) = (Vec::new(), None);
            for graph in graphs {
                match moment.version_in(&engine.history(graph)).await {
                    Ok(version) => found.push((graph, version)),
                    Err(error) => mistake = Some(error.to_string()),
                }
            }
            (found, mistake)
        };
        self.question(places, |told, (found, mistake)| {
            told.mistakes.extend(mistake.filter(|_| found.is_empty()));
            told.moment = found;
        });
    }

    /// Asks for the hashes of the states that graphs were in at versions; [`take_states`](Self::take_states) has them once
    /// they were answered. Of a snapshot it is that of its version, whichever is asked for.
    pub fn ask_states(&self, bridge: Option<&GraphBridge>, versions: Vec<(GraphId, u64)>) {
        let known = |(graph, version): (GraphId, u64)| {
            let followed = bridge.and_then(|bridge| bridge.view(graph)).filter(|view| view.version() == version);
            (graph, version, followed.or_else(|| self.still(graph)))
        };
        let known: Vec<_> = versions.into_iter().map(known).collect();
        let engine = self.engine.clone();
        let states = async move {
            let (mut states, mut mistakes) = (Vec::new(), Vec::new());
            for (graph, version, view) in known {
                let model = match view {
                    Some(view) => Ok(GraphReadModel::new(view, ComponentRegistry::default())),
                    None => engine.history(graph).at(Moment::Version(version)).await,
                };
                match model {
                    Ok(model) => states.push((graph, model.state_hash())),
                    Err(HistoryError::BeforeFirst { .. }) => {}
                    Err(error) => mistakes.push(error.to_string()),
                }
            }
            (states, mistakes)
        };
        self.question(states, |told, (states, mistakes)| {
            told.states = Some(states);
            told.mistakes.extend(mistakes);
        });
    }

    /// Returns the hashes that were asked for last, once; a graph that was empty before its first event has none.
    pub fn take_states(&self) -> Option<Vec<(GraphId, [u8; 32])>> {
        self.told.lock().states.take()
    }

    /// Asks something beside the frames.
    fn question<A: Send>(
        &self,
        question: impl Future<Output = A> + Send + 'static,
        tell: impl FnOnce(&mut Told, A) + Send + 'static,
    ) {
        let told = Arc::clone(&self.told);
        told.lock().questions += 1;
        self.runtime.spawn(async move {
            let answer = question.await;
            let mut told = told.lock();
            told.questions -= 1;
            tell(&mut told, answer);
        });
    }

    /// Returns the versions of the moment that was asked for last, once.
    pub fn take_moment(&self) -> Vec<(GraphId, u64)> {
        std::mem::take(&mut self.told.lock().moment)
    }

    /// Returns whether a question or a command has not been answered yet, or an answer has not been taken.
    pub fn is_waiting(&self) -> bool {
        let told = self.told.lock();
        let is_answered = !told.mistakes.is_empty() || !told.moment.is_empty() || told.states.is_some();
        !self.unanswered.is_empty() || told.questions > 0 || is_answered
    }

    /// Returns why the store does not answer.
    pub fn trouble(&self) -> Option<String> {
        self.told.lock().trouble.clone()
    }

    /// Returns why questions have no answer, each once.
    pub fn take_mistakes(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().mistakes)
    }

    /// Moves a node by a vector in its graph's space. `had_place` says whether it had a place of its own before, which
    /// [`undo`](Self::undo) then gives back.
    ///
    /// # Errors
    /// Why the command cannot be sent.
    pub fn move_node(
        &mut self,
        bridge: &GraphBridge,
        graph: GraphId,
        node: NodeId,
        by: [f64; 3],
        had_place: bool,
    ) -> Result<(), String> {
        let translate =
            |by| GraphCommand::TransformNodes { nodes: vec![node], operation: TransformOperation::Translate(by) };
        let compensation = if had_place {
            translate(by.map(|part| 0.0 - part))
        } else {
            GraphCommand::DetachComponent { node, component_type: SPATIAL.into() }
        };
        let sent = self.send(bridge, graph, translate(by))?;
        self.undo.push((sent, graph, compensation));
        Ok(())
    }

    /// Writes what takes the last change back.
    ///
    /// # Errors
    /// Why the command cannot be sent, or that nothing was changed.
    pub fn undo(&mut self, bridge: &GraphBridge) -> Result<(), String> {
        let (_, graph, command) = self.undo.pop().ok_or("nothing was changed that could be taken back")?;
        self.send(bridge, graph, command).map(drop)
    }

    /// Takes over that a command was answered; one that was refused cannot be taken back.
    pub fn note_answer(&mut self, command: CommandId, is_refused: bool) {
        self.unanswered.remove(&command);
        if is_refused {
            self.undo.retain(|(sent, ..)| *sent != command);
        }
    }

    fn send(&mut self, bridge: &GraphBridge, graph: GraphId, command: GraphCommand) -> Result<CommandId, String> {
        if let Some(why) = self.read_only {
            return Err(why.to_owned());
        }
        let sent = bridge.bridge.send_command(BridgeCommand::Graph(graph, command));
        let sent = sent.map_err(|error| error.to_string())?;
        self.unanswered.insert(sent);
        Ok(sent)
    }
}

/// Returns a node as it was at a version: in `view`, where that is the version's.
async fn asked_node(
    engine: &Engine,
    graph: GraphId,
    node: NodeId,
    version: u64,
    view: Option<GraphView>,
) -> Result<AskedNode, HistoryError> {
    let view = match view {
        Some(view) => view,
        None => match engine.history(graph).at(Moment::Version(version)).await {
            Ok(model) => model.view().clone(),
            Err(HistoryError::BeforeFirst { .. }) => return Ok(AskedNode { node: None, event: None }),
            Err(error) => return Err(error),
        },
    };
    let at = view.at();
    let node = at.find_node(node).map(|node| at.node_view(node));
    let event = match &node {
        // It may stand within a transaction, which no moment does.
        Some(node) => {
            let read = engine.store().read(graph.into(), node.version, 1).await;
            read.ok().and_then(|read| read.first().map(|stored| stored.event.cid))
        }
        None => None,
    };
    Ok(AskedNode { node, event })
}

/// Follows graphs that are new in the store.
pub fn follow_new_graphs(source: Option<ResMut<Source>>, bridge: Option<ResMut<GraphBridge>>) {
    let (Some(mut source), Some(mut bridge)) = (source, bridge) else { return };
    let (listed, known) = source.graphs();
    let is_open = source.only.is_none() && known < FOLLOWED_MAX;
    if listed > known
        && is_open
        && let Err(failure) = source.bypass_change_detection().follow_listed(&mut bridge)
    {
        source.told.lock().mistakes.push(failure.to_string());
    }
}

async fn list(engine: &Engine) -> Result<Vec<(GraphId, u64)>, Failure> {
    let listed = engine.store().list().await?;
    Ok(listed.into_iter().map(|(aggregate, head)| (GraphId::from(aggregate), head.version)).collect())
}

async fn keep_listing(engine: Engine, told: Arc<Mutex<Told>>) {
    loop {
        tokio::time::sleep(LISTING).await;
        match tokio::time::timeout(PATIENCE, list(&engine)).await {
            Ok(Ok(graphs)) => {
                let mut told = told.lock();
                (told.graphs, told.trouble) = (graphs, None);
            }
            Ok(Err(failure)) => told.lock().trouble = Some(format!("the store does not answer: {failure}")),
            Err(_) => told.lock().trouble = Some(format!("the store has not answered for {} s", PATIENCE.as_secs())),
        }
    }
}

/// Writes a made-up graph into a store, always with the same events.
async fn generate(store: &Arc<dyn EventStore>, nodes: u32) -> Result<(), Failure> {
    let engine = Engine::builder(Arc::clone(store))
        .clock(Arc::new(ManualClock::at(GENERATED_AT_NS)))
        .ids(Arc::new(SequentialIds::new(*GraphId::named("generated").as_bytes())))
        .build();
    let graph = GraphId::named("generated");
    let metadata = GraphMetadata::named("generated");
    engine.command(graph, GraphCommand::CreateGraph { metadata }).await?;
    for command in commands(nodes) {
        engine.command(graph, command).await?;
    }
    engine.close().await;
    Ok(())
}

/// Opens the engine of a place, and the graph of a snapshot file, which has no events.
fn open_engine(runtime: &Runtime, place: &Place) -> Result<(Engine, Option<GraphView>), Failure> {
    let in_memory = || Arc::new(MemoryStore::new()) as Arc<dyn EventStore>;
    let (options, is_writable) = match place {
        Place::Generated(_) => return Ok((Engine::new(in_memory()), None)),
        Place::File(path) => {
            return match Snapshot::map(path) {
                Ok(snapshot) => {
                    // Once it is drawn, nobody is there to be told of a page that does not hold.
                    let file = || path.display().to_string();
                    snapshot.verify().map_err(|source| Failure::SnapshotFile { file: file(), source })?;
                    Ok((Engine::new(in_memory()), Some(snapshot.view())))
                }
                Err(SnapshotError::Foreign) => {
                    let (store, _) = import_events(runtime.handle(), path, || Ok(in_memory()), |_| Ok(()))?;
                    Ok((Engine::new(store), None))
                }
                Err(source) => Err(Failure::SnapshotFile { file: path.display().to_string(), source }),
            };
        }
        Place::Store(options, is_writable) => (options, *is_writable),
    };
    options.check()?;
    let store = runtime.block_on(async {
        if is_writable { options.open_to_write(Fsync::Interval).await } else { options.open_to_read().await }
    })?;
    let _guard = runtime.enter();
    Ok((options.engine(store, Snapshots::Use).build(), None))
}
