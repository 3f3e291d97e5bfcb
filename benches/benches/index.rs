//! The secondary indices at a million nodes: a kind of 8, a color of 16, a score of 100, all scattered.

#![expect(clippy::print_stdout, reason = "sizes stand beside the times")]

use std::hint::black_box;
use std::ops::Bound;

use cidgraph::Value;
use cidgraph::index::{Bitmap, FactComponent, Index, NodeFacts, Number, Postings};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const NODES: u32 = 1_000_000;
const VISUAL: u32 = 100;
const RATING: u32 = 101;
const COLOR: u32 = 102;
const SCORE: u32 = 103;
const CODE: u32 = 104;

/// Returns a number that looks random and is the same in every run (splitmix64).
const fn scatter(node: u32, salt: u64) -> u64 {
    let mut mixed = (node as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(salt << 32);
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn pick(node: u32, salt: u64, of: u64) -> u32 {
    u32::try_from(scatter(node, salt) % of).expect("the remainder is small")
}

fn index(nodes: std::ops::Range<u32>, from: &Index) -> (Index, usize) {
    let colors: Vec<Value> = (0..16).map(|color| Value::from(format!("color-{color}"))).collect();
    let mut updater = from.updater();
    for node in nodes {
        let color = [(COLOR, colors[pick(node, 2, 16) as usize].clone())];
        let score = [(SCORE, Value::from(pick(node, 3, 100)))];
        let components = [
            FactComponent { component_type: VISUAL, categories: &[], entries: &color },
            FactComponent { component_type: RATING, categories: &[], entries: &score },
        ];
        updater.insert(node, &NodeFacts { kind: pick(node, 1, 8), components: &components });
    }
    let copied = updater.copied_bytes();
    (updater.finish(), copied)
}

fn build(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("index/build");
    group.sample_size(10).throughput(Throughput::Elements(u64::from(NODES)));
    group.bench_function("1M nodes", |bench| bench.iter(|| index(0..NODES, &Index::default())));
    for (name, unique) in [("1M ascending unique values", false), ("1M scattered unique values", true)] {
        let value = |node: u32| if unique { i64::from(node.wrapping_mul(2_654_435_761)) } else { i64::from(node) };
        group.bench_function(name, |bench| bench.iter(|| unique_values(value)));
    }
    group.finish();
}

fn unique_values(value: impl Fn(u32) -> i64) -> Index {
    let mut updater = Index::default().updater();
    for node in 0..NODES {
        let entries = [(CODE, Value::from(value(node)))];
        let components = [FactComponent { component_type: RATING, categories: &[], entries: &entries }];
        updater.insert(node, &NodeFacts { kind: 0, components: &components });
    }
    updater.finish()
}

fn many(index: &Index, component_type: u32, property: u32, value: &Value) -> Bitmap {
    index.equals(component_type, property, value).as_deref().map(Postings::to_bitmap).expect("the value is indexed")
}

fn query(bench: &mut Criterion) {
    let (index, _) = index(0..NODES, &Index::default());
    println!("{:?}", index.heap_bytes());
    let blue = Value::from("color-7");
    let color = many(&index, VISUAL, COLOR, &blue);
    let kind = index.kind(3).expect("the kind is there");
    let (one, two) = (many(&index, RATING, SCORE, &Value::Int(1)), many(&index, RATING, SCORE, &Value::Int(2)));
    println!("kind {} color {} score {}", kind.len(), color.len(), one.len());
    let mut group = bench.benchmark_group("index/query");
    group.bench_function("kind and color, count", |bench| {
        bench.iter(|| {
            let color = index.equals(VISUAL, COLOR, black_box(&blue)).expect("the value is indexed");
            color.intersection_len(index.kind(black_box(3)).expect("the kind is there"))
        });
    });
    group.bench_function("kind and color, set", |bench| bench.iter(|| black_box(kind).and(&color)));
    group.bench_function("kind or color, set", |bench| bench.iter(|| black_box(kind).or(&color)));
    group.bench_function("kind not color, set", |bench| bench.iter(|| black_box(kind).and_not(&color)));
    group.bench_function("score and color, count", |bench| bench.iter(|| black_box(&one).intersection_len(&color)));
    group.bench_function("score and score, count", |bench| bench.iter(|| black_box(&one).intersection_len(&two)));
    group.bench_function("score and color, set", |bench| bench.iter(|| black_box(&one).and(&color)));
    group.bench_function("iterate kind", |bench| bench.iter(|| black_box(kind).iter().map(u64::from).sum::<u64>()));
    let score = index.property(RATING, SCORE).expect("the property is there");
    let above = (Bound::Excluded(Number::Int(50)), Bound::Unbounded);
    group.bench_function("score > 50, set", |bench| bench.iter(|| score.number_range(black_box(above.0), above.1)));
    group.bench_function("score > 50, count", |bench| {
        bench.iter(|| score.count_number_range(black_box(above.0), above.1));
    });
    group.finish();
}

fn unique(bench: &mut Criterion) {
    let index = unique_values(|node| i64::from(node.wrapping_mul(2_654_435_761)));
    let codes = index.property(RATING, CODE).expect("the property is there");
    println!("{} bytes a unique value", codes.heap_bytes() / NODES as usize);
    let mut group = bench.benchmark_group("index/unique");
    let mut node = 0u32;
    group.bench_function("lookup", |bench| {
        bench.iter(|| {
            node = (node + 7_919) % NODES;
            codes.equals(&Value::from(node.wrapping_mul(2_654_435_761))).map(|nodes| nodes.len())
        });
    });
    group.bench_function("range of 1%, set", |bench| {
        let (lower, upper) =
            (Bound::Included(Number::Int(1 << 30)), Bound::Excluded(Number::Int((1 << 30) + 42_949_673)));
        bench.iter(|| codes.number_range(black_box(lower), upper));
    });
    group.finish();
}

fn publish(bench: &mut Criterion) {
    let (index_1m, _) = index(0..NODES, &Index::default());
    println!("{} bytes copied a publication of 1000 nodes", index(NODES..NODES + 1000, &index_1m).1);
    let mut group = bench.benchmark_group("index/publish");
    group.bench_function("1000 new nodes", |bench| {
        bench.iter_batched(|| index_1m.clone(), |from| index(NODES..NODES + 1000, &from), BatchSize::SmallInput);
    });
    group.bench_function("1000 nodes from one score to another", |bench| {
        bench.iter(|| {
            let mut updater = index_1m.updater();
            for node in (0..1000).map(|n| n * 997) {
                let (before, after) = ([(SCORE, Value::from(pick(node, 3, 100)))], [(SCORE, Value::Int(100))]);
                let with = |entries| [FactComponent { component_type: RATING, categories: &[], entries }];
                let kind = pick(node, 1, 8);
                updater.replace(
                    node,
                    &NodeFacts { kind, components: &with(&before) },
                    &NodeFacts { kind, components: &with(&after) },
                );
            }
            updater.finish()
        });
    });
    group.finish();
}

criterion_group!(benches, build, query, unique, publish);
criterion_main!(benches);
