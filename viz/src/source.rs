//! Where graphs come from: a store that is followed beside the frames, and what is asked of it and written to it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::prelude::*;
use cidgraph::entity::SPATIAL;
use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeCommand, Cid, CommandId, Engine, EventStore, FeedStart, GraphCommand, GraphId,
    GraphMetadata, GraphView, HistoryError, Moment, NodeId, NodeView, Snapshot, SnapshotError, TransformOperation,
};
use cidgraph_cli::command::car::import_events;
use cidgraph_cli::failure::Failure;
use cidgraph_cli::session::graph_id;
use cidgraph_cli::store::{Fsync, Snapshots, StoreKind, StoreOptions};
use cidgraph_store_memory::MemoryStore;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::generate::commands;
use crate::plugin::GraphBridge;
use crate::scene::GraphScene;

/// How often the store is asked which graphs it has.
const LISTING: Duration = Duration::from_secs(1);

/// After how long a store that does not answer is said to.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most graphs that are followed.
pub const FOLLOWED_MAX: usize = 256;

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

/// A store that is followed.
#[derive(Resource)]
pub struct Source {
    runtime: Runtime,
    engine: Engine,
    told: Arc<Mutex<Told>>,
    /// Graphs that were followed, or are left out.
    known: BTreeSet<GraphId>,
    only: Option<String>,
    /// The graph of a snapshot file.
    still: Option<GraphView>,
    /// What takes back which command, the last one last.
    undo: Vec<(CommandId, GraphId, GraphCommand)>,
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
    trouble: Option<String>,
    failure: Option<String>,
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
    /// Opens a place and follows its graphs from their first events, or only the one of an id or a name. A snapshot is put
    /// into `scene` as it stands.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn open(place: &Place, only: Option<&str>, scene: &mut GraphScene) -> Result<(Self, GraphBridge), Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::usage(format!("the system gives no threads: {error}")))?;
        let is_on_servers = matches!(place, Place::Store(options, _) if options.kind == StoreKind::Jetstream);
        let (engine, still) = open_engine(&runtime, place)?;
        if let Some(still) = &still {
            scene.take_view(still.info().graph, still);
        }
        if let Place::Generated(nodes) = place {
            runtime.block_on(generate(&engine, *nodes))?;
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
            still,
            undo: Vec::new(),
            read_only: match place {
                Place::File(_) => Some("a file is only looked at: import it into a store to change it"),
                Place::Store(_, false) => Some("the store was opened to read: give --write to change it"),
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
                bridge.bridge.follow(graph, FeedStart::AfterVersion(0));
            }
        }
        Ok(())
    }

    /// Returns whether something that the store had when it was opened has not been received yet.
    pub fn is_behind(&self, bridge: &GraphBridge) -> bool {
        let told = self.told.lock();
        let feeds = bridge.feeds();
        let version_of =
            |graph| told.graphs.iter().find(|(listed, _)| *listed == graph).map_or(0, |(_, version)| *version);
        feeds.iter().any(|feed| feed.received_version < version_of(feed.graph))
    }

    /// Returns the graph of a snapshot file.
    pub fn still(&self, graph: GraphId) -> Option<GraphView> {
        self.still.clone().filter(|still| still.info().graph == graph)
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
        let (engine, told) = (self.engine.clone(), Arc::clone(&self.told));
        told.lock().node = None;
        let view = bridge.view(graph).or_else(|| self.still(graph)).filter(|view| view.version() == version);
        self.runtime.spawn(async move {
            let history = engine.history(graph);
            let view = match view {
                Some(view) => view,
                None => match history.at(Moment::Version(version)).await {
                    Ok(model) => model.view().clone(),
                    Err(error) => return told.lock().failure = Some(error.to_string()),
                },
            };
            let at = view.at();
            let node = at.find_node(node).map(|node| at.node_view(node));
            let event = match &node {
                Some(node) => history.place(Moment::Version(node.version)).await.ok().map(|place| place.head.cid),
                None => None,
            };
            told.lock().node = Some(AskedNode { node, event });
        });
    }

    /// Returns the node that was asked for last.
    pub fn node(&self) -> Option<AskedNode> {
        self.told.lock().node.clone()
    }

    /// Asks at which version graphs were at a moment, nothing yet being 0; [`take_moment`](Self::take_moment) has those
    /// that have one once they were answered.
    pub fn seek(&self, graphs: Vec<GraphId>, moment: Moment) {
        let (engine, told) = (self.engine.clone(), Arc::clone(&self.told));
        self.runtime.spawn(async move {
            let (mut found, mut failure) = (Vec::new(), None);
            for graph in graphs {
                match engine.history(graph).place(moment).await {
                    Ok(place) => found.push((graph, place.head.version)),
                    Err(HistoryError::BeforeFirst { .. }) => found.push((graph, 0)),
                    Err(error) => failure = Some(error.to_string()),
                }
            }
            let mut told = told.lock();
            told.failure = failure.filter(|_| found.is_empty());
            told.moment = found;
        });
    }

    /// Returns the versions of the moment that was asked for last, once.
    pub fn take_moment(&self) -> Vec<(GraphId, u64)> {
        std::mem::take(&mut self.told.lock().moment)
    }

    /// Returns why the last question or listing failed.
    pub fn failure(&self) -> Option<String> {
        let told = self.told.lock();
        told.trouble.clone().or_else(|| told.failure.clone())
    }

    /// Says on the screen what failed, or that nothing did.
    pub fn say(&self, failure: Option<String>) {
        self.told.lock().failure = failure;
    }

    /// Moves a node by a vector in its graph's space. `had_place` says whether it had a place of its own before, which
    /// [`undo`](Self::undo) then gives back.
    pub fn move_node(&mut self, bridge: &GraphBridge, graph: GraphId, node: NodeId, by: [f64; 3], had_place: bool) {
        let translate =
            |by| GraphCommand::TransformNodes { nodes: vec![node], operation: TransformOperation::Translate(by) };
        let compensation = if had_place {
            translate(by.map(|part| 0.0 - part))
        } else {
            GraphCommand::DetachComponent { node, component_type: SPATIAL.into() }
        };
        if let Some(sent) = self.send(bridge, graph, translate(by)) {
            self.undo.push((sent, graph, compensation));
        }
    }

    /// Writes what takes the last change back; returns false where there is none.
    pub fn undo(&mut self, bridge: &GraphBridge) -> bool {
        let Some((_, graph, command)) = self.undo.pop() else { return false };
        self.send(bridge, graph, command).is_some()
    }

    /// Forgets how to take back a command that was refused.
    pub fn forget(&mut self, command: CommandId) {
        self.undo.retain(|(sent, ..)| *sent != command);
    }

    fn send(&self, bridge: &GraphBridge, graph: GraphId, command: GraphCommand) -> Option<CommandId> {
        if let Some(why) = self.read_only {
            self.say(Some(why.to_owned()));
            return None;
        }
        let sent = bridge.bridge.send_command(BridgeCommand::Graph(graph, command));
        self.say(sent.as_ref().err().map(ToString::to_string));
        sent.ok()
    }
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
        source.say(Some(failure.to_string()));
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

async fn generate(engine: &Engine, nodes: u32) -> Result<(), Failure> {
    let graph = GraphId::named("generated");
    let metadata = GraphMetadata::named("generated");
    engine.command(graph, GraphCommand::CreateGraph { metadata }).await?;
    for command in commands(nodes) {
        engine.command(graph, command).await?;
    }
    Ok(())
}

/// Opens the engine of a place, and the graph of a snapshot file, which has no events.
fn open_engine(runtime: &Runtime, place: &Place) -> Result<(Engine, Option<GraphView>), Failure> {
    let in_memory = || Arc::new(MemoryStore::new()) as Arc<dyn EventStore>;
    let (options, is_writable) = match place {
        Place::Generated(_) => return Ok((Engine::new(in_memory()), None)),
        Place::File(path) => {
            return match Snapshot::map(path) {
                Ok(snapshot) => Ok((Engine::new(in_memory()), Some(snapshot.view()))),
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
