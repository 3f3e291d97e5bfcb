//! Several openers of one journal: one writes, any number read, in this process or in others.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

use cidgraph::store::conformance::SampleStream;
use cidgraph::{EventStore, HashKind, StoreError, StreamFilter};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions};
use futures::StreamExt;

/// Where the test's other process finds the store.
const FOLDER_VARIABLE: &str = "CIDGRAPH_TEST_STORE";

const SHORT: MemoryStoreOptions = MemoryStoreOptions { fsync: FsyncPolicy::Never, segment_bytes: 2000, hash: None };

fn invalid(result: Result<impl std::fmt::Debug, StoreError>) -> String {
    match result {
        Err(StoreError::Invalid { reason }) => reason,
        other => panic!("expected a call that is invalid, got {other:?}"),
    }
}

fn unavailable(result: Result<impl std::fmt::Debug, StoreError>) -> String {
    match result {
        Err(StoreError::Unavailable { reason }) => reason,
        other => panic!("expected a store that is written by another, got {other:?}"),
    }
}

#[tokio::test]
async fn a_second_writer_is_told_who_writes_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::open(folder.path(), FsyncPolicy::Never).unwrap();
    let reason = unavailable(MemoryStore::open(folder.path(), FsyncPolicy::Never));
    let writer = format!("is being written by process {}", std::process::id());
    assert!(reason.contains(&writer) && reason.contains("end it first"), "{reason}");
    drop(store);
    MemoryStore::open(folder.path(), FsyncPolicy::Never).unwrap();
}

#[tokio::test]
async fn a_reader_sees_what_the_writer_commits_also_across_segments() {
    let folder = tempfile::tempdir().unwrap();
    assert!(invalid(MemoryStore::open_read_only(folder.path())).contains("holds no journal"));
    let store = MemoryStore::open_with(folder.path(), SHORT).unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    store.append(&[stream.append(2)]).await.unwrap();
    let reader = MemoryStore::open_read_only(folder.path()).unwrap();
    let mut followed = reader.follow(1, StreamFilter::All).await.unwrap();
    for round in 1..=20 {
        let head = store.head(stream.aggregate()).await.unwrap();
        assert_eq!(reader.head(stream.aggregate()).await.unwrap(), head);
        assert_eq!(reader.read_all(1, usize::MAX).await.unwrap().len(), round * 2);
        assert_eq!(reader.list().await.unwrap(), store.list().await.unwrap());
        for _ in 0..2 {
            followed.next().await.unwrap().unwrap();
        }
        store.append(&[stream.append(2)]).await.unwrap();
    }
    assert_eq!(reader.verify().unwrap(), store.verify().unwrap());
    assert!(store.verify().unwrap().segments > 5);
    assert!(invalid(reader.append(&[stream.append(1)]).await).contains("read only"));
    store.save_position("projection", 7).await.unwrap();
    assert_eq!(reader.load_position("projection").await.unwrap(), Some(7));
    assert!(invalid(reader.save_position("projection", 8).await).contains("read only"));
}

#[tokio::test]
async fn a_reader_in_another_process_sees_the_commits_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::open_with(folder.path(), SHORT).unwrap();
    let mut stream = SampleStream::new(1, HashKind::Sha2_256);
    for _ in 0..10 {
        store.append(&[stream.append(3)]).await.unwrap();
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_other_process", "--nocapture"])
        .env(FOLDER_VARIABLE, folder.path())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && output.contains("30 events read"), "{output}");
}

/// What the test above starts; on its own it does nothing.
#[tokio::test]
async fn the_other_process() {
    let Some(folder) = std::env::var_os(FOLDER_VARIABLE) else { return };
    assert!(unavailable(MemoryStore::open(&folder, FsyncPolicy::Never)).contains("is being written by process"));
    let store = MemoryStore::open_read_only(&folder).unwrap();
    eprintln!("{} events read", store.read_all(1, usize::MAX).await.unwrap().len());
}

#[tokio::test]
async fn a_reopened_store_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let mut streams = [1, 2, 3].map(|number| SampleStream::new(number, HashKind::Blake3));
    let options = MemoryStoreOptions { hash: Some(HashKind::Blake3), ..SHORT };
    let store = MemoryStore::open_with(folder.path(), options).unwrap();
    for round in 0..30 {
        let first = streams[round % 3].appends(&[1, 2]);
        store.append(&[first, streams[(round + 1) % 3].append(1)]).await.unwrap();
    }
    store.save_position("a reader", 12).await.unwrap();
    let (all, list) = (store.read_all(1, usize::MAX).await.unwrap(), store.list().await.unwrap());
    drop(store);
    let other = MemoryStoreOptions { hash: Some(HashKind::Sha2_256), ..SHORT };
    assert!(invalid(MemoryStore::open_with(folder.path(), other)).contains("hashes with blake3"));
    let store = MemoryStore::open_with(folder.path(), SHORT).unwrap();
    assert_eq!(store.hash_kind(), HashKind::Blake3);
    assert_eq!(store.read_all(1, usize::MAX).await.unwrap(), all);
    assert_eq!(store.list().await.unwrap(), list);
    assert_eq!(store.load_position("a reader").await.unwrap(), Some(12));
    for stream in &mut streams {
        store.append(&[stream.append(1)]).await.unwrap();
    }
}

#[tokio::test]
async fn a_follower_ends_with_its_store() {
    for store in
        [MemoryStore::new(), MemoryStore::open(tempfile::tempdir().unwrap().path(), FsyncPolicy::Never).unwrap()]
    {
        let mut followed = store.follow(1, StreamFilter::All).await.unwrap();
        drop(store);
        assert!(followed.next().await.is_none());
    }
}
