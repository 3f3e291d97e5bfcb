//! A store that is followed, and what is written to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use bevy::ecs::prelude::*;
use cidgraph::entity::SPATIAL;
use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeCommand, CommandId, Engine, FeedStart, GraphCommand, GraphId, GraphView,
    NodeId, TransformOperation,
};
use cidgraph_cli::failure::Failure;
use cidgraph_cli::session::graph_id;
use cidgraph_cli::store::StoreKind;
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::plugin::GraphBridge;
use crate::scene::GraphScene;

use super::ask::Told;
use super::open::{generate, keep_listing, list, open_engine};
use super::place::{Place, Stretch};

/// The most graphs that are followed.
pub const FOLLOWED_MAX: usize = 256;

/// A store that is followed.
#[derive(Resource)]
pub struct Source {
    pub(super) runtime: Runtime,
    pub(super) engine: Engine,
    pub(super) told: Arc<Mutex<Told>>,
    /// Graphs that were followed, or are left out.
    known: BTreeSet<GraphId>,
    only: Option<String>,
    stretch: Option<Stretch>,
    /// The graph of a snapshot file.
    still: Option<GraphView>,
    /// What takes back which command, the last one last.
    undo: Vec<(CommandId, GraphId, GraphCommand)>,
    /// Commands that were not answered yet.
    pub(super) unanswered: BTreeSet<CommandId>,
    /// Why nothing can be changed.
    read_only: Option<&'static str>,
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
