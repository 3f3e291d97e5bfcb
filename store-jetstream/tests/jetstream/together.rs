//! Many appends at once share batches; each gets the answer that it would get alone.

use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateAppend, EventStore, HashKind, StoreError};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::future::join_all;

use crate::support::replicated;

/// Aggregates that are appended to at once.
const AGGREGATES: u64 = 300;

/// One aggregate of so many has an event already, which its append does not know.
const STALE_EVERY: u64 = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_append_spoils_no_other_of_its_batch() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    append_at_once(JetStreamConfig::new(&server.url)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_append_spoils_no_other_of_its_replicated_batch() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    append_at_once(replicated(&cluster)).await;
}

async fn append_at_once(config: JetStreamConfig) {
    let store = JetStreamStore::connect(config).await.unwrap();
    let stream = |number| SampleStream::new(number, HashKind::Sha2_256);
    for number in (0..AGGREGATES).filter(|number| number % STALE_EVERY == 0) {
        store.append(&[stream(number).fork().append(1)]).await.unwrap();
    }
    let batches: Vec<AggregateAppend> = (0..AGGREGATES).map(|number| stream(number).append(1 + number % 3)).collect();
    let answers = join_all(batches.iter().map(|batch| store.append(std::slice::from_ref(batch)))).await;
    let mut ends = Vec::new();
    for ((number, batch), answer) in (0..).zip(&batches).zip(answers) {
        if number % STALE_EVERY == 0 {
            assert!(matches!(answer, Err(StoreError::Conflict { .. })), "{number}: {answer:?}");
            continue;
        }
        let answer = answer.unwrap();
        let kept = store.read(batch.aggregate, 1, usize::MAX).await.unwrap();
        assert_eq!(
            kept.iter().map(|stored| &stored.event).collect::<Vec<_>>(),
            batch.events.iter().collect::<Vec<_>>()
        );
        assert_eq!((kept[0].sequence, kept[kept.len() - 1].sequence), (answer.first_sequence, answer.last_sequence));
        ends.push(answer.last_sequence);
    }
    ends.sort_unstable();
    ends.dedup();
    assert_eq!(ends.len() as u64, AGGREGATES - AGGREGATES / STALE_EVERY, "no two appends end at the same place");
}
