//! An import that is stopped: what was acknowledged is kept, and the same import goes on behind it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::binary::{command, done, failed, field, write};

/// Nodes in transactions of their own: more acknowledgements than a pipe holds, so that nothing ends unread.
fn commands() -> String {
    let command = |key| format!("{{\"transaction\":{{}}}}\n{{\"add_node\":{{\"kind\":\"P\",\"key\":{key}}}}}\n");
    (0..3000).map(command).collect()
}

fn head(path: &Path, data: &str) -> String {
    field(&done(path, &["stats", "--data-dir", data, "--json"]), "/head/cid")
}

/// Starts an import, ends it with a signal after some acknowledgements, and returns its exit code and the version that
/// was acknowledged last.
fn stopped(path: &Path, data: &str, signal: &str) -> (Option<i32>, u64) {
    let arguments = ["import", "jsonl", "c.jsonl", "-g", "g", "--resume", "--progress", "json", "--data-dir", data];
    let mut import = command(path, &arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("runs");
    let lines = BufReader::new(import.stdout.take().expect("a pipe")).lines();
    let mut acknowledged = 0;
    for (line, number) in lines.map(|line| line.expect("text")).zip(1..) {
        acknowledged = field(&line, "/acknowledged/version").parse().expect("a version");
        if number == 3 {
            let sent = Command::new("kill").args([signal, &import.id().to_string()]).status().expect("kill runs");
            assert!(sent.success());
        }
    }
    (import.wait().expect("ends").code(), acknowledged)
}

#[test]
#[cfg(unix)]
fn an_interrupted_import_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    write(path, "c.jsonl", commands());
    done(path, &["import", "jsonl", "c.jsonl", "-g", "g", "--data-dir", "straight"]);
    for (data, signal, code) in [("interrupted", "-INT", Some(130)), ("killed", "-KILL", None)] {
        let (ended, acknowledged) = stopped(path, data, signal);
        assert_eq!(ended, code, "{signal}");
        let version: u64 =
            field(&done(path, &["stats", "--data-dir", data, "--json"]), "/events").parse().expect("one");
        assert!(version >= acknowledged, "{version} events, {acknowledged} acknowledged");
        done(path, &["verify", "--data-dir", data]);
        failed(path, &["import", "jsonl", "c.jsonl", "-g", "g", "--data-dir", data], 1, "give --resume");
        done(path, &["import", "jsonl", "c.jsonl", "-g", "g", "--data-dir", data, "--resume"]);
        assert_eq!(head(path, data), head(path, "straight"), "{signal}");
    }
}

#[test]
fn a_second_writer_is_told_to_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create"]);
    let mut first = command(path, &["apply"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs");
    let mut input = first.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut input, b"{\"add_node\":{\"kind\":\"P\",\"key\":1}}\n").expect("written");
    let mut receipt = String::new();
    BufReader::new(first.stdout.take().expect("a pipe")).read_line(&mut receipt).expect("read");
    assert!(receipt.starts_with("version 2"), "{receipt}");
    failed(path, &["apply", "add-node", "--kind", "P", "--key", "2"], 3, "is being written by process");
    assert_eq!(field(&done(path, &["stats", "--json"]), "/nodes"), "1", "readers need not wait");
    drop(input);
    assert!(first.wait().expect("ends").success());
}
