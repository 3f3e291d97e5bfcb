//! Commands for a graph whose writer is being closed: they are decided on all that was sent before.

use std::sync::Arc;

use cidgraph::engine::{Error, ErrorKind};
use cidgraph::{
    Capabilities, EdgeEntity, Engine, EventStore, GraphCommand, GraphId, GraphMetadata, NodeEntity, NodeId, Receipt,
};
use tokio::task::JoinHandle;

use crate::faulty::Faulty;
use crate::writer::memory;

const GRAPH: GraphId = GraphId::from_u64(1);

/// Makes an engine on a store that holds appends back and takes one transaction at a time.
fn held_back() -> (Arc<Faulty>, Engine) {
    let inner = memory();
    let limits = Capabilities { group_transactions_min: 100, ..inner.capabilities() };
    let store = Arc::new(Faulty::closed(inner).limited(limits));
    (Arc::clone(&store), Engine::new(store as Arc<dyn EventStore>))
}

fn create() -> GraphCommand {
    GraphCommand::CreateGraph { metadata: GraphMetadata::named("new") }
}

fn rename() -> GraphCommand {
    GraphCommand::RenameGraph { name: "renamed".into() }
}

fn add() -> GraphCommand {
    GraphCommand::AddNode { node: NodeEntity::new(NodeId::from_u64(1), "Person") }
}

fn connect() -> GraphCommand {
    GraphCommand::ConnectEdge { edge: EdgeEntity::new(NodeId::from_u64(1), "knows", NodeId::from_u64(1)) }
}

/// Sends a command and lets everyone go as far as they can.
async fn send(engine: &Engine, command: GraphCommand) -> JoinHandle<Result<Receipt, Error>> {
    let engine = engine.clone();
    let sent = tokio::spawn(async move { engine.command(GRAPH, command).await });
    everyone().await;
    sent
}

async fn everyone() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

fn version(answer: Result<Receipt, Error>) -> u64 {
    answer.expect("no rule forbids it").head.version
}

/// The writer that a refused command had opened was closed while a creation was in its hands; a command that was sent then
/// opened a second one, which found nothing and refused it.
#[tokio::test]
async fn a_graph_that_is_created_while_it_is_let_go_of_takes_commands() {
    let (store, engine) = held_back();
    let (refusing, creating) = (engine.clone(), engine.clone());
    let refused = tokio::spawn(async move { refusing.command(GRAPH, rename()).await });
    let created = tokio::spawn(async move { creating.command(GRAPH, create()).await });
    everyone().await;
    let renamed = send(&engine, rename()).await;
    store.gate.add_permits(10);
    assert_eq!(refused.await.unwrap().expect_err("it was not there yet").kind(), ErrorKind::Rejected);
    assert_eq!(version(created.await.unwrap()), 1);
    assert_eq!(version(renamed.await.unwrap()), 2);
    assert_eq!(engine.open_graphs(), [GRAPH], "what was created stays open");
}

#[tokio::test]
async fn a_graph_is_opened_again_only_once_its_writer_has_ended() {
    let (store, engine) = held_back();
    let created = send(&engine, create()).await;
    let closing = engine.clone();
    let closed = tokio::spawn(async move { closing.close_graph(GRAPH).await });
    everyone().await;
    let added = send(&engine, add()).await;
    store.gate.add_permits(1);
    assert_eq!(version(created.await.unwrap()), 1);
    everyone().await;
    let connected = send(&engine, connect()).await;
    assert!(!closed.is_finished() && !added.is_finished(), "it has a transaction in its hands");
    store.gate.add_permits(10);
    assert_eq!(version(added.await.unwrap()), 2);
    closed.await.unwrap();
    assert_eq!(version(connected.await.unwrap()), 3);
}
