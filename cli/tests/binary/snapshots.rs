//! `snapshot`: a graph's file asked without the store, compared with it, and found damaged.

use crate::binary::{done, failed, fed, field, json, write};

const COMMANDS: &str = r#"{"add_node":{"kind":"P","key":"a","components":{"Visual":{"color":"blue","score":11}}}}
{"add_node":{"kind":"P","key":"b","components":{"Visual":{"color":"red"}}}}
{"connect_edge":{"kind":"k","source":{"kind":"P","key":"a"},"target":{"kind":"P","key":"b"},"properties":{"w":2}}}
"#;

#[test]
fn a_file_answers_without_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create"]);
    let (code, _, error) = fed(path, &["apply", "--atomic"], COMMANDS);
    assert_eq!(code, 0, "{error}");
    let taken = json(&done(path, &["snapshot", "take", "--graph", "g", "--json"]));
    assert_eq!(taken["file"], "g-4.snapshot");
    let stats = done(path, &["stats", "--json"]);
    let (head, hash) = (field(&stats, "/head/cid"), field(&stats, "/state_hash"));
    let query = ["query", "nodes", "--where", "Visual.color = \"blue\"", "--json"];
    let node = done(path, &query);

    let elsewhere = tempfile::tempdir().expect("a folder");
    std::fs::copy(path.join("g-4.snapshot"), elsewhere.path().join("g.snapshot")).expect("copied");
    let other = elsewhere.path();
    assert_eq!(done(other, &[&query[..], &["--snapshot", "g.snapshot"]].concat()), node);
    assert_eq!(done(other, &["stats", "--json", "--snapshot", "g.snapshot"]), stats);
    let shown = done(other, &["show", "P:a", "--json", "--snapshot", "g.snapshot"]);
    assert_eq!(field(&shown, "/components/Visual/score"), "11");
    let info = done(other, &["snapshot", "info", "g.snapshot", "--json"]);
    assert_eq!((field(&info, "/head/cid"), field(&info, "/state_hash")), (head, hash));
    assert!(done(other, &["snapshot", "info", "g.snapshot"]).contains("node ids"));
    assert!(done(other, &["snapshot", "verify", "g.snapshot", "--alone"]).contains("version 4 holds"));
    assert!(done(path, &["snapshot", "verify", "g-4.snapshot"]).contains("the store's event"));
}

#[test]
fn a_file_of_another_history_and_a_damaged_one_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    for path in [&one, &two] {
        std::fs::create_dir(path).expect("made");
        done(path, &["apply", "--graph", "g", "create"]);
    }
    done(&one, &["snapshot", "take", "--output", "g.snapshot"]);
    let bytes = std::fs::read(one.join("g.snapshot")).expect("it is there");
    write(&two, "g.snapshot", &bytes);
    failed(&two, &["snapshot", "verify", "g.snapshot"], 2, "the store's is");
    let mut later = bytes.clone();
    later[56] ^= 1;
    let checksum = crc32fast::hash(&later[..252]).to_le_bytes();
    later[252..256].copy_from_slice(&checksum);
    write(&one, "later.snapshot", &later);
    done(&one, &["snapshot", "verify", "later.snapshot", "--alone"]);
    failed(&one, &["snapshot", "verify", "later.snapshot"], 2, "its time is");
    let mut damaged = bytes.clone();
    damaged[300] ^= 1;
    write(&one, "damaged.snapshot", &damaged);
    failed(&one, &["snapshot", "verify", "damaged.snapshot"], 2, "damaged.snapshot: ");
    write(&one, "cut.snapshot", &bytes[..bytes.len() / 2]);
    failed(&one, &["query", "nodes", "--snapshot", "cut.snapshot"], 2, "another length");
    failed(&one, &["snapshot", "info", "cut.snapshot"], 2, "cut.snapshot: ");
    failed(&one, &["snapshot", "verify", "cut.snapshot"], 2, "cut.snapshot: ");
    write(&one, "text.snapshot", "no snapshot");
    failed(&one, &["snapshot", "info", "text.snapshot"], 1, "text.snapshot: this is no snapshot file");
    failed(&one, &["snapshot", "info", "missing.snapshot"], 1, "missing.snapshot");
}

#[test]
fn a_file_is_not_asked_together_with_the_past() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create"]);
    fed(path, &["apply", "--atomic"], COMMANDS);
    done(path, &["snapshot", "take", "--output", "g.snapshot"]);
    let queries: [&[&str]; 6] =
        [&["nodes"], &["neighbors", "a"], &["path", "a", "b"], &["khop", "a"], &["rank"], &["components"]];
    let file = ["--snapshot", "g.snapshot"];
    for query in queries {
        failed(path, &[&["query"], query, &["--at", "2"], &file].concat(), 1, "cannot be used with");
        failed(path, &[&["query", "--at", "2"], query, &file].concat(), 1, "cannot be used with");
        failed(path, &[&["query", "--graph", "g"], query, &file].concat(), 1, "cannot be used with");
    }
    for during in ["--ever", "--always", "--newly"] {
        failed(path, &[&["query", "nodes", during, "1", "2"], &file[..]].concat(), 1, "cannot be used with");
        failed(path, &["query", "--at", "2", "nodes", during, "1", "2"], 1, "cannot be used with");
        failed(path, &["query", "nodes", during, "1", "2", "--explain"], 1, "cannot be used with");
    }
    failed(path, &["stats", "--at", "2", "--snapshot", "g.snapshot"], 1, "cannot be used with");
    failed(path, &["show", "a", "--at", "2", "--snapshot", "g.snapshot"], 1, "cannot be used with");
    done(path, &["query", "nodes", "--snapshot", "g.snapshot"]);
}

/// Changes the section of a kind in a file, as `docs/SNAPSHOT.md` tells it, and makes all checksums fit.
fn made_up(bytes: &[u8], kind: u32, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let whole = |at: usize| {
        let number = u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        usize::try_from(number).expect("a place in the file")
    };
    let [sections, pages, roots, table] = [152, 168, 176, 184].map(whole);
    let entry = |number: usize| table + number * 32;
    let place = |number: usize| whole(entry(number) + 16)..whole(entry(number) + 16) + whole(entry(number) + 24);
    let number = (0..sections).find(|number| bytes[entry(*number)..][..4] == kind.to_le_bytes()).expect("the section");
    let mut file = bytes.to_vec();
    change(&mut file[place(number)]);
    let checksums =
        |file: &[u8]| -> Vec<u8> { file.chunks(16384).flat_map(|page| crc32fast::hash(page).to_le_bytes()).collect() };
    let of_pages: Vec<u8> = (0..sections).flat_map(|number| checksums(&file[place(number)])).collect();
    file[pages..roots].copy_from_slice(&of_pages);
    let of_table = checksums(&file[pages..roots]);
    file[roots..table].copy_from_slice(&of_table);
    let checksum = crc32fast::hash(&file[roots..]).to_le_bytes();
    file[248..252].copy_from_slice(&checksum);
    let checksum = crc32fast::hash(&file[..252]).to_le_bytes();
    file[252..256].copy_from_slice(&checksum);
    file
}

/// A file whose checksums hold names nodes that it does not find by their ids.
#[test]
fn a_made_up_file_is_told_by_whoever_shows_an_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create"]);
    for key in ["a", "b", "c"] {
        done(path, &["apply", "add-node", "--kind", "P", "--key", key]);
    }
    done(path, &["apply", "connect", "a", "b", "--kind", "k"]);
    done(path, &["apply", "connect", "b", "c", "--kind", "k"]);
    done(path, &["snapshot", "take", "--output", "g.snapshot"]);
    let bytes = std::fs::read(path.join("g.snapshot")).expect("read");
    let node_ids = 16;
    let second = 16..32;
    write(path, "lost.snapshot", made_up(&bytes, node_ids, |ids| ids[second].reverse()));
    let queries: [&[&str]; 4] = [&["path", "a", "c"], &["khop", "a"], &["rank"], &["components"]];
    for query in queries {
        done(path, &[&["query"], query, &["--snapshot", "g.snapshot"]].concat());
        failed(path, &[&["query"], query, &["--snapshot", "lost.snapshot"]].concat(), 2, "damaged");
    }
    failed(path, &["snapshot", "verify", "lost.snapshot", "--alone"], 2, "lost.snapshot");
}

/// Makes a pipe, which whoever opens it waits at.
#[cfg(unix)]
fn pipe(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success());
}

#[cfg(unix)]
fn is_pipe(path: &std::path::Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|found| found.file_type().is_fifo())
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_neither_replaced_nor_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    done(path, &["apply", "--graph", "g", "create"]);
    fed(path, &["apply", "--atomic"], COMMANDS);
    pipe(&path.join("pipe"));
    std::fs::create_dir(path.join("folder")).expect("made");
    for name in ["pipe", "folder"] {
        failed(path, &["snapshot", "take", "--output", name], 1, "no plain file");
        failed(path, &["snapshot", "info", name], 1, "no plain file");
        failed(path, &["snapshot", "verify", name, "--alone"], 1, "no plain file");
        failed(path, &["query", "nodes", "--snapshot", name], 1, "no plain file");
    }
    failed(path, &["prove", "P:a", "--output", "folder"], 1, "folder");
    assert!(is_pipe(&path.join("pipe")) && path.join("folder").is_dir());
}
