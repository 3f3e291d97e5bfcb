//! A graph whose old events are archived answers every subcommand as before.

use crate::binary::{failed, field};
use crate::served::{IMPORT_EDGES, Served, edges};

#[test]
fn an_archived_graph_answers_as_before() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(2000));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    let hash = served.stats("g", "/state_hash");
    let log = served.done(&["log", "--json", "--graph", "g"]);
    let events = served.stats("g", "/events").parse::<u64>().expect("a number");
    let archived = served.done(&["archive", "--json", "--graph", "g", "--keep", "10"]);
    let version = field(&archived, "/archived_to_version").parse::<u64>().expect("a number");
    assert!(version > 0 && version <= events - 10, "{archived}");
    assert_eq!(field(&archived, "/events"), version.to_string());
    let again = served.done(&["archive", "--json", "--graph", "g", "--up-to", "3"]);
    assert_eq!(
        (field(&again, "/archived_to_version"), field(&again, "/events")),
        (version.to_string(), "0".to_owned())
    );
    assert_eq!(served.stats("g", "/state_hash"), hash);
    assert_eq!(served.done(&["log", "--json", "--graph", "g"]), log);
    for verify in [&["verify", "--json"][..], &["verify", "--json", "--graph", "g"]] {
        assert_eq!(field(&served.done(verify), "/events"), events.to_string());
    }
    let copies = served.done(&["verify", "--each-replica", "--json"]);
    assert_eq!(field(&copies, "/replicas/0/bad_events"), "0");
    let repaired = served.done(&["repair", "--json"]);
    assert_eq!(
        (field(&repaired, "/remedies"), field(&repaired, "/before")),
        ("[]".to_owned(), copies.trim().to_owned())
    );
}

#[test]
fn without_its_bucket_an_archived_graph_is_still_listed() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(200));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    served.done(&["apply", "--graph", "h", "create"]);
    served.done(&["archive", "--graph", "g", "--keep", "10"]);
    served.server.delete_stream("OBJ_object-store").expect("deleted");
    let listed = served.done(&["graphs"]);
    assert_eq!(listed.lines().filter(|line| line.contains("(events are missing)")).count(), 1, "{listed}");
    assert!(listed.lines().any(|line| line.starts_with('h')), "{listed}");
    failed(served.folder.path(), &served.on(&["stats", "--graph", "g"]), 2, "no segment of the archive holds");
}

#[test]
fn the_embedded_store_keeps_every_event() {
    let folder = tempfile::tempdir().expect("a folder");
    crate::binary::write(folder.path(), "e.csv", edges(20));
    crate::binary::done(folder.path(), &[IMPORT_EDGES, &["g"]].concat());
    failed(folder.path(), &["archive", "--graph", "g", "--keep", "1"], 1, "nothing can be archived");
    failed(folder.path(), &["archive", "--graph", "g"], 1, "--keep");
}
