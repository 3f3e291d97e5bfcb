//! Prints how long walks and paths take on a million nodes and five million edges.
//!
//! Edges start at uniform nodes and end at quadratically skewed ones; each figure is a mean over 64 calls.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement prints its wall-clock times")]

mod measure;

use cidgraph::algorithm::{
    CancelToken, Direction, Orientation, PageRank, breadth_first, cheapest_path, depth, distances, find_cycle,
    k_shortest_paths, label_propagation, local_clustering, neighbourhood, page_rank, shortest_path, strong_components,
    weak_components,
};
use cidgraph::topology::{EdgeIndex, EdgeListGraph, NodeIndex};
use measure::{Random, batches, milliseconds};

const NODES: u32 = 1_000_000;
const EDGES: usize = 5_000_000;
const GROUPS: usize = 500;
const CALLS: u32 = 64;

fn measure(name: &str, random: &mut Random, call: impl Fn(NodeIndex, NodeIndex) -> usize) {
    let pair = || (NodeIndex::from(random.node()), NodeIndex::from(random.node()));
    let means = batches(GROUPS, CALLS, pair, |(source, target)| call(*source, *target));
    let mean = means.iter().sum::<f64>() / means.len() as f64;
    println!("{name:24} mean {mean:9.2} us   p99 {:9.2} us", means[means.len() * 99 / 100]);
}

fn main() {
    let mut random = Random::new(1, NODES);
    let graph = EdgeListGraph::new(NODES as usize, &random.edges(EDGES));
    let cancel = CancelToken::new();
    let walk = |start, direction| neighbourhood(&graph, start, direction, 2, &cancel).map_or(0, |l| l.nodes().len());
    let path = |source, target, direction| {
        shortest_path(&graph, source, target, direction, &cancel).ok().flatten().map_or(0, |path| path.steps())
    };
    measure("2-hop outgoing", &mut random, |start, _| walk(start, Direction::Outgoing));
    measure("2-hop both", &mut random, |start, _| walk(start, Direction::Both));
    measure("shortest path outgoing", &mut random, |source, target| path(source, target, Direction::Outgoing));
    measure("shortest path both", &mut random, |source, target| path(source, target, Direction::Both));
    let weight = |edge: EdgeIndex| (1 + edge.index() % 7) as f64;
    let cheapest = |source, target| {
        let found = cheapest_path(&graph, source, target, Direction::Outgoing, weight, &cancel);
        found.ok().flatten().map_or(0, |found| found.path.steps())
    };
    measure("cheapest path outgoing", &mut random, cheapest);
    whole_graph(&graph, &cancel);
}

fn once<R>(name: &str, call: impl FnOnce() -> R) {
    let (_, time) = milliseconds(call);
    println!("{name:24} {time:9.1} ms");
}

fn whole_graph(graph: &EdgeListGraph, cancel: &CancelToken) {
    let (source, target) = (NodeIndex::new(1), NodeIndex::new(250_000));
    let weight = |edge: EdgeIndex| (1 + edge.index() % 7) as f64;
    let ten = PageRank { iterations_max: 10, tolerance: 0.0, ..PageRank::default() };
    once("breadth first", || breadth_first(graph, source, Direction::Outgoing, cancel));
    once("10 cheapest paths", || k_shortest_paths(graph, source, target, Direction::Outgoing, 10, weight, cancel));
    once("all distances", || distances(graph, source, Direction::Outgoing, weight, cancel));
    once("weak components", || weak_components(graph, cancel));
    once("strong components", || strong_components(graph, cancel));
    once("find cycle", || find_cycle(graph, cancel));
    once("depth", || depth(graph, cancel));
    once("10 rounds of page rank", || page_rank(graph, &ten, cancel));
    once("10 rounds of labels", || label_propagation(graph, |node| node.index() as u64, 10, cancel));
    once("local clustering", || local_clustering(graph, Orientation::Undirected, cancel));
}
