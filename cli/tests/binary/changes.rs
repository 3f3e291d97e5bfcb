//! `apply`, `show` and `stats`: a graph made and changed by hand.

use crate::binary::{done, failed, fed, field, json};

const COMMANDS: [&str; 3] = [
    r#"{"add_node":{"kind":"Person","key":"carl"}}"#,
    "",
    r#"{"connect_edge":{"kind":"knows","source":{"kind":"Person","key":"carl"},"target":{"kind":"Person","key":"bob"}}}"#,
];

/// Makes a graph of two people and an edge, in four transactions.
fn people() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create", "--domain", "test"]);
    done(path, &["apply", "add-node", "--key", "alice", "--kind", "Person", "--set", "Profile.age=3"]);
    done(path, &["apply", "add-node", "--key", "bob", "--kind", "Person"]);
    done(path, &["apply", "connect", "Person:alice", "Person:bob", "--kind", "knows", "--set", "since=2020"]);
    folder
}

#[test]
fn what_is_applied_is_shown() {
    let folder = people();
    let path = folder.path();
    let node = json(&done(path, &["show", "alice", "--json"]));
    assert_eq!(node["kind"], "Person");
    assert_eq!(node["version"], 2);
    assert_eq!(node["components"]["Profile"]["age"], 3);
    let versions: Vec<_> = node["events"].as_array().expect("events").iter().map(|event| &event["version"]).collect();
    assert_eq!(versions, [2, 4]);
    for name in ["Person:alice", node["id"].as_str().expect("an id")] {
        assert_eq!(field(&done(path, &["show", name, "--json"]), "/key"), "alice");
    }
    assert_eq!(done(path, &["log", "--node", "alice", "--json"]).lines().count(), 2);
    assert!(done(path, &["show", "alice"]).contains("1 edges out, 0 edges in"));
    let stats = json(&done(path, &["stats", "--json"]));
    assert_eq!((&stats["nodes"], &stats["edges"], &stats["events"]), (&json("2"), &json("1"), &json("4")));
    assert_eq!(stats["head"]["version"], 4);
    assert_eq!(stats["state_hash"].as_str().map(str::len), Some(64));
    assert!(done(path, &["stats"]).contains("state_hash"));
}

#[test]
fn a_node_that_was_removed_or_never_was_is_named() {
    let folder = people();
    let path = folder.path();
    failed(path, &["apply", "remove-node", "nobody"], 1, "no node \"nobody\"");
    done(path, &["apply", "remove-node", "bob"]);
    failed(path, &["show", "Person:bob"], 1, "was removed at version 5");
    failed(path, &["show", "nobody"], 1, "no node \"nobody\"");
    failed(path, &["show", "67e55044-10b1-426f-9247-bb680e5fe0c8"], 1, "expected an id, KIND:KEY or a key");
    done(path, &["apply", "add-node", "--key", "alice", "--kind", "Cat"]);
    failed(path, &["show", "alice"], 1, "Cat:alice or Person:alice");
}

#[test]
fn lines_are_transactions_of_their_own_or_one() {
    let folder = people();
    let path = folder.path();
    let (code, receipts, error) = fed(path, &["apply", "--json"], &COMMANDS.join("\n"));
    assert_eq!(code, 0, "{error}");
    let versions: Vec<String> = receipts.lines().map(|line| field(line, "/head/version")).collect();
    assert_eq!(versions, ["5", "6"]);
    let two = format!("{}\n{}", COMMANDS[2], COMMANDS[0]);
    let (code, receipts, error) = fed(path, &["apply", "--json"], &two);
    assert_eq!((code, receipts.lines().count()), (1, 1), "what has a receipt is kept");
    assert!(error.contains("-:2: node") && error.contains("exists already"), "{error}");
    assert_eq!(field(&done(path, &["stats", "--json"]), "/events"), "7");
    let (code, receipts, _) = fed(path, &["apply", "--json", "--atomic"], &two);
    assert_eq!((code, receipts.as_str()), (1, ""));
    assert_eq!(field(&done(path, &["stats", "--json"]), "/events"), "7", "nothing of it is kept");
    let (code, receipts, error) = fed(path, &["apply", "--json", "--atomic"], COMMANDS[2]);
    assert_eq!((code, field(&receipts, "/durability").as_str()), (0, "fsynced"), "{error}");
}

#[test]
fn a_command_that_is_sent_again_gets_its_first_receipt() {
    let folder = people();
    let path = folder.path();
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let twice = ["apply", "--json", "--command-id", id, "add-node", "--key", "z", "--kind", "Person"];
    let (first, second) = (json(&done(path, &twice)), json(&done(path, &twice)));
    assert_eq!(first["head"], second["head"]);
    assert_eq!((first.get("node").is_some(), second.get("node")), (true, None));
    assert_eq!((&first["repeated"], &second["repeated"]), (&json("false"), &json("true")));
}

#[test]
fn what_cannot_be_applied_is_said_on_one_line() {
    let folder = people();
    let path = folder.path();
    failed(path, &["apply", "add-node", "--key", "bob", "--kind", "Person"], 1, "exists already");
    failed(path, &["apply", "remove-node", "Person:zed"], 1, "unknown node");
    failed(path, &["apply", "--expected", "3", "remove-node", "Person:bob"], 3, "is at version 4, not 3");
    failed(path, &["apply", "--graph", "h", "remove-node", "Person:bob"], 1, "create it first");
    failed(path, &["apply", "create"], 1, "give --graph");
    for (input, expected) in [
        ("{\"add_node\":{\"kind\":\"P\"}}", "-:1:"),
        ("\n[]", "-:2:"),
        ("{\"transaction\":{}}", "expected a command, found a transaction"),
        ("\u{0}\u{1}", "-:1:1: expected"),
    ] {
        let (code, _, error) = fed(path, &["apply"], input);
        assert_eq!((code, error.lines().count()), (1, 1), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(field(&done(path, &["stats", "--json"]), "/events"), "4");
}
