//! The query cache and the metrics: a hit with 10,000 answers kept, a publication, an insertion, a recording.

#![expect(clippy::print_stdout, reason = "the figure of the bar stands beside the times")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::cache::{CacheConfig, GraphCache, QueryCache};
use cidgraph::footprint::{ChangeObserver, Facet};
use cidgraph::metrics::{Metrics, Operation};
use cidgraph::pool::NameId;
use cidgraph::{GraphId, NodeId, SystemClock, Value};
use criterion::{Criterion, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ENTRIES: u64 = 10_000;
const CALLS: u32 = 64;

/// A query of some hundred bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    kind: String,
    component: String,
    property: String,
    equals: Value,
    from: NodeId,
    edge_kinds: Vec<String>,
    limit: Option<u64>,
}

type Cache = GraphCache<Question, Vec<NodeId>>;

fn question(number: u64) -> Question {
    Question {
        kind: "Person".to_owned(),
        component: "VisualAppearance".to_owned(),
        property: "background_color".to_owned(),
        equals: Value::from(format!("color-{number}")),
        from: NodeId::from_u64(number),
        edge_kinds: vec!["knows".to_owned(), "worked_with".to_owned()],
        limit: Some(100),
    }
}

fn footprint(number: u64) -> [Facet; 4] {
    let node = NodeId::from_u64(number);
    [
        Facet::node(node),
        Facet::outgoing(node),
        Facet::incoming(node),
        Facet::kind(NameId((number % 8).try_into().expect("small"))),
    ]
}

fn insert(graph: &Cache, number: u64, version: u64) {
    let answer = Arc::new(vec![NodeId::from_u64(number); 10]);
    graph.insert(question(number), version, &footprint(number), answer);
}

fn filled() -> (QueryCache<Question, Vec<NodeId>>, Cache) {
    let cache = QueryCache::new(CacheConfig::default(), Arc::new(SystemClock));
    let graph = cache.graph(GraphId::from_u64(1));
    graph.follow(1);
    (0..ENTRIES).for_each(|number| insert(&graph, number, 1));
    (cache, graph)
}

/// Prints the mean of 64 calls, the median and the worst of 1,000 such means.
fn print_mean(name: &str, mut call: impl FnMut(u32)) {
    let mut means: Vec<Duration> = (0..1_000)
        .map(|round| {
            let start = Instant::now();
            (0..CALLS).for_each(|number| call(round * CALLS + number));
            start.elapsed() / CALLS
        })
        .collect();
    means.sort_unstable();
    println!("{name}: mean over {CALLS} calls: median {:?}, 99 of 100 within {:?}", means[500], means[990]);
}

fn hits(bench: &mut Criterion) {
    let (cache, graph) = filled();
    let questions: Vec<Question> = (0..ENTRIES).map(question).collect();
    let scattered = |number: u32| &questions[(number as usize).wrapping_mul(7_919) % questions.len()];
    print_mean("cache hit, one query", |_| drop(black_box(graph.get(black_box(&questions[7]), 1))));
    print_mean("cache hit, 64 queries", |number| {
        drop(black_box(graph.get(black_box(scattered(number % CALLS)), 1)));
    });
    print_mean("cache hit, 10,000 queries", |number| drop(black_box(graph.get(black_box(scattered(number)), 1))));
    let mut number = 0;
    bench.bench_function("cache/hit, one query", |bench| bench.iter(|| graph.get(black_box(&questions[7]), 1)));
    bench.bench_function("cache/hit, 10,000 queries", |bench| {
        bench.iter(|| {
            number += 1;
            graph.get(black_box(scattered(number)), 1)
        });
    });
    println!("{:?}", cache.statistics());
}

fn writes(bench: &mut Criterion) {
    let (_cache, graph) = filled();
    let mut version = 1;
    let foreign: Vec<Facet> = (0..100).map(|number| Facet::node(NodeId::from_u64(1_000_000 + number))).collect();
    bench.bench_function("cache/publication of 100 facets that nothing rests on", |bench| {
        bench.iter(|| {
            version += 1;
            graph.changed(version, &foreign);
        });
    });
    bench.bench_function("cache/publication that one answer rests on, and its insertion", |bench| {
        bench.iter(|| {
            version += 1;
            let number = version % ENTRIES;
            graph.changed(version, &footprint(number)[..1]);
            insert(&graph, number, version);
        });
    });
    let mut number = ENTRIES;
    bench.bench_function("cache/insertion that makes room", |bench| {
        bench.iter(|| {
            number += 1;
            insert(&graph, number, version);
        });
    });
}

fn recording(bench: &mut Criterion) {
    let metrics = Metrics::default();
    let mut nanoseconds = 0;
    bench.bench_function("metrics/record", |bench| {
        bench.iter(|| {
            nanoseconds = (nanoseconds + 7_919) % 1_000_000;
            metrics.record(black_box(Operation::QueryLookup), Duration::from_nanos(nanoseconds));
        });
    });
}

criterion_group!(benches, hits, writes, recording);
criterion_main!(benches);
