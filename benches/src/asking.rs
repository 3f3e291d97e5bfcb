//! Questions about a graph of a thousand people, each of whom knows five.

use std::hint::black_box;
use std::sync::Arc;

use cidgraph::algorithm::Direction;
use cidgraph::{
    Answer, CommandContext, CommandId, Criterion, EdgeEntity, Engine, Graph, GraphCommand, GraphId, GraphMetadata,
    GraphQuery, GraphReadModel, ManualClock, NodeEntity, NodeId, Submission,
};
use cidgraph_store_memory::MemoryStore;
use tokio::runtime::Runtime;

use crate::HotPath;

const PEOPLE: i64 = 1000;

fn id(number: i64) -> NodeId {
    NodeId::of_key(GraphId::named("budgets"), "Person", &number.into())
}

/// An engine with the graph, and the runtime that its writer lives on.
struct Asked {
    graph: Graph,
    _runtime: Runtime,
}

impl Asked {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime without I/O");
        let graph = runtime.block_on(async {
            let clock = Arc::new(ManualClock::at(1));
            let engine = Engine::builder(Arc::new(MemoryStore::new())).clock(clock).build();
            let graph = GraphId::named("budgets");
            let person = |number: i64| {
                let visual = NodeEntity::keyed(graph, "Person", number).with("Visual", [("color", number % 16)]);
                visual.with("Score", [("points", number % 100)])
            };
            let knows = |at: i64| EdgeEntity::new(id(at % PEOPLE), "knows", id((at * 7 + at / PEOPLE) % PEOPLE));
            let commands = vec![
                GraphCommand::CreateGraph { metadata: GraphMetadata::named("budgets") },
                GraphCommand::AddNodes { nodes: (0..PEOPLE).map(person).collect() },
                GraphCommand::ConnectEdges { edges: (0..PEOPLE * 5).map(knows).collect() },
            ];
            let context = CommandContext::new(CommandId::from_u64(1), "bench");
            engine.submit(graph, Submission { context, commands, expected: None }).await.expect("the graph is new");
            engine.load_graph(graph).await.expect("the graph is there")
        });
        Self { graph, _runtime: runtime }
    }
}

/// A node by its id.
#[derive(Debug)]
pub struct PointLookup(GraphReadModel, NodeId);

impl HotPath for PointLookup {
    fn warm() -> Self {
        let mut path = Self(Asked::new().graph.read(), id(500));
        path.run();
        path
    }

    fn run(&mut self) {
        black_box(self.0.get(black_box(self.1)).expect("the node is there").version());
    }
}

/// The nodes two steps away.
#[derive(Debug)]
pub struct TwoHops(GraphReadModel, GraphQuery);

impl HotPath for TwoHops {
    fn warm() -> Self {
        let (node, edge_kind) = (id(500), Some("knows".into()));
        let query = GraphQuery::Neighborhood { node, hops: 2, direction: Direction::Outgoing, edge_kind };
        let mut path = Self(Asked::new().graph.read(), query);
        path.run();
        path
    }

    fn run(&mut self) {
        black_box(self.0.query(black_box(&self.1)).expect("the node is there"));
    }
}

/// How many nodes have a kind and a color.
#[derive(Debug)]
pub struct AndCount(GraphReadModel, Criterion);

impl HotPath for AndCount {
    fn warm() -> Self {
        let criterion = Criterion::kind("Person").and(Criterion::equals("Visual", "color", 3));
        let mut path = Self(Asked::new().graph.read(), criterion);
        path.run();
        path
    }

    fn run(&mut self) {
        assert_eq!(self.0.count(black_box(&self.1)), 63);
    }
}

/// A question that was asked before.
pub struct CachedQuery(Asked, GraphQuery);

impl std::fmt::Debug for CachedQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CachedQuery").field(&self.1).finish()
    }
}

impl HotPath for CachedQuery {
    fn warm() -> Self {
        let query = GraphQuery::Count(Criterion::kind("Person").and(Criterion::equals("Visual", "color", 3)));
        let mut path = Self(Asked::new(), query);
        path.run();
        path.run();
        path
    }

    fn run(&mut self) {
        let answer = self.0.graph.query(black_box(&self.1)).expect("it is answered");
        assert_eq!(*answer, Answer::Count(63));
    }
}
