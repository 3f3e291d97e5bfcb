//! Contracts of engines that share a store: they write at once, catch up with each other, and are followed.

use std::sync::Arc;

use futures::future::join_all;

use crate::command::{CommandContext, GraphCommand};
use crate::conformance::reached;
use crate::engine::{Engine, Error, ErrorKind, GraphReplicas};
use crate::entity::{EdgeEntity, GraphMetadata, NodeEntity};
use crate::graph::GraphDrafts;
use crate::id::{CommandId, GraphId, NodeId};
use crate::store::EventStore;
use crate::store::conformance::subject::ensure;
use crate::store::conformance::{Breach, Subject, Verdict};
use crate::subscription::{Following, GraphEventProcessor};
use crate::topology::Topology;
use crate::writer::{Receipt, Submission, WriterConfig};

/// Makes an engine that tries again however often another one is first.
fn patient(store: &Arc<dyn EventStore>) -> Engine {
    let writer = WriterConfig { conflict_retries_max: 1000, ..WriterConfig::default() };
    Engine::builder(Arc::clone(store)).writer(writer).build()
}

const fn node(number: u64) -> NodeId {
    NodeId::from_u64(number)
}

fn add(number: u64) -> GraphCommand {
    GraphCommand::AddNode {
        node: NodeEntity::new(node(number), "Person").with("Profile", [("name", number.to_string())]),
    }
}

fn connect(source: u64, target: u64) -> GraphCommand {
    GraphCommand::ConnectEdge { edge: EdgeEntity::new(node(source), "knows", node(target)) }
}

fn create() -> GraphCommand {
    GraphCommand::CreateGraph { metadata: GraphMetadata::named("shared") }
}

fn submission(id: u64, commands: Vec<GraphCommand>) -> Submission<GraphCommand> {
    Submission { context: CommandContext::new(CommandId::from_u64(id), "tester"), commands, expected: None }
}

async fn submit(engine: &Engine, graph: GraphId, id: u64, commands: Vec<GraphCommand>) -> Result<Receipt, Error> {
    engine.submit(graph, submission(id, commands)).await
}

async fn hash_of_fresh(store: &Arc<dyn EventStore>, graph: GraphId) -> Result<[u8; 32], Error> {
    Ok(Engine::new(Arc::clone(store)).get_graph(graph).await?.state_hash())
}

/// Two engines that write one graph at once take turns: nothing is lost, and both come to the same state.
pub async fn two_engines_write_one_graph_at_once(subject: Subject) -> Verdict {
    const COMMANDS: u64 = 60;
    let (store, graph) = (Arc::clone(&subject.store), GraphId::named("contended"));
    let engines = [patient(&store), patient(&store)];
    submit(&engines[0], graph, 0, vec![create(), add(1), add(2)]).await?;
    let writers = (0..4_u64).map(|task| {
        let engine = engines[usize::from(task % 2 == 1)].clone();
        tokio::spawn(async move {
            for number in 0..COMMANDS {
                let id = 1000 * (task + 1) + number;
                submit(&engine, graph, id, vec![add(id), connect(1, id), connect(id, 2)]).await?;
            }
            Ok::<_, Breach>(())
        })
    });
    for written in join_all(writers).await {
        written??;
    }
    submit(&engines[0], graph, 1, vec![connect(1, 2)]).await?;
    submit(&engines[1], graph, 2, vec![connect(2, 1)]).await?;
    submit(&engines[0], graph, 3, vec![connect(2, 1)]).await?;
    let mut conflicts = 0;
    for engine in &engines {
        let loaded = engine.load_graph(graph).await?;
        conflicts += loaded.writer_metrics().conflicts;
        let view = loaded.view();
        let (nodes, edges) = (view.node_count() as u64, view.edge_count() as u64);
        ensure!(nodes == 2 + 4 * COMMANDS && edges > 8 * COMMANDS, "an engine shows {nodes} nodes, {edges} edges");
    }
    ensure!(conflicts > 0, "the two were never in each other's way");
    let view = engines[0].get_graph(graph).await?;
    ensure!(hash_of_fresh(&store, graph).await? == view.state_hash(), "replayed is not live");
    let verified = engines[0].verify_graph(graph).await?;
    ensure!(verified.events == view.version(), "{} events hold of {}", verified.events, view.version());
    Ok(())
}

/// An engine that another one has overtaken decides on what is there now.
pub async fn an_engine_that_lags_behind_decides_on_what_is_there_now(subject: Subject) -> Verdict {
    let (store, graph) = (Arc::clone(&subject.store), GraphId::named("lagging"));
    let (first, second) = (patient(&store), patient(&store));
    submit(&first, graph, 0, vec![create(), add(1), add(2)]).await?;
    second.load_graph(graph).await?;
    submit(&first, graph, 1, vec![GraphCommand::RemoveNode { node: node(2) }, add(3)]).await?;
    // To the second engine node 2 is still there, node 3 not yet.
    let refused = second.submit(graph, submission(2, vec![connect(1, 2)])).await.map_err(|error| error.kind());
    ensure!(matches!(refused, Err(ErrorKind::Rejected)), "an edge to a node that is gone gives {refused:?}");
    submit(&first, graph, 3, vec![add(4)]).await?;
    submit(&second, graph, 4, vec![connect(4, 3)]).await?;
    let receipt = submit(&first, graph, 4, vec![connect(4, 3)]).await?;
    ensure!(receipt.repeated, "the same command sent to both was done twice");
    let stale = Submission { expected: Some(receipt.first_version - 1), ..submission(5, vec![connect(3, 1)]) };
    let refused = second.submit(graph, stale).await.map_err(|error| error.kind());
    ensure!(matches!(refused, Err(ErrorKind::Conflict)), "an expectation that others broke gives {refused:?}");
    let live = second.get_graph(graph).await?.state_hash();
    ensure!(live == hash_of_fresh(&store, graph).await?, "replayed is not live");
    Ok(())
}

async fn write_some(engine: &Engine, round: u64) -> Verdict {
    for number in 0..60 {
        let (graph, id) = (GraphId::from_u64(number % 6), round * 1000 + number);
        let commands =
            if round == 0 && number < 6 { vec![create(), add(1)] } else { vec![add(100 + id), connect(1, 100 + id)] };
        submit(engine, graph, id, commands).await?;
    }
    Ok(())
}

async fn are_the_same(replicas: &GraphReplicas, engine: &Engine, graphs: std::ops::Range<u64>) -> Verdict {
    for graph in graphs.map(GraphId::from_u64) {
        let live = engine.get_graph(graph).await?;
        let Some(replica) = replicas.view(graph) else { return Err(Breach(format!("graph {graph} did not come"))) };
        let heads = (replica.head(), live.head());
        ensure!(heads.0 == heads.1, "of graph {graph} the replica and the engine are at {heads:?}");
        ensure!(replica.timestamp_ns() == live.timestamp_ns(), "the replica of {graph} has another time");
        ensure!(replica.state_hash() == live.state_hash(), "the replica of {graph} has another state");
    }
    Ok(())
}

async fn follow(subject: &Subject, replicas: &GraphReplicas) -> Result<Following, Breach> {
    let sink = Arc::new(replicas.clone());
    Ok(GraphEventProcessor::open(Arc::clone(&subject.store), sink, "replicas").await?.spawn())
}

async fn stop_at_the_end(subject: &Subject, mut following: Following) -> Verdict {
    reached(subject, &mut following).await?;
    ensure!(following.failures().is_empty(), "{:?}", following.failures());
    following.stop().await?;
    Ok(())
}

/// Replicas become what the engine's graphs are, live and after a restart, also those that were let go of.
pub async fn replicas_follow_many_graphs_live_and_across_a_restart(subject: Subject) -> Verdict {
    let engine = Engine::new(Arc::clone(&subject.store));
    let replicas = GraphReplicas::new(Arc::clone(&subject.store), GraphDrafts::default());
    write_some(&engine, 0).await?;
    let following = follow(&subject, &replicas).await?;
    write_some(&engine, 1).await?;
    replicas.forget(GraphId::from_u64(3));
    write_some(&engine, 2).await?;
    stop_at_the_end(&subject, following).await?;
    are_the_same(&replicas, &engine, 0..6).await?;

    write_some(&engine, 3).await?;
    stop_at_the_end(&subject, follow(&subject, &replicas).await?).await?;
    are_the_same(&replicas, &engine, 0..6).await?;

    // Another process knows the place in the stream, but holds no graph.
    let others = GraphReplicas::new(Arc::clone(&subject.store), GraphDrafts::default());
    submit(&engine, GraphId::from_u64(2), 9000, vec![add(9000)]).await?;
    stop_at_the_end(&subject, follow(&subject, &others).await?).await?;
    ensure!(others.graphs() == [GraphId::from_u64(2)], "the graphs {:?} came", others.graphs());
    are_the_same(&others, &engine, 2..3).await
}
