//! A store, a folder for its shelf, and engines on both.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cidgraph::shelf::{Contents, GraphShelf, Notice, Shelf, ShelfConfig};
use cidgraph::{
    CommandContext, CommandId, EdgeEntity, Engine, EventStore, GraphCommand, GraphId, GraphMetadata, NodeEntity,
    NodeId, NodeUpdate, Properties, Receipt, Submission, TransformOperation,
};
use cidgraph_store_memory::MemoryStore;

/// Events after which something is taken here.
pub(crate) const INTERVAL: u64 = 10;

/// A store and a folder.
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) graph: GraphId,
    folder: tempfile::TempDir,
    keeps_history: bool,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::over(Arc::new(MemoryStore::new()))
    }

    /// Puts an empty folder beside a store.
    pub(crate) fn over(store: Arc<dyn EventStore>) -> Self {
        let (graph, folder) = (GraphId::named("shelved"), tempfile::tempdir().unwrap());
        Self { store, graph, folder, keeps_history: false, notices: Arc::default() }
    }

    /// Keeps histories too.
    pub(crate) fn keeping_history(self) -> Self {
        Self { keeps_history: true, ..self }
    }

    pub(crate) fn config(&self) -> ShelfConfig {
        let notices = Arc::clone(&self.notices);
        ShelfConfig {
            interval_events: INTERVAL,
            // Nothing is taken but when a graph is closed.
            pause: Duration::from_secs(3600),
            keeps_history: self.keeps_history,
            notify: Arc::new(move |notice| notices.lock().unwrap().push(notice.clone())),
            ..ShelfConfig::new(self.folder.path())
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        Engine::builder(Arc::clone(&self.store)).snapshots(self.config()).build()
    }

    pub(crate) fn shelf(&self) -> GraphShelf {
        Shelf::new(self.config()).graph(self.graph)
    }

    pub(crate) fn contents(&self) -> Contents {
        self.shelf().contents().unwrap()
    }

    /// Returns what was told since it was asked last.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap())
    }

    /// Returns the files that were told not to be used.
    pub(crate) fn skipped(&self) -> Vec<PathBuf> {
        let skipped = |notice| match notice {
            Notice::Skipped { file, .. } => Some(file),
            Notice::Opened { .. }
            | Notice::SnapshotTaken { .. }
            | Notice::LayerTaken { .. }
            | Notice::HistoryTaken { .. }
            | Notice::Failed { .. } => None,
        };
        self.notices().into_iter().filter_map(skipped).collect()
    }

    /// Creates the graph and adds nodes, one a transaction, up to a version.
    pub(crate) async fn fill(&self, engine: &Engine, to: u64) {
        let from = engine.get_graph(self.graph).await.map_or(0, |model| model.version());
        for version in from + 1..=to {
            let command = if version == 1 { create() } else { add(version) };
            self.submit(engine, version, vec![command]).await;
        }
    }

    pub(crate) async fn submit(&self, engine: &Engine, id: u64, commands: Vec<GraphCommand>) -> Receipt {
        let context = CommandContext::new(CommandId::from_u64(id), "tester");
        let submission = Submission { context, commands, expected: None };
        engine.submit(self.graph, submission).await.unwrap()
    }

    /// Returns the state that the store's events alone say.
    pub(crate) async fn replayed(&self) -> [u8; 32] {
        Engine::new(Arc::clone(&self.store)).get_graph(self.graph).await.unwrap().state_hash()
    }

    /// Opens the graph anew from the shelf and returns its state.
    pub(crate) async fn reopened(&self) -> [u8; 32] {
        let engine = self.engine();
        let hash = engine.get_graph(self.graph).await.unwrap().state_hash();
        engine.close().await;
        hash
    }
}

pub(crate) fn create() -> GraphCommand {
    GraphCommand::CreateGraph { metadata: GraphMetadata::named("shelved") }
}

pub(crate) fn person(number: u64) -> NodeEntity {
    let node = NodeEntity::new(NodeId::from_u64(number), "Person");
    node.with("Profile", [("number", (number % 7) as i64)])
}

pub(crate) fn add(number: u64) -> GraphCommand {
    GraphCommand::AddNode { node: person(number) }
}

pub(crate) fn remove(number: u64) -> GraphCommand {
    GraphCommand::RemoveNode { node: NodeId::from_u64(number) }
}

pub(crate) fn connect(source: u64, target: u64) -> GraphCommand {
    let edge = EdgeEntity::new(NodeId::from_u64(source), "knows", NodeId::from_u64(target));
    GraphCommand::ConnectEdge { edge: edge.with_properties([("since", (source + target) as i64 % 5)]) }
}

pub(crate) fn update(number: u64, to: i64) -> GraphCommand {
    let set = Properties::from([("number", to)]);
    let (node, component_type) = (NodeId::from_u64(number), "Profile".into());
    GraphCommand::UpdateNode { update: NodeUpdate { node, component_type, set, unset: Vec::new() } }
}

pub(crate) fn reparent(child: u64, parent: u64) -> GraphCommand {
    let operation = TransformOperation::Reparent(Some(NodeId::from_u64(parent)));
    GraphCommand::TransformNodes { nodes: vec![NodeId::from_u64(child)], operation }
}

/// Changes bytes in the middle of a file, by way of another one: somebody may read it in place.
pub(crate) fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].iter_mut().take(256).for_each(|byte| *byte ^= 0x20);
    let other = path.with_extension("other");
    std::fs::write(&other, bytes).unwrap();
    std::fs::rename(other, path).unwrap();
}
