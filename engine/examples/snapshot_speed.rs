//! Prints how long a snapshot file takes to be written and opened, and what memory a process that reads one takes.
//!
//! `cargo run --release -p cidgraph --example snapshot_speed -- write NODES EDGES FILE`, then
//! `... -- open FILE ROUNDS`: opens the file and looks a node up, as often, each time anew.
//!
//! Nodes have a kind, a color of eight and a score of a thousand.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints its wall-clock times")]

mod measure;

use std::hint::black_box;

use cidgraph::aggregate::Rest;
use cidgraph::algorithm::Direction;
use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::{
    Cid, Draft, EdgeEntity, GraphAggregate, GraphEvent, GraphId, GraphMetadata, GraphQuery, HashKind, Limits,
    NodeEntity, NodeId, Snapshot,
};
use measure::{Random, batches, milliseconds};

const AT_ONCE: usize = 50_000;

fn node_id(node: u32) -> NodeId {
    NodeId::derive(&[1; 16], &node.to_be_bytes())
}

fn node(number: u32) -> NodeEntity {
    let kind = ["Person", "Place"][number as usize % 2];
    let color = ["red", "orange", "yellow", "green", "blue", "indigo", "violet", "white"][number as usize / 2 % 8];
    NodeEntity::new(node_id(number), kind)
        .with("Visual", [("color", color)])
        .with("Score", [("points", i64::from(number.wrapping_mul(2_654_435_761) % 1000))])
}

fn write(nodes: u32, edges: usize, file: &str) {
    let registry = ComponentRegistry::default();
    let graph = GraphId::from_u64(1);
    let (mut aggregate, reader) = GraphAggregate::fresh(graph, Limits::default(), registry.clone(), None);
    let mut version = 0;
    let mut apply = |event: GraphEvent| {
        version += 1;
        aggregate.apply(&event, version).expect("it fits");
        let cid = Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes());
        aggregate.publish(Head { version, cid }, version);
    };
    apply(GraphEvent::GraphCreated { metadata: GraphMetadata::named("speed") });
    for first in (0..nodes).step_by(AT_ONCE) {
        let last = nodes.min(first + u32::try_from(AT_ONCE).expect("it is small"));
        apply(GraphEvent::NodesAdded { nodes: (first..last).map(node).collect() });
    }
    for edges in Random::new(1, nodes).edges(edges).chunks(AT_ONCE) {
        let edge = |(source, target): &(u32, u32)| EdgeEntity::new(node_id(*source), "knows", node_id(*target));
        apply(GraphEvent::EdgesConnected { edges: edges.iter().map(edge).collect() });
    }
    while aggregate.rest() == Rest::Again {
        std::thread::yield_now();
    }
    let view = reader.view();
    println!("{nodes} nodes, {edges} edges, {} rows since the base", view.generation().row_count());
    let (_, hash) = milliseconds(|| view.state_hash());
    println!("  state hash {hash:.0} ms");
    for _ in 0..3 {
        let (info, took) = milliseconds(|| Snapshot::write(&view, &registry, file).expect("the disk works"));
        println!("  full write with state hash and fsync {took:.0} ms, {} bytes", info.file_len);
    }
    let (verified, took) = milliseconds(|| Snapshot::open_verified(file).map(drop));
    verified.expect("it holds");
    println!("  open_verified {took:.0} ms");
}

fn open(file: &str, rounds: usize) {
    let registry = ComponentRegistry::default();
    let nodes = Snapshot::map(file).expect("it holds").info().node_count;
    let nodes = u32::try_from(nodes).expect("ordinals have 32 bits");
    let mut random = Random::new(7, nodes);
    let first = |number: &u32| {
        let model = Snapshot::map(file).expect("it holds").read(registry.clone());
        model.query(&GraphQuery::Node(node_id(*number))).map_or(0, |_| 1)
    };
    let times = batches(rounds, 1, || random.node(), first);
    let at = |percent: usize| times[times.len() * percent / 100];
    println!("{nodes} nodes: open and first point query p50 {:.0} us, p99 {:.0} us", at(50), at(99));
    let model = Snapshot::map(file).expect("it holds").read(registry.clone());
    memory("  mapped");
    let direction = Direction::Outgoing;
    for _ in 0..2 {
        let point = batches(500, 200, || random.node(), |number| model.node(node_id(*number)).map_or(0, |_| 1));
        let hops = |number: &u32| {
            let query = GraphQuery::Neighborhood { node: node_id(*number), hops: 2, direction, edge_kind: None };
            model.query(&query).map_or(0, |_| 1)
        };
        let hops = batches(500, 20, || random.node(), hops);
        println!("  point {:.3} us, 2-hop {:.3} us (p50)", point[250], hops[250]);
    }
    memory("  after 200,000 point look-ups and 20,000 2-hops");
    let paths = |number: &u32| {
        let (source, target) = (node_id(*number), node_id(*number / 2));
        let direction = Direction::Both;
        model.query(&GraphQuery::ShortestPath { source, target, direction, edge_kind: None }).map_or(0, |_| 1)
    };
    black_box(batches(100, 10, || random.node(), paths));
    memory("  after 1,000 shortest paths");
    let (count, took) = milliseconds(|| model.view().index().nodes().len());
    println!("  index of {count} nodes made in {took:.0} ms");
    memory("  with the index");
}

/// Prints the private memory of the process, as the system counts it.
fn memory(when: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let private = status.lines().find(|line| line.starts_with("RssAnon"));
    println!("{when}: {}", private.unwrap_or("RssAnon is not told by this system"));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", nodes, edges, file] => {
            write(nodes.parse().expect("a number"), edges.parse().expect("a number"), file);
        }
        ["open", file, rounds] => open(file, rounds.parse().expect("a number")),
        _ => println!("write NODES EDGES FILE, or open FILE ROUNDS"),
    }
}
