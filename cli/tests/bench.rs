//! `cidgraph bench` itself: small runs from the arguments to the table, and what is left behind.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use cidgraph_harness::nats::{Server, SyncInterval, or_skip, program};

fn bench(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph"));
    command.current_dir(folder).arg("bench").args(arguments).output().expect("the binary runs")
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_edge_list_is_real_input_and_two_reports_are_compared() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    std::fs::write(folder.path().join("edges.txt"), "1 2 10\n2 3 11\n3 1 12\n").expect("written");
    for out in ["before", "after"] {
        let output = bench(folder.path(), &["--only", "real-input", "--input", "edges.txt", "--out", out]);
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("edges.txt: 2 transactions, 7 events, 3 nodes and 3 edges."), "{text}");
        assert!(text.contains("replays of real input that differ"), "{text}");
    }
    let output = bench(folder.path(), &["compare", "before", "after/report.json"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && text.contains("import"), "{text}");
    let mut left = entries(folder.path());
    left.sort_unstable();
    assert_eq!(left, ["after", "before", "edges.txt"]);
}

#[test]
fn a_killed_writer_loses_nothing_that_it_had_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let arguments = ["--json", "--only", "recovery", "--nodes", "1000", "--edges", "1000", "--events", "6000"];
    let output = bench(folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let rows = report["targets"].as_array().expect("rows");
    let row = rows.iter().find(|row| row["id"] == "crash_lost_events").expect("measured");
    assert_eq!((row["measured"].as_f64(), row["met"].as_bool()), (Some(0.0), Some(true)), "{row}");
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn another_process_serves_the_snapshot() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let arguments = ["--json", "--only", "snapshot", "--nodes", "1000", "--edges", "1000"];
    let output = bench(folder.path(), &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let rows = report["targets"].as_array().expect("rows");
    let measured = |id: &str| rows.iter().find(|row| row["id"] == id).and_then(|row| row["measured"].as_f64());
    let is_told = Path::new("/proc/self/smaps_rollup").exists();
    assert_eq!(measured("mapped_memory").is_some_and(|megabytes| megabytes > 0.0), is_told, "{rows:?}");
    assert!(measured("snapshot_delta_share").is_some_and(|share| share > 0.0), "{rows:?}");
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn stores_on_servers_are_measured_on_the_bench_s_own() {
    if or_skip(program()).is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for the test");
    let sizes = ["--nodes", "1000", "--edges", "1000", "--events", "6000"];
    let arguments = ["--json", "--store", "jetstream", "--only", "recovery", "--only", "verify"];
    let output = bench(folder.path(), &[&arguments[..], &sizes[..]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let rows = report["targets"].as_array().expect("rows");
    for id in ["served_replay_ratio", "served_start", "start_replay", "recovery", "crash_lost_events"] {
        let row = rows.iter().find(|row| row["id"] == id).expect("measured");
        let conditions = row["conditions"].as_str().expect("text");
        assert!(row["measured"].is_number() && conditions.contains("nats-server 2."), "{row}");
    }
    let lost = rows.iter().find(|row| row["id"] == "crash_lost_events").expect("measured");
    assert_eq!((lost["measured"].as_f64(), lost["met"].as_bool()), (Some(0.0), Some(true)), "{lost}");
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn what_cannot_be_measured_or_read_is_told_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let check = |arguments: &[&str], expected: &str| {
        let output = bench(folder.path(), arguments);
        let error = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(expected) && error.trim_end().lines().count() == 1, "{error}");
    };
    check(&["--only", "everything"], "possible values");
    check(&["--nodes", "0"], "1000");
    check(&["compare", "none", "none"], "expected a report of the bench");
    check(&["--only", "real-input", "--input", "none.txt"], "none.txt");
    assert!(entries(folder.path()).is_empty());
}

/// Interrupts a run as soon as its folder is there: nothing stays.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let mut run = Command::new(env!("CARGO_BIN_EXE_cidgraph"));
    let arguments = ["bench", "--only", "append", "--events", "6000"];
    let run = run.current_dir(folder.path()).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = run.spawn().expect("the binary runs");
    let give_up = Instant::now() + Duration::from_secs(60);
    let journal = |name: &String| folder.path().join(name).join("journal").is_dir();
    while !entries(folder.path()).iter().any(journal) && Instant::now() < give_up {
        std::thread::yield_now();
    }
    let killed = Command::new("kill").args(["-INT", &run.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    assert_eq!(run.wait().expect("it ends").code(), Some(130));
    assert!(entries(folder.path()).is_empty());
}

#[test]
fn rows_say_what_the_users_servers_do() {
    let sync = SyncInterval::Always;
    let Some(server) = or_skip(Server::start(sync)) else { return };
    let folder = tempfile::tempdir().expect("a folder for the test");
    std::fs::write(folder.path().join("e.txt"), "1 2 10\n2 3 11\n3 1 12\n").expect("written");
    let run = |monitors: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph"));
        command.current_dir(folder.path()).env("CIDGRAPH_NATS_MONITOR_URLS", monitors);
        let arguments =
            ["bench", "--store", "jetstream", "--json", "--only", "real-input", "--input", "e.txt", "--nats-url"];
        let output = command.args(arguments).arg(&server.url).output().expect("the binary runs");
        let (text, notes) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{notes}");
        let report: serde_json::Value = serde_json::from_str(&text).expect("one JSON object");
        (report["durability"].as_str().expect("text").to_owned(), report.to_string(), notes.into_owned())
    };
    let (durability, report, _) = run(&server.monitor_url);
    assert!(durability == "fsynced" && report.contains("R1 fsynced"), "{durability}: {report}");
    let (durability, report, notes) = run("http://127.0.0.1:9");
    assert!(durability == "page cache" && report.contains("R1 page cache at least"), "{durability}: {report}");
    assert!(notes.contains("no server answers at the monitoring address http://127.0.0.1:9"), "{notes}");
}
