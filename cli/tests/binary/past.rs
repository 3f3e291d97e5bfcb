//! The past of a graph: `--at`, `diff`, `history`, `why`, `replay` and nodes of a stretch of time.

use std::path::Path;

use crate::binary::{done, failed, fed, field, json};

/// Makes a graph of nine transactions: two people who know each other, until one of them goes.
fn people() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let apply = |arguments: &[&str]| done(path, &[&["apply"], arguments].concat());
    apply(&["--graph", "g", "create"]);
    apply(&["add-node", "--key", "alice", "--kind", "Person", "--set", "Profile.age=3"]);
    apply(&["add-node", "--key", "bob", "--kind", "Person", "--set", "Visual.color=blue"]);
    apply(&["connect", "Person:alice", "Person:bob", "--kind", "knows", "--set", "since=2020"]);
    apply(&["update-node", "alice", "--set", "Profile.age=4"]);
    apply(&["update-node", "alice", "--set", "Visual.color=red"]);
    apply(&["detach", "bob", "Visual"]);
    apply(&["rename", "later"]);
    apply(&["remove-node", "bob"]);
    folder
}

#[track_caller]
fn keys(folder: &Path, arguments: &[&str], expected: &[&str]) {
    let lines = done(folder, &[&["query", "nodes", "--json"], arguments].concat());
    let mut found: Vec<String> = lines.lines().map(|line| field(line, "/key")).collect();
    found.sort();
    assert_eq!(found, expected, "{arguments:?}");
}

#[test]
fn a_graph_is_asked_as_it_was() {
    let folder = people();
    let path = folder.path();
    keys(path, &["--at", "2"], &["alice"]);
    keys(path, &["--at", "seq:4"], &["alice", "bob"]);
    keys(path, &["--at", "node:Person:bob"], &["alice", "bob"]);
    keys(path, &["--at", "2100-01-01T00:00:00Z"], &["alice"]);
    keys(path, &["--at", "3", "--where", "Profile.age = 3"], &["alice"]);
    keys(path, &["--at", "5", "--where", "Profile.age = 3"], &[]);
    let neighbors = done(path, &["query", "neighbors", "alice", "--at", "4", "--json"]);
    assert_eq!(field(&neighbors, "/node/key"), "bob");
    let cid = field(&done(path, &["log", "--from", "3", "--limit", "1", "--json"]), "/cid");
    let stats = json(&done(path, &["stats", "--at", &cid, "--json"]));
    assert_eq!((&stats["head"]["version"], &stats["nodes"], &stats["name"]), (&json("3"), &json("2"), &json("\"g\"")));
    let shown = json(&done(path, &["show", "bob", "--at", "4", "--json"]));
    assert_eq!(shown["components"]["Visual"]["color"], "blue");
    assert_eq!(shown["events"].as_array().map(Vec::len), Some(2));
    assert_eq!(done(path, &["log", "--at", "4", "--json"]).lines().count(), 4);
    let plan = done(path, &["query", "nodes", "--kind", "Person", "--at", "4", "--explain", "--json"]);
    assert_eq!(field(&plan, "/rows"), "2");
}

#[test]
fn exports_of_the_past_are_exports_of_then() {
    let folder = people();
    let path = folder.path();
    done(path, &["export", "car", "then.car", "--at", "4"]);
    done(path, &["import", "car", "then.car", "--data-dir", "then"]);
    for form in ["jsonl", "graphml", "dot"] {
        let past = done(path, &["export", form, "--at", "4"]);
        assert_eq!(past, done(path, &["export", form, "--data-dir", "then"]), "{form}");
        assert!(past.contains("bob") && past.contains("knows"), "{past}");
    }
    done(path, &["export", "csv", "--nodes", "nodes.csv", "--at", "2"]);
    let nodes = std::fs::read_to_string(path.join("nodes.csv")).expect("reads");
    assert!(nodes.contains("alice") && !nodes.contains("bob"), "{nodes}");
    let hash = |arguments: &[&str]| field(&done(path, &[&["stats", "--json"], arguments].concat()), "/state_hash");
    assert_eq!(hash(&["--at", "4"]), hash(&["--data-dir", "then"]));
}

#[test]
fn moments_that_are_not_there_are_told_on_one_line() {
    let folder = people();
    let path = folder.path();
    failed(path, &["stats", "--at", "0"], 1, "the graph's first transaction ends with version 1");
    failed(path, &["stats", "--at", "10"], 1, "10 lies beyond the last event, which is version 9");
    failed(path, &["stats", "--at", "seq:99"], 1, "sequence 99 lies beyond");
    failed(path, &["stats", "--at", "node:Person:carl"], 1, "no event ever added node");
    failed(path, &["stats", "--at", "node:carl"], 1, "no node \"carl\"");
    failed(path, &["stats", "--at", "1900-01-01"], 1, "begin at 1970-01-01T00:00:00Z");
    failed(path, &["stats", "--at", "yesterday"], 1, "\"yesterday\" is no moment");
    failed(path, &["stats", "--at", "2025-03-01T15:00:00"], 1, "is no moment");
    failed(path, &["log", "--since", "2025-03-01T15:00:00"], 1, "expected a time as");
    failed(path, &["show", "bob", "--at", "2"], 1, "no node \"bob\"");
    failed(path, &["query", "nodes", "--ever", "5", "3"], 1, "3 lies before 5");
    failed(path, &["replay", "--from", "5", "--to", "3"], 1, "3 lies before 5");
    failed(path, &["query", "nodes", "--ever", "1", "3", "--at", "2"], 1, "cannot be used with");
}

#[test]
fn differences_are_shown_both_ways() {
    let folder = people();
    let path = folder.path();
    let diff = json(&done(path, &["diff", "3", "9", "--json"]));
    assert_eq!((&diff["from"], &diff["to"]), (&json("3"), &json("9")));
    assert_eq!(diff["nodes"]["removed"][0]["key"], "bob");
    assert_eq!(
        diff["nodes"]["changed"][0]["components"]["Profile"]["properties"]["age"],
        json("{\"before\":3,\"after\":4}")
    );
    assert_eq!(diff["nodes"]["changed"][0]["components"]["Visual"]["change"], "added");
    assert_eq!(
        (&diff["graph"]["before"]["name"], &diff["graph"]["after"]["name"]),
        (&json("\"g\""), &json("\"later\""))
    );
    assert_eq!(diff["edges"]["added"], json("[]"));
    let back = json(&done(path, &["diff", "9", "3", "--json"]));
    assert_eq!(back["nodes"]["added"], diff["nodes"]["removed"]);
    let text = done(path, &["diff", "4"]);
    let edge = text.lines().find(|line| line.contains("knows")).expect("the edge");
    assert!(edge.starts_with("- Person:alice -[knows "), "{text}");
    for line in [
        "version 4 to 9",
        "~ graph: g -> later",
        "- Person:bob",
        "~ Person:alice Profile.age: 3 -> 4",
        "+ Person:alice Visual",
        "+ Person:alice Visual.color: \"red\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert_eq!(done(path, &["diff", "5", "seq:5"]), "version 5 to 5\nnothing differs\n");
}

#[test]
fn a_node_tells_what_shaped_it() {
    let folder = people();
    let path = folder.path();
    let versions = |arguments: &[&str]| -> Vec<String> {
        let lines = done(path, &[&["history", "--json"], arguments].concat());
        lines.lines().map(|line| field(line, "/version")).collect()
    };
    assert_eq!(versions(&["alice"]), ["2", "4", "5", "6", "9"]);
    assert_eq!(versions(&["Person:bob"]), ["3", "4", "7", "9"]);
    assert_eq!(versions(&["Person:bob", "--at", "5"]), ["3", "4"]);
    let last = done(path, &["history", "alice", "--json"]).lines().last().map(str::to_owned).expect("a line");
    assert_eq!(field(&last, "/what/0/did"), "disconnected");
    assert!(done(path, &["history", "Person:bob"]).contains("component Visual"));
    failed(path, &["history", "Person:carl"], 1, "no event ever added node");
    assert_eq!(done(path, &["log", "--node", "Person:alice", "--json"]).lines().count(), 5);
}

#[test]
fn what_is_there_tells_why() {
    let folder = people();
    let path = folder.path();
    let versions = |arguments: &[&str]| -> Vec<String> {
        let lines = done(path, &[&["why", "--json"], arguments].concat());
        lines.lines().map(|line| field(line, "/version")).collect()
    };
    assert_eq!(versions(&["alice", "Profile.age"]), ["2", "5"]);
    assert_eq!(versions(&["alice", "Profile.age", "--at", "4"]), ["2"]);
    assert_eq!(versions(&["alice", "Visual"]), ["2", "6"]);
    assert_eq!(versions(&["alice"]), ["2", "5", "6"]);
    assert_eq!(versions(&["--path", "alice", "bob", "--at", "4"]), ["2", "3", "4"]);
    let edge = field(&done(path, &["query", "neighbors", "alice", "--at", "4", "--json"]), "/edge/id");
    assert_eq!(versions(&["--edge", &edge, "--at", "4"]), ["2", "3", "4"]);
    let line = done(path, &["why", "alice", "Profile.age", "--json"]);
    assert!(field(line.lines().last().expect("a line"), "/cid").starts_with("bafy"));
    assert!(done(path, &["why", "alice", "Profile.age"]).contains("Profile.age"));
    failed(path, &["why", "alice", "Profile.size"], 1, "has no Profile.size at version 9");
    failed(path, &["why", "--edge", &edge], 1, "no edge");
    failed(path, &["why", "--path", "bob", "alice", "--at", "4"], 1, "no path from");
    failed(path, &["why"], 1, "required");
}

#[test]
fn a_history_is_shown_frame_by_frame() {
    let folder = people();
    let path = folder.path();
    let frames = done(path, &["replay", "--json"]);
    let versions: Vec<String> = frames.lines().map(|line| field(line, "/version")).collect();
    assert_eq!(versions, (1..=9).map(|version: u64| version.to_string()).collect::<Vec<_>>());
    let last = json(frames.lines().last().expect("a frame"));
    assert_eq!((&last["nodes"]["removed"][0]["key"], &last["events"]), (&json("\"bob\""), &json("1")));
    assert_eq!(last["edges"]["removed"].as_array().map(Vec::len), Some(1));
    let frames = done(path, &["replay", "--from", "2", "--to", "8", "--step", "4", "--json"]);
    let versions: Vec<String> = frames.lines().map(|line| field(line, "/version")).collect();
    assert_eq!(versions, ["6", "8"]);
    let all = done(path, &["replay", "--step", "52w"]);
    assert_eq!(all.lines().count(), 2, "{all}");
    failed(path, &["replay", "--step", "0"], 1, "expected a number of versions");
    failed(path, &["replay", "--from", "5", "--to", "3"], 1, "3 lies before 5");
}

#[test]
fn nodes_of_a_stretch_of_time_are_found() {
    let folder = people();
    let path = folder.path();
    keys(path, &["--component", "Visual", "--ever", "3", "9"], &["alice", "bob"]);
    keys(path, &["--component", "Visual", "--always", "3", "6"], &["bob"]);
    keys(path, &["--component", "Visual", "--newly", "3", "9"], &["alice"]);
    keys(path, &["--kind", "Person", "--where", "Profile.age = 3", "--ever", "2", "9"], &["alice"]);
    let gone = done(path, &["query", "nodes", "--where", "Visual.color = 'blue'", "--ever", "3", "9", "--json"]);
    assert_eq!(field(&gone, "/components/Visual/color"), "blue");
    let count = done(path, &["query", "nodes", "--component", "Visual", "--ever", "3", "9", "--count", "--json"]);
    assert_eq!(field(&count, "/count"), "2");
}

#[test]
fn two_stores_part_at_an_event() {
    let folder = people();
    let path = folder.path();
    done(path, &["export", "car", "then.car", "--at", "4"]);
    done(path, &["import", "car", "then.car", "--data-dir", "then"]);
    let parts = |arguments: &[&str]| {
        let (code, told, error) = fed(path, &[&["bisect", ".cidgraph", "then"], arguments].concat(), "");
        assert_eq!((code, error.as_str()), (1, "cidgraph: the stores part at version 5\n"));
        told
    };
    let ends = json(&parts(&["--json"]));
    assert_eq!((&ends["differs"], &ends["version"], &ends["second"]), (&json("\"chain\""), &json("5"), &json("null")));
    done(path, &["apply", "--data-dir", "then", "update-node", "alice", "--set", "Profile.age=5"]);
    let parted = json(&parts(&["--graph", "g", "--json"]));
    let cid =
        |data: &str| field(&done(path, &["log", "--data-dir", data, "--from", "5", "--limit", "1", "--json"]), "/cid");
    assert_eq!((&parted["version"], &parted["first"]), (&json("5"), &cid(".cidgraph").into()));
    assert_eq!(parted["second"], serde_json::Value::from(cid("then")));
    assert!(parts(&[]).contains("version    5"));
    assert!(done(path, &["bisect", "then", "then"]).contains("is the same in both stores"));
    failed(path, &["bisect", ".cidgraph", "nowhere"], 1, "no store in nowhere");
}

#[test]
fn before_the_first_event_is_the_empty_graph() {
    let folder = people();
    let path = folder.path();
    let all = json(&done(path, &["diff", "0", "4", "--json"]));
    assert_eq!((&all["from"], &all["to"]), (&json("0"), &json("4")));
    assert_eq!(all["nodes"]["added"].as_array().map(Vec::len), Some(2));
    let back = json(&done(path, &["diff", "4", "1971-01-01", "--json"]));
    assert_eq!(back["nodes"]["removed"], all["nodes"]["added"]);
    assert!(done(path, &["diff", "0", "2"]).contains("+ Person:alice"));
    keys(path, &["--ever", "0", "9"], &["alice", "bob"]);
    keys(path, &["--always", "0", "9"], &[]);
    keys(path, &["--newly", "1971-01-01", "9999-12-31T23:59:59Z"], &["alice", "bob"]);
    assert_eq!(done(path, &["replay", "--from", "0", "--json"]).lines().count(), 9);
    keys(path, &["--at", "9999-12-31T23:59:59Z"], &["alice"]);
}

/// One transaction of several events: nothing stands between them, and still 5 is not before 3.
#[test]
fn a_stretch_that_ends_before_it_begins_is_refused_within_a_transaction_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create"]);
    let add = |key: &str| format!("{{\"add_node\":{{\"kind\":\"P\",\"key\":\"{key}\"}}}}\n");
    let (code, _, error) = fed(path, &["apply", "--atomic"], &["a", "b", "c", "d", "e"].map(add).concat());
    assert_eq!(code, 0, "{error}");
    for [from, to] in [["5", "3"], ["seq:5", "seq:3"], ["2030-01-02", "2030-01-01"]] {
        failed(path, &["query", "nodes", "--ever", from, to], 1, "lies before");
        failed(path, &["replay", "--from", from, "--to", to], 1, "lies before");
    }
    assert_eq!(done(path, &["replay", "--from", "3", "--to", "5", "--json"]), "");
}

#[test]
fn a_node_that_is_gone_is_found_by_its_key_alone() {
    let folder = people();
    let path = folder.path();
    let by_kind = done(path, &["history", "Person:bob", "--json"]);
    assert_eq!(done(path, &["history", "bob", "--json"]), by_kind);
    assert!(by_kind.contains("removed"), "{by_kind}");
    assert_eq!(done(path, &["log", "--node", "bob"]), done(path, &["log", "--node", "Person:bob"]));
    failed(path, &["show", "bob"], 1, "was removed at version 9: `cidgraph history bob`");
    keys(path, &["--at", "node:bob"], &["alice", "bob"]);
    keys(path, &["--at", "node:alice"], &["alice"]);
    failed(path, &["history", "carl"], 1, "no node \"carl\"");
    // Of two kinds, the key alone does not say which.
    done(path, &["apply", "add-node", "--kind", "Dog", "--key", "bob"]);
    assert_ne!(done(path, &["history", "bob", "--json"]), by_kind, "the one that is there");
    done(path, &["apply", "remove-node", "bob"]);
    failed(path, &["history", "bob"], 1, "say which, Person:bob or Dog:bob");
}
