//! A store that three servers keep, and that outlives the end of one.

use std::time::Duration;

use cidgraph_harness::nats::{Cluster, SyncInterval, or_skip};

use crate::binary::{done, failed, field, write};
use crate::served::{IMPORT_EDGES, edges, on};

/// How long the stream may be without a leader.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_graph_is_replicated_and_outlives_a_server() {
    let Some(mut cluster) = or_skip(Cluster::start(SyncInterval::Always)) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let urls = cluster.urls().join(",");
    let monitors = cluster.monitor_urls().iter().map(|url| format!("'{url}'")).collect::<Vec<_>>().join(", ");
    write(path, "c.toml", format!("monitor_urls = [{monitors}]\ndeadline = '60s'\n"));
    write(path, "e.csv", edges(2000));
    let import = [IMPORT_EDGES, &["g", "--config", "c.toml"]].concat();
    let imported = done(path, &on(&urls, &import));
    assert_eq!(imported, done(path, &[IMPORT_EDGES, &["g"]].concat()), "as in memory");
    let leader = cluster.wait_until_whole("event-store", PATIENCE).expect("three copies");
    for server in &cluster.servers {
        let state = server.stream_state("event-store").expect("it answers").expect("it keeps a copy");
        assert!(state.messages > 2000);
    }
    failed(path, &on(&urls, &["graphs", "--replicas", "1"]), 1, "num_replicas 3, not 1");
    cluster.servers[leader].kill().expect("killed");
    let add = ["apply", "--graph", "g", "add-node", "--kind", "P", "--key", "after", "--config", "c.toml", "--json"];
    let receipt = done(path, &on(&urls, &add));
    assert_ne!(field(&receipt, "/head/version"), "1");
    done(path, &on(&urls, &["verify", "--config", "c.toml"]));
}
