//! Bad input: one clear line with file, line, column and what was expected, and nothing of it kept.

use std::path::Path;

use crate::binary::{done, failed, field, write};

#[track_caller]
fn refused(path: &Path, kind: &str, content: impl AsRef<[u8]>, options: &[&str], expected: &str) {
    write(path, "bad", content);
    let files: &[&str] = if kind == "csv" { &["--nodes", "bad"] } else { &["bad"] };
    failed(path, &[&["import", kind], files, options, &["-g", "g"]].concat(), 1, expected);
    let folder = path.join(".cidgraph");
    if folder.exists() {
        assert_eq!(done(path, &["graphs"]).lines().count(), 1, "no graph was made");
    }
}

#[test]
fn bad_lines_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let long = "x".repeat(10_000_000);
    refused(path, "edges", "1 2 3\n1 2\n", &[], "bad:2: expected 3 columns");
    refused(path, "edges", "1 2 -3\n", &[], "bad:1:5: expected a time of at least 0");
    refused(path, "edges", "1 2 soon\n", &["--no-header"], "bad:1:5: expected a time");
    refused(path, "edges", "src,dst,src\n1,2,3\n", &[], "bad:1:3: expected column names that do not stand twice");
    refused(path, "edges", [0xff, 0xfe, 0, 1], &[], "bad:1");
    refused(path, "edges", &long, &[], "bad:1");
    refused(path, "csv", "id:ID,age:int\na,1\nb,young\n", &["--delimiter", ","], "bad:3:2: expected an integer");
    refused(path, "csv", "id:ID,age:int,age:int\na,1,2\n", &["--delimiter", ","], "bad:1:3");
    refused(path, "csv", [0xff, 0x00, 0x80], &[], "bad:1");
    refused(path, "csv", &long, &[], "bad:1");
    refused(path, "jsonl", "{\"add_node\":{\"kind\":\"P\",\"key\":1}}\n{\"add_node\":{\"kind\":1}}\n", &[], "bad:2:");
    refused(path, "jsonl", [0x1f, 0x8b, 0x08, 1, 2, 3], &[], "bad");
    refused(path, "jsonl", &long, &[], "bad:1");
}

#[test]
fn inputs_that_are_not_there_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    for kind in ["edges", "jsonl", "car"] {
        let graph: &[&str] = if kind == "car" { &[] } else { &["-g", "g"] };
        failed(path, &[&["import", kind, "missing"], graph].concat(), 1, "cannot read missing");
    }
    failed(path, &["import", "csv", "--nodes", "missing", "-g", "g"], 1, "cannot read missing");
    failed(path, &["import", "git", "missing", "-g", "g"], 1, "missing");
    failed(path, &["import", "edges", ".", "-g", "g"], 1, "it is a folder");
    failed(path, &["import", "edges", "x"], 1, "--graph");
    failed(path, &["import", "edges", "x", "-g", "g", "--time-unit", "years"], 1, "--time-unit");
    assert!(!path.join(".cidgraph").exists(), "no store was made");
}

#[test]
fn bad_lines_are_left_out_as_far_as_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "e.txt", "1 2 3\n1 2\n2 3 -1\n3 4 5\n");
    let line = done(path, &["import", "edges", "e.txt", "-g", "g", "--skip-bad", "2", "--json"]);
    assert_eq!((field(&line, "/bad_lines"), field(&line, "/edges")), ("2".into(), "2".into()));
    failed(path, &["import", "edges", "e.txt", "-g", "h", "--skip-bad", "1"], 1, "bad line 2 and --skip-bad allows 1");
}
