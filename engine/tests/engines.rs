//! Engines that share a store: they start again, follow each other, and make the same bytes.

use std::sync::Arc;

use cidgraph::store::Head;
use cidgraph::{
    AggregateId, CommandContext, CommandId, EdgeEntity, Engine, EventStore, GraphCommand, GraphDrafts,
    GraphEventProcessor, GraphId, GraphMetadata, GraphReplicas, GraphSink, ManualClock, NodeEntity, NodeId, Submission,
    WriterConfig,
};
use cidgraph_store_memory::MemoryStore;

fn store() -> Arc<dyn EventStore> {
    Arc::new(MemoryStore::new())
}

fn node(number: u64) -> NodeId {
    NodeId::from_u64(number)
}

fn add(number: u64) -> GraphCommand {
    GraphCommand::AddNode { node: NodeEntity::new(node(number), "Person").with("Profile", [("number", number as i64)]) }
}

fn connect(source: u64, target: u64) -> GraphCommand {
    GraphCommand::ConnectEdge { edge: EdgeEntity::new(node(source), "knows", node(target)) }
}

fn create() -> GraphCommand {
    GraphCommand::CreateGraph { metadata: GraphMetadata::named("shared") }
}

fn submission(id: u64, commands: Vec<GraphCommand>) -> Submission<GraphCommand> {
    Submission { context: CommandContext::new(CommandId::from_u64(id), "tester"), commands, expected: None }
}

async fn submit(engine: &Engine, graph: GraphId, id: u64, commands: Vec<GraphCommand>) -> cidgraph::Receipt {
    engine.submit(graph, submission(id, commands)).await.expect("no rule forbids it")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_sent_again_after_a_restart_and_a_million_events_gets_its_first_answer() {
    const TRANSACTIONS: u64 = 250;
    const EVENTS: u64 = 4000;
    let (store, graph) = (store(), GraphId::named("million"));
    let engine = Engine::new(Arc::clone(&store));
    submit(&engine, graph, 0, vec![create()]).await;
    let first = submit(&engine, graph, 1, vec![add(1), add(2), connect(1, 2)]).await;
    let names: Vec<GraphCommand> =
        (0..EVENTS).map(|number| GraphCommand::RenameGraph { name: format!("name {number}").into() }).collect();
    for transaction in 0..TRANSACTIONS {
        submit(&engine, graph, 100 + transaction, names.clone()).await;
    }
    let live = submit(&engine, graph, 1, vec![add(1), add(2), connect(1, 2)]).await;
    engine.close().await;
    let again = Engine::new(Arc::clone(&store));
    let after_restart = submit(&again, graph, 1, vec![add(1), add(2), connect(1, 2)]).await;
    for receipt in [live, after_restart] {
        assert_eq!((receipt.head, receipt.first_version), (first.head, first.first_version));
        assert!(receipt.repeated && receipt.events == 3);
    }
    assert_eq!(again.get_graph(graph).await.expect("open").version(), 4 + TRANSACTIONS * EVENTS);
}

/// A replica loads without remembering transactions, which the loader once refused to do with a panic.
#[tokio::test]
async fn a_replica_loads_what_is_there() {
    let store = store();
    let engine = Engine::new(Arc::clone(&store));
    let graph = engine.create_graph(GraphMetadata::named("replicated")).await.expect("created");
    let replicas = GraphReplicas::new(store, GraphDrafts::default());
    assert_eq!(replicas.version(graph).await.expect("it loads"), 1);
    assert_eq!(replicas.version(GraphId::named("none")).await.expect("there is none"), 0);
    assert_eq!(replicas.graphs(), [graph]);
}

/// Lets a graph go while it is followed: the transaction that comes next brings all of it back.
#[tokio::test]
async fn a_graph_that_was_let_go_of_is_followed_further() {
    let store = store();
    let engine = Engine::new(Arc::clone(&store));
    let graph = GraphId::named("forgotten");
    submit(&engine, graph, 0, vec![create(), add(1)]).await;
    let replicas = GraphReplicas::new(Arc::clone(&store), GraphDrafts::default());
    let sink = Arc::new(replicas.clone());
    let mut following = GraphEventProcessor::open(Arc::clone(&store), sink, "one").await.expect("a place").spawn();
    assert!(following.reached(store.last_sequence().await.expect("a sequence")).await);
    replicas.forget(graph);
    submit(&engine, graph, 1, vec![add(2)]).await;
    submit(&engine, graph, 2, vec![connect(1, 2)]).await;
    assert!(following.reached(store.last_sequence().await.expect("a sequence")).await);
    assert!(following.failures().is_empty(), "{:?}", following.failures());
    assert_eq!(replicas.view(graph).expect("it is back").version(), 4);
}

/// Runs the same commands, so many at once, in groups of at most so many events.
async fn head_after(at_once: usize, group_events_max: usize) -> Head {
    let writer = WriterConfig { group_events_max, ..WriterConfig::default() };
    let clock = Arc::new(ManualClock::at(1_700_000_000_000_000_000));
    let engine = Engine::builder(store()).writer(writer).clock(clock).build();
    let graph = GraphId::named("deterministic");
    let mut submissions = vec![submission(0, vec![create(), add(1)])];
    submissions.extend((1..60).map(|number| {
        let refused = number % 7 == 0;
        let target = if refused { 1 } else { 1000 + number };
        submission(number, vec![add(target), connect(1, target), connect(target, 1)])
    }));
    for chunk in submissions.chunks(at_once) {
        let answers = chunk.iter().map(|submission| engine.submit(graph, submission.clone()));
        for (submission, answer) in chunk.iter().zip(futures::future::join_all(answers).await) {
            let refused = submission.commands.contains(&add(1)) && !submission.commands.contains(&create());
            assert_eq!(answer.is_err(), refused);
        }
    }
    let head = engine.get_graph(graph).await.expect("open").head().expect("it has events");
    assert_eq!(engine.store().head(AggregateId::from(graph)).await.expect("a head"), Some(head));
    head
}

#[tokio::test]
async fn the_same_commands_give_the_same_bytes_however_they_are_grouped() {
    let alone = head_after(1, 8192).await;
    for (at_once, group_events_max) in [(60, 8192), (60, 1), (60, 7), (5, 10), (17, 4)] {
        assert_eq!(head_after(at_once, group_events_max).await, alone);
    }
}
