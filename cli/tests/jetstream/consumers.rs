//! No command leaves a consumer on the server.

use crate::binary::{cidgraph, field};
use crate::served::{IMPORT_EDGES, Served, edges};

#[test]
fn no_command_leaves_a_consumer() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(9000));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    served.done(&["apply", "--graph", "h", "create"]);
    let url = served.server.url.as_str();
    let commands: [&[&str]; 14] = [
        &["graphs"],
        &["log", "--graph", "g"],
        &["log", "--graph", "nobody"],
        &["export", "jsonl", "--graph", "g", "g.jsonl"],
        &["stats", "--graph", "g"],
        &["query", "nodes", "--graph", "g"],
        &["replay", "--graph", "g"],
        &["show", "0", "--graph", "g"],
        &["history", "0", "--graph", "g"],
        &["why", "0", "--graph", "g"],
        &["diff", "10", "20", "--graph", "g"],
        &["bisect", url, url, "--graph", "g"],
        &["verify"],
        &["verify", "--each-replica"],
    ];
    for command in commands {
        // What it answers is no matter here: one asks for a graph that is not there.
        drop(cidgraph(served.folder.path(), &served.on(command)));
        let state = served.server.stream_state("event-store").expect("it answers").expect("it keeps the stream");
        assert_eq!(state.consumers, 0, "{command:?} left consumers");
    }
    assert_eq!(field(&served.done(&["stats", "--graph", "g", "--json"]), "/edges"), "9000");
}
