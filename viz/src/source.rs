//! Where graphs come from: a store that is followed beside the frames, and what is asked of it and written to it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy::ecs::resource::Resource;
use cidgraph::entity::SPATIAL;
use cidgraph::subscription::Following;
use cidgraph::{
    Engine, EventStore, GraphCommand, GraphEventProcessor, GraphId, GraphMetadata, NodeId, NodeView, StoreError,
    StreamFilter, TransformOperation,
};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use parking_lot::Mutex;
use tokio::runtime::Runtime;

use crate::generate::commands;
use crate::plugin::{EventSource, GraphInbox};

/// How often what was written to a folder is brought to the disk.
const FSYNC: Duration = Duration::from_secs(1);

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A made-up graph of so many nodes, in memory.
    Generated(u32),
    /// The folder of an embedded store; whether it is written to.
    Folder(PathBuf, bool),
    /// Servers of NATS JetStream, by their addresses.
    Servers(Vec<String>),
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The generated graph was not taken.
    #[error(transparent)]
    Engine(#[from] cidgraph::Error),
    /// There is no runtime.
    #[error("no runtime can be started")]
    Runtime(#[from] std::io::Error),
}

/// A store that is followed.
#[derive(Resource)]
pub struct Source {
    runtime: Runtime,
    engine: Engine,
    following: Mutex<Following>,
    told: Arc<Mutex<Told>>,
    undo: Vec<(GraphId, GraphCommand)>,
}

/// What the store answered.
#[derive(Debug, Default)]
struct Told {
    node: Option<NodeView>,
    failure: Option<String>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("following", &self.following).finish_non_exhaustive()
    }
}

impl Source {
    /// Opens a place and follows all its graphs. The inbox is what a view takes their transactions from.
    ///
    /// # Errors
    /// [`SourceError`].
    pub fn open(place: &Place) -> Result<(Self, GraphInbox), SourceError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let source: fn(u64) -> EventSource = match place {
            Place::Servers(_) => |sequence| EventSource::Nats { sequence },
            Place::Generated(_) | Place::Folder(..) => |_| EventSource::Local,
        };
        let (inbox, sink) = GraphInbox::new(source);
        let (engine, following) = runtime.block_on(async {
            let store = open_store(place).await?;
            let engine = Engine::new(Arc::clone(&store));
            if let Place::Generated(nodes) = place {
                let graph = engine.create_graph(GraphMetadata::named("generated")).await?;
                for command in commands(*nodes) {
                    engine.command(graph, command).await?;
                }
            }
            let processor = GraphEventProcessor::after(store, Arc::new(sink), StreamFilter::All, 0);
            Ok::<_, SourceError>((engine, processor.spawn()))
        })?;
        let source = Self { runtime, engine, following: Mutex::new(following), told: Arc::default(), undo: Vec::new() };
        Ok((source, inbox))
    }

    /// Returns the last sequence that the store holds.
    ///
    /// # Errors
    /// Where the store does not say it.
    pub fn last_sequence(&self) -> Result<u64, SourceError> {
        Ok(self.runtime.block_on(self.engine.store().last_sequence())?)
    }

    /// Returns the sequence up to which everything was sent to the inbox.
    pub fn position(&self) -> u64 {
        self.following.lock().position()
    }

    /// Asks for a node as it is now; [`node`](Self::node) has it once it was answered.
    pub fn ask(&self, graph: GraphId, node: NodeId) {
        let (engine, told) = (self.engine.clone(), Arc::clone(&self.told));
        told.lock().node = None;
        self.runtime.spawn(async move {
            match engine.get_graph(graph).await {
                Ok(graph) => told.lock().node = graph.node(node),
                Err(error) => told.lock().failure = Some(error.to_string()),
            }
        });
    }

    /// Returns the node that was asked for last.
    pub fn node(&self) -> Option<NodeView> {
        self.told.lock().node.clone()
    }

    /// Returns why the last command or question failed, or a graph is followed no further.
    pub fn failure(&self) -> Option<String> {
        let failures = self.following.lock().failures();
        let lost = failures.first().map(|(graph, error)| format!("graph {graph}: {error}"));
        lost.or_else(|| self.told.lock().failure.clone())
    }

    /// Moves a node by a vector in its graph's space. `had_place` says whether it had a place of its own before, which
    /// [`undo`](Self::undo) then gives back.
    pub fn move_node(&mut self, graph: GraphId, node: NodeId, by: [f64; 3], had_place: bool) {
        let translate =
            |by| GraphCommand::TransformNodes { nodes: vec![node], operation: TransformOperation::Translate(by) };
        let compensation = if had_place {
            translate(by.map(|part| 0.0 - part))
        } else {
            GraphCommand::DetachComponent { node, component_type: SPATIAL.into() }
        };
        self.undo.push((graph, compensation));
        self.write(graph, translate(by));
    }

    /// Writes what takes the last change back; returns false where there is none.
    pub fn undo(&mut self) -> bool {
        let Some((graph, command)) = self.undo.pop() else { return false };
        self.write(graph, command);
        true
    }

    fn write(&self, graph: GraphId, command: GraphCommand) {
        let (engine, told) = (self.engine.clone(), Arc::clone(&self.told));
        self.runtime.spawn(async move {
            told.lock().failure = engine.command(graph, command).await.err().map(|error| error.to_string());
        });
    }
}

async fn open_store(place: &Place) -> Result<Arc<dyn EventStore>, StoreError> {
    Ok(match place {
        Place::Generated(_) => Arc::new(MemoryStore::new()),
        Place::Folder(folder, true) => Arc::new(MemoryStore::open(folder, FsyncPolicy::Interval(FSYNC))?),
        Place::Folder(folder, false) => Arc::new(MemoryStore::open_read_only(folder)?),
        Place::Servers(urls) => {
            let mut config = JetStreamConfig::load(None, std::env::vars_os()).map_err(StoreError::from)?;
            config.urls.clone_from(urls);
            Arc::new(JetStreamStore::open(config).await?)
        }
    })
}
