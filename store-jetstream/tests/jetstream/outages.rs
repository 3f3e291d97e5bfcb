//! Servers that are killed and started again: nothing acknowledged is lost, followers go on, callers are answered.

use std::time::{Duration, Instant};

use cidgraph::store::conformance::SampleStream;
use cidgraph::{EventStore, HashKind, StoreError, StreamFilter};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::StreamExt;

use crate::support::replicated;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_nothing_and_followers_go_on() {
    const EVENTS: u64 = 600;
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let mut follower = store.follow(0, StreamFilter::All).await.unwrap();
    let writer = async {
        let mut stream = SampleStream::new(1, HashKind::Sha2_256);
        while stream.expected().version() < EVENTS {
            store.append(&[stream.append(2)]).await.unwrap();
        }
        stream
    };
    let killer = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            tokio::task::block_in_place(|| server.restart().unwrap());
        }
    };
    let reader = async {
        for sequence in 1..=EVENTS {
            let event = tokio::time::timeout(Duration::from_secs(60), follower.next()).await.unwrap();
            let event = event.unwrap().unwrap();
            assert_eq!((event.sequence, event.event.version), (sequence, sequence));
        }
    };
    let (stream, (), ()) = tokio::join!(writer, killer, reader);
    let read = store.read(stream.aggregate(), 1, usize::MAX).await.unwrap();
    assert_eq!(read.len() as u64, EVENTS);
    assert_eq!(store.last_sequence().await.unwrap(), EVENTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_loses_nothing_and_followers_go_on() {
    const EVENTS: u64 = 400;
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(replicated(&cluster)).await.unwrap();
    let mut follower = store.follow(0, StreamFilter::All).await.unwrap();
    let writer = async {
        let mut stream = SampleStream::new(1, HashKind::Sha2_256);
        while stream.expected().version() < EVENTS {
            if stream.expected().version() == EVENTS / 2 {
                tokio::task::block_in_place(|| {
                    let leader = cluster.wait_for_leader("event-store", Duration::from_secs(60)).unwrap();
                    cluster.servers[leader].kill().unwrap();
                });
            }
            store.append(&[stream.append(2)]).await.unwrap();
        }
        stream
    };
    let reader = async {
        for version in 1..=EVENTS {
            let event = tokio::time::timeout(Duration::from_secs(90), follower.next()).await.unwrap();
            assert_eq!(event.unwrap().unwrap().event.version, version);
        }
    };
    let (stream, ()) = tokio::join!(writer, reader);
    let read = store.read(stream.aggregate(), 1, usize::MAX).await.unwrap();
    assert_eq!(read.len() as u64, EVENTS);
    assert_eq!(store.read_all(0, usize::MAX).await.unwrap(), read);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_every_call_is_answered_by_its_deadline() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig {
        request_timeout: Duration::from_millis(300),
        deadline: Duration::from_millis(700),
        ..JetStreamConfig::new(&server.url)
    };
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    let first = [stream.append(2)];
    let appended = store.append(&first).await.unwrap();
    server.kill().unwrap();
    let start = Instant::now();
    let lost = [stream.append(1)];
    let answer = store.append(&lost).await;
    assert!(matches!(answer, Err(StoreError::Unknown { .. } | StoreError::Unavailable { .. })), "{answer:?}");
    let read = store.read(stream.aggregate(), 1, 9).await;
    assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
    let last = store.last_sequence().await;
    assert!(matches!(last, Err(StoreError::Unavailable { .. })), "{last:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "three calls took {:?}", start.elapsed());
    let refused = JetStreamStore::connect(config).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    server.restart().unwrap();
    // The same bytes are taken once, whatever became of the first copy.
    let again = loop {
        match store.append(&lost).await {
            Err(StoreError::Unknown { .. } | StoreError::Unavailable { .. }) => {}
            answer => break answer.unwrap(),
        }
    };
    assert_eq!((appended.last_sequence, again.first_sequence), (2, 3));
    assert_eq!(store.append(&first).await.unwrap(), appended);
    assert_eq!(store.read(stream.aggregate(), 1, 9).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_deleted_is_named_by_its_followers() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    store.append(&[stream.append(1)]).await.unwrap();
    let mut follower = store.follow(0, StreamFilter::All).await.unwrap();
    follower.next().await.unwrap().unwrap();
    let context = async_nats::jetstream::new(async_nats::connect(&server.url).await.unwrap());
    context.delete_stream("event-store").await.unwrap();
    let error = tokio::time::timeout(Duration::from_secs(20), follower.next()).await.unwrap();
    assert!(matches!(error, Some(Err(StoreError::Unavailable { .. }))), "{error:?}");
}
