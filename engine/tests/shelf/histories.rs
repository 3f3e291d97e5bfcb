//! Every version of a graph is answered by its histories as its events say, however they were taken and whatever happens
//! to them.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use cidgraph::shelf::{Notice, ShelfConfig, ShelvedHistory};
use cidgraph::{Engine, GraphCommand, GraphHistory, Moment};

use crate::desk::{Desk, INTERVAL, add, connect, create, damage, person, remove, update};

/// Returns commands of which each makes one event, with nodes and edges that come, change and go.
fn commands(until: u64) -> impl Iterator<Item = (u64, GraphCommand)> {
    (1..=until).map(|version| {
        let command = match (version, version % 5) {
            (1, _) => create(),
            (3, _) => add(version),
            (_, 3) => connect(version - 1, version - 2),
            (_, 4) => update(version - 2, version as i64),
            (_, 0) if version % 10 == 0 => remove(version - 4),
            _ => add(version),
        };
        (version, command)
    })
}

/// Lets the commands behind what there is happen, up to a version, in an engine that is closed then.
async fn play(desk: &Desk, until: u64) {
    let engine = desk.engine();
    let from = engine.get_graph(desk.graph).await.map_or(0, |model| model.version());
    for (version, command) in commands(until).filter(|(version, _)| *version > from) {
        desk.submit(&engine, version, vec![command]).await;
    }
    engine.close().await;
}

/// Returns the past of a graph as a fresh engine tells it that has not opened it; with or without the shelf.
fn past(desk: &Desk, shelved: bool) -> GraphHistory {
    let builder = Engine::builder(Arc::clone(&desk.store));
    let reading = ShelfConfig { takes: false, ..desk.config() };
    let engine = if shelved { builder.snapshots(reading) } else { builder }.build();
    engine.history(desk.graph)
}

/// Compares every version with what the events say; returns how many were answered by histories.
async fn compare(desk: &Desk, until: u64) -> usize {
    let (told, true_one) = (past(desk, true), past(desk, false));
    let mut answered = 0;
    for version in (1..=until).rev() {
        let (model, expected) = (told.at(Moment::Version(version)).await, true_one.at(Moment::Version(version)).await);
        let (model, expected) = (model.unwrap(), expected.unwrap());
        assert_eq!((model.version(), model.head()), (expected.version(), expected.head()));
        assert_eq!(model.state_hash(), expected.state_hash(), "version {version}");
        assert_eq!((model.node_count(), model.edge_count()), (expected.node_count(), expected.edge_count()));
        answered += usize::from(model.view().generation().base().last_stamp() > 0);
    }
    answered
}

fn histories(desk: &Desk) -> Vec<ShelvedHistory> {
    desk.contents().histories
}

fn spans(desk: &Desk) -> Vec<(u64, u64)> {
    histories(desk).iter().map(|history| history.versions).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_version_is_answered_without_a_replay() {
    let desk = Desk::new().keeping_history();
    play(&desk, 95).await;
    assert_eq!(spans(&desk), [(0, 95)]);
    assert!(desk.notices().iter().any(|notice| matches!(notice, Notice::HistoryTaken { versions: (0, 95), .. })));
    assert_eq!(compare(&desk, 95).await, 95);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_history_goes_on_and_is_the_same_whatever_the_slices() {
    let (stepwise, at_once) = (Desk::new().keeping_history(), Desk::new().keeping_history());
    for until in [25, 26, 60, 120] {
        play(&stepwise, until).await;
        assert_eq!(spans(&stepwise).len(), 1, "a longer one takes the place of the one before");
    }
    play(&at_once, 120).await;
    assert_eq!((spans(&stepwise), spans(&at_once)), (vec![(0, 120)], vec![(0, 120)]));
    assert_eq!(compare(&stepwise, 120).await, 120);
    // Another store has other CIDs: the bytes are of the same store's events.
    let again = Desk::over(Arc::clone(&stepwise.store)).keeping_history();
    let engine = again.engine();
    engine.load_graph(again.graph).await.unwrap();
    engine.close().await;
    assert_eq!(spans(&again), [(0, 120)]);
    let bytes = |desk: &Desk| fs::read(&histories(desk)[0].path).unwrap();
    assert!(bytes(&again) == bytes(&stepwise), "what it holds is a function of the events");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_few_events_are_left_to_the_replay() {
    let desk = Desk::new().keeping_history();
    play(&desk, 50).await;
    play(&desk, 50 + INTERVAL - 1).await;
    assert_eq!(spans(&desk), [(0, 50)]);
    assert_eq!(compare(&desk, 50 + INTERVAL - 1).await as u64, 50 + INTERVAL - 1, "they are replayed on top of it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_history_is_said_and_made_again() {
    let desk = Desk::new().keeping_history();
    play(&desk, 60).await;
    let file = histories(&desk)[0].path.clone();
    let sound = fs::read(&file).unwrap();
    damage(&file);
    desk.notices();
    assert_eq!(compare(&desk, 60).await, 0, "all is replayed");
    assert_eq!(desk.skipped(), std::slice::from_ref(&file), "once");
    play(&desk, 60 + INTERVAL).await;
    assert!(desk.skipped().contains(&file));
    assert_eq!(spans(&desk), [(0, 60 + INTERVAL)]);
    assert_eq!(compare(&desk, 60 + INTERVAL).await as u64, 60 + INTERVAL);
    // One of which nothing is left but the name.
    fs::write(&file, &sound[..100]).unwrap();
    compare(&desk, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_history_of_another_chain_is_not_used() {
    let (desk, other) = (Desk::new().keeping_history(), Desk::new().keeping_history());
    play(&desk, 40).await;
    // The same commands at other times are another chain.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    play(&other, 40).await;
    let name = |desk: &Desk| -> PathBuf { histories(desk)[0].path.clone() };
    fs::copy(name(&other), name(&desk)).unwrap();
    assert_eq!(compare(&desk, 40).await, 0);
    play(&desk, 40 + INTERVAL).await;
    assert_eq!(desk.skipped(), [name(&desk).with_file_name(name(&other).file_name().unwrap())]);
    assert_eq!(compare(&desk, 40 + INTERVAL).await as u64, 40 + INTERVAL);
}

/// Nodes of the first part of a history that is ended: more than a small one has.
const MANY: u64 = 17_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_most_is_of_the_past_the_next_one_begins() {
    let desk = Desk::new().keeping_history();
    let engine = desk.engine();
    desk.submit(&engine, 1, vec![create()]).await;
    let numbers: Vec<u64> = (0..MANY).collect();
    for (id, numbers) in (2..).zip(numbers.chunks(50)) {
        desk.submit(&engine, id, numbers.iter().map(|number| add(*number)).collect()).await;
    }
    for (id, numbers) in (1000..).zip(numbers[50..].chunks(50)) {
        desk.submit(&engine, id, numbers.iter().map(|number| remove(*number)).collect()).await;
    }
    engine.close().await;
    let first = 2 * MANY + 1 - 50;
    assert_eq!(spans(&desk), [(0, first)]);
    let engine = desk.engine();
    for number in 0..3000 {
        desk.submit(&engine, 10_000 + number, vec![add(MANY + number)]).await;
    }
    engine.close().await;
    let last = first + 2999;
    assert_eq!(last % INTERVAL, 0, "layers end there, and the history with them");
    assert_eq!(spans(&desk), [(0, first), (first, last)], "it begins without what is of the past");
    let (told, true_one) = (past(&desk, true), past(&desk, false));
    for version in [51, MANY, first - 17, first, first + 1, first + 1500, last].map(Moment::Version) {
        let (model, expected) = (told.at(version).await.unwrap(), true_one.at(version).await.unwrap());
        assert!(model.view().generation().base().last_stamp() > 0, "{version} is answered by a history");
        assert_eq!(model.state_hash(), expected.state_hash(), "{version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bulk_load_is_left_to_its_snapshot() {
    let desk = Desk::new().keeping_history();
    let engine = desk.engine();
    desk.submit(&engine, 1, vec![create()]).await;
    for id in 2..20 {
        let nodes = (0..1000).map(|number| person(id * 1000 + number)).collect();
        desk.submit(&engine, id, vec![GraphCommand::AddNodes { nodes }]).await;
    }
    engine.close().await;
    assert_eq!((spans(&desk), desk.contents().snapshots.len()), (vec![], 1));
    let engine = desk.engine();
    for id in 20..200 {
        desk.submit(&engine, id, vec![add(id)]).await;
    }
    engine.close().await;
    assert_eq!(spans(&desk), [(19, 190)], "the next one begins there, and goes as far as layers do");
    let (told, true_one) = (past(&desk, true), past(&desk, false));
    for version in [5, 19, 20, 150].map(Moment::Version) {
        let (model, expected) = (told.at(version).await.unwrap(), true_one.at(version).await.unwrap());
        assert_eq!(model.state_hash(), expected.state_hash(), "{version}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_histories_none_are_taken() {
    let desk = Desk::new();
    play(&desk, 60).await;
    assert_eq!(histories(&desk), []);
}
