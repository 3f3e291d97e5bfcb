//! What stands on the server: subjects, headers and bodies that NATS's own tools show, and no consumer left behind.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use cidgraph::store::conformance::{Sample, SampleStream};
use cidgraph::{EventStore, HashKind, StreamFilter};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::StreamExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_a_message_with_its_cid_in_a_header() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let part = SampleStream::new(1, HashKind::Sha2_256).append(3);
    store.append(std::slice::from_ref(&part)).await.unwrap();
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let stream = context.get_stream("event-store").await.unwrap();
    for (sequence, event) in (1..).zip(&part.events) {
        let message = stream.get_raw_message(sequence).await.unwrap();
        assert_eq!(message.subject.as_str(), format!("event.store.{}.{}", event.aggregate, event.event_type));
        assert_eq!(message.payload, event.block);
        let header = |name: &str| message.headers.get(name).map(ToString::to_string);
        assert_eq!(header("Cid"), Some(event.cid.to_string()));
        assert_eq!(header("Previous-Cid"), event.previous.map(|cid| cid.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_leave_no_consumer_behind() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    store.append(&[SampleStream::new(1, HashKind::Sha2_256).append(3)]).await.unwrap();
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let stream = context.get_stream("event-store").await.unwrap();
    let consumers = async || stream.get_info().await.unwrap().state.consumer_count;
    let mut followers = Vec::new();
    for _ in 0..10 {
        let mut follower = store.follow(0, StreamFilter::EventType(Sample::ENDED.into())).await.unwrap();
        assert_eq!(follower.next().await.unwrap().unwrap().sequence, 3);
        followers.push(follower);
    }
    assert_eq!(consumers().await, 10);
    drop(followers);
    let until = Instant::now() + Duration::from_secs(10);
    while consumers().await > 0 {
        assert!(Instant::now() < until, "{} consumers are left", consumers().await);
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_from_any_version_finds_its_place_among_other_aggregates() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let writer = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let (mut one, mut two) = (SampleStream::new(1, HashKind::Sha2_256), SampleStream::new(2, HashKind::Sha2_256));
    let mut events = Vec::new();
    for round in 0..20_u64 {
        let part = one.append(1 + round % 3);
        events.extend(part.events.clone());
        let others: Vec<u64> = vec![1; usize::try_from(round * round % 37).unwrap() + 1];
        writer.append(&[part, two.appends(&others)]).await.unwrap();
    }
    for from in 1..=events.len() + 1 {
        // A store that has just connected knows no place.
        let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
        let read = store.read(one.aggregate(), from as u64, 5).await.unwrap();
        let read: Vec<_> = read.into_iter().map(|stored| stored.event).collect();
        assert_eq!(read, events[from - 1..(from + 4).min(events.len())], "from {from}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_page_is_read_whole() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    for _ in 0..5 {
        store.append(&[stream.append(1000)]).await.unwrap();
    }
    let aggregate = stream.aggregate();
    // Both ways of reading: by page, and by consumer where it is many.
    for (from, limit) in [(1, usize::MAX), (1, 3999), (700, 4001), (2500, 1200), (4500, usize::MAX)] {
        let expected: Vec<u64> = (from..=5000).take(limit).collect();
        let read = store.read(aggregate, from, limit).await.unwrap();
        let versions: Vec<u64> = read.iter().map(|stored| stored.event.version).collect();
        assert!(versions == expected, "{} versions from {from}, limit {limit}", versions.len());
        let all = store.read_all(from, limit).await.unwrap();
        assert!(all == read, "{} events from {from}, limit {limit}", all.len());
    }
    let refused = store.append(&[stream.append(1001)]).await;
    assert!(matches!(refused, Err(cidgraph::StoreError::Malformed { .. })), "{refused:?}");
}
