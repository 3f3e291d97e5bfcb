//! Imports of small inputs: transactions, acknowledgements, what is refused and what is left out.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use crate::binary::{cidgraph, command, done, failed, field, json, write};

const JSONL: &str = r#"{"transaction":{"timestamp_ns":5,"actor":"ann"}}
{"add_node":{"kind":"P","key":1}}
{"add_node":{"kind":"P","key":2}}
{"transaction":{"timestamp_ns":9}}
{"connect_edge":{"kind":"k","source":{"kind":"P","key":1},"target":{"kind":"P","key":2}}}
"#;

fn head(folder: &Path, data: &str, graph: &str) -> String {
    field(&done(folder, &["stats", "--data-dir", data, "--graph", graph, "--json"]), "/head/cid")
}

#[test]
fn the_same_input_gives_the_same_head_in_two_stores() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "c.jsonl", JSONL);
    for data in ["one", "two"] {
        let lines = done(path, &["import", "jsonl", "c.jsonl", "-g", "g", "--data-dir", data, "--progress", "json"]);
        let lines: Vec<_> = lines.lines().map(json).collect();
        assert_eq!(lines.len(), 3, "two transactions and a summary");
        assert_eq!((&lines[0]["acknowledged"]["version"], &lines[0]["nodes"]), (&json("3"), &json("2")));
        assert_eq!((&lines[1]["acknowledged"]["version"], &lines[1]["edges"]), (&json("4"), &json("1")));
        assert_eq!(lines[2]["acknowledged"], lines[1]["acknowledged"]);
        assert_eq!(lines[2]["transactions"], 2);
    }
    assert_eq!(head(path, "one", "g"), head(path, "two", "g"));
    let log = done(path, &["log", "--json", "--data-dir", "one"]);
    let events: Vec<_> = log.lines().map(json).collect();
    assert_eq!((&events[1]["timestamp_ns"], &events[1]["actor"]), (&json("5"), &json("\"ann\"")));
    assert_eq!((&events[3]["timestamp_ns"], &events[3]["actor"]), (&json("9"), &json("\"import\"")));
}

#[test]
fn a_graph_that_is_there_is_left_alone_but_for_resuming() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "c.jsonl", JSONL);
    done(path, &["import", "jsonl", "c.jsonl", "-g", "g"]);
    failed(path, &["import", "jsonl", "c.jsonl", "-g", "g"], 1, "is there already, at version 4: give --resume");
    let line = done(path, &["import", "jsonl", "c.jsonl", "-g", "g", "--resume", "--json"]);
    assert_eq!((field(&line, "/transactions"), field(&line, "/transactions_passed")), ("0".into(), "2".into()));
    write(
        path,
        "more.jsonl",
        format!("{JSONL}{{\"transaction\":{{}}}}\n{{\"add_node\":{{\"kind\":\"P\",\"key\":3}}}}\n"),
    );
    let line = done(path, &["import", "jsonl", "more.jsonl", "-g", "g", "--resume", "--json"]);
    assert_eq!((field(&line, "/transactions"), field(&line, "/nodes")), ("1".into(), "3".into()));
    write(path, "other.jsonl", JSONL.replace("\"key\":2", "\"key\":7"));
    failed(path, &["import", "jsonl", "other.jsonl", "-g", "g", "--resume"], 1, "found none such in it");
}

#[test]
fn a_refused_command_is_named_and_nothing_of_its_transaction_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let bad = JSONL.replace("\"target\":{\"kind\":\"P\",\"key\":2}", "\"target\":{\"kind\":\"P\",\"key\":3}");
    write(path, "bad.jsonl", &bad);
    let expected = "bad.jsonl:5: the edge's target";
    failed(path, &["import", "jsonl", "bad.jsonl", "-g", "g"], 1, expected);
    failed(path, &["import", "jsonl", "bad.jsonl", "-g", "g", "--resume"], 1, "kept up to version 3: --resume goes on");
    assert_eq!(field(&done(path, &["stats", "--json"]), "/events"), "3");
    write(path, "bad.jsonl", JSONL);
    done(path, &["import", "jsonl", "bad.jsonl", "-g", "g", "--resume"]);
    done(path, &["import", "jsonl", "bad.jsonl", "-g", "g", "--data-dir", "straight"]);
    assert_eq!(
        head(path, ".cidgraph", "g"),
        head(path, "straight", "g"),
        "mended and resumed, it is as if never stopped"
    );
    write(path, "bad.jsonl", &bad);
    let line = done(path, &["import", "jsonl", "bad.jsonl", "-g", "h", "--skip-bad", "1", "--json"]);
    assert_eq!((field(&line, "/refused_commands"), field(&line, "/edges")), ("1".into(), "0".into()));
}

#[test]
fn a_file_may_make_its_graph_and_an_empty_one_makes_an_empty_graph() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "c.jsonl", format!("{{\"create_graph\":{{\"name\":\"x\",\"domain\":\"d\"}}}}\n{JSONL}"));
    done(path, &["import", "jsonl", "c.jsonl", "-g", "g"]);
    let line = done(path, &["stats", "-g", "g", "--json"]);
    assert_eq!((field(&line, "/name"), field(&line, "/events")), ("g".into(), "4".into()));
    write(path, "empty.jsonl", "");
    done(path, &["import", "jsonl", "empty.jsonl", "-g", "empty"]);
    assert_eq!(field(&done(path, &["stats", "-g", "empty", "--json"]), "/nodes"), "0");
}

#[test]
fn a_log_of_events_is_imported_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "c.jsonl", JSONL);
    done(path, &["import", "jsonl", "c.jsonl", "-g", "g"]);
    done(path, &["export", "car", "g.car"]);
    let line = done(path, &["import", "car", "g.car", "--data-dir", "two", "--json"]);
    assert_eq!((field(&line, "/events_appended"), field(&line, "/nodes")), ("4".into(), "2".into()));
    assert_eq!(field(&line, "/acknowledged/cid"), head(path, ".cidgraph", "g"));
    let line = done(path, &["import", "car", "g.car", "--data-dir", "two", "--json"]);
    assert_eq!((field(&line, "/events_appended"), field(&line, "/events_known")), ("0".into(), "4".into()));
    let stats = |data: &str| done(path, &["stats", "--data-dir", data, "--json"]);
    assert_eq!(stats(".cidgraph"), stats("two"));
    done(path, &["export", "car", "--data-dir", "two", "again.car"]);
    let read = |name: &str| std::fs::read(path.join(name)).expect("reads");
    assert_eq!(read("g.car"), read("again.car"));
}

#[test]
fn a_log_that_is_not_whole_is_refused_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "c.jsonl", JSONL);
    done(path, &["import", "jsonl", "c.jsonl", "-g", "g"]);
    done(path, &["export", "car", "g.car"]);
    let bytes = std::fs::read(path.join("g.car")).expect("reads");
    let sections = cidgraph::CarReader::new(&bytes[..]).expect("a CAR").map(|section| section.expect("whole").offset);
    let offsets: Vec<usize> = sections.map(|offset| usize::try_from(offset).expect("small")).collect();
    let refused = |name: &str, bytes: &[u8], expected: &str| {
        write(path, name, bytes);
        failed(path, &["import", "car", name, "--data-dir", "two"], 2, expected);
        assert!(!path.join("two").exists(), "nothing was written");
        assert_eq!(cidgraph(path, &["verify", "--car", name]).status.code(), Some(2), "verify says the same");
    };
    refused("cut.car", &bytes[..bytes.len() - 1], "byte");
    refused("short.car", &bytes[..offsets[3]], "expected the block of the root");
    let without = [&bytes[..offsets[1]], &bytes[offsets[2]..]].concat();
    refused("gap.car", &without, "version");
    let mut flipped = bytes.clone();
    flipped[offsets[2] + 60] ^= 1;
    refused("flipped.car", &flipped, "");
    refused("garbage.car", &[0x80; 1000], "byte 0");
    failed(path, &["import", "car", "missing.car"], 1, "cannot read missing.car");
    let other = JSONL.replace("\"timestamp_ns\":9", "\"timestamp_ns\":8");
    write(path, "c.jsonl", other);
    done(path, &["import", "jsonl", "c.jsonl", "-g", "g", "--data-dir", "other"]);
    failed(path, &["import", "car", "g.car", "--data-dir", "other"], 3, "the append expected");
}

#[test]
fn an_import_goes_on_where_nobody_reads_its_progress() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let edges: String = (0..20_000).map(|edge| format!("{edge} {} {edge}\n", edge + 1)).collect();
    write(path, "e.txt", edges);
    let arguments = ["import", "edges", "e.txt", "-g", "g", "--progress", "json", "--fsync", "never"];
    let mut child = command(path, &arguments).stdout(Stdio::piped()).spawn().expect("runs");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("a line");
    assert!(child.wait().expect("ends").success());
    assert_eq!(field(&done(path, &["stats", "--json"]), "/edges"), "20000");
}
