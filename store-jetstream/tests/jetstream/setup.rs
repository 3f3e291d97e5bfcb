//! Connecting: the stream is made or checked, credentials are tried, and durability is asked for.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use cidgraph::store::conformance::SampleStream;
use cidgraph::{Durability, Engine, EventStore, GraphMetadata, HashKind, Refusal, StoreError};
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
async fn a_full_stream_says_its_limit_and_keeps_what_it_has() {
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
    let StoreError::Refused { refusal: Refusal::Full { limit, .. } } = &error else { panic!("{error:?}") };
    assert!(limit.contains("maximum bytes") && limit.contains("max_bytes is 20000"), "{limit}");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_without_room_says_so() {
    let lines = "accounts { A { jetstream { max_file: 200000 }, users: [{ user: a, password: a }] } }\nno_auth_user: a";
    let Some(server) = or_skip(Server::start_with(SyncInterval::Default, lines)) else { return };
    let store = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    let error = loop {
        if let Err(error) = store.append(&[stream.append(1)]).await {
            break error;
        }
        assert!(stream.expected().version() < 2000, "the account is never full");
    };
    assert!(matches!(&error, StoreError::Refused { refusal: Refusal::Full { .. } }), "{error:?}");
    assert!(error.to_string().contains("storage is full"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_is_told_at_once_that_the_stream_is_full_or_gone() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let deadline = Duration::from_secs(300);
    let config = JetStreamConfig { max_bytes: Some(20_000), deadline, ..JetStreamConfig::new(&server.url) };
    let store = Arc::new(JetStreamStore::connect(config).await.unwrap());
    let engine = Engine::new(Arc::clone(&store) as Arc<dyn EventStore>);
    let create = async || loop {
        if let Err(error) = engine.create_graph(GraphMetadata::named("one of many")).await {
            break error;
        }
    };
    let told = async || tokio::time::timeout(deadline / 5, create()).await.expect("it is told at once");
    let full = told().await;
    assert!(full.to_string().contains("the stream event-store is full"), "{full}");
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    context.delete_stream("event-store").await.unwrap();
    let gone = told().await;
    assert!(gone.to_string().contains("there is no stream event-store"), "{gone}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_the_same_subjects_is_named() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig::new(&server.url);
    let first = JetStreamStore::connect(config.clone()).await.unwrap();
    let other = JetStreamConfig { stream: "other".to_owned(), ..config };
    let reason = reason(JetStreamStore::connect(other.clone()).await);
    assert!(reason.contains("the stream event-store has its subjects event.store.>"), "{reason}");
    let apart = JetStreamConfig { subject_prefix: "other.events".to_owned(), ..other };
    let second = JetStreamStore::connect(apart).await.unwrap();
    let part = SampleStream::new(1, HashKind::Sha2_256).append(2);
    second.append(std::slice::from_ref(&part)).await.unwrap();
    assert_eq!((first.last_sequence().await.unwrap(), second.last_sequence().await.unwrap()), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_only_reads_makes_no_stream() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig::new(&server.url);
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let missing = async || match JetStreamStore::open(config.clone()).await {
        Err(StoreError::Refused { refusal: Refusal::Missing { what } }) => assert_eq!(what, "stream event-store"),
        other => panic!("{other:?}"),
    };
    missing().await;
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    store.append(&[stream.append(2)]).await.unwrap();
    let reader = JetStreamStore::open(config.clone()).await.unwrap();
    assert_eq!(reader.read(stream.aggregate(), 1, 9).await.unwrap().len(), 2);
    assert!(!reader.is_leaderless());
    assert_eq!(reader.objects().unwrap().list("").await.unwrap(), []);
    let refused = reader.append(&[stream.append(1)]).await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    context.delete_stream("event-store").await.unwrap();
    missing().await;
    for read in [reader.read_all(0, 9).await, store.read(stream.aggregate(), 1, 9).await] {
        assert!(matches!(read, Err(StoreError::Refused { refusal: Refusal::Missing { .. } })), "{read:?}");
    }
    assert!(context.get_stream("event-store").await.is_err() && context.get_stream("OBJ_object-store").await.is_err());
}
