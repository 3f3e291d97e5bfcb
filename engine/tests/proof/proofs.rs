//! What is proven is what was.

use cidgraph::engine::Checkpointing;
use cidgraph::proof::{Derivation, PROOF_BYTES_MAX, ProveError, check};
use cidgraph::{Component, Engine, GraphCommand, GraphMetadata, NodeEntity, NodeId, Properties, Submission, Value};
use std::sync::Arc;

use crate::history::{History, NODES, every, graph, node};

/// Proves every node, there or not, at every transaction's end, and compares with the replayed graph.
async fn prove_all(history: History) -> History {
    let mut prover = history.prover().await;
    for (version, nodes) in &history.states {
        for number in 0..NODES {
            let proof = prover.prove(node(number), *version).await.unwrap().encode();
            assert!(proof.len() <= PROOF_BYTES_MAX);
            let proven = check(&proof, history.head.cid).unwrap();
            assert_eq!(proven.node.as_ref(), nodes.get(&node(number)), "node {number} at version {version}");
            assert_eq!((proven.version, proven.event), (*version, history.cid(*version).await));
            assert_eq!(proven.head_version, history.head.version);
        }
    }
    history
}

#[tokio::test]
async fn every_node_is_proven_at_every_version() {
    let history = prove_all(History::write(every(16), 120).await).await;
    let prover = history.prover().await;
    assert!(prover.checkpoints().len() > 5, "proofs begin with checkpoints, and are anchored in later ones");
    assert!(history.states.values().any(|nodes| (nodes.len() as u64) < NODES / 2), "some nodes are not there");
}

#[tokio::test]
async fn a_short_history_needs_no_checkpoint() {
    let history = prove_all(History::write(Checkpointing::Off, 30).await).await;
    assert!(history.prover().await.checkpoints().is_empty());
}

#[tokio::test]
async fn checkpoints_so_close_that_each_holds_the_one_before() {
    prove_all(History::write(every(1), 25).await).await;
}

#[tokio::test]
async fn checkpoints_that_come_late() {
    let history = prove_all(History::write_lagging(9).await).await;
    assert!(history.prover().await.checkpoints().iter().all(|said| said.event > said.version + 1));
}

#[tokio::test]
async fn a_proof_is_derived_again_from_the_events() {
    let history = History::write(every(20), 80).await;
    let events = history.store.read(graph().into(), 1, usize::MAX).await.unwrap();
    let version = *history.states.keys().rev().nth(10).unwrap();
    let proof = history.prover().await.prove(node(3), version).await.unwrap().encode();
    let proven = check(&proof, history.head.cid).unwrap();
    let mut derivation = Derivation::new(&proven);
    events.iter().try_for_each(|stored| derivation.push(stored)).unwrap();
    assert_eq!(derivation.finish().unwrap().events, version);
    let mut other = proven.clone();
    other.node = None;
    assert_ne!(proven, other, "the node was there");
    let mut derivation = Derivation::new(&other);
    let refused = events.iter().try_for_each(|stored| derivation.push(stored)).unwrap_err();
    assert_eq!(refused.to_string(), "the events bring about another node than the proof shows");
    let mut cut = Derivation::new(&proven);
    events[..5].iter().try_for_each(|stored| cut.push(stored)).unwrap();
    assert!(cut.finish().is_err(), "the events end before the version");
}

#[tokio::test]
async fn what_cannot_be_proven_is_said() {
    let history = History::write(every(20), 40).await;
    let mut prover = history.prover().await;
    let last = history.head.version;
    for version in [0, last + 1] {
        let error = prover.prove(node(1), version).await.unwrap_err();
        assert!(matches!(error, ProveError::NoSuchVersion { .. }), "{error}");
    }
    let within = (1..last).find(|version| !history.states.contains_key(version)).unwrap();
    let before = history.states.keys().rev().find(|border| **border < within).copied().unwrap();
    let after = history.states.keys().find(|border| **border > within).copied().unwrap();
    match prover.prove(node(1), within).await.unwrap_err() {
        ProveError::WithinTransaction { version, before: found, after: then } => {
            assert_eq!((version, found, then), (within, before, after));
        }
        other @ (ProveError::Events(_)
        | ProveError::NoSuchVersion { .. }
        | ProveError::TooLarge { .. }
        | ProveError::TooLargeNode { .. }) => panic!("{other}"),
    }
}

/// Bulk events fill a proof by themselves: a version behind them cannot be proven until a checkpoint covers them.
#[tokio::test]
async fn bulk_events_can_be_too_large_for_a_proof() {
    let engine = Engine::new(Arc::new(cidgraph_store_memory::MemoryStore::new()));
    let submit =
        async |command| engine.submit(graph(), Submission::one(engine.context(), command)).await.unwrap().head.version;
    submit(GraphCommand::CreateGraph { metadata: GraphMetadata::named("proven") }).await;
    let nodes = (0..40_000).map(|number| NodeEntity::new(NodeId::from_u64(number), "Thing")).collect();
    submit(GraphCommand::AddNodes { nodes }).await;
    let later = submit(GraphCommand::AddNode { node: NodeEntity::keyed(graph(), "Person", 1) }).await;
    let mut prover = cidgraph::proof::Prover::open(Arc::clone(engine.store()), graph()).await.unwrap();
    match prover.prove(NodeId::from_u64(7), later).await {
        Err(ProveError::TooLarge { bytes, max, from, to }) => {
            assert!(bytes > max);
            assert_eq!((max, from, to), (PROOF_BYTES_MAX, 1, later));
        }
        Err(other) => panic!("{other}"),
        Ok(proof) => panic!("{} bytes are too many", proof.encode().len()),
    }
    let head = engine.checkpoint(graph()).await.unwrap().head;
    let proof = prover.prove(NodeId::from_u64(7), later).await.unwrap().encode();
    assert_eq!(check(&proof, head.cid).unwrap().node.unwrap().kind, "Thing");
}

/// What a node holds by itself can fill a proof: then that is said, and not that events are in the way.
#[tokio::test]
async fn a_node_can_be_too_large_for_a_proof() {
    let engine = Engine::new(Arc::new(cidgraph_store_memory::MemoryStore::new()));
    let submit = async |command| engine.submit(graph(), Submission::one(engine.context(), command)).await.unwrap();
    submit(GraphCommand::CreateGraph { metadata: GraphMetadata::named("proven") }).await;
    submit(GraphCommand::AddNode { node: NodeEntity::new(NodeId::from_u64(1), "Thing") }).await;
    for number in 0..14 {
        let properties = Properties::from([("text", Value::text("t".repeat(60_000)))]);
        let component = Component { component_type: format!("C{number}").into(), properties };
        submit(GraphCommand::AttachComponent { node: NodeId::from_u64(1), component }).await;
    }
    let head = engine.checkpoint(graph()).await.unwrap().head;
    let mut prover = cidgraph::proof::Prover::open(Arc::clone(engine.store()), graph()).await.unwrap();
    match prover.prove(NodeId::from_u64(1), head.version).await {
        Err(ProveError::TooLargeNode { bytes, max }) => assert!(bytes > 14 * 60_000 && max == PROOF_BYTES_MAX),
        other => panic!("{other:?}"),
    }
}
