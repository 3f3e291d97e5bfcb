//! The program under scripts: what it prints, the pictures it writes, and a window on a display.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use cidgraph::{Engine, GraphMetadata, Snapshot};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use cidgraph_viz::generate::commands;
use cidgraph_viz::headless::{Adapter, Picture};

use super::stage::is_there;

/// Runs the program with a script; `{}` in it is a folder of its own.
fn run(folder: &Path, script: &str, arguments: &[&str], display: Option<&str>) -> Output {
    let file = folder.join("script.txt");
    fs::write(&file, script.replace("{}", &folder.display().to_string())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cidgraph-viz"));
    command.args(arguments).arg("--script").arg(file).args(["--size", "320x240"]);
    if let Some(display) = display {
        command.env("DISPLAY", display).env_remove("WAYLAND_DISPLAY");
    }
    command.output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(str::to_owned).collect()
}

/// The hashes of the generated graph's state, of that with its nodes alone, and of that with half its edges.
const STATE: &str = "561dc3ad15786662d6394f06efb6e1bb564f617b4d0fe87840a063454e14798b";
const NODES_STATE: &str = "d199b699a1bb12029edfed3e399493459b5e8f34cd9e29e73b857f021b440862";
const HALF_STATE: &str = "75fc7aa865cb76a1c31e14550fbd5cbaa50096053226bc40e7f3b30c087fb90d";

const SESSION: &str = "
# 1000 nodes and 2000 edges: created, nodes, edges, edges.
state
version 2
state
step 1
state
live
search 00000000-0000-0000-0000-00000000000
neighbours 1
state
kind person
screenshot {}/person.png
kind
fit
box 0 0 320 240
state
filter Score.value=7
state
filter
color Score.value
frames 1
screenshot {}/color.png
color
compare 2
screenshot {}/compare.png
compare
record 3 {}/frames
quit
";

#[test]
fn a_scripted_session_ends_in_the_same_state() {
    if !is_there(Adapter::Software.open()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), SESSION, &["--generate", "1000", "--adapter", "software"], None);
    let graph = |version, edges, state| {
        format!("graph generated version {version} of 4 nodes 1000 edges {edges} state {state}")
    };
    let last = || graph(4, 2000, STATE);
    let selected = |count| format!("selected {count} hidden 0");
    assert_eq!(
        lines(&output),
        [
            last(),
            selected(0),
            graph(2, 0, NODES_STATE),
            selected(0),
            graph(3, 1000, HALF_STATE),
            selected(0),
            last(),
            selected(15),
            last(),
            selected(1000),
            last(),
            "selected 1000 hidden 990".to_owned(),
        ]
    );
    let picture = |name: &str| Picture::read_png(&folder.path().join(name)).unwrap();
    let pictures = ["person.png", "color.png", "compare.png"].map(picture);
    for (one, other) in [(0, 1), (1, 2), (0, 2)] {
        assert!(pictures[one].difference(&pictures[other], 24) > 0.01, "{one} and {other} show different things");
    }
    let frames = ["00000.png", "00001.png", "00002.png"].map(|name| picture(&format!("frames/{name}")));
    assert_eq!(frames[0].difference(&frames[2], 0), 0.0, "nothing moves");
}

#[test]
fn a_dragged_node_is_moved_in_the_store_and_back() {
    if !is_there(Adapter::Software.open()) {
        return;
    }
    let script = "select 160 120\nstate\ndrag 160 120 60 60\nframes 30\nselect 160 120\nselect 60 60\nstate\nundo\nframes 30\nselect 160 120\nstate\n";
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), script, &["--generate", "1", "--adapter", "software"], None);
    let printed = lines(&output);
    let expected =
        [2, 3, 4].map(|version| format!("graph generated version {version} of {version} nodes 1 edges 0 state "));
    for (printed, expected) in printed.chunks(2).zip(expected) {
        assert!(printed[0].starts_with(&expected), "{}", printed[0]);
        assert_eq!(printed[1], "selected 1 hidden 0", "it is found where it was drawn, and where it was");
    }
    assert_eq!(printed.len(), 6);
}

#[test]
fn a_window_opens_and_closes() {
    if !is_there(Adapter::Software.open()) {
        return;
    }
    let started = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("Xvfb: {error}"));
    if !is_there(started.as_ref().map(|_| ())) {
        return;
    }
    let server = Server(started.unwrap());
    let folder = tempfile::tempdir().unwrap();
    // The script begins once all is there that the store held.
    let script =
        "state\nlive\nstate\nsearch 00000000-0000-0000-0000-000000000001\nfit\nscreenshot {}/window.png\nquit\n";
    let output =
        run(folder.path(), script, &["--generate", "20000", "--window", "--at", "21"], Some(&server.display()));
    let printed = lines(&output);
    let then = "graph generated version 21 of 61 nodes 7000 edges 13000 state ";
    assert!(printed[0].starts_with(then) && printed[1] == "selected 0 hidden 0", "what was asked for comes first");
    let now = "graph generated version 61 of 61 nodes 20000 edges 40000 state ";
    assert!(printed[2].starts_with(now), "{}", printed[2]);
    assert_eq!(printed[3..], ["selected 0 hidden 0"]);
    let picture = Picture::read_png(&folder.path().join("window.png")).unwrap();
    let colors: std::collections::HashSet<&[u8]> = picture.bytes.chunks(4).collect();
    assert!(colors.len() > 20, "the window shows something");
}

#[test]
fn the_same_graph_has_the_same_picture_wherever_it_comes_from() {
    if !is_there(Adapter::Software.open()) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [store, snapshot, picture] = ["store", "graph.snapshot", "picture.png"].map(|name| folder.path().join(name));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let engine = Engine::new(Arc::new(MemoryStore::open(&store, FsyncPolicy::Never).unwrap()));
        let graph = engine.create_graph(GraphMetadata::named("somewhere")).await.unwrap();
        for command in commands(1500) {
            engine.command(graph, command).await.unwrap();
        }
        let model = engine.get_graph(graph).await.unwrap();
        Snapshot::write(model.view(), model.registry(), &snapshot).unwrap();
        engine.close().await;
    });
    let show = |source: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_cidgraph-viz"))
            .arg(source)
            .args(["--adapter", "software", "--size", "320x240", "--screenshot"])
            .arg(&picture)
            .output()
            .unwrap();
        lines(&output);
        Picture::read_png(&picture).unwrap()
    };
    let first = show(&store);
    let colors: std::collections::HashSet<&[u8]> = first.bytes.chunks(4).collect();
    assert!(colors.len() > 20, "something is shown");
    assert!(show(&store) == first, "another time");
    assert!(show(&snapshot) == first, "from a snapshot");
}

#[test]
fn what_a_script_cannot_do_is_said_by_line_and_the_rest_is_done() {
    let script = "search nobody\n\ngo 99\nundo\nversion 2\ndrag 160 120 60 60\nscreenshot {}/nowhere/a.png\n# a file\n\
                  record 1 {}/script.txt\ngo 2020-01-01\nstate\nselect 320 5\nneighbours 2\nturn 3 3\nversion 9\n\
                  compare 9\nkind persn\nfilter Score.value=a\ncolor Scores.value\nsize Score.values\ndrag 160 120 60 60\n";
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), script, &["--generate", "1", "--adapter", "noop"], None);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("graph generated version 0 of 3 nodes 0 edges 0\n"), "{printed}");
    let expected = [
        "cidgraph-viz: line 1: no node that is shown has a key or an id that begins with \"nobody\"",
        "cidgraph-viz: line 3: ",
        "cidgraph-viz: line 4: nothing was changed that could be taken back",
        "cidgraph-viz: line 7: ",
        "cidgraph-viz: line 9: ",
        "cidgraph-viz: line 12: ",
        "cidgraph-viz: line 13: no node is selected",
        "cidgraph-viz: line 14: what is seen from straight above does not turn",
        "cidgraph-viz: line 15: no version 9: the last one is 3",
        "cidgraph-viz: line 16: no version 9: the last one is 3",
        "cidgraph-viz: line 17: no node is of kind \"persn\"",
        "cidgraph-viz: line 18: no node has Score.value=a",
        "cidgraph-viz: line 19: no node has Scores.value",
        "cidgraph-viz: line 20: no node has Score.values",
        "cidgraph-viz: line 21: no node is shown at ",
        "cidgraph-viz: not all could be done",
    ];
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    assert!(lines[1].contains("99") && lines[3].contains("nowhere") && lines[4].contains("script.txt"), "{said}");
    let output = run(folder.path(), "state\njump\nfit\nfly\n", &["--generate", "1", "--adapter", "noop"], None);
    let said = String::from_utf8(output.stderr).unwrap();
    let is_named = said.contains("line 2: \"jump\"") && said.contains("line 4: \"fly\"");
    assert_eq!((output.status.code(), is_named, output.stdout.is_empty()), (Some(1), true, true), "{said}");
    let output = run(folder.path(), "state\n", &["--generate", "1", "--adapter", "noop", "--at", "9"], None);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("no version 9: the last one is 2") && output.status.code() == Some(1), "{said}");
}

#[test]
fn the_past_is_not_changed_by_a_drag() {
    let script = "drag 160 120 60 60\nversion 2\ndrag 160 120 200 200\nlive\nstate\n";
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), script, &["--generate", "1", "--adapter", "noop"], None);
    let (said, printed) = (String::from_utf8(output.stderr).unwrap(), String::from_utf8(output.stdout).unwrap());
    assert!(printed.starts_with("graph generated version 3 of 3 nodes 1 edges 0"), "{printed}");
    assert!(said.starts_with("cidgraph-viz: line 3: the past cannot be changed"), "{said}");
}

#[test]
fn the_past_is_read_in_steps() {
    let script = "state\nversion 3\nstate\nlive\nstep -1\nstate\nlive\ndrag 160 120 60 60\n";
    let folder = tempfile::tempdir().unwrap();
    let state = |arguments: &[&str]| {
        let output =
            run(folder.path(), script, &[&["--generate", "1000", "--adapter", "noop"], arguments].concat(), None);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("line 8: the past is read in steps"), "{said}");
        let printed = String::from_utf8(output.stdout).unwrap();
        let graphs = printed.lines().filter_map(|line| line.strip_prefix("graph generated version "));
        graphs.map(|line| line.split(" state ").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The graph is created, then come its nodes, then half its edges, then the rest.
    let nodes_then_edges = ["4 of 4 nodes 1000 edges 2000", "2 of 4 nodes 1000 edges 0", "2 of 4 nodes 1000 edges 0"];
    assert_eq!(state(&["--step", "2"]), nodes_then_edges);
    let up_to_nodes = ["3 of 3 nodes 1000 edges 1000", "3 of 3 nodes 1000 edges 1000", "2 of 3 nodes 1000 edges 0"];
    assert_eq!(state(&["--step", "1", "--from", "2", "--to", "3"]), up_to_nodes);
}

#[test]
fn what_cannot_be_shown_says_why() {
    let said = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_cidgraph-viz")).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, reason) = said(&["nowhere", "--screenshot", "none.png", "--adapter", "noop"]);
    assert_eq!((code, reason.contains("no store in nowhere")), (Some(1), true), "{reason}");
    let (code, reason) = said(&["--generate", "3", "--script", "nowhere.txt"]);
    assert_eq!((code, reason.contains("nowhere.txt: ")), (Some(1), true), "{reason}");
    let folder = tempfile::tempdir().unwrap();
    let [kept, nowhere] = ["kept.jpg", "nowhere"].map(|name| folder.path().join(name));
    fs::write(&kept, "kept").unwrap();
    let (code, reason) = said(&["--generate", "3", "--adapter", "noop", "--screenshot", kept.to_str().unwrap()]);
    assert_eq!((code, reason.contains("ends with .png")), (Some(1), true), "{reason}");
    assert_eq!(fs::read(&kept).unwrap(), b"kept");
    let (code, reason) = said(&[nowhere.to_str().unwrap(), "--write", "--screenshot", "none.png", "--adapter", "noop"]);
    assert_eq!((code, reason.contains("no store in "), nowhere.exists()), (Some(1), true, false), "{reason}");
    let backwards = ["--generate", "3", "--step", "1", "--from", "2", "--to", "1"];
    let (code, reason) = said(&[&backwards[..], &["--screenshot", "none.png", "--adapter", "noop"]].concat());
    assert_eq!((code, reason.contains("1 lies before 2")), (Some(1), true), "{reason}");
    let (code, reason) = said(&["--bogus"]);
    assert_eq!((code, reason.contains("--bogus")), (Some(1), true), "{reason}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.txt");
    fs::write(&file, "no events").unwrap();
    let (code, reason) = said(&[file.to_str().unwrap(), "--screenshot", "none.png", "--adapter", "noop"]);
    assert_eq!((code, reason.contains("text.txt: ")), (Some(2), true), "{reason}");
}

/// An X server that ends with its test.
struct Server(Child);

impl Server {
    fn display(&self) -> String {
        let mut line = String::new();
        let stdout = self.0.stdout.as_ref().unwrap();
        let number = std::os::fd::AsFd::as_fd(stdout).try_clone_to_owned().unwrap();
        BufReader::new(fs::File::from(number)).read_line(&mut line).unwrap();
        format!(":{}", line.trim())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}
