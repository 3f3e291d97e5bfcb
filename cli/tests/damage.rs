//! The drills `corrupt` and `slow`, shortened; and the commands `verify --each-replica` and `repair` on a damaged server.

#![cfg(unix)]

use std::path::Path;
use std::process::{Command, Output};

use cidgraph_harness::nats::{FileDamage, Server, SyncInterval, or_skip, program};
use serde_json::Value;

fn cidgraph(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph"));
    command.args(arguments).current_dir(folder).output().expect("the binary runs")
}

/// Runs the binary and returns what it printed as JSON.
#[track_caller]
fn json_of(folder: &Path, arguments: &[&str], code: i32) -> Value {
    let output = cidgraph(folder, arguments);
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text} {error}");
    serde_json::from_str(&text).unwrap_or_default()
}

#[track_caller]
fn hold(name: &str) {
    if or_skip(program()).is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let report = json_of(folder.path(), &["drill", name, "--short", "--json"], 0);
    for fault in ["lost", "duplicated", "forked", "broken"] {
        assert_eq!(report[fault], 0, "{report}");
    }
}

#[test]
fn files_are_damaged() {
    hold("corrupt");
}

#[test]
fn readers_stall_and_callers_are_refused() {
    hold("slow");
}

#[test]
fn a_damaged_server_is_named_and_repaired_from_an_export() {
    let Some(mut server) = or_skip(Server::start(SyncInterval::Default)) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let on = |arguments: &[&'static str]| [arguments, &["--store", "jetstream", "--nats-url"]].concat();
    let url = server.url.clone();
    let run = |arguments: &[&'static str], code| {
        let mut arguments = on(arguments);
        arguments.extend([url.as_str(), "--json"]);
        json_of(folder, &arguments, code)
    };
    let edges: String = (0..2000).map(|edge| format!("{},{}\n", edge % 97, edge * 7 % 89)).collect();
    std::fs::write(folder.join("e.csv"), edges).expect("written");
    run(&["import", "edges", "e.csv", "--columns", "src,dst", "--graph", "g"], 0);
    run(&["verify", "--each-replica"], 0);
    let before = run(&["stats"], 0);
    run(&["export", "car", "backup.car"], 0);
    server.stop().expect("it stops");
    server.damage_first_file("event-store", FileDamage::FlippedBits).expect("damaged");
    server.restart().expect("it starts");
    let repair = ["repair", "--from", "backup.car", "--keep", "whole.car"];
    let planned = run(&[&repair[..], &["--dry-run"]].concat(), 0);
    assert_eq!(planned["remedies"].as_array().expect("a list").len(), 1, "{planned}");
    assert_eq!(planned["after"], Value::Null);
    run(&repair, 0);
    run(&["verify", "--each-replica"], 0);
    assert_eq!(run(&["stats"], 0)["head"], before["head"]);
    let again = run(&repair, 0);
    assert_eq!(again["remedies"], Value::Array(Vec::new()), "{again}");
}
