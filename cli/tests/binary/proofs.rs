//! `prove` and `check-proof`: what a node was, shown to somebody who has only a CID.

use std::path::Path;

use crate::binary::{cidgraph, done, failed, fed, field, json, write};

/// Makes a graph of three people, of whom one is changed again and again, and returns its head's CID.
fn people(path: &Path) -> String {
    done(path, &["apply", "--graph", "g", "create"]);
    let add = |key: &str| format!("{{\"add_node\":{{\"kind\":\"Person\",\"key\":\"{key}\"}}}}\n");
    let update = |age: usize| {
        let node = "{\"kind\":\"Person\",\"key\":\"alice\"}";
        format!("{{\"update_node\":{{\"node\":{node},\"component\":\"Profile\",\"set\":{{\"age\":{age}}}}}}}\n")
    };
    let commands = [add("alice"), add("bob"), (0..60).map(update).collect(), add("carl")].concat();
    let (code, _, error) = fed(path, &["apply", "--checkpoint-every", "10"], &commands);
    assert_eq!(code, 0, "{error}");
    field(&done(path, &["stats", "--json"]), "/head/cid")
}

#[test]
fn a_proof_is_made_and_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let head = people(path);
    let verified = done(path, &["verify", "--graph", "g", "--checkpoints", "--json"]);
    let of_the_only_graph = done(path, &["verify", "--checkpoints", "--json"]);
    assert_eq!(field(&of_the_only_graph, "/events"), field(&verified, "/events"));
    let made = json(&done(path, &["prove", "alice", "--at", "40", "--output", "a.proof", "--json"]));
    assert_eq!((&made["version"], &made["head"]["cid"]), (&json("40"), &serde_json::Value::from(head.as_str())));
    let elsewhere = tempfile::tempdir().expect("a folder");
    std::fs::copy(path.join("a.proof"), elsewhere.path().join("a.proof")).expect("copied");
    let shown = json(&done(elsewhere.path(), &["check-proof", "a.proof", "--head", &head, "--json"]));
    assert_eq!((&shown["version"], &shown["node"]["kind"]), (&json("40"), &json("\"Person\"")));
    assert!(shown["checkpoint"].as_u64().is_some_and(|version| version <= 40), "it begins with a checkpoint");
    let cid = field(done(path, &["log", "--json"]).lines().nth(39).expect("an event"), "/cid");
    for at in ["40", "seq:40", &cid] {
        let again = json(&done(path, &["prove", "alice", "--at", at, "--output", "again.proof", "--json"]));
        assert_eq!((&again["version"], &again["bytes"]), (&made["version"], &made["bytes"]), "{at}");
    }
    let age = shown["node"]["components"]["Profile"]["age"].as_u64().expect("a number");
    assert!((20..40).contains(&age), "{age}");
    let text = done(elsewhere.path(), &["check-proof", "a.proof", "--head", &head]);
    assert!(text.contains(&format!("{{\"age\":{age}}}")), "{text}");
    done(path, &["apply", "--graph", "other", "create"]);
    failed(path, &["verify", "--checkpoints"], 1, "give --graph");
    done(path, &["verify", "--graph", "g", "--checkpoints"]);
}

#[test]
fn a_node_that_was_not_there_yet_is_proven_not_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let head = people(path);
    for (name, at) in [("Person:carl", "30"), ("Person:nobody", "60")] {
        done(path, &["prove", name, "--at", at, "--output", "n.proof"]);
        assert_eq!(field(&done(path, &["check-proof", "n.proof", "--head", &head, "--json"]), "/node"), "null");
        assert!(done(path, &["check-proof", "n.proof", "--head", &head]).contains("was not there at version"));
    }
}

#[test]
fn a_proof_is_derived_again_from_a_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let head = people(path);
    done(path, &["prove", "Person:bob", "--at", "50", "--output", "b.proof"]);
    done(path, &["export", "car", "g.car"]);
    let check = ["check-proof", "b.proof", "--head", &head, "--replay", "g.car"];
    assert_eq!(field(&done(path, &[&check[..], &["--json"]].concat()), "/replayed_events"), "50");
    assert!(done(path, &check).contains("50 events bring it about"));
}

#[test]
fn what_does_not_hold_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let head = people(path);
    done(path, &["prove", "alice", "--at", "40", "--output", "a.proof"]);
    let proof = std::fs::read(path.join("a.proof")).expect("it is there");
    let mut changed = proof.clone();
    changed[proof.len() / 2] ^= 1;
    write(path, "changed.proof", &changed);
    failed(path, &["check-proof", "changed.proof", "--head", &head], 2, "changed.proof proves nothing");
    let first = field(done(path, &["log", "--json"]).lines().next().expect("an event"), "/cid");
    failed(path, &["check-proof", "a.proof", "--head", &first], 2, "not to the given head");
    failed(path, &["check-proof", "a.proof", "--head", "bafy"], 1, "bafy");
    failed(path, &["check-proof", "missing.proof", "--head", &head], 1, "cannot read missing.proof");
    failed(path, &["prove", "alice", "--at", "4000"], 1, "4000");
    failed(path, &["check-proof", "/dev/zero", "--head", &head], 2, "at most 524288 are read");
    failed(path, &["prove", "nobody"], 1, "no node \"nobody\"");
}

#[test]
fn an_import_commits_to_what_it_made_and_goes_on_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let edges: String = (0..900).map(|edge| format!("{} {} {edge}\n", edge % 70, (edge * 7 + 1) % 70)).collect();
    write(path, "e.txt", &edges);
    let import = |graph: &str, more: &[&str]| {
        let arguments = [&["import", "edges", "e.txt", "-g", graph, "--json", "--progress", "none"], more].concat();
        done(path, &arguments);
        field(&done(path, &["stats", "-g", graph, "--json"]), "/head/cid")
    };
    let whole = import("whole", &[]);
    let types = done(path, &["log", "-g", "whole", "--type", "Checkpointed", "--json"]);
    assert!(types.lines().count() > 0, "the blocks have more than 128 KiB");
    assert_eq!(import("whole", &["--resume"]), whole, "there is nothing more");
    import("never", &["--checkpoint-every", "0"]);
    assert_eq!(done(path, &["log", "-g", "never", "--type", "Checkpointed", "--json"]), "");
}

/// The process ends between a transaction and the checkpoint that is due after it.
#[test]
fn a_checkpoint_that_was_not_reached_is_made_first_when_an_import_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let line = |edge: u32| format!("{} {} {edge}\n", edge % 70, (edge * 7 + 1) % 70);
    write(path, "all.txt", (0..2500).map(line).collect::<String>());
    let import = |file: &str, graph: &str, more: &[&str]| {
        done(path, &[&["import", "edges", file, "-g", graph, "--progress", "none"], more].concat());
        field(&done(path, &["stats", "-g", graph, "--json"]), "/head/cid")
    };
    let whole = import("all.txt", "g", &[]);
    let log = done(path, &["log", "-g", "g", "--json"]);
    let until: Vec<_> = log.lines().take_while(|event| field(event, "/type") != "Checkpointed").collect();
    assert!(until.len() < log.lines().count(), "there is a checkpoint");
    let edges = until.iter().filter(|event| field(event, "/type") == "EdgeConnected").count();
    let edges = u32::try_from(edges).expect("some");
    write(path, "first.txt", (0..edges).map(line).collect::<String>());
    let other = tempfile::tempdir().expect("a folder");
    let elsewhere = |arguments: &[&str]| {
        let place = other.path().join("store");
        done(path, &[arguments, &["--data-dir", &place.display().to_string()]].concat())
    };
    elsewhere(&["import", "edges", "first.txt", "-g", "g", "--progress", "none", "--checkpoint-every", "0"]);
    let stopped = elsewhere(&["stats", "-g", "g", "--json"]);
    assert_eq!(field(&stopped, "/head/version"), until.len().to_string());
    elsewhere(&["import", "edges", "all.txt", "-g", "g", "--progress", "none", "--resume"]);
    assert_eq!(field(&elsewhere(&["stats", "-g", "g", "--json"]), "/head/cid"), whole);
}

/// A few bulk events are soon more bytes than a proof holds, long before they are 1000 events.
#[test]
fn an_import_of_few_large_events_ends_with_a_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let node = |number: u32| {
        let (key, text) = (format!("k{number}"), "t".repeat(50));
        serde_json::json!({ "kind": "N", "key": key, "components": { "S": { "text": text, "number": number } } })
    };
    let bulk = |first: u32| {
        let nodes: Vec<_> = (first..first + 2000).map(node).collect();
        format!("{}\n", serde_json::json!({ "add_nodes": { "nodes": nodes } }))
    };
    write(path, "bulk.jsonl", (0..8).map(|bulks| bulk(bulks * 2000)).collect::<String>());
    done(path, &["import", "jsonl", "bulk.jsonl", "-g", "g"]);
    let log = done(path, &["log", "--json"]);
    assert_eq!(field(log.lines().last().expect("an event"), "/type"), "Checkpointed");
    done(path, &["prove", "N:k7", "--output", "n.proof"]);
    let head = field(&done(path, &["stats", "--json"]), "/head/cid");
    let shown = done(path, &["check-proof", "n.proof", "--head", &head, "--json"]);
    assert_eq!(field(&shown, "/node/components/S/number"), "7");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        write(path, "other", "");
        let mode = |name: &str| std::fs::metadata(path.join(name)).expect("it is there").permissions().mode();
        assert_eq!(mode("n.proof"), mode("other"), "a proof is a file as any other");
    }
    let output = cidgraph(path, &["prove", "N:k7", "--output", "-"]);
    assert!(output.status.success() && output.stdout == std::fs::read(path.join("n.proof")).expect("read"));
}
