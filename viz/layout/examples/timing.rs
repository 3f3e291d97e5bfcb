//! Prints how long it takes to place 100,000 nodes with two edges each, or as many as the first argument says.
#![expect(clippy::print_stdout, reason = "the figures are what this is for")]

use std::time::Instant;

use cidgraph_layout::{Layout, Place, Stage};

fn main() {
    let nodes = std::env::args().nth(1).map_or(100_000, |nodes| nodes.parse().expect("a number of nodes"));
    println!("{} threads", rayon::current_num_threads());
    time("two edges to any earlier nodes", nodes, |node, draw| draw % node);
    time("two edges to one of the 100 before", nodes, |node, draw| node - 1 - draw % node.min(100));
    time("two edges, few nodes with many", nodes, |node, draw| draw % node % (draw % 1009 + 1));
}

/// Lays out a graph in which each node has edges to two earlier ones.
fn time(name: &str, nodes: u32, earlier: impl Fn(u32, u32) -> u32) {
    let mut bits = 42_u64;
    let mut draw = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(bits >> 33).expect("31 bits")
    };
    let edges: Vec<[u32; 2]> =
        (1..nodes).flat_map(|node| [[node, earlier(node, draw())], [node, earlier(node, draw())]]).collect();
    let places = vec![Place::Free; nodes as usize];
    let begin = Instant::now();
    let mut layout = Layout::new(&edges, &places, 42).expect("the graph is good");
    layout.step(1);
    let seeded = begin.elapsed();
    let mut longest = seeded;
    loop {
        let step = Instant::now();
        let progress = layout.step(1);
        longest = longest.max(step.elapsed());
        if progress.stage == Stage::Done {
            let iterations = progress.iterations;
            let refined = begin.elapsed();
            println!(
                "{name}: {nodes} nodes, {} edges: seeded after {seeded:.2?}, refined after {refined:.2?} \
                 ({iterations} iterations, the longest {longest:.2?})",
                edges.len()
            );
            return;
        }
    }
}
