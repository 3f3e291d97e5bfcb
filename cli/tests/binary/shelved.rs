//! Snapshots that the command keeps by itself: taken, used, listed, copied, cleared.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::binary::{cidgraph, done, failed, fed, field, json};

/// Makes a graph of 1500 people, in as many events.
fn large() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    done(folder.path(), &["apply", "--graph", "g", "create"]);
    add(folder.path(), 0..1500);
    folder
}

fn add(folder: &Path, people: std::ops::Range<u32>) {
    let lines = people.fold(String::new(), |mut lines, number| {
        writeln!(lines, r#"{{"add_node":{{"kind":"Person","key":"p{number}"}}}}"#).expect("text");
        lines
    });
    let (code, _, errors) = fed(folder, &["apply", "--graph", "g", "--atomic"], &lines);
    assert_eq!(code, 0, "{errors}");
}

/// Returns what is kept, in order: snapshots, then layers, then histories.
fn listed(folder: &Path) -> Vec<String> {
    let lines = done(folder, &["snapshot", "list", "--json"]);
    lines.lines().map(|line| field(line, "/what")).collect()
}

/// Returns the file of the first thing kept that is of a kind.
fn file_of(folder: &Path, what: &str) -> PathBuf {
    let lines = done(folder, &["snapshot", "list", "--json"]);
    let line = lines.lines().find(|line| field(line, "/what") == what).expect("there is one");
    folder.join(field(line, "/file"))
}

/// Changes a byte in the middle of a file.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).expect("written");
}

fn hash(folder: &Path, arguments: &[&str]) -> String {
    field(&done(folder, &[&["stats", "--json"], arguments].concat()), "/state_hash")
}

#[test]
fn a_snapshot_is_kept_and_graphs_are_opened_from_it() {
    let folder = large();
    let path = folder.path();
    assert_eq!(listed(path), ["snapshot", "history"]);
    assert_eq!(hash(path, &[]), hash(path, &["--no-snapshots"]));
    add(path, 1500..3000);
    assert_eq!(listed(path)[..2], ["snapshot", "layer"]);
    assert_eq!(hash(path, &[]), hash(path, &["--no-snapshots"]));
    assert!(done(path, &["snapshot", "list"]).contains(".layer.car.zst"));

    // A command that was applied before the snapshot is recognised after it.
    let id = "67e55044-10b1-426f-9247-bb680e5fe0c8";
    let rename = ["apply", "--command-id", id, "rename", "other", "--json"];
    let first = json(&done(path, &rename));
    add(path, 3000..4500);
    assert_eq!(json(&done(path, &rename))["head"], first["head"]);
}

#[test]
fn a_damaged_snapshot_is_said_and_not_used() {
    let folder = large();
    let path = folder.path();
    damage(&file_of(path, "snapshot"));
    let output = cidgraph(path, &["stats", "--json"]);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success() && errors.contains("is not used"), "{errors}");
    let stats = String::from_utf8(output.stdout).expect("text");
    assert_eq!(field(&stats, "/state_hash"), hash(path, &["--no-snapshots"]));
}

#[test]
fn the_past_is_told_by_a_history_or_without_it() {
    let folder = large();
    let path = folder.path();
    add(path, 1500..3000);
    let count = |arguments: &[&str]| {
        let output = cidgraph(path, &[&["query", "nodes", "--count", "--at", "1700"], arguments].concat());
        assert!(output.status.success());
        (String::from_utf8(output.stdout).expect("text"), String::from_utf8(output.stderr).expect("text"))
    };
    let (expected, _) = count(&["--no-snapshots"]);
    assert!(expected.ends_with(" 1500\n"), "as it was before the transaction that was under way then");
    assert_eq!(count(&[]), (expected.clone(), String::new()));
    damage(&file_of(path, "history"));
    let (answer, errors) = count(&[]);
    assert!(answer == expected && errors.contains(".history is not used"), "{answer}{errors}");
}

#[test]
fn snapshots_are_copied_placed_and_cleared() {
    let folder = large();
    let path = folder.path();
    let pushed = json(&done(path, &["snapshot", "push", "--objects", "copies", "--json"]));
    assert_eq!((&pushed["files"], &pushed["present"]), (&json("3"), &json("0")));
    let elsewhere = ["snapshot", "pull", "--objects", "copies", "--snapshots", "elsewhere", "--json"];
    assert_eq!(json(&done(path, &elsewhere))["files"], json("2"));
    assert_eq!(json(&done(path, &elsewhere))["present"], json("2"));
    assert_eq!(hash(path, &["--snapshots", "elsewhere"]), hash(path, &["--no-snapshots"]));
    let cleared = json(&done(path, &["snapshot", "gc", "--keep", "all for a day", "--json"]));
    assert_eq!(cleared["deleted"], json("[]"));
    failed(path, &["snapshot", "gc", "--keep", "some"], 1, "no rule of retention");
    failed(path, &["snapshot", "push"], 1, "give --objects");
    failed(path, &["snapshot", "list", "--no-snapshots"], 1, "give --snapshots");
}

#[test]
fn snapshots_of_what_is_not_there_are_refused() {
    let folder = large();
    let path = folder.path();
    done(path, &["snapshot", "push", "--objects", "copies"]);
    let actions: [&[&str]; 4] =
        [&["list"], &["gc"], &["push", "--objects", "copies"], &["pull", "--objects", "copies"]];
    for action in actions {
        failed(path, &[&["snapshot"], action, &["--graph", "nosuch"]].concat(), 1, "no graph \"nosuch\"");
        done(path, &[&["snapshot"], action, &["--graph", "g"]].concat());
        if action[0] != "pull" {
            failed(path, &[&["snapshot"], action, &["--data-dir", "missing"]].concat(), 1, "no store in missing");
            let missing = [&["snapshot"], action, &["--snapshots", "missing"]].concat();
            failed(path, &missing, 1, "no folder of snapshots missing");
        }
    }
    failed(path, &["snapshot", "pull", "--objects", "missing"], 1, "no folder of objects missing");
    assert!(!path.join("missing").exists(), "nothing was made");
}

/// The newest object is damaged, then every one: what holds comes, and where nothing does that is an error.
#[test]
fn a_damaged_copy_is_told_and_the_one_before_it_comes() {
    let folder = large();
    let path = folder.path();
    add(path, 1500..12_000);
    let snapshots = || listed(path).iter().filter(|what| *what == "snapshot").count();
    assert_eq!(snapshots(), 2, "{:?}", listed(path));
    done(path, &["snapshot", "push", "--objects", "copies"]);
    let objects = std::fs::read_dir(path.join("copies")).expect("read").map(|entry| entry.expect("read").path());
    let mut objects: Vec<_> = objects.filter(|object| object.to_string_lossy().contains(".snapshot")).collect();
    objects.sort();
    let mut pull = ["snapshot", "pull", "--objects", "copies", "--snapshots", "one", "--json"];
    for (number, object) in objects.iter().rev().enumerate() {
        let mut bytes = std::fs::read(object).expect("read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(object, bytes).expect("written");
        if number == 0 {
            let output = cidgraph(path, &pull);
            let errors = String::from_utf8(output.stderr).expect("text");
            assert!(output.status.success() && errors.contains("is not taken: "), "{errors}");
            let pulled = json(&String::from_utf8(output.stdout).expect("text"));
            assert_eq!(pulled["refused"].as_array().map(Vec::len), Some(1));
            assert_eq!(hash(path, &["--snapshots", "one"]), hash(path, &["--no-snapshots"]));
        }
    }
    pull[5] = "two";
    let output = cidgraph(path, &pull);
    let errors = String::from_utf8(output.stderr).expect("text");
    assert_eq!((output.status.code(), errors.contains("no copy of a snapshot holds")), (Some(2), true), "{errors}");
}

/// A pipe in place of a file would be waited at for ever.
#[cfg(unix)]
#[test]
fn pipes_among_the_snapshots_are_passed_over() {
    let folder = large();
    let path = folder.path();
    add(path, 1500..3000);
    let pipe = |file: &Path| {
        std::fs::remove_file(file).expect("removed");
        assert!(std::process::Command::new("mkfifo").arg(file).status().expect("mkfifo runs").success());
    };
    let file = field(done(path, &["snapshot", "list", "--json"]).lines().next().expect("a snapshot"), "/file");
    let lock = path.join(file).with_file_name("lock");
    let entries = std::fs::read_dir(lock.parent().expect("a folder")).expect("read");
    let files: Vec<_> = entries.map(|entry| entry.expect("read").path()).filter(|file| *file != lock).collect();
    assert!(files.len() >= 3, "a snapshot, its transactions, a layer: {files:?}");
    for file in files {
        pipe(&file);
        let output = cidgraph(path, &["stats", "--json"]);
        let errors = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success() && errors.contains("no plain file"), "{errors}");
        assert_eq!(hash(path, &[]), hash(path, &["--no-snapshots"]));
    }
    failed(path, &["snapshot", "push", "--objects", "copies"], 3, "no plain file");
    pipe(&lock);
    failed(path, &["snapshot", "gc"], 3, "no plain file");
}
