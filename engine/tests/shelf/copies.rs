//! Copies in an object store: only what is missing travels, and another machine opens from them.

use std::sync::Arc;

use cidgraph::shelf::{Notice, Retention, pull, push};
use cidgraph::{Engine, ObjectStore};
use cidgraph_store_memory::MemoryObjects;

use crate::desk::{Desk, add, create, damage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_machine_pulls_and_opens() {
    let (desk, objects) = (Desk::new(), MemoryObjects::default());
    let engine = desk.engine();
    desk.fill(&engine, 12).await;
    engine.close().await;
    let rule = Retention::default();
    let first = push(&desk.shelf(), &objects, &rule).await.unwrap();
    assert_eq!((first.files, first.present), (2, 0), "the snapshot and its transactions");
    let engine = desk.engine();
    desk.fill(&engine, 35).await;
    engine.close().await;
    let second = push(&desk.shelf(), &objects, &rule).await.unwrap();
    assert_eq!((second.files, second.present), (2, 2), "two layers");
    assert!(second.bytes < first.bytes);

    let other = Desk::over(Arc::clone(&desk.store));
    let pulled = pull(&other.shelf(), &objects, Some(&*other.store), false).await.unwrap();
    assert_eq!((pulled.files, pulled.bytes), (4, first.bytes + second.bytes));
    assert_eq!(other.reopened().await, desk.replayed().await);
    assert!(other.notices().contains(&Notice::Opened { graph: desk.graph, snapshot: 12, layers: 30 }));
    let again = pull(&other.shelf(), &objects, Some(&*other.store), false).await.unwrap();
    assert_eq!((again.files, again.present), (0, 4));

    let engine = desk.engine();
    desk.fill(&engine, 90).await;
    engine.close().await;
    let third = push(&desk.shelf(), &objects, &rule).await.unwrap();
    assert_eq!(third.deleted, 2, "the layers that the new snapshot holds");
    let names: Vec<String> = objects.list("snapshots/").await.unwrap().into_iter().map(|info| info.name).collect();
    assert_eq!(names.len(), 2 * desk.contents().snapshots.len() + desk.contents().layers.len());
    let pulled = pull(&other.shelf(), &objects, Some(&*other.store), false).await.unwrap();
    assert_eq!((pulled.files, pulled.present), (2, 0));
    assert_eq!(other.reopened().await, desk.replayed().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_in_part_is_completed_and_what_is_wrong_begins_anew() {
    let (desk, objects) = (Desk::new(), MemoryObjects::default());
    let engine = desk.engine();
    desk.fill(&engine, 12).await;
    engine.close().await;
    push(&desk.shelf(), &objects, &Retention::default()).await.unwrap();
    let snapshot = desk.contents().snapshots.pop().unwrap();
    let bytes = std::fs::read(&snapshot.path).unwrap();
    for part in [&bytes[..bytes.len() / 2], &b"something else"[..]] {
        let other = Desk::over(Arc::clone(&desk.store));
        let path = other.shelf().folder().join(snapshot.path.file_name().unwrap());
        std::fs::create_dir_all(other.shelf().folder()).unwrap();
        let name = format!("{}.part", path.file_name().unwrap().to_str().unwrap());
        std::fs::write(path.with_file_name(name), part).unwrap();
        let pulled = pull(&other.shelf(), &objects, Some(&*other.store), false).await.unwrap();
        assert_eq!((pulled.files, pulled.newest, pulled.refused.len()), (2, Some(12), 0));
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(other.reopened().await, desk.replayed().await);
    }
}

/// Pushes snapshots of two versions, the newer one made by `newest` of the bytes of what it should be.
async fn pushed(desk: &Desk, objects: &MemoryObjects, newest: impl FnOnce(&std::path::Path)) {
    for to in [12, 90] {
        let engine = desk.engine();
        desk.fill(&engine, to).await;
        engine.close().await;
        push(&desk.shelf(), objects, &Retention::default()).await.unwrap();
    }
    let snapshots = desk.contents().snapshots;
    assert_eq!(snapshots.iter().map(|snapshot| snapshot.version).collect::<Vec<_>>(), [12, 90]);
    newest(&snapshots[1].path);
    push(&desk.shelf(), objects, &Retention::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newest_snapshot_that_does_not_hold_is_refused_and_the_one_before_it_comes() {
    let (desk, objects) = (Desk::new(), MemoryObjects::default());
    pushed(&desk, &objects, damage).await;
    for all in [false, true] {
        let other = Desk::over(Arc::clone(&desk.store));
        let pulled = pull(&other.shelf(), &objects, Some(&*other.store), all).await.unwrap();
        assert_eq!(pulled.newest, Some(12));
        assert!(pulled.refused.iter().any(|refused| refused.reason.contains("damaged")), "{:?}", pulled.refused);
        assert_eq!(other.contents().snapshots.len(), 1);
        assert_eq!(other.reopened().await, desk.replayed().await);
    }
}

/// Somebody who can write the objects puts there what has right checksums and a state that never was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_another_state_than_it_says_is_refused() {
    let (desk, objects) = (Desk::new(), MemoryObjects::default());
    pushed(&desk, &objects, |path| {
        let mut bytes = std::fs::read(path).unwrap();
        let state_hash = 104;
        bytes[state_hash] ^= 1;
        let checksum = crc32fast::hash(&bytes[..252]).to_le_bytes();
        bytes[252..256].copy_from_slice(&checksum);
        std::fs::remove_file(path).unwrap();
        std::fs::write(path, bytes).unwrap();
    })
    .await;
    let other = Desk::over(Arc::clone(&desk.store));
    let pulled = pull(&other.shelf(), &objects, Some(&*other.store), false).await.unwrap();
    assert_eq!(pulled.newest, Some(12));
    assert!(pulled.refused[0].reason.contains("another hash"), "{:?}", pulled.refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshots_of_another_history_are_refused_where_the_store_has_the_graph() {
    let (desk, objects) = (Desk::new(), MemoryObjects::default());
    pushed(&desk, &objects, |_| ()).await;
    let other = Desk::new();
    let engine = Engine::new(Arc::clone(&other.store));
    for version in 1..=90 {
        let command = if version == 1 { create() } else { add(version + 1000) };
        other.submit(&engine, version, vec![command]).await;
    }
    let pulled = pull(&other.shelf(), &objects, Some(&*other.store), true).await.unwrap();
    assert_eq!((pulled.newest, pulled.refused.len()), (None, 2));
    assert!(pulled.refused.iter().all(|refused| refused.reason.contains("another history")), "{:?}", pulled.refused);
    assert!(other.contents().snapshots.is_empty());
    // A store that does not have the graph yet has nothing to compare with.
    let empty = Desk::new();
    let pulled = pull(&empty.shelf(), &objects, Some(&*empty.store), false).await.unwrap();
    assert_eq!((pulled.newest, pulled.refused.len()), (Some(90), 0));
}
