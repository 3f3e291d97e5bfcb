//! What a store on a test's own servers is told.

use std::time::Duration;

use cidgraph_harness::nats::Cluster;
use cidgraph_store_jetstream::JetStreamConfig;

/// Returns what a store on all three servers must be told. A request that meets no leader yet is soon sent again.
pub(crate) fn replicated(cluster: &Cluster) -> JetStreamConfig {
    JetStreamConfig {
        urls: cluster.urls(),
        replicas: 3,
        request_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(60),
        ..JetStreamConfig::new("")
    }
}
