//! Servers that are killed and started again: nothing acknowledged is lost, followers go on, callers are answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cidgraph::store::conformance::SampleStream;
use cidgraph::{
    AggregateId, Engine, ErrorKind, EventStore, GraphMetadata, HashKind, Refusal, StoreError, StreamFilter,
};
use cidgraph_harness::nats::{Cluster, SERVERS, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::replicated;

/// How long servers may take to agree.
const PATIENCE: Duration = Duration::from_secs(60);

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
                    let leader = cluster.wait_for_leader("event-store", PATIENCE).unwrap();
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
async fn without_a_leader_events_are_read_from_the_server_that_is_left() {
    const EVENTS: u64 = 60;
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig { deadline: Duration::from_secs(10), ..replicated(&cluster) };
    let writer = JetStreamStore::connect(replicated(&cluster)).await.unwrap();
    let (mut one, mut two) = (SampleStream::new(1, HashKind::Sha2_256), SampleStream::new(2, HashKind::Sha2_256));
    for _ in 0..EVENTS / 3 {
        writer.append(&[one.append(3), two.append(2)]).await.unwrap();
    }
    let store = JetStreamStore::connect(config).await.unwrap();
    let leader = tokio::task::block_in_place(|| cluster.wait_until_whole("event-store", PATIENCE).unwrap());
    let until = Instant::now() + PATIENCE;
    let has_all = |server: &Server| {
        let state = server.stream_state("event-store").unwrap();
        state.is_some_and(|state| state.messages == EVENTS / 3 * 5)
    };
    while !tokio::task::block_in_place(|| cluster.servers.iter().all(has_all)) {
        assert!(Instant::now() < until, "a server never has all events");
        tokio::task::yield_now().await;
    }
    for killed in [leader, (leader + 1) % SERVERS] {
        cluster.servers[killed].kill().unwrap();
    }
    for (from, limit) in [(1, 60), (1, 7), (31, 2), (17, 44), (60, 1)] {
        let read = store.read(one.aggregate(), from, limit).await.unwrap();
        let versions: Vec<u64> = read.iter().map(|stored| stored.event.version).collect();
        assert_eq!(versions, (from..).take(limit).collect::<Vec<_>>());
    }
    let head = store.head(one.aggregate()).await;
    assert!(matches!(head, Err(StoreError::Unavailable { .. })), "{head:?}");
    let end = store.read(one.aggregate(), 60, 2).await;
    assert!(matches!(end, Err(StoreError::Unavailable { .. })), "{end:?}");
    answers_from_one_copy(replicated(&cluster), &one, &two).await;
}

/// Checks that whoever only reads opens the stream without its leader and gets every answer.
async fn answers_from_one_copy(config: JetStreamConfig, one: &SampleStream, two: &SampleStream) {
    let reader = JetStreamStore::open(config).await.unwrap();
    assert!(reader.is_leaderless());
    let heads: Vec<_> = [one, two].map(|stream| (stream.aggregate(), stream.expected().version())).into();
    let listed = reader.list().await.unwrap();
    assert_eq!(listed.iter().map(|(aggregate, head)| (*aggregate, head.version)).collect::<Vec<_>>(), heads);
    let all = reader.read_all(0, usize::MAX).await.unwrap();
    assert_eq!(all.last().map(|last| last.sequence), Some(reader.last_sequence().await.unwrap()));
    for (aggregate, version) in heads {
        assert_eq!(reader.head(aggregate).await.unwrap().map(|head| head.version), Some(version));
        let own: Vec<_> = all.iter().filter(|stored| stored.event.aggregate == aggregate).cloned().collect();
        assert_eq!(reader.read(aggregate, 1, usize::MAX).await.unwrap(), own);
        assert_eq!(reader.read(aggregate, version, 5).await.unwrap(), own[own.len() - 1..]);
        assert_eq!(reader.read(aggregate, version + 1, 5).await.unwrap(), []);
    }
    assert_eq!(reader.head(AggregateId::from_u64(77)).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_nothing_is_passed_over() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let writer = JetStreamStore::connect(replicated(&cluster)).await.unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    writer.append(&[stream.append(2)]).await.unwrap();
    tokio::task::block_in_place(|| cluster.wait_until_whole("event-store", PATIENCE).unwrap());
    // Whoever waited for the silent server as long as one request may take would not connect in time.
    let patient = JetStreamConfig { request_timeout: PATIENCE, deadline: PATIENCE / 2, ..replicated(&cluster) };
    for server in &cluster.servers {
        server.pause().unwrap();
        for _ in 0..3 {
            let reader = JetStreamStore::open(patient.clone()).await.unwrap();
            assert_eq!(reader.read(stream.aggregate(), 1, 2).await.unwrap().len(), 2);
        }
        server.resume().unwrap();
    }
}

/// As one that is stopped right behind its greeting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_greets_and_then_says_nothing_is_passed_over() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mute = listener.local_addr().unwrap();
    let info = format!(
        "INFO {{\"server_id\":\"mute\",\"server_name\":\"mute\",\"version\":\"2.15.1\",\"go\":\"\",\"host\":\"127.0.0.1\",\
         \"port\":{},\"proto\":1,\"headers\":true,\"max_payload\":1048576}}\r\n",
        mute.port()
    );
    let chosen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&chosen);
    let mute_server = tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let (info, count) = (info.clone(), Arc::clone(&count));
            tokio::spawn(async move {
                connection.write_all(info.as_bytes()).await.ok();
                // Whoever only looks who greets says nothing.
                let said = connection.read(&mut [0; 64]).await;
                count.fetch_add(usize::from(said.is_ok_and(|bytes| bytes > 0)), Ordering::Relaxed);
                std::future::pending::<()>().await;
            });
        }
    });
    let urls = vec![format!("nats://{mute}"), server.url.clone()];
    let config =
        JetStreamConfig { urls, request_timeout: PATIENCE, deadline: PATIENCE / 2, ..JetStreamConfig::new("") };
    for _ in 0..100 {
        JetStreamStore::connect(config.clone()).await.unwrap();
        if chosen.load(Ordering::Relaxed) > 0 {
            break;
        }
    }
    assert!(chosen.load(Ordering::Relaxed) > 0, "it greets first, some time");
    mute_server.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_configured_deadline_is_the_writer_s() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let deadline = Duration::from_millis(700);
    let config = JetStreamConfig { request_timeout: deadline / 2, deadline, ..JetStreamConfig::new(&server.url) };
    let engine = Engine::new(Arc::new(JetStreamStore::connect(config).await.unwrap()));
    let graph = engine.create_graph(GraphMetadata::named("g")).await.unwrap();
    server.kill().unwrap();
    let both = async { tokio::join!(engine.rename_graph(graph, "a"), engine.rename_graph(graph, "b")) };
    let (one, other) = tokio::time::timeout(deadline * 12, both).await.expect("it is answered by the deadline");
    for answer in [one, other] {
        let kind = answer.unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::Unavailable | ErrorKind::Unknown), "{kind:?}");
    }
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
    let named = matches!(error, Some(Err(StoreError::Refused { refusal: Refusal::Missing { .. } })));
    assert!(named, "{error:?}");
}
