//! Servers that are not there or not as they must be: one line, the right code, and no secret in it.

use std::net::TcpListener;

use cidgraph_harness::nats::{Server, SyncInterval, or_skip};

use crate::binary::{cidgraph, command, done, failed, fed};
use crate::served::{IMPORT_EDGES, Served, edges, on};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn no_server_is_said_at_once() {
    let folder = folder();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("nats://{}", listener.local_addr().expect("an address"));
    drop(listener);
    failed(folder.path(), &on(&url, &["graphs"]), 3, &format!("{url}: no server is to be reached"));
    failed(folder.path(), &on(&url, &["import", "jsonl", "/dev/null", "-g", "g"]), 3, "no server is to be reached");
}

#[test]
fn where_the_servers_are_must_be_said_and_fit_the_store() {
    let folder = folder();
    let refused = |arguments: &[&str], expected| failed(folder.path(), arguments, 1, expected);
    refused(&["graphs", "--store", "jetstream"], "give --nats-url");
    refused(&["graphs", "--nats-url", "nats://127.0.0.1:4222"], "--nats-url is for a store on servers");
    refused(&["graphs", "--replicas", "3"], "--replicas is for a store on servers");
    refused(&["graphs", "--store", "jetstream", "--config", "none.toml"], "none.toml cannot be read");
    for url in ["http://127.0.0.1", "nats://writer:hunter2@127.0.0.1:4222", "nats://writer:hunter2@["] {
        let output = cidgraph(folder.path(), &on(url, &["graphs"]));
        let error = String::from_utf8(output.stderr).expect("text");
        assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn help_shows_no_variable_s_value() {
    let folder = folder();
    let mut help = command(folder.path(), &["graphs", "--help"]);
    help.env("CIDGRAPH_NATS_URLS", "nats://hunter2").env("CIDGRAPH_NATS_PASSWORD", "hunter2");
    let help = help.env("CIDGRAPH_STORE", "jetstream").output().expect("runs");
    let text = String::from_utf8(help.stdout).expect("text");
    assert!(text.contains("--nats-url") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_server_that_cannot_keep_the_store_says_why() {
    let without = "authorization { user: writer, password: hunter2 }";
    let Some(guarded) = or_skip(Server::start_with(SyncInterval::Default, without)) else { return };
    let folder = folder();
    failed(folder.path(), &on(&guarded.url, &["graphs"]), 1, "the server refuses the credentials");
    let accounts = "accounts { A { users: [{ user: a, password: a }] } }\nno_auth_user: a";
    let Some(bare) = or_skip(Server::start_with(SyncInterval::Default, accounts)) else { return };
    failed(folder.path(), &on(&bare.url, &["graphs"]), 1, "not enabled for account");
    let config = format!("urls = '{}'\n[credentials]\nuser = 'writer'\npassword = 'hunter2'\n", guarded.url);
    std::fs::write(folder.path().join("c.toml"), config).expect("written");
    done(folder.path(), &["apply", "-g", "g", "create", "--store", "jetstream", "--config", "c.toml"]);
    let mut graphs = command(folder.path(), &["graphs"]);
    graphs.env("CIDGRAPH_STORE", "jetstream").env("CIDGRAPH_NATS_URLS", &guarded.url);
    let wrong = graphs.env("CIDGRAPH_NATS_USER", "writer").env("CIDGRAPH_NATS_PASSWORD", "hunter3").output();
    assert_eq!(wrong.expect("runs").status.code(), Some(1));
    let right = graphs.env("CIDGRAPH_NATS_PASSWORD", "hunter2").output().expect("runs");
    assert!(right.status.success() && String::from_utf8_lossy(&right.stdout).contains('g'));
}

#[test]
fn who_only_reads_makes_no_stream() {
    let Some(served) = Served::start() else { return };
    let path = served.folder.path();
    let all_fail = || {
        for question in [
            &["graphs"][..],
            &["stats"],
            &["log"],
            &["verify"],
            &["verify", "--each-replica"],
            &["archive", "--graph", "g", "--keep", "1"],
        ] {
            failed(path, &served.on(question), 1, "there is no stream event-store");
        }
    };
    all_fail();
    served.done(&["apply", "-g", "g", "create"]);
    served.done(&["graphs"]);
    served.server.delete_stream("event-store").expect("deleted");
    all_fail();
    served.done(&["apply", "-g", "g", "create"]);
    let other = served.on(&["apply", "-g", "g", "create", "--stream", "other"]);
    failed(path, &other, 1, "the stream event-store has its subjects event.store.>");
}

#[test]
fn what_contradicts_the_store_is_a_conflict() {
    let Some(served) = Served::start() else { return };
    let path = served.folder.path();
    served.done(&["apply", "-g", "g", "create"]);
    let stale = served.on(&["apply", "--expected", "7", "add-node", "--kind", "P", "--key", "a"]);
    failed(path, &stale, 3, "version");
    failed(path, &served.on(&["stats", "-g", "h"]), 1, "the stream has no graph \"h\"");
    failed(path, &served.on(&["graphs", "--replicas", "3"]), 1, "num_replicas 1, not 3; it was not changed");
    failed(path, &served.on(&["graphs", "--stream", "a b"]), 1, "stream");
    let (code, _, error) = fed(path, &served.on(&["apply", "-g", "g"]), "{\"remove_node\":{\"node\":\"nobody\"}}\n");
    assert_eq!((code, error.lines().count()), (1, 1), "{error}");
}

#[test]
fn a_server_of_small_messages_says_what_to_raise() {
    let Some(small) = or_skip(Server::start_with(SyncInterval::Default, "max_payload: 65536")) else { return };
    let folder = folder();
    std::fs::write(folder.path().join("e.csv"), edges(200)).expect("written");
    done(folder.path(), &on(&small.url, &[IMPORT_EDGES, &["g"]].concat()));
    let archive = on(&small.url, &["archive", "--graph", "g", "--keep", "10", "--without-snapshot"]);
    failed(folder.path(), &archive, 1, "raise it in the server's configuration");
}

#[test]
fn a_monitor_that_does_not_answer_is_said() {
    let Some(served) = Served::start() else { return };
    let mut apply = command(served.folder.path(), &served.on(&["apply", "-g", "g", "create"]));
    let output = apply.env("CIDGRAPH_NATS_MONITOR_URLS", "http://127.0.0.1:9").output().expect("runs");
    let note = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success() && note.contains("monitoring address http://127.0.0.1:9"), "{note}");
}
