//! Prints what checkpoints cost on a large graph, and how long proofs take to make and to check on a long history.
//!
//! `cargo run --release -p cidgraph --example proof_speed`
//!
//! The graph of the first part has a million nodes (a kind, a component of two properties) and a million edges; each
//! checkpoint comes after a thousand events that touch one node or edge each. The history of the second part has a
//! million events on ten thousand nodes, with a checkpoint after every 128 KiB of blocks, on the embedded store.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints its wall-clock times")]

mod measure;

use std::sync::Arc;

use cidgraph::engine::Checkpointing;
use cidgraph::pool::ComponentRegistry;
use cidgraph::proof::{Prover, check};
use cidgraph::state::StateTree;
use cidgraph::store::Head;
use cidgraph::{
    Cid, Draft, EdgeEntity, Engine, EventStore, GraphAggregate, GraphCommand, GraphEvent, GraphId, GraphMetadata,
    HashKind, Limits, NodeEntity, NodeId, NodeUpdate, Properties, Submission,
};
use cidgraph_store_memory::MemoryStore;
use measure::{Random, batches, milliseconds};

const NODES: u32 = 1_000_000;
const EDGES: usize = 1_000_000;
const ROUNDS: usize = 20;
const HISTORY: u64 = 1_000_000;
const PEOPLE: u32 = 10_000;
const PROOFS: u32 = 300;

fn node_id(node: u32) -> NodeId {
    NodeId::derive(&[1; 16], &node.to_be_bytes())
}

fn node(number: u32) -> NodeEntity {
    let visual = [("color", i64::from(number % 16)), ("score", i64::from(number % 100))];
    NodeEntity::new(node_id(number), "Person").with("Visual", visual)
}

fn update(number: u32, score: i64) -> NodeUpdate {
    let set = Properties::from([("score", score)]);
    NodeUpdate { node: node_id(number), component_type: "Visual".into(), set, unset: Vec::new() }
}

/// An aggregate on which events are applied by themselves.
struct Bare {
    aggregate: GraphAggregate,
    version: u64,
}

impl Bare {
    fn apply(&mut self, event: &GraphEvent) {
        self.version += 1;
        self.aggregate.apply(event, self.version).expect("it fits");
    }

    fn publish(&mut self) {
        let cid = Cid::of_block(HashKind::Sha2_256, &self.version.to_be_bytes());
        self.aggregate.publish(Head { version: self.version, cid }, self.version);
    }
}

fn checkpoints_of_a_large_graph() {
    let graph = GraphId::named("large");
    let (aggregate, reader) = GraphAggregate::fresh(graph, Limits::default(), ComponentRegistry::default(), None);
    let mut bare = Bare { aggregate: aggregate.marking_buckets(), version: 0 };
    let mut random = Random::new(1, NODES);
    bare.apply(&GraphEvent::GraphCreated { metadata: GraphMetadata::named("large") });
    for first in (0..NODES).step_by(10_000) {
        bare.apply(&GraphEvent::NodesAdded { nodes: (first..first + 10_000).map(node).collect() });
    }
    let edge = |(source, target)| EdgeEntity::new(node_id(source), "knows", node_id(target));
    for edges in random.edges(EDGES).chunks(10_000) {
        bare.apply(&GraphEvent::EdgesConnected { edges: edges.iter().copied().map(edge).collect() });
    }
    bare.publish();
    while bare.aggregate.rest() == cidgraph::aggregate::Rest::Again {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (mut tree, built) = milliseconds(|| StateTree::build(&reader.view()));
    let megabytes = tree.heap_bytes() as f64 / 1e6;
    println!("state tree of {NODES} nodes and {EDGES} edges: built in {built:.0} ms, {megabytes:.1} MB, marks 0.5 MB");
    for kind in ["node updates", "new edges"] {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            for _ in 0..1000 {
                bare.apply(&match kind {
                    "new edges" => GraphEvent::EdgeConnected { edge: edge((random.node(), random.skewed())) },
                    _ => GraphEvent::NodeUpdated { update: update(random.node(), i64::from(random.node() % 100)) },
                });
            }
            bare.publish();
            times.push(milliseconds(|| tree.update(&reader.view())).1);
        }
        times.sort_by(f64::total_cmp);
        let (median, last) = (times[ROUNDS / 2], times[ROUNDS - 1]);
        println!("a thousand {kind}: {median:.1} ms in the median, {last:.1} ms at most");
    }
    assert_eq!(tree.root(), reader.view().state_hash(), "the tree that is kept is the one from scratch");
}

async fn proofs_of_a_long_history() {
    let graph = GraphId::named("long");
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let checkpoints = Checkpointing::Between(cidgraph::checkpoint::CheckpointPolicy::default());
    let mut random = Random::new(2, PEOPLE);
    for checkpoints in [Checkpointing::Off, checkpoints] {
        let store: Arc<dyn EventStore> =
            if checkpoints == Checkpointing::Off { Arc::new(MemoryStore::new()) } else { Arc::clone(&store) };
        let engine = Engine::builder(store).checkpoints(checkpoints).build();
        let started = std::time::Instant::now();
        let submit = async |commands: Vec<GraphCommand>| {
            let submission = Submission { context: engine.context(), commands, expected: None };
            engine.submit(graph, submission).await.expect("accepted");
        };
        submit(vec![GraphCommand::CreateGraph { metadata: GraphMetadata::named("long") }]).await;
        for first in (0..PEOPLE).step_by(100) {
            submit((first..first + 100).map(|number| GraphCommand::AddNode { node: node(number) }).collect()).await;
        }
        for _ in 0..HISTORY / 100 {
            let mut one = || GraphCommand::UpdateNode { update: update(random.node(), i64::from(random.node())) };
            submit((0..100).map(|_| one()).collect()).await;
        }
        engine.close().await;
        let seconds = started.elapsed().as_secs_f64();
        println!("{HISTORY} events in transactions of 100, {checkpoints:?}: {seconds:.1} s");
    }
    let (prover, opened) = {
        let started = std::time::Instant::now();
        let prover = Prover::open(Arc::clone(&store), graph).await;
        (prover, started.elapsed().as_secs_f64() * 1e3)
    };
    let mut prover = prover.expect("the graph is there");
    let head = store.head(graph.into()).await.expect("in memory").expect("there are events");
    println!("prover opened in {opened:.0} ms, {} checkpoints", prover.checkpoints().len());
    let checkpoints = prover.checkpoints();
    let said = checkpoints[checkpoints.len() / 2];
    let (mut made, mut proofs) = (Vec::new(), Vec::new());
    for number in 0..PROOFS {
        // The first proof replays the graph up to the checkpoint: what is measured comes after it.
        let started = std::time::Instant::now();
        let proof = prover.prove(node_id(random.node()), said.event + 100 * u64::from(1 + number % 3)).await;
        let proof = proof.expect("it can be proven").encode();
        made.push(started.elapsed().as_secs_f64() * 1e3);
        proofs.push(proof);
    }
    let mut next = proofs.iter().cycle();
    let holds = |proof: &&Vec<u8>| usize::from(check(proof, head.cid).is_ok_and(|proven| proven.node.is_some()));
    assert!(proofs.iter().all(|proof| holds(&proof) == 1), "all of them hold");
    let checked = batches(proofs.len(), 1, || next.next().expect("a cycle does not end"), holds);
    let checked = checked.into_iter().map(|microseconds| microseconds / 1e3).collect();
    println!("the first proof from the checkpoint of version {}: {:.0} ms", said.version, made.remove(0));
    for (what, mut times) in [("made", made), ("checked", checked)] {
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("{what}: p50 {:.2} ms, p99 {:.2} ms, at most {:.2} ms", at(50), at(99), at(100));
    }
    println!("at most {} bytes", proofs.iter().map(Vec::len).max().unwrap_or(0));
}

#[tokio::main]
async fn main() {
    checkpoints_of_a_large_graph();
    proofs_of_a_long_history().await;
}
