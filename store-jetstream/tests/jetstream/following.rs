//! What stands on a store, on real servers: the engine's contracts, servers that restart under followers, and what is
//! left behind.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::conformance::{Desk, Shelf, take};
use cidgraph::subscription::{Following, Start, SubscriptionId};
use cidgraph::{EventStore, GraphEventProcessor, HashKind, SubscriptionHandler, SubscriptionManager};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};

use crate::conformance::{replicated_subject, subject};

cidgraph::engine_conformance!(one_server, subject(SyncInterval::Default, HashKind::Sha2_256));
cidgraph::engine_conformance!(one_server_always_blake3, subject(SyncInterval::Always, HashKind::Blake3));
cidgraph::engine_conformance!(three_servers, replicated_subject());

/// How long what must come may take: a restart is in between.
const PATIENCE: Duration = Duration::from_secs(60);

/// Hands out whatever there is.
const EAGER: SubscriptionHandler = SubscriptionHandler::Buffered { max_size: 64, max_age: Duration::ZERO };

async fn connect(server: &Server) -> Arc<dyn EventStore> {
    Arc::new(JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap())
}

async fn process(store: &Arc<dyn EventStore>, shelf: &Arc<Shelf>) -> Following {
    GraphEventProcessor::open(Arc::clone(store), Arc::clone(shelf), "shelf").await.unwrap().spawn()
}

/// Waits until a processor has applied everything, and stops it.
async fn stop_at(mut following: Following, last: u64) {
    assert!(tokio::time::timeout(PATIENCE, following.reached(last)).await.unwrap());
    assert!(following.failures().is_empty(), "{:?}", following.failures());
    following.stop().await.unwrap();
}

async fn sequences(subscriptions: &SubscriptionManager, id: SubscriptionId, count: usize) -> Vec<u64> {
    let events = take(subscriptions, id, count, PATIENCE).await.unwrap();
    events.iter().map(|event| event.sequence).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_and_processors_see_no_gap_and_no_repeat_while_the_server_restarts() {
    const COMMANDS: u64 = 200;
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let desk = Desk::new(&store);
    for number in 1..=4 {
        desk.create(number).await.unwrap();
    }
    desk.write_many(1..20).await.unwrap();
    let subscriptions = SubscriptionManager::new(Arc::clone(&store));
    let id = subscriptions.subscribe_from(">", None, EAGER, Start::After(0)).await.unwrap();
    let shelf = Arc::new(Shelf::default());
    let following = process(&store, &shelf).await;
    let killer = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            tokio::task::block_in_place(|| server.restart().unwrap());
        }
    };
    let (written, ()) = tokio::join!(desk.write_many(20..COMMANDS), killer);
    written.unwrap();
    let all = desk.sequences().await.unwrap();
    assert_eq!(sequences(&subscriptions, id, all.len()).await, all);
    stop_at(following, *all.last().unwrap()).await;
    for number in 1..=4 {
        assert_eq!(shelf.contents(number), desk.contents(number).await.unwrap());
    }
    assert_eq!(store.load_position("shelf").await.unwrap(), all.last().copied());
}

/// Both places outlive the server and the process that follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kept_places_outlive_the_server() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let shelf = Arc::new(Shelf::default());
    let durable = || Start::Durable("reader".to_owned());
    let mut handed_out = Vec::new();
    for round in 0..3_u64 {
        let store = connect(&server).await;
        let desk = Desk::new(&store);
        if round == 0 {
            for number in 1..=4 {
                desk.create(number).await.unwrap();
            }
        }
        desk.write_many(1 + round * 20..21 + round * 20).await.unwrap();
        let all = desk.sequences().await.unwrap();
        let subscriptions = SubscriptionManager::new(Arc::clone(&store));
        let id = subscriptions.subscribe_from(">", None, EAGER, durable()).await.unwrap();
        handed_out.extend(sequences(&subscriptions, id, all.len() - handed_out.len()).await);
        assert_eq!(handed_out, all);
        assert_eq!(subscriptions.poll_events(id).await.unwrap(), [], "what was handed out is finished");
        stop_at(process(&store, &shelf).await, *all.last().unwrap()).await;
        for number in 1..=4 {
            assert_eq!(shelf.contents(number), desk.contents(number).await.unwrap());
        }
        tokio::task::block_in_place(|| server.restart().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_follows_leaves_no_consumer_behind() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server).await;
    let desk = Desk::new(&store);
    for number in 1..=4 {
        desk.create(number).await.unwrap();
    }
    desk.write_many(1..20).await.unwrap();
    let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let stream = context.get_stream("event-store").await.unwrap();
    let consumers = async || stream.get_info().await.unwrap().state.consumer_count;
    let all = desk.sequences().await.unwrap();
    let subscriptions = SubscriptionManager::new(Arc::clone(&store));
    let ended = subscriptions.subscribe_from(">", None, EAGER, Start::After(0)).await.unwrap();
    let dropped = subscriptions.subscribe_from(">", None, EAGER, Start::After(0)).await.unwrap();
    for id in [ended, dropped] {
        assert_eq!(sequences(&subscriptions, id, all.len()).await, all);
    }
    let following = process(&store, &Arc::new(Shelf::default())).await;
    assert!(consumers().await >= 2);
    stop_at(following, *all.last().unwrap()).await;
    assert!(subscriptions.unsubscribe(ended));
    drop(subscriptions);
    let until = Instant::now() + PATIENCE;
    while consumers().await > 0 {
        assert!(Instant::now() < until, "{} consumers are left", consumers().await);
        tokio::task::yield_now().await;
    }
}
