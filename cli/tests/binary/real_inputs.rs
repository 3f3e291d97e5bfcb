//! The shared data sets and this repository: as many nodes and edges as they have, and the same head in two stores.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::binary::{done, field, json, shared};

/// Imports into two stores and returns what `stats` says of the graph.
#[track_caller]
fn imported(input: &[&str]) -> serde_json::Value {
    let folder = tempfile::tempdir().expect("a folder");
    let stats = ["one", "two"].map(|data| {
        let arguments = [&["import"], input, &["--graph", "g", "--fsync", "never", "--data-dir", data]].concat();
        done(folder.path(), &arguments);
        json(&done(folder.path(), &["stats", "--data-dir", data, "--json"]))
    });
    assert_eq!(stats[0], stats[1], "the same file gives the same head and state");
    let verified = done(folder.path(), &["verify", "--data-dir", "one", "--json"]);
    assert_eq!(field(&verified, "/events"), stats[0]["events"].to_string());
    let [first, _] = stats;
    first
}

#[track_caller]
fn counts(name: &str, options: &[&str], nodes: u64, edges: u64) {
    let Some(file) = shared(name) else { return };
    let stats = imported(&[&["edges", &file.to_string_lossy()], options].concat());
    assert_eq!((stats["nodes"].as_u64(), stats["edges"].as_u64()), (Some(nodes), Some(edges)));
}

#[test]
fn email() {
    counts("email-Eu-core-temporal.txt.gz", &[], 986, 332_334);
}

#[test]
fn college_messages() {
    counts("CollegeMsg.txt.gz", &[], 1_899, 59_835);
}

#[test]
fn bitcoin_ratings() {
    counts("bitcoin-otc-edges.csv.gz", BITCOIN, 5_881, 35_592);
}

const BITCOIN: &[&str] = &["--columns", "src,dst,rating,time", "--delimiter", ","];

/// Returns the social network's files in the order of their names: those of nodes, then those of edges.
fn social_network(folder: &Path) -> (Vec<String>, Vec<String>) {
    let files = ["static", "dynamic"].iter().flat_map(|part| fs::read_dir(folder.join(part)).expect("a folder"));
    let mut files: Vec<String> = files
        .map(|entry| entry.expect("an entry").path().to_string_lossy().into_owned())
        .filter(|name| name.ends_with("_0_0.csv"))
        .collect();
    files.sort();
    files.into_iter().partition(|name| stem(name).split('_').count() == 1)
}

fn stem(file: &str) -> &str {
    file.rsplit('/').next().expect("a name").trim_end_matches("_0_0.csv")
}

fn rows(file: &str) -> u64 {
    let lines = fs::read_to_string(file).expect("reads").lines().count();
    u64::try_from(lines).expect("a count") - 1
}

#[test]
fn the_social_network_has_as_many_of_each_kind_as_lines() {
    let Some(folder) = shared("snb-sf0.003/vanilla") else { return };
    let (nodes, edges) = social_network(&folder);
    assert_eq!((nodes.len(), edges.len()), (8, 23));
    let mut arguments = vec!["csv", "--nodes"];
    arguments.extend(nodes.iter().map(String::as_str));
    arguments.push("--edges");
    arguments.extend(edges.iter().map(String::as_str));
    let stats = imported(&arguments);
    for file in &nodes {
        let (kind, count) = stats["node_kinds"]
            .as_object()
            .expect("kinds")
            .iter()
            .find(|(kind, _)| kind.eq_ignore_ascii_case(stem(file)))
            .expect("the file's kind");
        assert_eq!(count.as_u64(), Some(rows(file)), "{kind}");
    }
    let kinds: BTreeSet<&str> = edges.iter().filter_map(|file| stem(file).split('_').nth(1)).collect();
    for kind in kinds {
        let of_kind = edges.iter().filter(|file| stem(file).split('_').nth(1) == Some(kind));
        let expected: u64 = of_kind.map(|file| rows(file)).sum();
        assert_eq!(stats["edge_kinds"][kind].as_u64(), Some(expected), "{kind}");
    }
}

#[test]
fn the_files_of_this_repository_are_those_at_its_head() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(&repository).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(listed) = git(&["ls-tree", "-r", "--name-only", "-z", "HEAD"]) else {
        assert!(std::env::var_os("CI").is_none(), "this is no git repository");
        return eprintln!("skipped: this is no git repository");
    };
    let shallow = git(&["rev-parse", "--is-shallow-repository"]).is_some_and(|answer| answer.trim() == "true");
    let folder = tempfile::tempdir().expect("a folder");
    let path = repository.to_string_lossy();
    let mut arguments = vec!["import", "git", &*path, "--graph", "history"];
    arguments.extend(shallow.then_some("--shallow"));
    done(folder.path(), &arguments);
    let found = done(folder.path(), &["query", "nodes", "--kind", "File", "--json"]);
    let found: BTreeSet<String> = found.lines().map(|line| field(line, "/components/File/path")).collect();
    let expected: BTreeSet<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(found, expected);
}
