//! What each kind of moment stands for, and what is said of one that is not there.

use std::sync::Arc;

use cidgraph::{
    Clock, CommandContext, CommandId, Engine, ErrorKind, EventStore, GraphCommand, GraphHistory, GraphId,
    GraphMetadata, ManualClock, Moment, NodeEntity, NodeId, Submission,
};
use cidgraph_store_memory::MemoryStore;

const FIRST: NodeId = NodeId::from_u64(1);
const SECOND: NodeId = NodeId::from_u64(2);

/// Two graphs in one store: `a` has versions 1 to 3 at sequences 1 to 3 and 4 to 6 at 6 to 8, `b` the rest.
async fn two_graphs() -> (Engine, GraphId, GraphId) {
    let clock = Arc::new(ManualClock::at(0));
    let shared: Arc<dyn Clock> = clock.clone();
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let engine = Engine::builder(store).clock(shared).build();
    let (a, b) = (GraphId::from_u64(1), GraphId::from_u64(2));
    let create = || GraphCommand::CreateGraph { metadata: GraphMetadata::named("one of two") };
    let add = |node| GraphCommand::AddNode { node: NodeEntity::new(node, "Person") };
    let rename = || GraphCommand::RenameGraph { name: "another".into() };
    let transactions = [
        (a, 1_000, vec![create(), add(FIRST), add(NodeId::from_u64(9))]),
        (b, 2_000, vec![create(), add(FIRST)]),
        (a, 3_000, vec![add(SECOND), rename(), GraphCommand::RemoveNode { node: FIRST }]),
        (b, 3_000, vec![add(SECOND)]),
    ];
    for (number, (graph, now_ns, commands)) in (1..).zip(transactions) {
        clock.set(now_ns);
        let context = CommandContext::new(CommandId::from_u64(number), "tester");
        engine.submit(graph, Submission { context, commands, expected: None }).await.expect("done");
    }
    (engine, a, b)
}

async fn stands_for(history: &GraphHistory, moment: &str, version: u64) {
    let moment: Moment = moment.parse().expect("a moment");
    let place = history.place(moment).await.unwrap_or_else(|error| panic!("{moment}: {error}"));
    assert_eq!(place.head.version, version, "{moment}");
    assert_eq!(history.at(moment).await.expect("it is there").head(), Some(place.head), "{moment}");
}

async fn refused(history: &GraphHistory, moment: &str, kind: ErrorKind, expected: &str) {
    let error = history.at(moment.parse().expect("a moment")).await.expect_err(moment);
    assert!(error.to_string().contains(expected), "{moment}: {error}");
    assert_eq!(cidgraph::Error::from(error).kind(), kind);
}

#[tokio::test]
async fn moments_stand_for_the_ends_of_transactions() {
    let (engine, a, b) = two_graphs().await;
    let history = engine.history(a);
    for (moment, version) in [("3", 3), ("4", 3), ("5", 3), ("6", 6)] {
        stands_for(&history, moment, version).await;
    }
    for (moment, version) in [("seq:3", 3), ("seq:5", 3), ("seq:7", 3), ("seq:8", 6), ("seq:9", 6)] {
        stands_for(&history, moment, version).await;
    }
    for (moment, version) in [("1970-01-01T00:00:00.000001Z", 3), ("1970-01-01T00:00:00.000002999Z", 3)] {
        stands_for(&history, moment, version).await;
    }
    stands_for(&history, "1970-01-01T00:00:00.000003Z", 6).await;
    stands_for(&history, "2100-01-01", 6).await;
    stands_for(&history, &format!("node:{FIRST}"), 3).await;
    stands_for(&history, &format!("node:{SECOND}"), 6).await;
    stands_for(&engine.history(b), &format!("node:{SECOND}"), 3).await;
    for event in engine.store().read(a.into(), 3, 10).await.expect("reads") {
        let version = if event.event.version < 6 { 3 } else { 6 };
        stands_for(&history, &event.event.cid.to_string(), version).await;
    }
    let live = engine.load_graph(a).await.expect("it is there").history();
    for moment in ["6", "4", "seq:8", "2100-01-01"] {
        stands_for(&live, moment, if moment == "4" { 3 } else { 6 }).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let (engine, a, b) = two_graphs().await;
    let (history, missing) = (engine.history(a), ErrorKind::NotFound);
    for moment in ["0", "1", "2", "seq:0", "seq:2", "1970-01-01T00:00:00.000000999Z"] {
        refused(&history, moment, missing, "the graph's first transaction ends with version 3").await;
    }
    refused(&history, "7", missing, "7 lies beyond the last event, which is version 6").await;
    refused(&history, "seq:10", missing, "sequence 10 lies beyond the store's last event, which is sequence 9").await;
    refused(&history, &format!("node:{}", NodeId::from_u64(7)), missing, "no event ever added node").await;
    let foreign = engine.store().head(b.into()).await.expect("reads").expect("it has one").cid.to_string();
    refused(&history, &foreign, missing, &format!("is version 3 of {b}, not of this graph")).await;
    let unknown = cidgraph::Cid::of_block(cidgraph::HashKind::Sha2_256, b"nothing").to_string();
    refused(&history, &unknown, missing, "no event bafy").await;
    refused(&engine.history(GraphId::from_u64(3)), "1", missing, "no graph").await;
}

#[tokio::test]
async fn replay_at_a_time_is_what_the_seeds_ask_for() {
    let (engine, a, _) = two_graphs().await;
    let service = engine.replay_service();
    assert_eq!(service.replay_at_time(a, 2_500).await.expect("it is there").node_count(), 2);
    assert_eq!(service.replay_at_time(a, 3_000).await.expect("it is there").version(), 6);
    service.replay_at_time(a, 999).await.expect_err("before the first event");
}
