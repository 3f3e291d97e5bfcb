//! Both stores answer alike: the same text, byte for byte.

use crate::binary::{field, shared};
use crate::served::{IMPORT_EDGES, Served, edges};

/// What is asked of a store with one graph. The stream is new, so that even sequences are the same.
const QUESTIONS: &[&[&str]] = &[
    &["graphs"],
    &["graphs", "--json"],
    &["stats", "--json"],
    &["log", "--graph", "g"],
    &["log", "--json", "--from", "700", "--limit", "900"],
    &["log", "--type", "NodeAdded", "--json"],
    &["log", "--node", "node:28"],
    &["show", "node:28"],
    &["show", "28", "--json"],
    &["query", "nodes", "--order", "key", "--json"],
    &["query", "neighbors", "28", "--json"],
    &["query", "path", "28", "5", "--json"],
    &["query", "khop", "28", "--json"],
    &["query", "rank", "--json"],
    &["query", "components"],
    &["export", "car"],
    &["export", "jsonl"],
    &["export", "graphml"],
    &["export", "dot"],
    &["export", "csv", "--edges", "-"],
];

#[track_caller]
fn alike(served: &Served) {
    for question in QUESTIONS {
        let (embedded, on_server) = (served.done_embedded(question), served.done(question));
        assert!(embedded == on_server, "{question:?}: {embedded:.200}\n{on_server:.200}");
    }
    for only in [&[][..], &["--graph", "g"]] {
        let verify = [&["verify", "--json"], only].concat();
        let (embedded, on_server) = (served.done_embedded(&verify), served.done(&verify));
        for pointer in ["/events", "/graphs", "/broken"] {
            assert_eq!(field(&embedded, pointer), field(&on_server, pointer), "{verify:?}");
        }
    }
}

#[test]
fn a_made_list_of_edges() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(5000));
    let import = [IMPORT_EDGES, &["g"]].concat();
    assert_eq!(served.done_embedded(&import), served.done(&import));
    alike(&served);
}

#[test]
fn a_real_list_of_edges() {
    let Some(file) = shared("bitcoin-otc-edges.csv.gz") else { return };
    let Some(served) = Served::start() else { return };
    let file = file.canonicalize().expect("it is there");
    let file = file.to_string_lossy();
    let import = ["import", "edges", &file, "--columns", "src,dst,rating,time", "--graph", "g"];
    assert_eq!(served.done_embedded(&import), served.done(&import));
    alike(&served);
}

#[test]
fn commands_one_at_a_time() {
    let Some(served) = Served::start() else { return };
    for arguments in [
        &["apply", "--graph", "g", "create"][..],
        &["apply", "add-node", "--kind", "P", "--key", "a", "--set", "Visual.color=blue", "--json"],
        &["apply", "add-node", "--kind", "P", "--key", "b"],
        &["apply", "connect", "P:a", "b", "--kind", "knows", "--json"],
        &["apply", "update-node", "a", "--set", "Visual.size=3"],
    ] {
        served.done(arguments);
    }
    let id = "00000000-0000-0000-0000-000000000007";
    let once = ["apply", "remove-node", "b", "--command-id", id, "--json"];
    let receipt = served.done(&once);
    assert_eq!(field(&receipt, "/durability"), "page cache", "nobody said when the server writes to its disk");
    let again = served.done(&["apply", "remove-node", "P:b", "--command-id", id, "--json"]);
    assert_eq!((field(&again, "/repeated"), field(&again, "/head")), ("true".into(), field(&receipt, "/head")));
    assert_eq!(served.stats("g", "/nodes"), "1");
    assert_eq!(served.done(&["log", "--json"]).lines().count(), 6);
}
