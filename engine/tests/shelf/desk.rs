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
pub const INTERVAL: u64 = 10;

/// A store and a folder.
pub struct Desk {
    pub store: Arc<dyn EventStore>,
    pub graph: GraphId,
    folder: tempfile::TempDir,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            graph: GraphId::named("shelved"),
            folder: tempfile::tempdir().unwrap(),
            notices: Arc::default(),
        }
    }

    pub fn config(&self) -> ShelfConfig {
        let notices = Arc::clone(&self.notices);
        ShelfConfig {
            interval_events: INTERVAL,
            pause: Duration::ZERO,
            notify: Arc::new(move |notice| notices.lock().unwrap().push(notice.clone())),
            ..ShelfConfig::new(self.folder.path())
        }
    }

    pub fn engine(&self) -> Engine {
        Engine::builder(Arc::clone(&self.store)).snapshots(self.config()).build()
    }

    pub fn shelf(&self) -> GraphShelf {
        Shelf::new(self.config()).graph(self.graph)
    }

    pub fn contents(&self) -> Contents {
        self.shelf().contents().unwrap()
    }

    /// Returns what was told since it was asked last.
    pub fn notices(&self) -> Vec<Notice> {
        std::mem::take(&mut *self.notices.lock().unwrap())
    }

    /// Returns the files that were told not to be used.
    pub fn skipped(&self) -> Vec<PathBuf> {
        let skipped = |notice| match notice {
            Notice::Skipped { file, .. } => Some(file),
            _ => None,
        };
        self.notices().into_iter().filter_map(skipped).collect()
    }

    /// Creates the graph and adds nodes, one a transaction, up to a version.
    pub async fn fill(&self, engine: &Engine, to: u64) {
        let from = engine.get_graph(self.graph).await.map_or(0, |model| model.version());
        for version in from + 1..=to {
            let command = if version == 1 { create() } else { add(version) };
            self.submit(engine, version, vec![command]).await;
        }
    }

    pub async fn submit(&self, engine: &Engine, id: u64, commands: Vec<GraphCommand>) -> Receipt {
        let context = CommandContext::new(CommandId::from_u64(id), "tester");
        let submission = Submission { context, commands, expected: None };
        engine.submit(self.graph, submission).await.unwrap()
    }

    /// Returns the state that the store's events alone say.
    pub async fn replayed(&self) -> [u8; 32] {
        Engine::new(Arc::clone(&self.store)).get_graph(self.graph).await.unwrap().state_hash()
    }

    /// Opens the graph anew from the shelf and returns its state.
    pub async fn reopened(&self) -> [u8; 32] {
        let engine = self.engine();
        let hash = engine.get_graph(self.graph).await.unwrap().state_hash();
        engine.close().await;
        hash
    }
}

pub fn create() -> GraphCommand {
    GraphCommand::CreateGraph { metadata: GraphMetadata::named("shelved") }
}

pub fn add(number: u64) -> GraphCommand {
    let node = NodeEntity::new(NodeId::from_u64(number), "Person");
    GraphCommand::AddNode { node: node.with("Profile", [("number", (number % 7) as i64)]) }
}

pub fn remove(number: u64) -> GraphCommand {
    GraphCommand::RemoveNode { node: NodeId::from_u64(number) }
}

pub fn connect(source: u64, target: u64) -> GraphCommand {
    let edge = EdgeEntity::new(NodeId::from_u64(source), "knows", NodeId::from_u64(target));
    GraphCommand::ConnectEdge { edge: edge.with_properties([("since", (source + target) as i64 % 5)]) }
}

pub fn update(number: u64, to: i64) -> GraphCommand {
    let set = Properties::from([("number", to)]);
    let (node, component_type) = (NodeId::from_u64(number), "Profile".into());
    GraphCommand::UpdateNode { update: NodeUpdate { node, component_type, set, unset: Vec::new() } }
}

pub fn reparent(child: u64, parent: u64) -> GraphCommand {
    let operation = TransformOperation::Reparent(Some(NodeId::from_u64(parent)));
    GraphCommand::TransformNodes { nodes: vec![NodeId::from_u64(child)], operation }
}

/// Changes a byte in the middle of a file.
pub fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x20;
    std::fs::write(path, bytes).unwrap();
}
