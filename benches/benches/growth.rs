//! What the engine does, group by group, at growing sizes, so that what grows with the graph is seen to.
//!
//! Sizes are nodes of a graph with as many edges, or events of a journal of single elements: 10K, 100K and 1M, and 10M for
//! opening a snapshot. `CIDGRAPH_BENCH_SIZES=10000,100000` runs these alone. What a filter leaves out is not built.

#![expect(clippy::print_stdout, reason = "bytes stand beside the times")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;

use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::topology::Topology;
use cidgraph::{
    Cid, Draft, Engine, EventStore, GraphAggregate, GraphCommand, GraphEvent, GraphId, HashKind, Limits, Moment, Name,
    NodeUpdate, Snapshot,
};
use cidgraph_harness::random::Random;
use cidgraph_harness::section::{EngineService, GraphFixture, GraphService, SnapshotFile, question, verify_log};
use cidgraph_harness::workload::{COLORS, GraphWorkload, KINDS, QueryDraw, VISUAL, transaction_of};
use cidgraph_store_memory::MemoryStore;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What every group is run at, unless it is said otherwise.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];

/// What opening is run at beside these.
const LARGEST: u64 = 10_000_000;

/// `cargo test` runs every bench once.
const SMALL: u64 = 1000;

const SEED: u64 = 42;

/// Returns the sizes to run at, and those of opening.
fn sizes() -> (Vec<u64>, Vec<u64>) {
    if !std::env::args().any(|argument| argument == "--bench") {
        return (vec![SMALL], vec![SMALL]);
    }
    let Ok(asked) = std::env::var("CIDGRAPH_BENCH_SIZES") else {
        return (SIZES.to_vec(), SIZES.into_iter().chain([LARGEST]).collect());
    };
    let asked: Vec<u64> = asked.split(',').map(|size| size.trim().parse().expect("sizes are numbers")).collect();
    (asked.clone(), asked)
}

/// A log of single elements.
#[derive(Clone)]
struct Journal {
    store: Arc<dyn EventStore>,
    workload: GraphWorkload,
}

/// What is built once, when the first that needs it runs.
struct Built {
    runtime: Runtime,
    graphs: RefCell<BTreeMap<u64, GraphFixture>>,
    journals: RefCell<BTreeMap<u64, Journal>>,
    files: TempDir,
}

impl Built {
    fn graph(&self, size: u64) -> GraphFixture {
        let build = || {
            let store = Arc::new(MemoryStore::new());
            self.runtime.block_on(GraphFixture::build(store, "growth", size, size, SEED)).expect("it is built")
        };
        self.graphs.borrow_mut().entry(size).or_insert_with(build).clone()
    }

    fn journal(&self, size: u64) -> Journal {
        let build = || {
            let nodes = size / 6;
            let workload = GraphWorkload::new("journal", nodes, size - nodes, SEED);
            let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
            let service = EngineService::new(Engine::new(Arc::clone(&store)));
            self.runtime.block_on(async {
                for transaction in workload.transactions() {
                    service.apply(transaction).await.expect("it is applied");
                }
                service.engine().close().await;
            });
            Journal { store, workload }
        };
        self.journals.borrow_mut().entry(size).or_insert_with(build).clone()
    }

    /// Returns the file of a graph that need not stay.
    fn file(&self, size: u64) -> PathBuf {
        let fixture = match self.graphs.borrow().get(&size) {
            Some(fixture) => fixture.clone(),
            None => {
                let store = Arc::new(MemoryStore::new());
                let build = GraphFixture::build(store, "growth", size, size, SEED);
                self.runtime.block_on(build).expect("it is built")
            }
        };
        SnapshotFile::write(&fixture, self.files.path()).expect("it is written").path().to_owned()
    }
}

fn append(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    let mut number = 0;
    for size in sizes {
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let fixture = built.graph(*size);
            bencher.iter(|| {
                number += 1;
                let node = number % size;
                let component_type = Name::new_static(VISUAL);
                let set = fixture.nodes.changed_visual(node, number);
                let update = NodeUpdate { node: fixture.nodes.id(node), component_type, set, unset: Vec::new() };
                let command = GraphCommand::UpdateNode { update };
                let transaction = transaction_of(fixture.workload.graph, SEED ^ 0xa99e, number, vec![command]);
                built.runtime.block_on(fixture.service.apply(transaction)).expect("it is applied")
            });
        });
    }
    group.finish();
}

fn chain(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("chain");
    for size in sizes {
        group.sample_size(10).throughput(Throughput::Elements(*size));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let Journal { store, .. } = built.journal(*size);
            bencher.iter(|| built.runtime.block_on(verify_log(store.as_ref())).expect("it is whole"));
        });
    }
    group.finish();
}

fn replay(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("replay");
    for size in sizes {
        group.sample_size(10).throughput(Throughput::Elements(*size));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let Journal { store, workload } = built.journal(*size);
            bencher.iter(|| {
                built.runtime.block_on(async {
                    let engine = Engine::new(Arc::clone(&store));
                    let nodes = engine.load_graph(workload.graph).await.expect("it is there").view().node_count();
                    engine.close().await;
                    nodes
                })
            });
        });
    }
    group.finish();
}

fn draft(graph: GraphId) -> GraphAggregate {
    GraphAggregate::fresh(graph, Limits::default(), ComponentRegistry::default(), None).0
}

/// Publishes what was applied up to a version.
fn publish(aggregate: &mut GraphAggregate, version: u64) {
    let cid = Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes());
    aggregate.publish(Head { version, cid }, version);
}

/// Returns the events of a journal as they are decided, by transaction.
fn decided(workload: &GraphWorkload) -> Vec<Vec<GraphEvent>> {
    let mut aggregate = draft(workload.graph);
    let mut version = 0;
    let mut transactions = Vec::new();
    for transaction in workload.transactions() {
        let mut events = Vec::new();
        for command in &transaction.commands {
            for event in aggregate.decide(command).expect("it is allowed") {
                version += 1;
                aggregate.apply(&event, version).expect("it was decided");
                events.push(event);
            }
        }
        publish(&mut aggregate, version);
        transactions.push(events);
    }
    transactions
}

fn project(criterion: &mut Criterion, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("project");
    for size in sizes {
        group.sample_size(10).throughput(Throughput::Elements(*size));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let workload = GraphWorkload::new("journal", size / 6, size - size / 6, SEED);
            let transactions = decided(&workload);
            bencher.iter_with_large_drop(|| {
                let mut aggregate = draft(workload.graph);
                let mut version = 0;
                for events in &transactions {
                    for event in events {
                        version += 1;
                        aggregate.apply(event, version).expect("it was decided");
                    }
                    publish(&mut aggregate, version);
                }
                aggregate
            });
        });
    }
    group.finish();
}

fn query(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("query");
    for size in sizes {
        let mut random = Random::new(SEED);
        group.bench_function(BenchmarkId::new("point", size), |bencher| {
            let (fixture, model) = (built.graph(*size), built.graph(*size).graph.read());
            bencher.iter(|| {
                let node = fixture.nodes.id(random.below(*size));
                black_box(model.get(node).map(|node| (node.index(), node.kind().len())))
            });
        });
        group.bench_function(BenchmarkId::new("AND count", size), |bencher| {
            let model = built.graph(*size).graph.read();
            let count = question(QueryDraw::Count { kind: KINDS[0], color: COLORS[3] });
            bencher.iter(|| model.query(black_box(&count)).expect("it has an answer"));
        });
        group.bench_function(BenchmarkId::new("2-hop out", size), |bencher| {
            let (fixture, model) = (built.graph(*size), built.graph(*size).graph.read());
            bencher.iter(|| {
                let node = fixture.nodes.id(random.below(*size));
                model.query(&question(QueryDraw::TwoHops { node })).expect("it has an answer")
            });
        });
    }
    group.finish();
}

fn cache(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("cache");
    for size in sizes {
        group.bench_function(BenchmarkId::new("hit", size), |bencher| {
            let fixture = built.graph(*size);
            let count = question(QueryDraw::Count { kind: KINDS[0], color: COLORS[3] });
            bencher.iter(|| fixture.graph.query(black_box(&count)).expect("it has an answer"));
        });
    }
    group.finish();
}

fn snapshot_open(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("snapshot_open");
    for size in sizes {
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            let path = built.file(*size);
            let nodes = GraphWorkload::new("growth", *size, *size, SEED).node_source();
            let mut random = Random::new(SEED);
            bencher.iter(|| {
                let model = Snapshot::map(&path).expect("it opens").read(ComponentRegistry::default());
                let kind = model.get(nodes.id(random.below(*size))).map(|node| node.kind().len());
                kind.expect("the node is there")
            });
        });
    }
    group.finish();
}

fn history(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("history");
    for size in sizes {
        let mut random = Random::new(SEED);
        let mut version = move || Moment::Version(2 + random.below(size - 2));
        group.sample_size(10);
        group.bench_function(BenchmarkId::new("state, fresh engine, no snapshot", size), |bencher| {
            let Journal { store, workload } = built.journal(*size);
            bencher.iter(|| {
                let engine = Engine::new(Arc::clone(&store));
                let model = built.runtime.block_on(engine.history(workload.graph).at(version()));
                model.expect("it was so").node_count()
            });
        });
        group.sample_size(100);
        group.bench_function(BenchmarkId::new("state, the same engine", size), |bencher| {
            let Journal { store, workload } = built.journal(*size);
            let past = Engine::new(store).history(workload.graph);
            built.runtime.block_on(past.at(Moment::Version(*size))).expect("it was so");
            bencher.iter(|| built.runtime.block_on(past.at(version())).expect("it was so").node_count());
        });
    }
    group.finish();
}

fn memory(criterion: &mut Criterion, built: &Built, sizes: &[u64]) {
    let mut group = criterion.benchmark_group("memory");
    group.sample_size(10);
    for size in sizes {
        group.bench_function(BenchmarkId::new("ledger", size), |bencher| {
            let view = built.graph(*size).view();
            let ledger = || {
                let mut ledger = cidgraph::MemoryLedger::default();
                view.enter(&mut ledger);
                ledger.total()
            };
            println!("{size} nodes and edges: {} bytes in memory for each node", ledger() / size);
            bencher.iter(ledger);
        });
    }
    group.finish();
}

fn growth(criterion: &mut Criterion) {
    let built = Built {
        runtime: Runtime::new().expect("the system gives threads"),
        graphs: RefCell::default(),
        journals: RefCell::default(),
        files: TempDir::new().expect("the disk has room"),
    };
    let (sizes, to_open) = sizes();
    chain(criterion, &built, &sizes);
    replay(criterion, &built, &sizes);
    project(criterion, &sizes);
    query(criterion, &built, &sizes);
    cache(criterion, &built, &sizes);
    memory(criterion, &built, &sizes);
    snapshot_open(criterion, &built, &to_open);
    history(criterion, &built, &sizes);
    append(criterion, &built, &sizes);
}

criterion_group!(benches, growth);
criterion_main!(benches);
