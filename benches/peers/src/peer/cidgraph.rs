//! Cidgraph live: the engine on a journal on disk, every element an event or part of one, chained and verified.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cidgraph::algorithm::Direction;
use cidgraph::{
    Answer, Criterion, EdgeEntity, Engine, Graph, GraphCommand, GraphId, GraphMetadata, GraphQuery, GraphReadModel,
    NodeEntity, NodeId, Properties, Snapshot, Submission, Value,
};
use cidgraph_harness::section::settle;
use cidgraph_harness::workload::VISUAL;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use tokio::runtime::Runtime;

use super::Peer;
use crate::Outcome;
use crate::data::Node;

/// How many elements one command brings.
const BATCH: usize = 5_000;

/// The name of the snapshot file that the engine leaves.
pub(super) const SNAPSHOT: &str = "graph.snapshot";

/// An engine with one open graph.
pub(crate) struct Cidgraph {
    home: PathBuf,
    runtime: Runtime,
    engine: Engine,
    graph: Option<Graph>,
}

impl Cidgraph {
    pub(crate) fn new(home: &Path) -> Outcome<Self> {
        let runtime = Runtime::new()?;
        let entered = runtime.enter();
        let store = MemoryStore::open(home.join("journal"), FsyncPolicy::Never)?;
        let engine = Engine::new(Arc::new(store));
        drop(entered);
        Ok(Self { home: home.to_owned(), runtime, engine, graph: None })
    }

    fn submit(&self, command: GraphCommand) -> Outcome<()> {
        let submission = Submission::one(self.engine.context(), command);
        self.runtime.block_on(self.engine.submit(graph_id(), submission))?;
        Ok(())
    }

    fn model(&self) -> Outcome<GraphReadModel> {
        Ok(self.graph.as_ref().ok_or("the graph is open")?.read())
    }
}

pub(super) fn graph_id() -> GraphId {
    GraphId::named("peers")
}

pub(super) fn node_id(node: u32) -> NodeId {
    NodeId::from_u64(u64::from(node) + 1)
}

impl Peer for Cidgraph {
    fn load(
        &mut self,
        nodes: &mut dyn Iterator<Item = Node>,
        edges: &mut dyn Iterator<Item = (u32, u32)>,
    ) -> Outcome<()> {
        self.submit(GraphCommand::CreateGraph { metadata: GraphMetadata::named("peers") })?;
        let mut nodes = (0..).zip(nodes).peekable();
        while nodes.peek().is_some() {
            let entity = |(number, node): (u32, Node)| {
                let properties = Properties::from_iter([
                    ("color", Value::text(node.color())),
                    ("score", Value::Int(i64::from(node.score))),
                ]);
                let entity =
                    NodeEntity { id: node_id(number), kind: node.kind().into(), key: None, components: Vec::new() };
                entity.with(VISUAL, properties)
            };
            self.submit(GraphCommand::AddNodes { nodes: nodes.by_ref().take(BATCH).map(entity).collect() })?;
        }
        let mut edges = edges.peekable();
        while edges.peek().is_some() {
            let entity = |(source, target)| EdgeEntity::new(node_id(source), "knows", node_id(target));
            self.submit(GraphCommand::ConnectEdges { edges: edges.by_ref().take(BATCH).map(entity).collect() })?;
        }
        let graph = self.runtime.block_on(self.engine.load_graph(graph_id()))?;
        self.runtime.block_on(settle(&graph));
        Snapshot::write(&graph.view(), self.engine.components(), self.home.join(SNAPSHOT))?;
        self.graph = Some(graph);
        Ok(())
    }

    fn open(&mut self) -> Outcome<bool> {
        self.graph = Some(self.runtime.block_on(self.engine.load_graph(graph_id()))?);
        Ok(true)
    }

    fn point(&self, node: u32) -> Outcome<u64> {
        point(&self.model()?, node)
    }

    fn count(&self, kind: &str, color: &str) -> Outcome<u64> {
        Ok(count(&self.model()?, kind, color))
    }

    fn two_hop(&self, node: u32) -> Outcome<u64> {
        two_hop(&self.model()?, node)
    }

    fn path(&self, from: u32, to: u32) -> Outcome<Option<u64>> {
        path(&self.model()?, from, to)
    }
}

pub(super) fn point(model: &GraphReadModel, node: u32) -> Outcome<u64> {
    let found = model.get(node_id(node)).ok_or("the node is there")?;
    match (found.property(VISUAL, "color"), found.property(VISUAL, "score")) {
        (Some(Value::Text(color)), Some(Value::Int(score))) => Ok(Node::answer(&color, score)),
        other => Err(format!("{other:?}").into()),
    }
}

pub(super) fn count(model: &GraphReadModel, kind: &str, color: &str) -> u64 {
    model.count(&Criterion::kind(kind).and(Criterion::equals(VISUAL, "color", color))) as u64
}

pub(super) fn two_hop(model: &GraphReadModel, node: u32) -> Outcome<u64> {
    let query =
        GraphQuery::Neighborhood { node: node_id(node), hops: 2, direction: Direction::Outgoing, edge_kind: None };
    match model.query(&query)? {
        Answer::Levels(found) => Ok(found.len() as u64 - 1),
        other => Err(format!("{other:?}").into()),
    }
}

pub(super) fn path(model: &GraphReadModel, from: u32, to: u32) -> Outcome<Option<u64>> {
    let query = GraphQuery::ShortestPath {
        source: node_id(from),
        target: node_id(to),
        direction: Direction::Outgoing,
        edge_kind: None,
    };
    match model.query(&query)? {
        Answer::Path(found) => Ok(found.map(|path| path.edges.len() as u64)),
        other => Err(format!("{other:?}").into()),
    }
}
