//! Checkpoints: when they come, that they are the same everywhere, and that wrong ones are found.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::chain::{ChainTip, seal};
use cidgraph::checkpoint::{CheckpointError, CheckpointPolicy, Checkpointer, audit_checkpoints};
use cidgraph::engine::Checkpointing;
use cidgraph::{
    AggregateAppend, CommandContext, CommandId, Engine, EventStore, Expected, GraphCommand, GraphEvent, GraphId,
    GraphMetadata, HashKind, NodeEntity, Rejected, Submission, WriteError,
};
use cidgraph_store_memory::MemoryStore;

use crate::history::{History, every, graph, write};

fn memory() -> Arc<dyn EventStore> {
    Arc::new(MemoryStore::new())
}

#[tokio::test]
async fn the_same_submissions_give_the_same_checkpoints() {
    let whole = History::write(every(20), 90).await;
    let checkpoints = whole.prover().await.checkpoints().to_vec();
    assert!(checkpoints.len() > 5);
    assert!(checkpoints.windows(2).all(|pair| pair[1].version - pair[0].version >= 20));
    assert!(checkpoints.iter().all(|said| said.event == said.version + 1 && whole.states.contains_key(&said.version)));
    for cut in [1, 17, 40] {
        let store = memory();
        write(&store, every(20), 0..cut).await;
        assert_eq!(write(&store, every(20), cut..90).await, whole.head, "interrupted after {cut} transactions");
    }
    let audited = audit_checkpoints(&whole.store, graph()).await.unwrap();
    assert_eq!((audited.events, audited.checkpoints), (whole.head.version, checkpoints.len() as u64));
}

#[tokio::test]
async fn bytes_bring_a_checkpoint_about_too() {
    let policy = CheckpointPolicy { events_max: 1_000_000, bytes_max: 8000 };
    let whole = History::write(Checkpointing::Between(policy), 90).await;
    assert!(whole.prover().await.checkpoints().len() > 3);
    let store = memory();
    write(&store, Checkpointing::Between(policy), 0..30).await;
    assert_eq!(write(&store, Checkpointing::Between(policy), 30..90).await, whole.head, "counted from the store");
}

#[tokio::test]
async fn nothing_is_checkpointed_unless_asked_for() {
    let history = History::write(Checkpointing::Off, 60).await;
    assert!(history.prover().await.checkpoints().is_empty());
    let engine = Engine::new(Arc::clone(&history.store));
    let receipt = engine.checkpoint(graph()).await.unwrap();
    assert_eq!(receipt.head.version, history.head.version + 1);
    assert_eq!(audit_checkpoints(&history.store, graph()).await.unwrap().checkpoints, 1);
    let again = engine.checkpoint(graph()).await.unwrap();
    assert_eq!(again.head.version, receipt.head.version + 1, "the checkpoint's event is one of the next's");
    assert_eq!(audit_checkpoints(&history.store, graph()).await.unwrap().checkpoints, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checkpoints_come_beside_the_writer() {
    let store = memory();
    let beside = Checkpointing::Beside(CheckpointPolicy { events_max: 10, ..CheckpointPolicy::default() });
    let engine = Engine::builder(Arc::clone(&store)).checkpoints(beside).build();
    let submit = async |command| engine.submit(graph(), Submission::one(engine.context(), command)).await.unwrap();
    submit(GraphCommand::CreateGraph { metadata: GraphMetadata::named("proven") }).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut number = 0;
    while engine.load_graph(graph()).await.unwrap().view().since_checkpoint().version < 100 {
        assert!(tokio::time::Instant::now() < deadline, "checkpoints follow");
        submit(GraphCommand::AddNode { node: NodeEntity::keyed(graph(), "Person", number) }).await;
        number += 1;
    }
    engine.close().await;
    assert!(audit_checkpoints(&store, graph()).await.unwrap().checkpoints > 1);
}

#[tokio::test]
async fn a_checkpoint_is_not_in_the_way_of_who_expects_a_version() {
    let engine = Engine::builder(memory()).checkpoints(every(1)).build();
    let submit = async |number: i64, expected| {
        let node = NodeEntity::keyed(graph(), "Person", number);
        let submission = Submission { expected, ..Submission::one(engine.context(), GraphCommand::AddNode { node }) };
        engine.submit(graph(), submission).await.map(|receipt| receipt.head.version)
    };
    let create = GraphCommand::CreateGraph { metadata: GraphMetadata::named("proven") };
    let created = engine.command(graph(), create).await.unwrap().head.version;
    let first = submit(1, Some(created)).await.unwrap();
    assert_eq!(first, 3, "a checkpoint came between");
    let second = submit(2, Some(first)).await.unwrap();
    assert!(submit(3, Some(first)).await.is_err(), "a node came between");
    submit(4, Some(second + 1)).await.unwrap();
}

#[tokio::test]
async fn an_archived_graph_is_committed_to_as_well() {
    let history = History::write(Checkpointing::Off, 20).await;
    let engine = Engine::new(Arc::clone(&history.store));
    engine.archive_graph(graph(), "done").await.unwrap();
    engine.checkpoint(graph()).await.unwrap();
    assert_eq!(audit_checkpoints(&history.store, graph()).await.unwrap().checkpoints, 1);
}

/// A checkpoint that another program wrote with roots of its own is found.
#[tokio::test]
async fn wrong_roots_are_found() {
    for wrong in ["event", "state"] {
        let history = History::write(every(20), 40).await;
        let mut checkpointer = Checkpointer::new(Arc::clone(&history.store), graph());
        let view = Engine::new(Arc::clone(&history.store)).load_graph(graph()).await.unwrap().view();
        let true_one = checkpointer.compute(&view).await.unwrap();
        let (mut event_root, mut state_root) = (*true_one.event_root(), *true_one.state_root());
        if wrong == "event" {
            event_root[0] ^= 1
        } else {
            state_root[31] ^= 1
        };
        let version = true_one.version();
        let event = GraphEvent::Checkpointed { version, event_root, state_root };
        let mut tip = ChainTip::empty(graph().into(), HashKind::Sha2_256);
        (tip.head, tip.timestamp_ns) = (Some(history.head), u64::MAX >> 1);
        let mut events = Vec::new();
        seal(&mut tip, &CommandContext::new(CommandId::from_u64(99_999), "forger"), 0, &[event], &mut events);
        let append = AggregateAppend { aggregate: graph().into(), expected: Expected::Exact(history.head), events };
        history.store.append(&[append]).await.unwrap();
        let found = audit_checkpoints(&history.store, graph()).await.unwrap_err();
        let CheckpointError::WrongRoot { event, version: of, root, .. } = found else { panic!("{found}") };
        assert_eq!((event, of, root), (history.head.version + 1, version, wrong));
    }
}

#[tokio::test]
async fn a_checkpoint_of_another_graph_is_refused() {
    let history = History::write(Checkpointing::Off, 20).await;
    let engine = Engine::new(Arc::clone(&history.store));
    let view = engine.load_graph(graph()).await.unwrap().view();
    let checkpoint = Checkpointer::new(Arc::clone(&history.store), graph()).compute(&view).await.unwrap();
    let other = GraphId::named("another");
    engine.command(other, GraphCommand::CreateGraph { metadata: GraphMetadata::named("another") }).await.unwrap();
    let refused = engine.submit(other, Checkpointer::submission(checkpoint)).await.unwrap_err();
    let cidgraph::Error::Write(WriteError::Rejected { rejection, .. }) = refused else { panic!("{refused}") };
    assert!(matches!(rejection, Rejected::ForeignCheckpoint { .. }));
}
