//! Connecting: the stream is made or checked, credentials are tried, and durability is asked for.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use cidgraph::store::conformance::SampleStream;
use cidgraph::{Durability, EventStore, HashKind, StoreError};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};

use crate::support::replicated;

fn reason(connected: Result<JetStreamStore, StoreError>) -> String {
    match connected {
        Err(StoreError::Invalid { reason }) => reason,
        other => panic!("expected an invalid setup, got {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_is_made_then_found_and_never_changed() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { max_bytes: Some(1 << 20), ..JetStreamConfig::new(&server.url) };
    for _ in 0..2 {
        JetStreamStore::connect(config.clone()).await.unwrap();
    }
    let check = async |other: JetStreamConfig, field: &str| {
        let reason = reason(JetStreamStore::connect(other).await);
        assert!(reason.contains(field), "{reason} does not name {field}");
    };
    check(JetStreamConfig { max_bytes: None, ..config.clone() }, "max_bytes").await;
    check(JetStreamConfig { max_message_bytes: Some(1 << 20), ..config.clone() }, "max_msg_size").await;
    check(JetStreamConfig { hash: HashKind::Blake3, ..config.clone() }, "cidgraph-hash").await;
    let window = Duration::from_secs(5);
    check(JetStreamConfig { duplicate_window: window, ..config.clone() }, "duplicate_window").await;
    JetStreamStore::connect(config).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_drops_old_events_is_refused() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let stream = Config {
        name: "event-store".to_owned(),
        subjects: vec!["event.store.>".to_owned()],
        discard: DiscardPolicy::Old,
        ..Config::default()
    };
    context.create_stream(stream).await.unwrap();
    let reason = reason(JetStreamStore::connect(JetStreamConfig::new(&server.url)).await);
    assert!(reason.contains("discard Old, not New"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn durability_is_what_the_server_says() {
    for (sync, durability) in
        [(SyncInterval::Default, Durability::PageCache), (SyncInterval::Always, Durability::Fsynced)]
    {
        let Some(server) = or_skip(Server::start(sync)) else { return };
        let unasked = JetStreamConfig::new(&server.url);
        let asked = JetStreamConfig { monitor_urls: vec![server.monitor_url.clone()], ..unasked.clone() };
        assert_eq!(JetStreamStore::connect(unasked).await.unwrap().durability_of_kept(), Durability::PageCache);
        let store = JetStreamStore::connect(asked).await.unwrap();
        let appended = store.append(&[SampleStream::new(1, HashKind::Sha2_256).append(1)]).await.unwrap();
        assert_eq!(appended.durability, durability);
        assert_eq!(store.durability_of_kept(), durability);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_are_synced_where_every_one_of_them_says_so() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Always)) else { return };
    let monitor_urls = cluster.monitor_urls();
    let some = monitor_urls[1..].to_vec();
    for (monitor_urls, durability) in [(some, Durability::PageCache), (monitor_urls, Durability::QuorumFsynced)] {
        let config = JetStreamConfig { monitor_urls, ..replicated(&cluster) };
        assert_eq!(JetStreamStore::connect(config).await.unwrap().durability_of_kept(), durability);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_without_a_cluster_are_refused() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { replicas: 3, ..JetStreamConfig::new(&server.url) };
    let reason = reason(JetStreamStore::connect(config).await);
    assert!(reason.contains("replicas"), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_is_unavailable_and_keeps_what_it_has() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { max_bytes: Some(20_000), ..JetStreamConfig::new(&server.url) };
    let store = JetStreamStore::connect(config).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    let mut kept = 0;
    let error = loop {
        match store.append(&[stream.append(3)]).await {
            Ok(_) => kept += 3,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the stream is never full");
    };
    assert!(matches!(&error, StoreError::Unavailable { reason } if reason.contains("maximum bytes")), "{error}");
    assert_eq!(store.read(stream.aggregate(), 1, 1000).await.unwrap().len(), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_size_bounds_blocks() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { max_message_bytes: Some(1200), ..JetStreamConfig::new(&server.url) };
    let store = JetStreamStore::connect(config).await.unwrap();
    assert_eq!(store.capabilities().block_bytes_max, 176);
    let answer = store.append(&[SampleStream::new(1, HashKind::Sha2_256).append(1)]).await;
    assert!(matches!(answer, Err(StoreError::Malformed { .. })), "{answer:?}");
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    let config = JetStreamConfig { max_message_bytes: Some(1000), ..JetStreamConfig::new(&server.url) };
    assert!(reason(JetStreamStore::connect(config).await).contains("max_msg_size"));
}
