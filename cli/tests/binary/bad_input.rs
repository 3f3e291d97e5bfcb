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
    refused(path, "edges", "1 2 3\n1 2\n", &[], "bad:2:3: expected 3 columns");
    refused(path, "edges", "1 2 -3\n", &[], "bad:1:5: expected a time of at least 0");
    refused(path, "edges", "1 2 soon\n", &["--no-header"], "bad:1:5: expected a time");
    refused(path, "edges", "src,dst,src\n1,2,3\n", &[], "bad:1:3: expected column names that do not stand twice");
    refused(path, "edges", [0xff, 0xfe, 0, 1], &[], "bad:1");
    refused(path, "edges", &long, &[], "bad:1");
    refused(path, "csv", "id:ID,age:int\na,1\nb,young\n", &["--delimiter", ","], "bad:3:2: expected an integer");
    refused(path, "csv", "id:ID,age:int,age:int\na,1,2\n", &["--delimiter", ","], "bad:1:3");
    refused(
        path,
        "edges",
        "1 2 9223372037\n",
        &[],
        "bad:1:5: expected a time of at least 0 and at most 2^63-1 nanoseconds",
    );
    refused(path, "edges", "a,b\n1,2\n", &["--header"], "expected columns src and dst, found \"a, b\"");
    refused(path, "csv", "id:ID,a\nx,1\ny,\"open\nz,2\n", &[], "bad:3:2: expected an end of the quote");
    refused(path, "csv", "id:ID,a\nx,\"a\"b\n", &[], "bad:2:2: expected a delimiter or the end of the line");
    refused(path, "csv", "id:ID,,b\nx,1,2\n", &[], "bad:1:2: expected a column name");
    refused(path, "csv", "id:ID,b\nx\n", &[], "bad:2:2: expected 2 fields");
    refused(path, "csv", [0xff, 0x00, 0x80], &[], "bad:1");
    refused(path, "csv", &long, &[], "bad:1");
    refused(path, "jsonl", "{\"add_node\":{\"kind\":\"P\",\"key\":1}}\n{\"add_node\":{\"kind\":1}}\n", &[], "bad:2:");
    let late = "{\"transaction\":{\"timestamp_ns\":18446744073709551615}}\n";
    refused(path, "jsonl", late, &[], "at most 2^63-1 nanoseconds");
    let wide = "{\"create_graph\":{\"name\":\"g\",\"properties\":{\"a\":99999999999999999999}}}";
    refused(path, "jsonl", wide, &[], "expected an integer of 64 bits");
    let twice = "{\"add_node\":{\"kind\":\"P\",\"key\":1,\"components\":{\"A\":{},\"A\":{}}}}";
    refused(path, "jsonl", twice, &[], "component \"A\" stands twice");
    refused(path, "jsonl", "", &["--clock", "9223372036854775808"], "0..=9223372036854775807");
    refused(path, "jsonl", "", &["--skip-bad", "-1"], "-1");
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

#[test]
fn an_end_that_is_no_node_is_named_in_the_words_of_the_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "n.csv", "id:ID(Person)\n1\n");
    write(path, "e.csv", ":START_ID(Person),:END_ID(Person)\n1,9\n");
    let arguments = ["import", "csv", "--nodes", "n.csv", "--edges", "e.csv", "-g", "g"];
    failed(path, &arguments, 1, "e.csv:2:2: the edge's target Person 9 is not a node of the graph");
    write(path, "n.csv", "id:ID(Person)\n1\n1\n");
    let arguments = ["import", "csv", "--nodes", "n.csv", "--edges", "e.csv", "-g", "h"];
    failed(path, &arguments, 1, "n.csv:3:1: node Person 1 exists already");
}
