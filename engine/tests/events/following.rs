//! What stands on a store, on the store in memory; and what happens there when time passes.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::conformance::{Desk, removed};
use cidgraph::store::conformance::Subject;
use cidgraph::stream::StreamError;
use cidgraph::{
    AggregateId, EventStore, EventStreamService, HashKind, SubscriptionHandler, SubscriptionManager, TransactionOptions,
};
use cidgraph_store_memory::MemoryStore;

use crate::faulty::Faulty;

cidgraph::engine_conformance!(in_memory, async { Subject::new(MemoryStore::new()) });
cidgraph::engine_conformance!(in_memory_blake3, async { Subject::new(MemoryStore::with_hash(HashKind::Blake3)) });

#[tokio::test(start_paused = true)]
async fn a_fetch_that_takes_too_long_is_given_up() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    Desk::new(&store).create(1).await.unwrap();
    let options = TransactionOptions { timeout: Duration::ZERO, ..TransactionOptions::default() };
    let slow = Arc::new(Faulty { slow: true, ..Faulty::around(store) });
    let error = EventStreamService::new(slow).fetch_transaction(AggregateId::from_u64(1), options).await.unwrap_err();
    assert!(matches!(error, StreamError::TimedOut { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_buffer_waits_until_its_oldest_event_is_old() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let desk = Desk::new(&store);
    desk.create(1).await.unwrap();
    let subscriptions = SubscriptionManager::new(store);
    let handler = SubscriptionHandler::Buffered { max_size: 3, max_age: Duration::from_secs(60) };
    let id = subscriptions.subscribe("event.store.>", None, handler).await.unwrap();
    let poll = async || {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        let events = subscriptions.poll_events(id).await.unwrap();
        events.iter().map(|event| event.sequence).collect::<Vec<_>>()
    };
    for number in 1..=2 {
        desk.write(1, number, vec![removed(number)]).await.unwrap();
    }
    assert_eq!(poll().await, []);
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(poll().await, []);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(poll().await, [2, 3]);
    assert_eq!(poll().await, []);
}
