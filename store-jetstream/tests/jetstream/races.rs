//! Writers of many connections race for the same aggregates: no chain forks, and no acknowledged event is lost.
//!
//! `CIDGRAPH_RACE_ATTEMPTS` says how many appends are tried in all; each race prints what became of them.

use std::collections::BTreeMap;
use std::time::Instant;

use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateAppend, AggregateId, EventStore, HashKind, SealedEvent, StoreError};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};
use futures::future::try_join_all;

use crate::support::replicated;

const WRITERS: u64 = 8;

/// Appends that are tried unless the environment says how many.
const ATTEMPTS: u64 = 2000;

fn attempts() -> u64 {
    let told = std::env::var("CIDGRAPH_RACE_ATTEMPTS").ok();
    told.map_or(ATTEMPTS, |told| told.parse().expect("CIDGRAPH_RACE_ATTEMPTS is a number"))
}

/// What became of a writer's appends.
#[derive(Debug, Default)]
struct Outcome {
    won: u64,
    conflicts: u64,
    unknown: u64,
    unavailable: u64,
    /// Events that must be there.
    acknowledged: Vec<SealedEvent>,
    /// Events that may be there, each batch whole or not at all.
    doubtful: Vec<SealedEvent>,
}

impl Outcome {
    fn join(mut self, other: Self) -> Self {
        self.won += other.won;
        self.conflicts += other.conflicts;
        self.unknown += other.unknown;
        self.unavailable += other.unavailable;
        self.acknowledged.extend(other.acknowledged);
        self.doubtful.extend(other.doubtful);
        self
    }

    fn take(&mut self, answer: Result<(), StoreError>, batch: Vec<AggregateAppend>) {
        let events = batch.into_iter().flat_map(|part| part.events);
        match answer {
            Ok(()) => {
                self.won += 1;
                self.acknowledged.extend(events);
            }
            Err(StoreError::Conflict { .. }) => self.conflicts += 1,
            Err(StoreError::Unavailable { .. }) => self.unavailable += 1,
            Err(StoreError::Unknown { .. }) => {
                self.unknown += 1;
                self.doubtful.extend(events);
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Appends to one of three aggregates, or to two at once. After whatever is not an answer it goes on from what is there.
async fn write(store: JetStreamStore, writer: u64, attempts: u64) -> Result<Outcome, StoreError> {
    let fork = |number| (0..=writer).fold(SampleStream::new(number, HashKind::Sha2_256), |stream, _| stream.fork());
    let mut streams = [fork(1), fork(2), fork(3)];
    let mut outcome = Outcome::default();
    for attempt in 0..attempts {
        let chosen = usize::try_from((attempt * 7 + writer) % 3).unwrap();
        let mut batch = vec![streams[chosen].append(1 + attempt % 2)];
        if attempt % 5 == 0 {
            batch.push(streams[(chosen + 1) % 3].append(1));
        }
        let answer = store.append(&batch).await.map(drop);
        if answer.is_err() {
            for (index, part) in [chosen, (chosen + 1) % 3].into_iter().zip(&batch) {
                streams[index] = fork(index as u64 + 1).at(store.head(part.aggregate).await?);
            }
        }
        outcome.take(answer, batch);
    }
    Ok(outcome)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_connections_never_fork_a_chain() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    race("one server", JetStreamConfig::new(&server.url), attempts()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_connections_never_fork_a_replicated_chain() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    race("three servers", replicated(&cluster), attempts()).await;
}

async fn race(where_to: &str, config: JetStreamConfig, attempts: u64) {
    let mut stores = Vec::new();
    for _ in 0..WRITERS {
        stores.push(JetStreamStore::connect(config.clone()).await.unwrap());
    }
    let start = Instant::now();
    let each = attempts.div_ceil(WRITERS);
    let tasks = (0..).zip(stores).map(|(writer, store)| tokio::spawn(write(store, writer, each)));
    let outcomes = try_join_all(tasks).await.unwrap().into_iter().collect::<Result<Vec<_>, _>>().unwrap();
    let outcome = outcomes.into_iter().fold(Outcome::default(), Outcome::join);
    let took = start.elapsed();
    let Outcome { won, conflicts, unknown, unavailable, acknowledged, doubtful } = outcome;
    assert_eq!(won + conflicts + unknown + unavailable, each * WRITERS, "every attempt was answered");
    let kept = kept_without_fork(config).await;
    eprintln!(
        "{where_to}: {} attempts, {won} won, {conflicts} conflicts, {unknown} unknown, {unavailable} unavailable, \
         0 forks, {} events, {took:.1?}",
        each * WRITERS,
        kept.len()
    );
    for event in &acknowledged {
        let there = kept.get(&(event.aggregate, event.version));
        assert_eq!(there, Some(event), "an acknowledged event is not there");
    }
    let found = doubtful.iter().filter(|event| kept.get(&(event.aggregate, event.version)) == Some(event));
    assert_eq!(kept.len(), acknowledged.len() + found.count(), "every event was appended once");
}

/// Reads everything and checks that each aggregate is one chain.
async fn kept_without_fork(config: JetStreamConfig) -> BTreeMap<(AggregateId, u64), SealedEvent> {
    let store = JetStreamStore::connect(config).await.unwrap();
    let mut kept = BTreeMap::new();
    for (aggregate, head) in store.list().await.unwrap() {
        let events = store.read(aggregate, 1, usize::MAX).await.unwrap();
        assert_eq!(events.len() as u64, head.version);
        for pair in events.windows(2) {
            assert_eq!(pair[1].event.previous, Some(pair[0].event.cid), "the chain of {aggregate} forks");
        }
        kept.extend(events.into_iter().map(|stored| ((aggregate, stored.event.version), stored.event)));
    }
    // What the stream holds beside the chains would be a fork.
    assert_eq!(store.read_all(0, usize::MAX).await.unwrap().len(), kept.len());
    kept
}
