//! Writers of many connections race for the same aggregates: no chain forks, and no acknowledged event is lost.

use cidgraph::store::conformance::SampleStream;
use cidgraph::{EventStore, HashKind, SealedEvent, StoreError};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::future::try_join_all;

use crate::support::replicated;

const WRITERS: usize = 8;

/// Appends to one of three aggregates, or to two at once, and returns what was acknowledged. After a conflict it goes
/// on from what the winner wrote.
async fn write(store: JetStreamStore, writer: u64, attempts: u64) -> Result<Vec<SealedEvent>, StoreError> {
    let fork = |number| (0..=writer).fold(SampleStream::new(number, HashKind::Sha2_256), |stream, _| stream.fork());
    let mut streams = [fork(1), fork(2), fork(3)];
    let mut acknowledged = Vec::new();
    for attempt in 0..attempts {
        let chosen = usize::try_from((attempt * 7 + writer) % 3).unwrap();
        let mut batch = vec![streams[chosen].append(1 + attempt % 2)];
        if attempt % 5 == 0 {
            batch.push(streams[(chosen + 1) % 3].append(1));
        }
        match store.append(&batch).await {
            Ok(_) => acknowledged.extend(batch.into_iter().flat_map(|part| part.events)),
            Err(StoreError::Conflict { .. }) => {
                for (index, number) in [chosen, (chosen + 1) % 3].into_iter().zip(0..batch.len()) {
                    let head = store.head(batch[number].aggregate).await?;
                    streams[index] = fork(index as u64 + 1).at(head);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(acknowledged)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_connections_never_fork_a_chain() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    race(JetStreamConfig::new(&server.url), 400).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_connections_never_fork_a_replicated_chain() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    race(replicated(&cluster), 100).await;
}

async fn race(config: JetStreamConfig, attempts: u64) {
    let mut stores = Vec::new();
    for _ in 0..WRITERS {
        stores.push(JetStreamStore::connect(config.clone()).await.unwrap());
    }
    let tasks = (0..).zip(stores).map(|(writer, store)| tokio::spawn(write(store, writer, attempts)));
    let written = try_join_all(tasks).await.unwrap().into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    let mut acknowledged: Vec<SealedEvent> = written.into_iter().flatten().collect();
    acknowledged.sort_unstable_by_key(|event| (event.aggregate, event.version));
    let store = JetStreamStore::connect(config).await.unwrap();
    let mut kept = Vec::new();
    for (aggregate, head) in store.list().await.unwrap() {
        let events = store.read(aggregate, 1, usize::MAX).await.unwrap();
        assert_eq!(events.len() as u64, head.version);
        for pair in events.windows(2) {
            assert_eq!(pair[1].event.previous, Some(pair[0].event.cid));
        }
        kept.extend(events.into_iter().map(|stored| stored.event));
    }
    assert!(kept == acknowledged, "{} events are kept, {} were acknowledged", kept.len(), acknowledged.len());
    assert_eq!(store.last_sequence().await.unwrap(), kept.len() as u64);
}
