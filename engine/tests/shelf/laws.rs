//! Replay = live = snapshot + tail, by state hash, under random scripts of commands, reopenings and damage.

use cidgraph::Engine;
use proptest::prelude::*;

use crate::desk::{Desk, add, connect, create, damage, remove, reparent, update};

/// One step of a script.
#[derive(Debug, Clone, Copy)]
enum Step {
    Add(u64),
    Remove(u64),
    Connect(u64, u64),
    Update(u64, i64),
    Reparent(u64, u64),
    Reopen,
    /// Closes, changes or deletes one of the files, and opens again.
    Damage {
        file: usize,
        deletes: bool,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let node = || 0..12u64;
    let step = prop_oneof![
        6 => node().prop_map(Step::Add),
        2 => node().prop_map(Step::Remove),
        4 => (node(), node()).prop_map(|(source, target)| Step::Connect(source, target)),
        4 => (node(), 0..5i64).prop_map(|(number, to)| Step::Update(number, to)),
        2 => (node(), node()).prop_map(|(child, parent)| Step::Reparent(child, parent)),
        1 => Just(Step::Reopen),
        1 => (0..6usize, any::<bool>()).prop_map(|(file, deletes)| Step::Damage { file, deletes }),
    ];
    prop::collection::vec(step, 20..160)
}

/// Submits a command that may be refused.
async fn try_submit(desk: &Desk, engine: &Engine, command: cidgraph::GraphCommand) {
    let accepted = engine.command(desk.graph, command).await;
    if let Err(error) = accepted {
        assert_eq!(error.kind(), cidgraph::ErrorKind::Rejected, "{error}");
    }
}

async fn reopen(desk: &Desk, engine: Engine) -> Engine {
    let live = engine.get_graph(desk.graph).await.unwrap().state_hash();
    engine.close().await;
    assert_eq!(live, desk.replayed().await, "live = replay");
    let engine = desk.engine();
    assert_eq!(engine.get_graph(desk.graph).await.unwrap().state_hash(), live, "snapshot + tail = live");
    engine
}

async fn play(steps: Vec<Step>) {
    let desk = Desk::new().keeping_history();
    let mut engine = desk.engine();
    try_submit(&desk, &engine, create()).await;
    for step in steps {
        match step {
            Step::Add(number) => try_submit(&desk, &engine, add(number)).await,
            Step::Remove(number) => try_submit(&desk, &engine, remove(number)).await,
            Step::Connect(source, target) => try_submit(&desk, &engine, connect(source, target)).await,
            Step::Update(number, to) => try_submit(&desk, &engine, update(number, to)).await,
            Step::Reparent(child, parent) => try_submit(&desk, &engine, reparent(child, parent)).await,
            Step::Reopen => engine = reopen(&desk, engine).await,
            Step::Damage { file, deletes } => {
                engine = reopen(&desk, engine).await;
                engine.close().await;
                let contents = desk.contents();
                let snapshots = contents.snapshots.iter().map(|snapshot| &snapshot.path);
                let files: Vec<_> = snapshots.chain(contents.layers.iter().map(|layer| &layer.path)).collect();
                if let Some(path) = files.get(file) {
                    if deletes { std::fs::remove_file(path).unwrap() } else { damage(path) }
                }
                engine = desk.engine();
                engine = reopen(&desk, engine).await;
            }
        }
    }
    reopen(&desk, engine).await.close().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn replay_is_live_is_snapshot_and_tail(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
