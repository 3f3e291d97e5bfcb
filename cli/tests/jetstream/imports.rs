//! Imports into a stream: of all kinds, twice, cut short, and two at the same time.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::binary::{cidgraph, command, failed, fed, field};
use crate::served::{IMPORT_EDGES, Served, edges};

const NODES: &str = "id:ID(P)|name\n1|ann\n2|ben\n";
const EDGES: &str = ":START_ID(P)|:END_ID(P)|since:int\n1|2|2020\n";

/// Nodes in transactions of their own.
fn commands(count: u32) -> String {
    let command = |key| format!("{{\"transaction\":{{}}}}\n{{\"add_node\":{{\"kind\":\"P\",\"key\":{key}}}}}\n");
    (0..count).map(command).collect()
}

fn git(served: &Served, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(served.folder.path().join("repository")).args(["-c", "user.name=A", "-c", "user.email=a@b.c"]);
    assert!(command.args(arguments).env("GIT_CONFIG_NOSYSTEM", "1").status().expect("git runs").success());
}

/// Makes a repository whose second commit touches more files than a transaction can have events.
fn make_repository(served: &Served) {
    let folder = served.folder.path().join("repository");
    std::fs::create_dir(&folder).expect("made");
    git(served, &["init", "-q", "-b", "main"]);
    for (message, files) in [("few", 3), ("many", 1200)] {
        for file in 0..files {
            std::fs::write(folder.join(format!("{message}-{file}")), message).expect("written");
        }
        git(served, &["add", "-A"]);
        git(served, &["commit", "-q", "-m", message]);
    }
}

#[test]
fn each_kind_of_input_gives_the_same_head_in_both_stores_and_is_taken_once() {
    let Some(served) = Served::start() else { return };
    make_repository(&served);
    served.write("n.csv", NODES);
    served.write("k.csv", EDGES);
    served.write("e.csv", edges(2500));
    served.write("c.jsonl", commands(20));
    let imports: [&[&str]; 4] = [
        &["import", "git", "repository", "--graph", "git"],
        &["import", "csv", "--nodes", "n.csv", "--edges", "k.csv", "--graph", "csv"],
        &["import", "jsonl", "c.jsonl", "--graph", "jsonl"],
        &[IMPORT_EDGES, &["edges"]].concat(),
    ];
    for import in imports {
        let graph = *import.last().expect("it ends with the graph");
        let (embedded, on_server) = (served.done_embedded(import), served.done(import));
        assert_eq!(embedded, on_server, "{import:?}");
        failed(served.folder.path(), &served.on(import), 1, "is there already");
        let again = served.done(&[import, &["--resume", "--json"]].concat());
        assert_eq!(field(&again, "/transactions"), "0", "{import:?}");
        let car = format!("{graph}.car");
        served.done_embedded(&["export", "car", "--graph", graph, &car]);
        let known = served.done(&["import", "car", &car, "--json"]);
        assert_eq!(field(&known, "/events_appended"), "0");
    }
    assert_eq!(served.done(&["graphs", "--json"]).lines().count(), imports.len());
}

#[test]
fn a_log_of_events_is_taken_byte_for_byte() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(9000));
    served.done_embedded(&[IMPORT_EDGES, &["g"]].concat());
    served.done_embedded(&["export", "car", "g.car"]);
    let taken = served.done(&["import", "car", "g.car", "--json"]);
    assert_eq!(field(&taken, "/events_appended"), served.stats("g", "/events"));
    served.done(&["export", "car", "h.car"]);
    let read = |name| std::fs::read(served.folder.path().join(name)).expect("it was written");
    assert!(read("g.car") == read("h.car"), "the same bytes");
}

#[test]
fn a_transaction_that_is_too_long_is_refused_whole() {
    let Some(served) = Served::start() else { return };
    let commands: String =
        (0..1001).map(|key| format!("{{\"add_node\":{{\"kind\":\"P\",\"key\":{key}}}}}\n")).collect();
    for arguments in [&["apply", "--graph", "g", "create"][..], &["apply", "--graph", "h", "create"]] {
        served.done_embedded(arguments);
        served.done(arguments);
    }
    let atomic = ["apply", "--graph", "g", "--atomic"];
    let (code, _, error) = fed(served.folder.path(), &served.on(&atomic), &commands);
    assert_eq!((code, error.lines().count()), (1, 1), "{error}");
    assert!(error.contains("1001 exceeds the limit of 1000"), "{error}");
    assert_eq!(fed(served.folder.path(), &atomic, &commands).0, 0);
    served.done_embedded(&["export", "car", "--graph", "g", "g.car"]);
    let import = served.on(&["import", "car", "g.car"]);
    failed(served.folder.path(), &import, 1, "a transaction of 1001 events, the store takes at most 1000 at once");
    assert_eq!(served.stats("g", "/events"), "1");
}

#[test]
#[cfg(unix)]
fn an_import_that_was_cut_short_goes_on() {
    let Some(served) = Served::start() else { return };
    served.write("c.jsonl", commands(2000));
    served.done_embedded(&["import", "jsonl", "c.jsonl", "--graph", "g"]);
    let straight = field(&served.done_embedded(&["stats", "--json"]), "/head/cid");
    let resume = served.on(&["import", "jsonl", "c.jsonl", "--graph", "g", "--resume", "--progress", "json"]);
    for signal in ["-KILL", "-INT", "-KILL"] {
        let mut import = command(served.folder.path(), &resume);
        let mut import = import.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("runs");
        let mut acknowledged = 0;
        for (line, number) in BufReader::new(import.stdout.take().expect("a pipe")).lines().zip(1..) {
            acknowledged = field(&line.expect("text"), "/acknowledged/version").parse().expect("a version");
            if number == 5 {
                let sent = Command::new("kill").args([signal, &import.id().to_string()]).status();
                assert!(sent.expect("kill runs").success());
            }
        }
        import.wait().expect("it ends");
        let kept: u64 = served.stats("g", "/events").parse().expect("a number");
        assert!(kept >= acknowledged, "{kept} events, {acknowledged} acknowledged");
        served.done(&["verify"]);
    }
    served.done(&["import", "jsonl", "c.jsonl", "--graph", "g", "--resume"]);
    assert_eq!(served.stats("g", "/head/cid"), straight);
}

#[test]
fn two_imports_at_the_same_time_do_not_disturb_each_other() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(6000));
    let both = ["one", "two"].map(|graph| {
        let arguments = [IMPORT_EDGES, &[graph]].concat();
        command(served.folder.path(), &served.on(&arguments)).stdout(Stdio::null()).spawn().expect("runs")
    });
    for mut import in both {
        assert!(import.wait().expect("ends").success());
    }
    for graph in ["one", "two"] {
        served.done_embedded(&[IMPORT_EDGES, &[graph]].concat());
        let straight = field(&served.done_embedded(&["stats", "--json", "--graph", graph]), "/head/cid");
        assert_eq!(served.stats(graph, "/head/cid"), straight);
    }
    served.done(&["verify"]);
}

#[test]
fn two_imports_of_the_same_input_into_the_same_graph_leave_what_one_would() {
    let Some(served) = Served::start() else { return };
    served.write("c.jsonl", commands(600));
    served.done_embedded(&["import", "jsonl", "c.jsonl", "--graph", "g"]);
    let straight = field(&served.done_embedded(&["stats", "--json"]), "/head/cid");
    let import = served.on(&["import", "jsonl", "c.jsonl", "--graph", "g", "--resume"]);
    let both = [(); 2].map(|()| command(served.folder.path(), &import).stdout(Stdio::null()).spawn().expect("runs"));
    for mut import in both {
        assert!(import.wait().expect("ends").success());
    }
    assert_eq!(served.stats("g", "/head/cid"), straight);
    assert!(cidgraph(served.folder.path(), &served.on(&["verify"])).status.success());
}
