//! The servers of tests and drills: killed, stopped and started again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use cidgraph_harness::nats::{Cluster, NatsError, SERVERS, Server, SyncInterval, or_skip};

#[test]
fn a_killed_server_comes_back_where_it_was() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Always)) else { return };
    let (url, monitor_url) = (server.url.clone(), server.monitor_url.clone());
    for _ in 0..2 {
        server.kill().unwrap();
        assert!(!server.is_running());
        let gone = server.stream_state("any");
        assert!(matches!(gone, Err(NatsError::Monitor { .. })), "{gone:?}");
        server.restart().unwrap();
        assert_eq!((&server.url, &server.monitor_url), (&url, &monitor_url));
        assert_eq!(server.stream_state("any").unwrap(), None);
    }
    assert!(server.store_folder().is_dir());
}

#[cfg(unix)]
#[test]
fn a_stopped_server_says_nothing_until_it_goes_on() {
    let Some(server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    server.pause().unwrap();
    let silent = server.stream_state("any");
    assert!(matches!(silent, Err(NatsError::Monitor { .. })), "{silent:?}");
    server.resume().unwrap();
    assert_eq!(server.stream_state("any").unwrap(), None);
}

#[test]
fn a_wrong_line_ends_the_server_with_its_log() {
    let ended = Server::start_with(SyncInterval::Default, "no_such_option: {");
    if !matches!(ended, Err(NatsError::NoProgram)) {
        assert!(matches!(ended, Err(NatsError::Ended { .. })), "{ended:?}");
    }
}

#[test]
fn three_servers_have_addresses_and_names_of_their_own() {
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let mut addresses = [cluster.urls(), cluster.monitor_urls()].concat();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 2 * SERVERS);
    let names: Vec<&str> = cluster.servers.iter().map(|server| server.name.as_str()).collect();
    assert_eq!(names, ["n1", "n2", "n3"]);
}
