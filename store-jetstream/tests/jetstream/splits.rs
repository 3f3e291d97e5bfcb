//! Appends of more events than one atomic batch takes: refused, or split between transactions where that was asked for.

use std::time::Duration;

use async_nats::jetstream;
use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateAppend, EventStore, Expected, HashKind, Refusal, StoreError};
use cidgraph_harness::nats::{Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};

async fn splitting(server: &Server) -> JetStreamStore {
    let config = JetStreamConfig { split_appends: true, ..JetStreamConfig::new(&server.url) };
    JetStreamStore::connect(config).await.unwrap()
}

/// Returns how the events were put into batches: for each its first sequence, by the ids that stand in the messages.
async fn batches(server: &Server, events: u64) -> Vec<u64> {
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let stream = context.get_stream("event-store").await.unwrap();
    let mut firsts = Vec::new();
    let mut batch = None;
    for sequence in 1..=events {
        let message = stream.get_raw_message(sequence).await.unwrap();
        let id = message.headers.get("Nats-Batch-Id").map(ToString::to_string);
        if id != batch {
            firsts.push(sequence);
            batch = id;
        }
    }
    firsts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_append_is_split_between_transactions_where_that_is_asked_for() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let part = SampleStream::new(1, HashKind::Sha2_256).appends(&[600, 600, 300, 1000, 1]);
    let plain = JetStreamStore::connect(JetStreamConfig::new(&server.url)).await.unwrap();
    let refused = plain.append(std::slice::from_ref(&part)).await;
    assert!(matches!(refused, Err(StoreError::Malformed { .. })), "{refused:?}");
    assert_eq!(plain.last_sequence().await.unwrap(), 0);

    let store = splitting(&server).await;
    let appended = store.append(std::slice::from_ref(&part)).await.unwrap();
    assert_eq!((appended.first_sequence, appended.last_sequence), (1, 2501));
    assert_eq!(appended.heads, [(part.aggregate, part.head())]);
    let read: Vec<_> = plain.read(part.aggregate, 1, usize::MAX).await.unwrap();
    assert!(read.into_iter().map(|stored| stored.event).eq(part.events.iter().cloned()));
    assert_eq!(batches(&server, 2501).await, [1, 601, 1501, 2501]);
    // The same bytes again are answered with what they were answered first.
    assert_eq!(store.append(std::slice::from_ref(&part)).await.unwrap(), appended);
    assert_eq!(splitting(&server).await.append(&[part]).await.unwrap(), appended);
    assert_eq!(plain.last_sequence().await.unwrap(), 2501);
    assert_eq!(store.capabilities().append_events_max, 1000, "what is all or nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_of_more_events_than_a_batch_takes_is_never_split() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = splitting(&server).await;
    let refused = store.append(&[SampleStream::new(1, HashKind::Sha2_256).appends(&[900, 1001])]).await;
    assert!(matches!(&refused, Err(StoreError::Malformed { reason }) if reason.contains("transaction")), "{refused:?}");
    assert_eq!(store.last_sequence().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_behind_what_was_applied_says_how_far_it_got() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let store = splitting(&server).await;
    let (mut one, mut two) = (SampleStream::new(1, HashKind::Sha2_256), SampleStream::new(2, HashKind::Sha2_256));
    let mut other = two.fork();
    let winner = other.append(1);
    store.append(std::slice::from_ref(&winner)).await.unwrap();
    // The first batch holds only events of the first aggregate; the second meets another writer's event.
    let batch = [one.appends(&[1000]), two.appends(&[500])];
    for _ in 0..2 {
        match store.append(&batch).await {
            Err(StoreError::Partial { events: 1000, last_sequence: 1001, cause }) => {
                let actual = Some(winner.head());
                let expected = Expected::Empty;
                assert!(
                    matches!(*cause, StoreError::Conflict { aggregate, expected: e, actual: a }
                        if aggregate == winner.aggregate && e == expected && a == actual),
                    "{cause:?}"
                );
            }
            answer => panic!("{answer:?}"),
        }
    }
    assert_eq!(store.head(one.aggregate()).await.unwrap(), Some(batch[0].head()));
    // Where nothing was applied before the conflict, it is a conflict.
    let late = SampleStream::new(2, HashKind::Sha2_256).fork().fork().append(1);
    let refused = store.append(&[late, SampleStream::new(3, HashKind::Sha2_256).append(1000)]).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_behind_what_was_applied_says_how_far_it_got_and_goes_on_later() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let config = JetStreamConfig {
        split_appends: true,
        max_bytes: Some(900_000),
        deadline: Duration::from_secs(5),
        ..JetStreamConfig::new(&server.url)
    };
    let store = JetStreamStore::connect(config.clone()).await.unwrap();
    let part: AggregateAppend = SampleStream::new(1, HashKind::Sha2_256).appends(&[1000, 1000, 1000]);
    let error = store.append(std::slice::from_ref(&part)).await.unwrap_err();
    let StoreError::Partial { events, last_sequence, cause } = &error else { panic!("{error:?}") };
    assert!(matches!(**cause, StoreError::Refused { refusal: Refusal::Full { .. } }), "{cause:?}");
    assert_eq!((*events as u64, store.last_sequence().await.unwrap()), (*last_sequence, *last_sequence));
    // More room, and the same append goes on from there.
    let context = jetstream::new(async_nats::connect(&server.url).await.unwrap());
    let mut wider = context.get_stream("event-store").await.unwrap().cached_info().config.clone();
    wider.max_bytes = 10_000_000;
    context.update_stream(&wider).await.unwrap();
    let appended = store.append(std::slice::from_ref(&part)).await.unwrap();
    assert_eq!((appended.first_sequence, appended.last_sequence), (1, 3000));
    assert_eq!(store.read(part.aggregate, 1, usize::MAX).await.unwrap().len(), 3000);
}
