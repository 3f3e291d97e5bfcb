//! Commands that only look at a store, on a small one: what they print and the code they end with.

use std::path::Path;

use cidgraph::chain::seal;
use cidgraph::{
    AggregateAppend, ChainTip, CommandContext, CommandId, EdgeEntity, EventStore, Expected, GraphEvent, GraphId,
    GraphMetadata, HashKind, NodeEntity,
};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};

use crate::binary::{cidgraph, done, failed, field, json, write};

fn graph() -> GraphId {
    GraphId::named("g")
}

/// Makes a store with one graph of five events in two transactions.
fn small_store() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let store = MemoryStore::open(folder.path().join(".cidgraph"), FsyncPolicy::Always).expect("opens");
    let [alice, bob] = ["alice", "bob"].map(|key| NodeEntity::keyed(graph(), "Person", key));
    let ends = (alice.id, bob.id);
    let first = vec![
        GraphEvent::GraphCreated { metadata: GraphMetadata::named("g") },
        GraphEvent::NodeAdded { node: alice },
        GraphEvent::NodeAdded { node: bob },
    ];
    let second = vec![
        GraphEvent::EdgeConnected { edge: EdgeEntity::new(ends.0, "knows", ends.1) },
        GraphEvent::NodeRemoved { node: ends.1 },
    ];
    let mut tip = ChainTip::empty(graph().into(), HashKind::Sha2_256);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for (number, actor, events) in [(1, "ann", first), (2, "ben", second)] {
        let expected = tip.head.map_or(Expected::Empty, Expected::Exact);
        let context = CommandContext::new(CommandId::from_u64(number), actor);
        let mut sealed = Vec::new();
        seal(&mut tip, &context, number * 1_000_000_000, &events, &mut sealed);
        let append = AggregateAppend { aggregate: graph().into(), expected, events: sealed };
        runtime.block_on(store.append(&[append])).expect("appended");
    }
    folder
}

#[test]
fn graphs_shows_what_is_there() {
    let folder = small_store();
    let table = done(folder.path(), &["graphs"]);
    assert!(table.starts_with("name  version  id") && table.lines().count() == 2, "{table}");
    let line = done(folder.path(), &["graphs", "--json"]);
    assert_eq!(field(&line, "/name"), "g");
    assert_eq!(field(&line, "/id"), graph().to_string());
    assert_eq!(field(&line, "/head/version"), "5");
}

#[test]
fn stats_says_what_takes_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let edges: String = (0..20_000).map(|node| format!("{node} {}\n", node + 1)).collect();
    write(path, "edges.txt", edges);
    done(path, &["import", "edges", "edges.txt", "-g", "g"]);
    assert!(done(path, &["stats", "--memory"]).contains("memory node ids"));
    let stats = json(&done(path, &["stats", "--memory", "--json"]));
    let Some(memory) = stats["memory"].as_object() else { return };
    let bytes = |name: &str| memory[name].as_i64().expect("a number of bytes");
    assert_eq!(bytes("node_ids"), 16 * 20_001, "{memory:?}");
    let lines: i64 = memory.keys().filter(|name| *name != "resident").map(|name| bytes(name)).sum();
    assert_eq!(lines, bytes("resident"), "{memory:?}");
    assert!(bytes("unaccounted").abs() * 20 <= bytes("resident"), "{memory:?}");
}

#[track_caller]
fn versions(folder: &Path, arguments: &[&str], expected: &[&str]) {
    let lines = done(folder, &[&["log", "--json"], arguments].concat());
    let found: Vec<String> = lines.lines().map(|line| field(line, "/version")).collect();
    assert_eq!(found, expected, "{arguments:?}");
}

#[test]
fn log_filters_events() {
    let folder = small_store();
    let path = folder.path();
    versions(path, &[], &["1", "2", "3", "4", "5"]);
    versions(path, &["--graph", "g", "--type", "NodeAdded"], &["2", "3"]);
    versions(path, &["--type", "NodeAdded", "--type", "NodeRemoved", "--limit", "2"], &["2", "3"]);
    versions(path, &["--node", "Person:alice"], &["2", "4", "5"]);
    versions(path, &["--node", "Person:bob"], &["3", "4", "5"]);
    versions(path, &["--actor", "ben"], &["4", "5"]);
    versions(path, &["--since", "1970-01-01T00:00:02Z", "--from", "5"], &["5"]);
    versions(path, &["--until", "1970-01-01T00:00:02Z"], &["1", "2", "3"]);
    versions(path, &["--correlation", "00000000-0000-0000-0000-000000000002"], &["4", "5"]);
    let line = done(path, &["log", "--json", "--limit", "1"]);
    assert_eq!(field(&line, "/payload/name"), "g");
    assert_eq!(field(&line, "/time"), "1970-01-01T00:00:01Z");
    assert!(done(path, &["log"]).contains("NodeRemoved"));
}

#[test]
fn verify_counts_what_holds() {
    let folder = small_store();
    let line = done(folder.path(), &["verify", "--json"]);
    assert_eq!(
        (field(&line, "/events"), field(&line, "/graphs"), field(&line, "/broken")),
        ("5".into(), "1".into(), "[]".into())
    );
    let line = done(folder.path(), &["verify", "--json", "--graph", "g"]);
    assert_eq!(field(&line, "/events"), "5");
    assert!(done(folder.path(), &["verify"]).contains("5 events of 1 graph verified"));
}

#[test]
fn a_car_is_exported_and_verified_and_its_damage_found() {
    let folder = small_store();
    let path = folder.path();
    done(path, &["export", "car", "g.car"]);
    let line = done(path, &["verify", "--car", "g.car", "--json"]);
    assert_eq!(field(&line, "/events"), "5");
    let mut bytes = std::fs::read(path.join("g.car")).expect("reads");
    let at = bytes.windows(3).position(|bytes| bytes == b"bob").expect("bob's event");
    bytes[at] = b'c';
    std::fs::write(path.join("g.car"), &bytes).expect("written");
    let output = cidgraph(path, &["verify", "--car", "g.car", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stdout).expect("text");
    assert_eq!(field(&line, "/broken/0/version"), "3");
    assert!(field(&line, "/broken/0/expected").starts_with("bafyrei"));
    std::fs::write(path.join("g.car"), &bytes[..bytes.len() - 1]).expect("written");
    failed(path, &["verify", "--car", "g.car"], 2, "broken");
}

/// Changes one byte of the store's only segment, at the first place where `text` stands.
fn damage(folder: &Path, text: &[u8]) {
    let segment = first_car(&folder.join(".cidgraph"));
    let mut bytes = std::fs::read(&segment).expect("reads");
    let at = bytes.windows(text.len()).position(|bytes| bytes == text).expect("the text is there");
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).expect("written");
}

#[test]
fn a_damaged_store_is_named() {
    let folder = small_store();
    damage(folder.path(), b"bob");
    let output = cidgraph(folder.path(), &["verify", "--json"]);
    let line = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(field(&line, "/broken/0/file").ends_with(".car"), "{line}");
    assert_eq!(field(&line, "/broken/0/version"), "3");
    failed(folder.path(), &["graphs"], 2, "is damaged");
}

#[test]
fn what_was_never_known_durable_is_left_out() {
    let folder = small_store();
    // As after a crash: nobody wrote down what had reached the disk.
    std::fs::remove_file(folder.path().join(".cidgraph/durable.cbor")).expect("what a closed store says");
    damage(folder.path(), b"NodeRemoved");
    let output = cidgraph(folder.path(), &["verify", "--json"]);
    let (line, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{error}");
    assert_eq!(field(&line, "/events"), "3");
    assert_eq!(field(&line, "/left_out/events"), "2");
    assert!(done(folder.path(), &["verify"]).contains("behind the last whole commit (2 events"));
}

fn first_car(folder: &Path) -> std::path::PathBuf {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.into_iter().find(|path| path.extension().is_some_and(|end| end == "car")).expect("a segment")
}

#[test]
fn what_cannot_be_done_is_said_on_one_line() {
    let folder = small_store();
    let path = folder.path();
    failed(path, &["log", "--graph", "h"], 1, "has no graph \"h\": `cidgraph graphs` lists them");
    failed(path, &["log", "--node", "nobody"], 1, "no node \"nobody\"");
    failed(path, &["graphs", "--data-dir", "no/such"], 1, "no store in no/such");
    failed(path, &["verify", "--car", "missing.car"], 1, "cannot read missing.car");
    failed(path, &["export", "car", "no/such/g.car"], 1, "cannot write no/such/g.car");
    failed(path, &["man", "nothing"], 1, "no subcommand \"nothing\"");
    failed(path, &["nothing"], 1, "unrecognized subcommand");
    failed(path, &["log", "--since", "yesterday"], 1, "--since");
    std::fs::write(path.join("x.car"), [0x80; 100]).expect("written");
    failed(path, &["verify", "--car", "x.car"], 2, "x.car: byte 0");
}

#[test]
fn completions_and_manual_are_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(done(folder.path(), &["completions", shell]).contains("cidgraph"));
    }
    assert!(done(folder.path(), &["man"]).starts_with(".ie"));
    assert!(done(folder.path(), &["man", "export", "car"]).contains("export"));
    assert!(done(folder.path(), &["--help"]).contains("Exit codes"));
    assert!(done(folder.path(), &["--version"]).starts_with("cidgraph "));
}
