//! Copies in an object store: only what is missing travels, and another machine opens from them.

use std::sync::Arc;

use cidgraph::ObjectStore;
use cidgraph::shelf::{Notice, Retention, pull, push};
use cidgraph_store_memory::MemoryObjects;

use crate::desk::Desk;

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
    let pulled = pull(&other.shelf(), &objects, false).await.unwrap();
    assert_eq!((pulled.files, pulled.bytes), (4, first.bytes + second.bytes));
    assert_eq!(other.reopened().await, desk.replayed().await);
    assert!(other.notices().contains(&Notice::Opened { graph: desk.graph, snapshot: 12, layers: 30 }));
    let again = pull(&other.shelf(), &objects, false).await.unwrap();
    assert_eq!((again.files, again.present), (0, 4));

    let engine = desk.engine();
    desk.fill(&engine, 90).await;
    engine.close().await;
    let third = push(&desk.shelf(), &objects, &rule).await.unwrap();
    assert_eq!(third.deleted, 2, "the layers that the new snapshot holds");
    let names: Vec<String> = objects.list("snapshots/").await.unwrap().into_iter().map(|info| info.name).collect();
    assert_eq!(names.len(), 2 * desk.contents().snapshots.len() + desk.contents().layers.len());
    let pulled = pull(&other.shelf(), &objects, false).await.unwrap();
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
    for (part, succeeds) in [(&bytes[..bytes.len() / 2], true), (&b"something else"[..], false)] {
        let other = Desk::over(Arc::clone(&desk.store));
        let path = other.shelf().folder().join(snapshot.path.file_name().unwrap());
        std::fs::create_dir_all(other.shelf().folder()).unwrap();
        let name = format!("{}.part", path.file_name().unwrap().to_str().unwrap());
        std::fs::write(path.with_file_name(name), part).unwrap();
        assert_eq!(pull(&other.shelf(), &objects, false).await.is_ok(), succeeds);
        pull(&other.shelf(), &objects, false).await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        assert_eq!(other.reopened().await, desk.replayed().await);
    }
}
