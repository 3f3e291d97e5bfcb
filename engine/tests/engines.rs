//! Engines that share a store: they write at once, start again, follow each other, and make the same bytes.

use std::sync::Arc;

use cidgraph::store::Head;
use cidgraph::topology::Topology;
use cidgraph::{
    AggregateId, CommandContext, CommandId, EdgeEntity, Engine, ErrorKind, EventStore, GraphCommand, GraphDrafts,
    GraphEventProcessor, GraphId, GraphMetadata, GraphReplicas, GraphSink, ManualClock, NodeEntity, NodeId, Submission,
    WriterConfig,
};
use cidgraph_store_memory::MemoryStore;

fn store() -> Arc<dyn EventStore> {
    Arc::new(MemoryStore::new())
}

fn patient(store: &Arc<dyn EventStore>) -> Engine {
    let writer = WriterConfig { conflict_retries_max: 1000, ..WriterConfig::default() };
    Engine::builder(Arc::clone(store)).writer(writer).build()
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

async fn hash_of_fresh(store: &Arc<dyn EventStore>, graph: GraphId) -> [u8; 32] {
    Engine::new(Arc::clone(store)).get_graph(graph).await.expect("it loads").state_hash()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_write_one_graph_at_once() {
    const COMMANDS: u64 = 150;
    let (store, graph) = (store(), GraphId::named("contended"));
    let engines = [patient(&store), patient(&store)];
    submit(&engines[0], graph, 0, vec![create(), add(1), add(2)]).await;
    let tasks: Vec<_> = (0..4_u64)
        .map(|task| {
            let engine = engines[usize::from(task % 2 == 1)].clone();
            tokio::spawn(async move {
                for number in 0..COMMANDS {
                    let id = 1000 * (task + 1) + number;
                    submit(&engine, graph, id, vec![add(id), connect(1, id), connect(id, 2)]).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends well");
    }
    submit(&engines[0], graph, 1, vec![connect(1, 2)]).await;
    submit(&engines[1], graph, 2, vec![connect(2, 1)]).await;
    submit(&engines[0], graph, 3, vec![connect(2, 1)]).await;
    let expected = usize::try_from(4 * COMMANDS).expect("they are few");
    let mut conflicts = 0;
    for engine in &engines {
        let loaded = engine.load_graph(graph).await.expect("it is open");
        conflicts += loaded.writer_metrics().conflicts;
        let view = loaded.view();
        assert_eq!(view.node_count(), 2 + expected);
        assert!(view.edge_count() > 2 * expected);
    }
    assert!(conflicts > 0, "the two were in each other's way");
    let view = engines[0].get_graph(graph).await.expect("it is open");
    assert_eq!(hash_of_fresh(&store, graph).await, view.state_hash());
    assert_eq!(engines[0].verify_graph(graph).await.expect("whole").events, view.version());
}

#[tokio::test]
async fn an_engine_that_lags_behind_decides_on_what_is_there_now() {
    let (store, graph) = (store(), GraphId::named("lagging"));
    let (first, second) = (patient(&store), patient(&store));
    submit(&first, graph, 0, vec![create(), add(1), add(2)]).await;
    second.load_graph(graph).await.expect("it is there");
    submit(&first, graph, 1, vec![GraphCommand::RemoveNode { node: node(2) }, add(3)]).await;
    // To the second engine node 2 is still there, node 3 not yet.
    let error = second.submit(graph, submission(2, vec![connect(1, 2)])).await.expect_err("node 2 is gone");
    assert_eq!(error.kind(), ErrorKind::Rejected);
    submit(&first, graph, 3, vec![add(4)]).await;
    submit(&second, graph, 4, vec![connect(4, 3)]).await;
    // The same command sent to both is done once.
    let receipt = submit(&first, graph, 4, vec![connect(4, 3)]).await;
    assert!(receipt.repeated);
    let stale = Submission { expected: Some(receipt.first_version - 1), ..submission(5, vec![connect(3, 1)]) };
    assert_eq!(second.submit(graph, stale).await.expect_err("others wrote").kind(), ErrorKind::Conflict);
    assert_eq!(second.get_graph(graph).await.expect("open").state_hash(), hash_of_fresh(&store, graph).await);
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

async fn write_some(engine: &Engine, round: u64) {
    for number in 0..60 {
        let (graph, id) = (GraphId::from_u64(number % 6), round * 1000 + number);
        let commands =
            if round == 0 && number < 6 { vec![create(), add(1)] } else { vec![add(100 + id), connect(1, 100 + id)] };
        submit(engine, graph, id, commands).await;
    }
}

async fn assert_same(replicas: &GraphReplicas, engine: &Engine, graphs: std::ops::Range<u64>) {
    for graph in graphs.map(GraphId::from_u64) {
        let (replica, live) =
            (replicas.view(graph).expect("it was followed"), engine.get_graph(graph).await.expect("open"));
        assert_eq!((replica.head(), replica.timestamp_ns()), (live.head(), live.timestamp_ns()));
        assert_eq!(replica.state_hash(), live.state_hash());
    }
}

async fn follow_to_the_end(store: &Arc<dyn EventStore>, replicas: &GraphReplicas) {
    let sink = Arc::new(replicas.clone());
    let processor = GraphEventProcessor::open(Arc::clone(store), sink, "replicas").await.expect("a place");
    let mut following = processor.spawn();
    assert!(following.reached(store.last_sequence().await.expect("a sequence")).await);
    assert!(following.failures().is_empty(), "{:?}", following.failures());
    following.stop().await.expect("it stops");
}

#[tokio::test]
async fn replicas_follow_many_graphs_live_and_across_a_restart() {
    let store = store();
    let engine = Engine::new(Arc::clone(&store));
    let replicas = GraphReplicas::new(Arc::clone(&store), GraphDrafts::default());
    write_some(&engine, 0).await;
    let sink = Arc::new(replicas.clone());
    let processor = GraphEventProcessor::open(Arc::clone(&store), sink, "replicas").await.expect("a place");
    let mut following = processor.spawn();
    write_some(&engine, 1).await;
    replicas.forget(GraphId::from_u64(3));
    write_some(&engine, 2).await;
    assert!(following.reached(store.last_sequence().await.expect("a sequence")).await);
    assert!(following.failures().is_empty(), "{:?}", following.failures());
    assert_same(&replicas, &engine, 0..6).await;
    following.stop().await.expect("it stops");

    write_some(&engine, 3).await;
    follow_to_the_end(&store, &replicas).await;
    assert_same(&replicas, &engine, 0..6).await;

    // Another process knows the place in the stream, but holds no graph.
    let others = GraphReplicas::new(Arc::clone(&store), GraphDrafts::default());
    submit(&engine, GraphId::from_u64(2), 9000, vec![add(9000)]).await;
    follow_to_the_end(&store, &others).await;
    assert_eq!(others.graphs(), [GraphId::from_u64(2)]);
    assert_same(&others, &engine, 2..3).await;
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
