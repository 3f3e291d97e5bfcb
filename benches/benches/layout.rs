//! Placing the nodes of a graph with two edges each: the seed, an iteration of the refinement, and one node more.

use cidgraph_harness::random::Random;
use cidgraph_layout::{Layout, Place};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [u32; 2] = [10_000, 100_000];

/// `cargo test` runs every bench once.
const SMALL: [u32; 1] = [1000];

const SEED: u64 = 42;

fn edges(nodes: u32) -> Vec<[u32; 2]> {
    let mut random = Random::new(SEED);
    let mut earlier = |node: u32| u32::try_from(random.below(node.into())).expect("below a number of 32 bits");
    (1..nodes).flat_map(|node| [[node, earlier(node)], [node, earlier(node)]]).collect()
}

fn begun(edges: &[[u32; 2]], places: &[Place]) -> Layout {
    Layout::new(edges, places, SEED).expect("the graph is good")
}

fn layout(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("layout");
    group.sample_size(10);
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    for nodes in if is_bench { &SIZES[..] } else { &SMALL[..] } {
        let edges = edges(*nodes);
        let free = vec![Place::Free; *nodes as usize];
        group.throughput(Throughput::Elements(u64::from(*nodes)));
        group.bench_function(BenchmarkId::new("seed", nodes), |bencher| {
            bencher.iter_batched(|| begun(&edges, &free), |mut layout| layout.step(1), BatchSize::LargeInput);
        });
        let mut layout = begun(&edges, &free);
        layout.step(1);
        group.bench_function(BenchmarkId::new("iteration", nodes), |bencher| {
            // Each sample begins where all others do: a layout has no more than `ITERATIONS_MAX` iterations.
            let first = || {
                let mut layout = begun(&edges, &free);
                layout.step(1);
                layout
            };
            bencher.iter_batched(first, |mut layout| layout.step(1), BatchSize::LargeInput);
        });
        let mut places: Vec<Place> = layout.positions().iter().map(|position| Place::Kept(*position)).collect();
        places.push(Place::Free);
        let grown = [&edges[..], &[[0, *nodes], [1, *nodes]]].concat();
        group.bench_function(BenchmarkId::new("one_node_more", nodes), |bencher| {
            bencher.iter_batched(|| begun(&grown, &places), |mut layout| layout.step(10), BatchSize::LargeInput);
        });
    }
    group.finish();
}

criterion_group!(benches, layout);
criterion_main!(benches);
