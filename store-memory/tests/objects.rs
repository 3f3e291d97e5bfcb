//! The contract of an object store, in memory and in a folder; damaged files are told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::sync::Arc;

use cidgraph::store::conformance::Objects;
use cidgraph::store::objects::{FRAME_BYTES, Received};
use cidgraph::{ObjectError, ObjectStore};
use cidgraph_store_memory::{FolderObjects, MemoryObjects};
use tempfile::TempDir;

async fn in_memory() -> Option<(Objects, ())> {
    Some((Arc::new(MemoryObjects::new()), ()))
}

async fn in_folder() -> Option<(Objects, TempDir)> {
    let folder = tempfile::tempdir().unwrap();
    Some((Arc::new(FolderObjects::open(folder.path().join("objects")).unwrap()), folder))
}

cidgraph::object_store_conformance!(memory, in_memory());
cidgraph::object_store_conformance!(folder, in_folder());

#[tokio::test]
async fn a_changed_or_cut_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let objects = FolderObjects::open(folder.path()).unwrap();
    let contents: Vec<u8> = (0..FRAME_BYTES + 999).map(|at| ((at * at) >> 5).to_le_bytes()[0]).collect();
    objects.put("a/b", &mut contents.as_slice()).await.unwrap();
    let path = folder.path().join("a%b.zst");
    let bytes = fs::read(&path).unwrap();
    assert!(zstd::decode_all(bytes.as_slice()).unwrap() == contents);
    let told = async |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let mut out = Vec::new();
        match objects.get("a/b", &mut Received::default(), &mut out).await {
            Err(ObjectError::Damaged { name, .. }) => assert_eq!(name, "a/b"),
            Ok(_) => assert!(out == contents, "other contents were given back"),
            Err(error) => panic!("expected damage, got {error}"),
        }
    };
    let step = bytes.len() / 200;
    for at in (0..bytes.len()).step_by(step).chain(bytes.len() - 120..bytes.len()) {
        told(&bytes[..at]).await;
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        told(&changed).await;
    }
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(objects.list("").await, Err(ObjectError::Damaged { name, .. }) if name == "a/b"));
}

#[tokio::test]
async fn what_a_crash_left_of_a_put_is_no_object() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("%draft"), b"half").unwrap();
    let objects = FolderObjects::open(folder.path()).unwrap();
    assert!(objects.list("").await.unwrap().is_empty());
    objects.put("a", &mut b"whole".as_slice()).await.unwrap();
    assert_eq!(objects.list("").await.unwrap().len(), 1);
    assert!(!folder.path().join("%draft").exists());
}
