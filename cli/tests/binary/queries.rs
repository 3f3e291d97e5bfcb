//! `query`: tables and JSON of each kind of question.

use std::path::Path;

use crate::binary::{done, failed, fed, field, json};

const COMMANDS: &str = r#"{"add_node":{"kind":"P","key":"a","components":{"Visual":{"color":"blue","score":11}}}}
{"add_node":{"kind":"P","key":"b","components":{"Visual":{"color":"blue","score":9}}}}
{"add_node":{"kind":"Q","key":"c","components":{"Other":{"color":"red"}}}}
{"add_node":{"kind":"Q","key":"d"}}
{"connect_edge":{"kind":"k","source":{"kind":"P","key":"a"},"target":{"kind":"P","key":"b"},"properties":{"w":2}}}
{"connect_edge":{"kind":"l","source":{"kind":"P","key":"b"},"target":{"kind":"Q","key":"c"}}}
{"connect_edge":{"kind":"k","source":{"kind":"P","key":"a"},"target":{"kind":"Q","key":"c"},"properties":{"w":9}}}
"#;

fn graph() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    done(folder.path(), &["apply", "--graph", "g", "create"]);
    let (code, _, error) = fed(folder.path(), &["apply", "--atomic"], COMMANDS);
    assert_eq!(code, 0, "{error}");
    folder
}

/// Checks one field of each line of an answer.
#[track_caller]
fn answers(path: &Path, query: &[&str], pointer: &str, expected: &[&str]) {
    let lines = done(path, &[&["query"], query, &["--json"]].concat());
    let found: Vec<String> = lines.lines().map(|line| field(line, pointer)).collect();
    assert_eq!(found, expected, "{query:?}");
    done(path, &[&["query"], query].concat());
    done(path, &[&["query"], query, &["--explain"]].concat());
}

#[test]
fn nodes_are_found_by_criteria() {
    let folder = graph();
    let path = folder.path();
    let keys = |query: &[&str], expected: &[&str]| answers(path, &[&["nodes"], query].concat(), "/key", expected);
    keys(&[], &["a", "b", "c", "d"]);
    keys(&["--kind", "Q"], &["c", "d"]);
    keys(&["--component", "Visual", "--where", "color = \"blue\" and score > 10"], &["a"]);
    keys(&["--where", "color = 'red' or Visual.score <= 9"], &["b", "c"]);
    keys(&["--where", "not exists color"], &["d"]);
    keys(&["--where", "color != 'blue'"], &["c"]);
    keys(&["--where", "score in (9, 11.0)", "--order", "Visual.score"], &["b", "a"]);
    keys(&["--order", "key", "--descending", "--limit", "2", "--offset", "1"], &["c", "b"]);
    answers(path, &["nodes", "--kind", "P", "--count"], "/count", &["2"]);
    answers(
        path,
        &["nodes", "--select", "Visual.score", "--limit", "1"],
        "/components",
        &["{\"Visual\":{\"score\":11}}"],
    );
}

#[test]
fn walks_go_along_edges() {
    let folder = graph();
    let path = folder.path();
    answers(path, &["neighbors", "a"], "/node/key", &["b", "c"]);
    answers(path, &["neighbors", "b", "--direction", "both", "--edge-kind", "k"], "/edge/kind", &["k"]);
    answers(path, &["neighbors", "Q:c", "--direction", "in", "--limit", "1"], "/node/key", &["b"]);
    answers(path, &["path", "a", "c"], "/cost", &["1.0"]);
    answers(path, &["path", "a", "c", "--weight", "w"], "/cost", &["3.0"]);
    answers(path, &["path", "a", "c", "--count", "5"], "/cost", &["1.0", "2.0"]);
    answers(path, &["path", "a", "d"], "/cost", &[]);
    answers(path, &["khop", "a", "--hops", "1"], "/distance", &["0", "1", "1"]);
    answers(path, &["khop", "c", "-k", "2", "--direction", "in", "--edge-kind", "l"], "/key", &["c", "b"]);
    answers(path, &["rank", "--limit", "1"], "/key", &["c"]);
    answers(path, &["components"], "/size", &["3", "1"]);
    answers(path, &["components", "--strong", "--limit", "3"], "/size", &["1", "1", "1"]);
    assert!(done(path, &["query", "path", "a", "d"]).contains("nothing found"));
}

#[test]
fn a_plan_says_where_it_starts() {
    let folder = graph();
    let plan = json(&done(folder.path(), &["query", "nodes", "--kind", "P", "--explain", "--json"]));
    assert_eq!(
        (&plan["step"], &plan["estimate"], &plan["rows"]),
        (&json("\"index kind = P\""), &json("2"), &json("2"))
    );
    let both = ["query", "nodes", "--kind", "P", "--where", "Visual.color = 'red'", "--explain"];
    let plan = done(folder.path(), &both);
    let (first, second) = (plan.find("Visual.color").expect("there"), plan.find("kind = P").expect("there"));
    assert!(plan.contains("most selective") && first < second, "{plan}");
}

#[test]
fn what_cannot_be_asked_is_said_on_one_line() {
    let folder = graph();
    let path = folder.path();
    failed(path, &["query", "neighbors", "nobody"], 1, "no node \"nobody\"");
    failed(path, &["query", "nodes", "--where", "color ~ 3"], 1, "--where, column 7");
    failed(path, &["query", "nodes", "--order", "color"], 1, "as Profile.age");
    failed(path, &["query", "rank", "--damping", "2"], 1, "damping");
    failed(path, &["query", "nodes", "-g", "h"], 1, "has no graph \"h\"");
}
