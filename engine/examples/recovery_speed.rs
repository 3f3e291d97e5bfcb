//! Prints how long a graph takes to be opened from its snapshot 1000 events behind, and what 1000 more events cost to be
//! taken: `cargo run --release -p cidgraph --example recovery_speed -- [NODES] [EDGES]`.
//!
//! The store is a journal in a temporary folder, the snapshots lie beside it. Nodes have a kind of eight, a color of 16
//! and a score of a hundred.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints its wall-clock times")]

#[expect(unreachable_pub, reason = "other examples include it within a module")]
#[path = "measure/random.rs"]
mod random;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use cidgraph::shelf::{Notice, ShelfConfig};
use cidgraph::topology::Topology;
use cidgraph::{
    EdgeEntity, Engine, EventStore, GraphCommand, GraphId, GraphMetadata, NodeEntity, NodeId, NodeUpdate, Properties,
};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use random::Random;

/// Elements of one command.
const AT_ONCE: u32 = 1000;

/// Events since the snapshot.
const BEHIND: u32 = 1000;

fn node_id(node: u32) -> NodeId {
    NodeId::derive(&[1; 16], &node.to_be_bytes())
}

fn node(number: u32) -> NodeEntity {
    let mixed = number.wrapping_mul(2_654_435_761) >> 8;
    NodeEntity::new(node_id(number), format!("Kind{}", number % 8))
        .with("Visual", [("color", format!("color {}", mixed % 16))])
        .with("Score", [("points", i64::from(mixed % 100))])
}

fn engine(store: &Arc<dyn EventStore>, folder: &Path, takes: bool) -> Engine {
    let notify = Arc::new(|notice: &Notice| println!("  {notice}"));
    let config = ShelfConfig { takes, notify, ..ShelfConfig::new(folder) };
    Engine::builder(Arc::clone(store)).snapshots(config).build()
}

async fn fill(engine: &Engine, graph: GraphId, nodes: u32, edges: usize) {
    let command = async |command| {
        engine.command(graph, command).await.expect("no rule forbids it");
    };
    command(GraphCommand::CreateGraph { metadata: GraphMetadata::named("speed") }).await;
    for first in (0..nodes).step_by(AT_ONCE as usize) {
        let nodes = (first..nodes.min(first + AT_ONCE)).map(node).collect();
        command(GraphCommand::AddNodes { nodes }).await;
    }
    for edges in Random::new(1, nodes).edges(edges).chunks(AT_ONCE as usize) {
        let edge = |(source, target): &(u32, u32)| EdgeEntity::new(node_id(*source), "knows", node_id(*target));
        command(GraphCommand::ConnectEdges { edges: edges.iter().map(edge).collect() }).await;
    }
}

/// Changes the scores of nodes here and there, one an event.
async fn change(engine: &Engine, graph: GraphId, nodes: u32, random: &mut Random) {
    for number in 0..BEHIND {
        let (node, set) = (node_id(random.node() % nodes), Properties::from([("points", i64::from(number))]));
        let update = NodeUpdate { node, component_type: "Score".into(), set, unset: Vec::new() };
        engine.command(graph, GraphCommand::UpdateNode { update }).await.expect("no rule forbids it");
    }
}

async fn run(nodes: u32, edges: usize) {
    let (journal, shelf) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let store: Arc<dyn EventStore> =
        Arc::new(MemoryStore::open(journal.path(), FsyncPolicy::Never).expect("it is new"));
    let (graph, mut random) = (GraphId::named("speed"), Random::new(2, nodes));
    let taking = engine(&store, shelf.path(), true);
    let started = Instant::now();
    fill(&taking, graph, nodes, edges).await;
    println!("{nodes} nodes, {edges} edges: written in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    let started = Instant::now();
    taking.close().await;
    println!("closed, with what was missing taken, in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);

    let using = engine(&store, shelf.path(), false);
    change(&using, graph, nodes, &mut random).await;
    using.close().await;
    for _ in 0..5 {
        let using = engine(&store, shelf.path(), false);
        let started = Instant::now();
        let model = using.get_graph(graph).await.expect("it is there");
        let took = started.elapsed().as_secs_f64() * 1e3;
        println!("opened {BEHIND} events behind in {took:.1} ms, {} nodes", model.view().node_count());
        drop(model);
        using.close().await;
    }
    let taking = engine(&store, shelf.path(), true);
    taking.get_graph(graph).await.expect("it is there");
    let started = Instant::now();
    taking.close().await;
    println!("{BEHIND} more events taken in {:.1} ms", started.elapsed().as_secs_f64() * 1e3);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = |default: usize| arguments.next().map_or(default, |text| text.parse().expect("a number"));
    let (nodes, edges) = (next(1_000_000), next(1_000_000));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    runtime.block_on(run(u32::try_from(nodes).expect("ordinals have 32 bits"), edges));
}
