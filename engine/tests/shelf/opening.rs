//! What is taken, what a graph is opened from, and what is passed over.

use std::fs;
use std::sync::Arc;

use cidgraph::shelf::{Notice, ShelfConfig, ShelfError};
use cidgraph::{Engine, GraphId};

use crate::desk::{Desk, INTERVAL, add, create, damage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_graph_is_opened_from_its_newest_snapshot_and_layers() {
    let desk = Desk::new();
    let engine = desk.engine();
    desk.fill(&engine, 12).await;
    engine.close().await;
    let taken = desk.contents();
    assert_eq!(taken.snapshots.iter().map(|snapshot| snapshot.version).collect::<Vec<_>>(), [12]);
    let engine = desk.engine();
    desk.fill(&engine, 35).await;
    engine.close().await;
    let versions: Vec<_> = desk.contents().layers.iter().map(|layer| layer.versions).collect();
    assert_eq!(versions, [(13, 20), (21, 30)], "layers end at or behind multiples of the interval");
    desk.notices();
    assert_eq!(desk.reopened().await, desk.replayed().await);
    assert_eq!(desk.notices(), [Notice::Opened { graph: desk.graph, snapshot: 12, layers: 30 }]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn layers_that_hold_much_are_folded_into_a_snapshot() {
    let desk = Desk::new();
    let engine = desk.engine();
    desk.fill(&engine, 12).await;
    engine.close().await;
    let engine = desk.engine();
    desk.fill(&engine, 6 * INTERVAL).await;
    engine.close().await;
    let contents = desk.contents();
    let versions: Vec<_> = contents.snapshots.iter().map(|snapshot| snapshot.version).collect();
    assert_eq!((versions, contents.layers.len()), (vec![12, 60], 0));
    assert_eq!(desk.reopened().await, desk.replayed().await);
    // The same events give the same bytes, whether layers were folded or the graph was replayed.
    let other = Desk::over(Arc::clone(&desk.store));
    other.reopened().await;
    let bytes = |desk: &Desk| fs::read(&desk.contents().snapshots.last().unwrap().path).unwrap();
    assert!(bytes(&other) == bytes(&desk));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_said_and_the_one_before_is_used_down_to_the_first_event() {
    let desk = Desk::new();
    for to in [12, 70, 140] {
        let engine = desk.engine();
        desk.fill(&engine, to).await;
        engine.close().await;
    }
    let snapshots = desk.contents().snapshots;
    assert_eq!(snapshots.len(), 2, "the rule keeps the last of an hour, and the one before stays");
    for number in (0..snapshots.len()).rev() {
        damage(&snapshots[number].path);
        desk.notices();
        let engine =
            Engine::builder(Arc::clone(&desk.store)).snapshots(ShelfConfig { takes: false, ..desk.config() }).build();
        assert_eq!(engine.get_graph(desk.graph).await.unwrap().state_hash(), desk.replayed().await);
        let notices = desk.notices();
        let skipped = notices.iter().filter(|notice| matches!(notice, Notice::Skipped { .. })).count();
        assert_eq!(skipped, snapshots.len() - number, "{notices:?}");
        let opened = notices.iter().find_map(|notice| match notice {
            Notice::Opened { snapshot, .. } => Some(*snapshot),
            Notice::Skipped { .. }
            | Notice::SnapshotTaken { .. }
            | Notice::LayerTaken { .. }
            | Notice::HistoryTaken { .. }
            | Notice::Failed { .. } => None,
        });
        assert_eq!(opened, number.checked_sub(1).map(|before| snapshots[before].version));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_that_is_damaged_is_read_from_the_store() {
    let desk = Desk::new();
    for to in [12, 35] {
        let engine = desk.engine();
        desk.fill(&engine, to).await;
        engine.close().await;
    }
    let layers = desk.contents().layers;
    damage(&layers[1].path);
    desk.notices();
    assert_eq!(desk.reopened().await, desk.replayed().await);
    let notices = desk.notices();
    assert!(matches!(&notices[0], Notice::Skipped { file, .. } if *file == layers[1].path), "{notices:?}");
    assert!(notices.contains(&Notice::Opened { graph: desk.graph, snapshot: 12, layers: 20 }));
    assert_eq!(desk.contents().layers.len(), 2, "it was written again when the graph was closed");
    assert_eq!((desk.reopened().await, desk.skipped()), (desk.replayed().await, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_is_recognised_after_the_graph_was_opened_from_a_snapshot() {
    let desk = Desk::new();
    let engine = desk.engine();
    desk.fill(&engine, 15).await;
    let first = desk.submit(&engine, 500, vec![add(100), add(101)]).await;
    desk.fill(&engine, 30).await;
    engine.close().await;
    let engine = desk.engine();
    let again = desk.submit(&engine, 500, vec![add(100), add(101)]).await;
    assert!(again.repeated);
    assert_eq!((again.head, again.first_version, again.events), (first.head, first.first_version, 2));
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_of_another_history_is_not_used() {
    let desk = Desk::new();
    let engine = desk.engine();
    desk.fill(&engine, 25).await;
    engine.close().await;
    // The same graph and folder over a store with other events, then over one that has fewer.
    for versions in [40, 5] {
        let other = Desk::new();
        let engine = Engine::new(Arc::clone(&other.store));
        other.submit(&engine, 1000, vec![create()]).await;
        for number in 2..=versions {
            other.submit(&engine, 1000 + number, vec![add(1000 + number)]).await;
        }
        let config = ShelfConfig { takes: false, ..desk.config() };
        let shelved = Engine::builder(Arc::clone(&other.store)).snapshots(config).build();
        desk.notices();
        assert_eq!(shelved.get_graph(desk.graph).await.unwrap().state_hash(), other.replayed().await);
        let snapshot = desk.contents().snapshots[0].path.clone();
        assert_eq!(desk.skipped(), [snapshot]);
    }
    // Once a snapshot of the history in the store is taken, those of the other one go.
    let other = Desk::new();
    let engine = Engine::builder(Arc::clone(&other.store)).snapshots(desk.config()).build();
    other.fill(&engine, 15).await;
    engine.close().await;
    assert_eq!(desk.contents().snapshots.iter().map(|snapshot| snapshot.version).collect::<Vec<_>>(), [15]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_engines_on_one_folder_one_takes_snapshots() {
    let desk = Desk::new();
    let lock = desk.shelf().lock().unwrap();
    assert!(matches!(desk.shelf().lock(), Err(ShelfError::Locked { .. })));
    let engine = desk.engine();
    desk.fill(&engine, 25).await;
    engine.close().await;
    let notices = desk.notices();
    assert!(matches!(notices.as_slice(), [Notice::Failed { .. }]), "{notices:?}");
    assert_eq!(desk.contents().snapshots, []);
    drop(lock);
    let engine = desk.engine();
    engine.get_graph(desk.graph).await.unwrap();
    engine.close().await;
    assert_eq!(desk.contents().snapshots.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_is_cleared_and_harms_nobody() {
    let desk = Desk::new();
    let engine = desk.engine();
    desk.fill(&engine, 25).await;
    engine.close().await;
    let contents = desk.contents();
    let folder = contents.snapshots[0].path.parent().unwrap().to_owned();
    // Between two steps: a draft, transactions without their snapshot, a snapshot without its transactions.
    let draft = folder.join("000000000040.transactions.draft");
    fs::write(&draft, b"half").unwrap();
    let orphan = folder.join("000000000030.transactions");
    fs::write(&orphan, b"whole").unwrap();
    let engine = desk.engine();
    desk.fill(&engine, 90).await;
    engine.close().await;
    assert!(!draft.exists() && !orphan.exists());
    let newest = desk.contents().snapshots.pop().unwrap();
    fs::remove_file(folder.join(format!("{:012}.transactions", newest.version))).unwrap();
    desk.notices();
    assert_eq!(desk.reopened().await, desk.replayed().await);
    assert!(desk.skipped().contains(&newest.path));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_graph_leaves_no_trace() {
    let desk = Desk::new();
    let engine = desk.engine();
    desk.fill(&engine, INTERVAL - 1).await;
    engine.close().await;
    assert_eq!(desk.config().folder.read_dir().unwrap().count(), 0);
    assert!(engine.get_graph(GraphId::named("absent")).await.is_err());
}
