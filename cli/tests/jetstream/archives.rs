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
    let archived = served.done(&["archive", "--json", "--graph", "g", "--keep", "10", "--without-snapshot"]);
    let version = field(&archived, "/archived_to_version").parse::<u64>().expect("a number");
    assert!(version > 0 && version <= events - 10, "{archived}");
    assert_eq!(field(&archived, "/events"), version.to_string());
    let again = served.done(&["archive", "--json", "--graph", "g", "--up-to", "3", "--without-snapshot"]);
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
fn two_streams_with_archives_are_both_clean() {
    let Some(served) = Served::start() else { return };
    served.write("second.toml", "stream = 'second'\nsubject_prefix = 'second'\n");
    let second = &["--config", "second.toml"][..];
    for (count, stream) in [(900, &[][..]), (1300, second)] {
        served.write("e.csv", edges(count));
        for graph in ["g", "h"] {
            served.done(&[IMPORT_EDGES, &[graph], stream].concat());
            served.done(&[&["archive", "--graph", graph, "--keep", "10", "--without-snapshot"], stream].concat());
        }
    }
    for (count, stream) in [(900_u64, &[][..]), (1300, second)] {
        let verified = served.done(&[&["verify", "--json"], stream].concat());
        assert_eq!(
            (field(&verified, "/graphs"), field(&verified, "/foreign_archives")),
            ("2".to_owned(), "[]".to_owned())
        );
        assert_eq!(
            served
                .done(&[&["graphs"], stream].concat())
                .lines()
                .filter(|line| line.contains(" h ") || line.starts_with("h "))
                .count(),
            1
        );
        for graph in ["g", "h"] {
            let stats = served.done(&[&["stats", "--json", "--graph", graph], stream].concat());
            assert_eq!(field(&stats, "/edges"), count.to_string());
        }
    }
}

#[test]
fn an_archive_that_outlived_its_stream_is_no_corruption() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(900));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    served.done(&["archive", "--graph", "g", "--keep", "10", "--without-snapshot"]);
    served.server.delete_stream("event-store").expect("deleted");
    served.write("e.csv", edges(100));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    let verified = served.done(&["verify", "--json"]);
    assert_eq!((field(&verified, "/graphs"), field(&verified, "/broken")), ("1".to_owned(), "[]".to_owned()));
    assert!(field(&verified, "/foreign_archives/0").contains("archive/"), "{verified}");
    assert!(served.done(&["verify"]).contains("of another history"));
    assert_eq!(served.stats("g", "/edges"), "100");
}

#[test]
fn what_no_snapshot_covers_stays_in_the_stream() {
    let Some(served) = Served::start() else { return };
    let path = served.folder.path();
    served.write("e.csv", edges(900));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    for how in [&["--keep", "10"][..], &["--up-to", "20"], &[]] {
        let refused = served.on(&[&["archive", "--graph", "g"], how].concat());
        failed(path, &refused, 1, "cidgraph snapshot take");
    }
    failed(path, &served.on(&["archive", "--graph", "g", "--without-snapshot"]), 1, "--keep or --up-to");
    served.done(&["snapshot", "take", "--graph", "g", "--output", "g.snapshot"]);
    served.done(&["apply", "--graph", "g", "add-node", "--kind", "P", "--key", "after"]);
    let version = served.stats("g", "/head/version");
    failed(path, &served.on(&["archive", "--graph", "g", "--up-to", &version, "--snapshot", "g.snapshot"]), 1, "older");
    served.done(&["apply", "--graph", "h", "create"]);
    failed(path, &served.on(&["archive", "--graph", "h", "--snapshot", "g.snapshot"]), 1, "no snapshot of this graph");
    let hash = served.stats("g", "/state_hash");
    let archived = served.done(&["archive", "--json", "--graph", "g", "--keep", "0", "--snapshot", "g.snapshot"]);
    let archived = field(&archived, "/archived_to_version").parse::<u64>().expect("a number");
    assert!(archived > 0 && archived < version.parse().expect("a number"), "{archived} of {version}");
    assert_eq!(served.stats("g", "/state_hash"), hash);
}

#[test]
fn without_its_bucket_an_archived_graph_is_still_listed() {
    let Some(served) = Served::start() else { return };
    served.write("e.csv", edges(200));
    served.done(&[IMPORT_EDGES, &["g"]].concat());
    served.done(&["apply", "--graph", "h", "create"]);
    served.done(&["archive", "--graph", "g", "--keep", "10", "--without-snapshot"]);
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
    failed(
        folder.path(),
        &["archive", "--graph", "g", "--keep", "1", "--without-snapshot"],
        1,
        "nothing can be archived",
    );
    failed(folder.path(), &["archive", "--graph", "g"], 1, "keeps every event");
}
