//! Prints how long reads of a graph's state take on a million nodes and five million edges, each beside a bare array.
//!
//! `cargo run --release -p cidgraph --example state_speed`
//!
//! Edges start at uniform nodes and end at quadratically skewed ones. The state is measured folded, with 50,000 edges
//! since, and with nodes and deaths since. Lookups are means over batches of 64 calls, walks and paths are single calls.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints its wall-clock times")]

mod measure;

use std::hash::BuildHasher;
use std::sync::Arc;

use cidgraph::algorithm::{CancelToken, Direction, neighbourhood, shortest_path};
use cidgraph::pool::{NameId, Names, Pool, SetId};
use cidgraph::state::{At, Base, Generation, GraphInfo, fold};
use cidgraph::topology::{EdgeIndex, EdgeListGraph, NewEdgeRow, NodeIndex, Stamp, Topology};
use cidgraph::{GraphId, NodeEntity, NodeId};
use hashbrown::HashMap;
use measure::{Random, batches, milliseconds};

const NODES: u32 = 1_000_000;
const EDGES: usize = 5_000_000;
const EDGES_SINCE: usize = 50_000;
const NODES_SINCE: u32 = 1000;
const EDGES_A_VERSION: usize = 1000;
const CALLS: usize = 20_000;

fn node_id(node: u32) -> NodeId {
    NodeId::derive(&[1; 16], &node.to_be_bytes())
}

/// Adds edges in versions of a thousand, from stamp `after` + 1 on, and returns the last stamp.
fn connect(generation: &Generation, edges: &[(u32, u32)], after: Stamp, kind: NameId) -> Stamp {
    let mut birth = after;
    for version in edges.chunks(EDGES_A_VERSION) {
        birth += 1;
        for (index, (source, target)) in (0..).zip(version) {
            let (source, target) = (NodeIndex::from(*source), NodeIndex::from(*target));
            let row = NewEdgeRow { source, target, kind: kind.0, birth, index, properties: 0, caller_id: None };
            generation.add_edge(row);
        }
    }
    birth
}

/// The same graph as arrays without versions.
struct Bare<S> {
    ids: HashMap<NodeId, u32, S>,
    graph: EdgeListGraph,
}

fn measure_one<I>(name: &str, size: u32, mut input: impl FnMut() -> I, calls: [&dyn Fn(&I) -> usize; 2]) {
    let inputs: Vec<I> = (0..CALLS).map(|_| input()).collect();
    let [state, bare] = calls.map(|call| {
        let mut next = inputs.iter().cycle();
        batches(CALLS / size as usize, size, || next.next().expect("a cycle does not end"), |input| call(input))
    });
    let at = |times: &[f64], percent: usize| times[times.len() * percent / 100];
    print!("  {name:24}");
    for percent in [50, 99] {
        let (state, bare) = (at(&state, percent), at(&bare, percent));
        print!("  p{percent} {state:9.3} us (bare {bare:9.3}, ratio {:5.2})", state / bare);
    }
    println!();
}

fn measure_all<S: BuildHasher>(at: At<'_>, bare: &Bare<S>) {
    let cancel = CancelToken::new();
    let mut random = Random::new(7, NODES);
    let lookup = |id: &NodeId| at.find_node(*id).map_or(0, NodeIndex::index);
    measure_one("lookup by id", 64, || node_id(random.node()), [&lookup, &|id| bare.ids[id] as usize]);
    for (name, direction) in [("2-hop outgoing", Direction::Outgoing), ("2-hop both", Direction::Both)] {
        let walk: [&dyn Fn(&NodeIndex) -> usize; 2] =
            [&|start: &NodeIndex| walk(&at, *start, direction, &cancel), &|start: &NodeIndex| {
                walk(&bare.graph, *start, direction, &cancel)
            }];
        measure_one(name, 1, || NodeIndex::from(random.node()), walk);
    }
    let pair = || (NodeIndex::from(random.node()), NodeIndex::from(random.node()));
    let state_path = |ends: &(NodeIndex, NodeIndex)| path(&at, *ends, &cancel);
    measure_one("shortest path", 1, pair, [&state_path, &|ends| path(&bare.graph, *ends, &cancel)]);
}

fn walk(graph: &impl Topology, start: NodeIndex, direction: Direction, cancel: &CancelToken) -> usize {
    neighbourhood(graph, start, direction, 2, cancel).expect("nobody cancels").nodes().len()
}

fn path(graph: &impl Topology, ends: (NodeIndex, NodeIndex), cancel: &CancelToken) -> usize {
    let found = shortest_path(graph, ends.0, ends.1, Direction::Outgoing, cancel).expect("nobody cancels");
    found.map_or(0, |found| found.steps())
}

/// Builds the state from nothing and folds it, with the times of both.
fn folded(names: &Arc<Names>, edges: &[(u32, u32)]) -> Generation {
    let kind = names.intern("knows");
    let generation = Generation::new(Arc::new(Base::default()), Arc::new(Pool::new(Arc::clone(names), Arc::default())));
    let (stamp, appended) = milliseconds(|| {
        for node in 0..NODES {
            generation.add_node(&NodeEntity::new(node_id(node), "Person"), names.intern("Person"), SetId::EMPTY, 1);
        }
        connect(&generation, edges, 1, kind)
    });
    let (folded, fold_time) = milliseconds(|| fold(generation.at(stamp), generation.extent()));
    println!("append {appended:.0} ms, {} MB unfolded", generation.recent_bytes() / 1_000_000);
    let mut ledger = cidgraph::MemoryLedger::default();
    folded.base.enter(&mut ledger);
    println!("fold {fold_time:.0} ms, bytes by structure\n{ledger}");
    Generation::new(folded.base, Arc::new(Pool::new(Arc::clone(names), folded.pool)))
}

fn main() {
    let mut random = Random::new(1, NODES);
    let mut edges = random.edges(EDGES);
    let names = Arc::new(Names::new());
    let generation = folded(&names, &edges);
    let ids = (0..NODES).map(|node| (node_id(node), node)).collect();
    let mut bare = Bare::<foldhash::fast::FixedState> { ids, graph: EdgeListGraph::new(NODES as usize, &edges) };
    let info = GraphInfo { graph: GraphId::from_u64(1), metadata: None, archived: None };
    println!("folded");
    measure_all(generation.at(0), &bare);
    let since = random.edges(EDGES_SINCE);
    let stamp = connect(&generation, &since, 0, names.intern("knows"));
    edges.extend(since);
    bare.graph = EdgeListGraph::new(NODES as usize, &edges);
    println!("with {EDGES_SINCE} edges since, {} KB", generation.recent_bytes() / 1000);
    measure_all(generation.at(stamp), &bare);
    let stamp = come_and_go(&generation, stamp, &names);
    println!("with {NODES_SINCE} more nodes and as many edges taken away");
    measure_all(generation.at(stamp), &bare);
    let (_, fold_time) = milliseconds(|| fold(generation.at(stamp), generation.extent()));
    let (_, hash_time) = milliseconds(|| generation.at(stamp).state_hash(&info));
    println!("fold {fold_time:.0} ms, state hash {hash_time:.0} ms");
}

/// Adds nodes and takes edges of the base away in one version, and returns its stamp.
fn come_and_go(generation: &Generation, after: Stamp, names: &Names) -> Stamp {
    let birth = after + 1;
    for number in 0..NODES_SINCE {
        let kind = names.intern("Person");
        generation.add_node(&NodeEntity::new(node_id(NODES + number), "Person"), kind, SetId::EMPTY, birth);
        generation.set_edge_death(EdgeIndex::from(number * (NODES / NODES_SINCE)), birth);
    }
    birth
}
