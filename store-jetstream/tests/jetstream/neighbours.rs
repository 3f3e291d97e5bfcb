//! Archives belong to their stream: neither another stream's nor those of one that is gone are mixed with its events.

use cidgraph::archive::{archive_in_segments, foreign_segments};
use cidgraph::chain::LogVerifier;
use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateId, EventStore, HashKind, StoredEvent, StreamFilter};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::replica::survey_replicas;
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::StreamExt;

/// Bytes of a segment: some ten events.
const SEGMENT_BYTES: usize = 4000;

fn config(server: &Server, stream: &str) -> JetStreamConfig {
    let subject_prefix = stream.replace('-', ".");
    JetStreamConfig { stream: stream.to_owned(), subject_prefix, ..JetStreamConfig::new(&server.url) }
}

async fn connect(server: &Server, stream: &str) -> JetStreamStore {
    JetStreamStore::connect(config(server, stream)).await.unwrap()
}

/// Appends events of aggregates 1 and 2, of other bytes for each `seed`, and archives most of the first.
async fn fill_and_archive(store: &JetStreamStore, seed: u64, archive_up_to: u64) -> Vec<StoredEvent> {
    let mut streams = [1, 2].map(|number| {
        let stream = SampleStream::new(number, HashKind::Sha2_256);
        if seed == 0 { stream } else { stream.fork() }
    });
    for _ in 0..30 + seed {
        for stream in &mut streams {
            store.append(&[stream.append(2)]).await.unwrap();
        }
    }
    let all = store.read_all(0, usize::MAX).await.unwrap();
    if archive_up_to > 0 {
        archive_in_segments(store, AggregateId::from_u64(1), archive_up_to, SEGMENT_BYTES).await.unwrap();
    }
    all
}

async fn check(server: &Server, stream: &str, all: &[StoredEvent]) {
    let store = connect(server, stream).await;
    let read = store.read_all(0, usize::MAX).await.unwrap();
    assert!(read == all, "{stream} reads others than were appended");
    assert_eq!(LogVerifier::new().push(&read), []);
    let followed = store.follow(0, StreamFilter::All).await.unwrap().take(all.len());
    let followed: Vec<_> = followed.map(Result::unwrap).collect().await;
    assert!(followed == all, "{stream} yields others than were appended");
    let survey = survey_replicas(&config(server, stream)).await.unwrap();
    assert!(survey.is_clean(), "{survey:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_streams_of_an_account_keep_their_archives_apart() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let (one, other) = (connect(&server, "event-store").await, connect(&server, "second").await);
    let of_one = fill_and_archive(&one, 0, 40).await;
    let of_other = fill_and_archive(&other, 7, 50).await;
    for (stream, all) in [("event-store", &of_one), ("second", &of_other)] {
        check(&server, stream, all).await;
        assert_eq!(foreign_segments(&connect(&server, stream).await).await.unwrap(), []);
    }
    let names = |store: &JetStreamStore| store.objects().unwrap();
    let (one, other) = (names(&one).list("").await.unwrap(), names(&other).list("").await.unwrap());
    assert!(!one.is_empty() && !other.is_empty());
    assert!(one.iter().all(|object| !other.contains(object)), "an object is in both buckets");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_outlived_its_stream_is_named_and_not_mixed_in() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = connect(&server, "event-store").await;
    fill_and_archive(&store, 7, 50).await;
    store.client().request("$JS.API.STREAM.DELETE.event-store", "".into()).await.unwrap();
    let all = fill_and_archive(&connect(&server, "event-store").await, 0, 0).await;
    check(&server, "event-store", &all).await;
    let store = connect(&server, "event-store").await;
    let foreign = foreign_segments(&store).await.unwrap();
    assert!(!foreign.is_empty() && foreign.iter().all(|segment| segment.aggregate == AggregateId::from_u64(1)));
    // An archive of the new stream's own goes beside it.
    archive_in_segments(&store, AggregateId::from_u64(2), 30, SEGMENT_BYTES).await.unwrap();
    check(&server, "event-store", &all).await;
    assert_eq!(foreign_segments(&store).await.unwrap(), foreign);
}
