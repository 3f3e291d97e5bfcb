//! A store that three servers keep, and that outlives the end of one.

use std::path::Path;
use std::time::{Duration, Instant};

use cidgraph_harness::nats::{Cluster, Server, SyncInterval, or_skip};

use crate::binary::{cidgraph, done, failed, field, write};
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
    let away = cluster.servers[leader].name.clone();
    failed(path, &on(&urls, &["verify", "--each-replica", "--config", "c.toml"]), 3, &format!("not reached: {away}"));
    reads_without_a_leader(&mut cluster, path, &urls);
}

/// With two servers away, whatever only reads is answered by the third.
fn reads_without_a_leader(cluster: &mut Cluster, path: &Path, urls: &str) {
    let questions: &[&[&str]] = &[
        &["graphs"],
        &["stats", "--graph", "g", "--json"],
        &["log", "--graph", "g", "--json"],
        &["show", "28"],
        &["query", "neighbors", "28"],
        &["verify", "--json"],
    ];
    let before: Vec<String> = questions.iter().map(|question| done(path, &on(urls, question))).collect();
    let leader = cluster.wait_for_leader("event-store", PATIENCE).expect("a leader");
    let until = Instant::now() + PATIENCE;
    let messages = |server: &Server| server.stream_state("event-store").ok().flatten().map(|state| state.messages);
    let mut running = cluster.servers.iter().filter(|server| server.is_running()).map(messages).collect::<Vec<_>>();
    while running[0].is_none() || running[0] != running[1] {
        assert!(Instant::now() < until, "a copy never has all events");
        running = cluster.servers.iter().filter(|server| server.is_running()).map(messages).collect();
    }
    cluster.servers[leader].kill().expect("killed");
    for (question, before) in questions.iter().zip(before) {
        let output = cidgraph(path, &on(urls, question));
        let (answer, note) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
        let (answer, note) = (answer.expect("text"), note.expect("text"));
        assert!(output.status.success() && note.contains("has no leader"), "{question:?}: {note}");
        // How fast it was verified is no part of the answer.
        let told = |text: &str| text.split("\"events_per_second\"").next().map(str::to_owned);
        assert_eq!(told(&answer), told(&before), "{question:?}");
    }
}

/// Two of three servers are stopped, the leader first, not ended: their connections stay, and questions still go to them.
#[cfg(unix)]
#[test]
fn reads_are_answered_in_time_while_two_of_three_servers_are_stopped() {
    /// What a command may take beyond its deadline: to connect, to be answered, on a machine that is busy.
    const SLACK: Duration = Duration::from_secs(15);
    const DEADLINE: Duration = Duration::from_secs(20);
    let Some(cluster) = or_skip(Cluster::start(SyncInterval::Default)) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let urls = cluster.urls().join(",");
    write(path, "e.csv", edges(30_000));
    done(path, &on(&urls, &[IMPORT_EDGES, &["g"]].concat()));
    done(path, &on(&urls, &[IMPORT_EDGES, &["archived"]].concat()));
    done(path, &on(&urls, &["archive", "--graph", "archived", "--keep", "10", "--without-snapshot"]));
    let questions: [&[&str]; 5] = [
        &["graphs"],
        &["stats", "--graph", "g", "--json"],
        &["stats", "--graph", "archived", "--json"],
        &["log", "--graph", "archived", "--json"],
        &["query", "neighbors", "28", "--graph", "g"],
    ];
    let before: Vec<String> = questions.iter().map(|question| done(path, &on(&urls, question))).collect();
    for stream in ["OBJ_object-store", "event-store"] {
        cluster.wait_until_whole(stream, PATIENCE).expect("three copies");
    }
    let leader = cluster.wait_until_whole("event-store", PATIENCE).expect("a leader");
    let stopped = [&cluster.servers[leader], &cluster.servers[(leader + 1) % 3]];
    stopped.iter().for_each(|server| server.pause().expect("stopped"));
    for (question, before) in questions.iter().zip(before) {
        let start = Instant::now();
        let output = cidgraph(path, &on(&urls, question));
        let (answer, note) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
        let (answer, note) = (answer.expect("text"), note.expect("text"));
        eprintln!("{question:?} took {:?}", start.elapsed());
        assert!(output.status.success() && answer == before, "{question:?}: {note}");
        assert!(start.elapsed() < DEADLINE + SLACK, "{question:?} took {:?}", start.elapsed());
    }
    stopped.iter().for_each(|server| server.resume().expect("goes on"));
}
