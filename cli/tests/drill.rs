//! `cidgraph drill` itself: each drill, shortened, on servers of its own.

use std::process::{Command, Output};

use cidgraph_harness::nats::{or_skip, program};
use serde_json::Value;

fn drill(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph"));
    command.arg("drill").args(arguments);
    command
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Holds a drill and returns its report; `None` where there is no server.
fn report_of(name: &str) -> Option<Value> {
    or_skip(program())?;
    let output = drill(&[name, "--short", "--json"]).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text} {}", error_of(&output));
    let report: Value = serde_json::from_str(&text).expect("one JSON object");
    for fault in ["lost", "duplicated", "forked", "broken"] {
        assert_eq!(report[fault], 0, "{report}");
    }
    assert!(report["acknowledged"].as_u64().expect("a count") > 0, "{report}");
    assert!(!report["durability"].as_str().expect("text").is_empty(), "{report}");
    Some(report)
}

#[test]
fn a_writing_process_is_killed() {
    let Some(report) = report_of("kill-client") else { return };
    assert_eq!((&report["rounds"], &report["servers"]), (&4.into(), &1.into()));
}

#[test]
fn the_only_server_is_killed() {
    let Some(report) = report_of("kill-server") else { return };
    assert_eq!(report["unavailable_seconds"].as_array().expect("each round").len(), 4);
}

#[test]
fn the_leader_is_killed() {
    let Some(report) = report_of("failover") else { return };
    assert_eq!((&report["rounds"], &report["servers"]), (&1.into(), &3.into()));
    let conditions = report["conditions"].to_string();
    assert!(conditions.contains("heads, which only the leader tells"), "{conditions}");
    assert!(conditions.contains("1 s on a machine of its own"), "a laxer bound says why: {conditions}");
}

#[cfg(unix)]
#[test]
fn servers_are_stopped() {
    let Some(report) = report_of("pause") else { return };
    assert_eq!(report["unavailable_seconds"].as_array().expect("one server, then two").len(), 2);
}

#[test]
fn a_missing_server_is_one_line() {
    let empty = tempfile::tempdir().expect("a folder");
    let mut command = drill(&["kill-server"]);
    command.env_remove("NATS_SERVER").env("XDG_CACHE_HOME", empty.path());
    let output = command.output().expect("the binary runs");
    let error = error_of(&output);
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    assert!(error.contains("there is no nats-server") && output.stdout.is_empty(), "{error}");
}

#[test]
fn help_lists_every_drill() {
    let output = drill(&["--help"]).output().expect("the binary runs");
    let text = String::from_utf8_lossy(&output.stdout);
    for drill in cidgraph_harness::drill::Drill::ALL {
        assert!(text.contains(drill.name()), "{text}");
    }
    assert!(text.contains("nats-server") && !text.contains("write-until-killed"), "{text}");
}
