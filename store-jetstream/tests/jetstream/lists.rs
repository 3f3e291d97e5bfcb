//! What is asked of all aggregates or all readers at once: lists of heads, and the places of readers.

use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateAppend, EventStore, HashKind};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};

use crate::support::replicated;

/// Appends 1 to 4 events to each of so many aggregates and returns what was appended.
async fn fill(store: &JetStreamStore, aggregates: u64) -> Vec<AggregateAppend> {
    let part = |number: u64| {
        SampleStream::new(number, HashKind::Sha2_256).appends(&[1; 4][..usize::try_from(number % 4).unwrap() + 1])
    };
    let mut parts: Vec<AggregateAppend> = (0..aggregates).map(part).collect();
    for batch in parts.chunks(250) {
        store.append(batch).await.unwrap();
    }
    parts.sort_unstable_by_key(|part| part.aggregate);
    parts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_aggregates_are_listed_with_their_heads() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    assert!(store.list().await.unwrap().is_empty());
    let parts = fill(&store, 3000).await;
    let expected: Vec<_> = parts.iter().map(|part| (part.aggregate, part.head())).collect();
    assert!(store.list().await.unwrap() == expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_appended_to_a_cluster_is_listed_at_once() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(replicated(&cluster)).await.unwrap();
    let mut streams: Vec<_> = (0..8).map(|number| SampleStream::new(number, HashKind::Sha2_256)).collect();
    for round in 0..30 {
        let stream = &mut streams[round % 8];
        let part = stream.append(1);
        store.append(std::slice::from_ref(&part)).await.unwrap();
        let list = store.list().await.unwrap();
        assert!(list.contains(&(part.aggregate, part.head())), "round {round}");
        assert!(list.is_sorted_by_key(|(aggregate, _)| *aggregate) && list.len() == (round + 1).min(8));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_that_was_kept_in_a_cluster_is_found_at_once() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(replicated(&cluster)).await.unwrap();
    let another = JetStreamStore::connect(replicated(&cluster)).await.unwrap();
    assert_eq!(store.load_position("a reader").await.unwrap(), None);
    for place in 1..=100 {
        store.save_position("a reader", place).await.unwrap();
        assert_eq!(another.load_position("a reader").await.unwrap(), Some(place));
    }
    assert_eq!(store.load_position("another").await.unwrap(), None);
}
