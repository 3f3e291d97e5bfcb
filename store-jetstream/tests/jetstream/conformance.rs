//! The store contract, on a real server that syncs now and then, on one that always does, and behind injected faults.

use cidgraph::HashKind;
use cidgraph::store::conformance::{FaultInjector, Subject};
use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};
use cidgraph_store_jetstream::{JetStreamConfig, JetStreamStore};

use crate::support::replicated;

/// Returns a store on a server of its own, `None` where there is no server.
async fn store(sync: SyncInterval, hash: HashKind) -> Option<(JetStreamStore, Server)> {
    let server = or_skip(Server::start(sync))?;
    let config = JetStreamConfig { hash, ..JetStreamConfig::new(&server.url) };
    Some((JetStreamStore::connect(config).await.unwrap(), server))
}

async fn subject(sync: SyncInterval, hash: HashKind) -> Option<Subject> {
    let (store, server) = store(sync, hash).await?;
    Some(Subject::new(store).keeping(server))
}

async fn faulty_subject(seed: u64) -> Option<Subject> {
    let (store, server) = store(SyncInterval::Default, HashKind::Sha2_256).await?;
    Some(Subject::new(FaultInjector::seeded(store, seed, 300)).keeping(server))
}

/// Returns a store that three servers keep.
async fn replicated_store() -> Option<(JetStreamStore, Cluster)> {
    let cluster = or_skip(Cluster::start(SyncInterval::Default))?;
    let config = replicated(&cluster);
    Some((JetStreamStore::connect(config).await.unwrap(), cluster))
}

async fn replicated_subject() -> Option<Subject> {
    let (store, cluster) = replicated_store().await?;
    Some(Subject::new(store).keeping(cluster))
}

async fn faulty_replicated_subject(seed: u64) -> Option<Subject> {
    let (store, cluster) = replicated_store().await?;
    Some(Subject::new(FaultInjector::seeded(store, seed, 300)).keeping(cluster))
}

cidgraph::store_conformance!(one_server, subject(SyncInterval::Default, HashKind::Sha2_256));
cidgraph::store_conformance!(one_server_always_blake3, subject(SyncInterval::Always, HashKind::Blake3));
cidgraph::store_conformance!(faulty_server, faulty_subject(7));
cidgraph::store_conformance!(three_servers, replicated_subject());
cidgraph::store_conformance!(three_faulty_servers, faulty_replicated_subject(11));
