//! Queries that look at many nodes, on one thread and on all that there are; look-ups of nodes that are there and of such
//! that are not; and queries of an old version of a long history.
//!
//! A filter alone stands beside the look-ups: what one in front of them could save is the difference.
//!
//! Sizes are nodes or events: 100K and 1M. `CIDGRAPH_BENCH_SIZES=100000` runs that alone.

#![expect(clippy::print_stdout, reason = "how long a graph took to build stands beside the queries of it")]

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;

use cidgraph::algorithm::Direction;
use cidgraph::pool::ComponentRegistry;
use cidgraph::store::Head;
use cidgraph::{
    Cid, Draft, Engine, EventStore, GraphAggregate, GraphCommand, GraphMetadata, GraphQuery, GraphReadModel, GraphView,
    HashKind, Limits, NodeEntity, NodeId, NodeQuery, NodeUpdate, OrderBy, Snapshot, Value,
};
use cidgraph_harness::random::Random;
use cidgraph_harness::section::GraphFixture;
use cidgraph_harness::workload::{GraphWorkload, VISUAL};
use cidgraph_store_memory::MemoryStore;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rayon::{ThreadPool, ThreadPoolBuilder};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What every group is run at, unless it is said otherwise.
const SIZES: [u64; 2] = [100_000, 1_000_000];

/// `cargo test` runs every bench once.
const SMALL: u64 = 6000;

const SEED: u64 = 42;

/// Look-ups that a warm row repeats.
const WARM: usize = 1000;

/// Edges for each node of the graph that is looked through.
const EDGES: u64 = 5;

fn sizes() -> Vec<u64> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return vec![SMALL];
    }
    let Ok(asked) = std::env::var("CIDGRAPH_BENCH_SIZES") else { return SIZES.to_vec() };
    asked.split(',').map(|size| size.trim().parse().expect("sizes are numbers")).collect()
}

fn built(runtime: &Runtime, size: u64) -> GraphFixture {
    let build = GraphFixture::build(Arc::new(MemoryStore::new()), "scans", size, EDGES * size, SEED);
    let fixture = runtime.block_on(build).expect("it is built");
    println!("{size} nodes and {} edges: ingested in {:?}", EDGES * size, fixture.ingested);
    fixture
}

/// A blocked Bloom filter of ten bits a key: four bits in one word, of which there is one for every six keys.
struct Filter(Vec<u64>);

impl Filter {
    fn of(ids: impl ExactSizeIterator<Item = NodeId>) -> Self {
        let mut words = vec![0; ids.len() * 10 / 64 + 1];
        for id in ids {
            let (word, bits) = Self::place(&words, id);
            words[word] |= bits;
        }
        Self(words)
    }

    fn may_hold(&self, id: NodeId) -> bool {
        let (word, bits) = Self::place(&self.0, id);
        self.0[word] & bits == bits
    }

    /// Ids are hashes: a product of their halves mixes them enough.
    fn place(words: &[u64], id: NodeId) -> (usize, u64) {
        let (high, low) = id.as_bytes().split_at(8);
        let half = |half: &[u8]| u64::from_le_bytes(half.try_into().expect("it is half of sixteen bytes"));
        let hash = half(low).wrapping_mul(half(high) | 1);
        let word = (u128::from(hash) * words.len() as u128) >> 64;
        let bits = (0..4).fold(0, |bits, part| bits | 1 << (hash >> (6 * part) & 63));
        (usize::try_from(word).expect("it is below the number of words"), bits)
    }
}

/// Builds a graph of nodes whose tags are lists, which no index orders.
fn tagged(runtime: &Runtime, size: u64) -> GraphReadModel {
    let engine = Engine::new(Arc::new(MemoryStore::new()) as Arc<dyn EventStore>);
    runtime.block_on(async {
        let graph = engine.create_graph(GraphMetadata::named("tagged")).await.expect("it is created");
        for start in (0..size).step_by(1000) {
            let node = |number: u64| {
                let tags = Value::List((0..3).map(|tag| Value::Int((number % 1000 + tag).cast_signed())).collect());
                NodeEntity::new(NodeId::from_u64(number + 1), "Document").with("Tags", [("all", tags)])
            };
            let nodes = (start..size.min(start + 1000)).map(node).collect();
            engine.command(graph, GraphCommand::AddNodes { nodes }).await.expect("they are added");
        }
        engine.get_graph(graph).await.expect("it is there")
    })
}

fn one_thread() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(1).build().expect("the system gives a thread")
}

/// Asks on one thread and on all.
fn on_threads(criterion: &mut Criterion, name: &str, size: u64, model: &GraphReadModel, query: &GraphQuery) {
    let mut group = criterion.benchmark_group(format!("scan/{name}"));
    group.sample_size(10);
    let alone = one_thread();
    let ask = || model.query(black_box(query)).expect("it has an answer");
    assert!(alone.install(ask) == ask(), "answers do not depend on threads");
    group.bench_function(BenchmarkId::new("1 thread", size), |bencher| {
        alone.install(|| bencher.iter_with_large_drop(ask));
    });
    let threads = rayon::current_num_threads();
    group.bench_function(BenchmarkId::new(format!("{threads} threads"), size), |bencher| {
        bencher.iter_with_large_drop(ask);
    });
    group.finish();
}

fn scans(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the system gives threads");
    for size in sizes() {
        let model = tagged(&runtime, size);
        let tags = Value::List(vec![Value::Int(5), Value::Int(6), Value::Int(7)]);
        let unindexed = GraphQuery::Count(cidgraph::Criterion::equals("Tags", "all", tags));
        on_threads(criterion, "a list that no index has", size, &model, &unindexed);
        drop(model);
        let fixture = built(&runtime, size);
        let model = fixture.graph.read();
        let all = || NodeQuery::of(cidgraph::Criterion::All);
        let score = || OrderBy::Property { component: VISUAL.into(), property: "score".into() };
        let queries = [
            ("10 of the highest score", GraphQuery::Nodes(all().order_by(score(), true).limit(10))),
            ("ids by score", GraphQuery::Nodes(all().order_by(score(), true).ids_only())),
            ("copies of all nodes", GraphQuery::Nodes(all())),
            (
                "breadth first from a node",
                GraphQuery::BreadthFirst { node: fixture.nodes.id(size / 2), direction: Direction::Both },
            ),
            ("metrics", GraphQuery::Metrics),
        ];
        for (name, query) in queries {
            on_threads(criterion, name, size, &model, &query);
        }
    }
}

/// Looks nodes up that are there, and ids that no node has.
fn look_ups(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("the system gives threads");
    let folder = TempDir::new().expect("the disk has room");
    for size in sizes() {
        let fixture = built(&runtime, size);
        let path = folder.path().join(format!("{size}.snapshot"));
        Snapshot::write(&fixture.view(), &ComponentRegistry::default(), &path).expect("it is written");
        let mapped = Snapshot::map(&path).expect("it opens").read(ComponentRegistry::default());
        let mut random = Random::new(SEED);
        let drawn = usize::try_from(size).expect("it is small");
        let there: Vec<NodeId> = (0..drawn).map(|_| fixture.nodes.id(random.below(size))).collect();
        let absent: Vec<NodeId> = (0..size).map(|number| fixture.nodes.id(size + number)).collect();
        let filter = Filter::of((0..drawn).map(|number| fixture.nodes.id(number as u64)));
        assert!(there.iter().all(|id| filter.may_hold(*id)), "a filter misses nothing");
        let wrong = absent.iter().filter(|id| filter.may_hold(**id)).count();
        println!(
            "{size} nodes: the filter lets {:.1} % of absent ids pass",
            100.0 * wrong as f64 / absent.len() as f64
        );
        let mut group = criterion.benchmark_group("look-up/a filter alone");
        for (name, ids) in [("there", &there), ("not there", &absent)] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                let mut next = ids.iter().cycle();
                bencher.iter(|| filter.may_hold(*next.next().expect("it goes round")));
            });
        }
        group.finish();
        for (place, model) in [("live", fixture.graph.read()), ("mapped", mapped)] {
            let mut group = criterion.benchmark_group(format!("look-up/{place}"));
            for (name, ids) in [("there", &there), ("not there", &absent)] {
                for (kind, ids) in [("", ids.as_slice()), (", warm", &ids[..WARM.min(ids.len())])] {
                    group.bench_function(BenchmarkId::new(format!("{name}{kind}"), size), |bencher| {
                        let mut next = ids.iter().cycle();
                        bencher.iter(|| model.get(*next.next().expect("it goes round")).is_some());
                    });
                }
            }
            group.finish();
        }
    }
}

/// Returns the end of a history in which nodes come, are joined, and change: a sixth, a half and a third of its events.
fn history(size: u64) -> GraphView {
    let workload = GraphWorkload { transaction_elements: 1, ..GraphWorkload::new("old", size / 6, size / 2, SEED) };
    let (aggregate, reader) =
        GraphAggregate::fresh(workload.graph, Limits::default(), ComponentRegistry::default(), None);
    let mut aggregate = aggregate.folding_above(usize::MAX);
    let (nodes, mut random) = (workload.node_source(), Random::new(SEED));
    let (mut version, mut added) = (0, 0);
    let mut apply = |command: &GraphCommand| {
        for event in aggregate.decide(command).expect("it is allowed") {
            version += 1;
            aggregate.apply(&event, version).expect("it was decided");
        }
        let cid = Cid::of_block(HashKind::Sha2_256, &version.to_be_bytes());
        aggregate.publish(Head { version, cid }, version);
    };
    for (number, transaction) in (0..).zip(workload.transactions()) {
        for command in &transaction.commands {
            added += u64::from(matches!(command, GraphCommand::AddNode { .. }));
            apply(command);
        }
        if number % 2 == 0 && added > 0 {
            let node = random.below(added);
            let set = nodes.changed_visual(node, number);
            let update = NodeUpdate { node: nodes.id(node), component_type: VISUAL.into(), set, unset: Vec::new() };
            apply(&GraphCommand::UpdateNode { update });
        }
    }
    reader.view()
}

/// Asks a history in a file for the nodes of a kind and a color at old versions, each anew.
fn old_versions(criterion: &mut Criterion) {
    let folder = TempDir::new().expect("the disk has room");
    for size in sizes() {
        let path = folder.path().join(format!("{size}.history"));
        let view = history(size);
        Snapshot::write_history(&view, &ComponentRegistry::default(), &path).expect("it is written");
        drop(view);
        let view = Snapshot::map(&path).expect("it opens").view();
        let mut random = Random::new(SEED);
        let mut group = criterion.benchmark_group("old version");
        group.sample_size(20);
        let kind = cidgraph::Criterion::kind("Person");
        let color = kind.clone().and(cidgraph::Criterion::equals(VISUAL, "color", "red"));
        for (name, criterion) in [("count of a kind", kind), ("count of a kind and a color", color)] {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| {
                    let past = view.at_version(2 + random.below(view.version() - 2)).expect("it reaches so far back");
                    GraphReadModel::new(past, ComponentRegistry::default()).count(&criterion)
                });
            });
        }
        let middle = view.at_version(view.version() / 2).expect("it reaches so far back");
        let middle = GraphReadModel::new(middle, ComponentRegistry::default());
        let kinds: BTreeSet<_> = cidgraph_harness::workload::KINDS.into_iter().collect();
        group.bench_function(BenchmarkId::new("count of each kind, again", size), |bencher| {
            bencher.iter(|| kinds.iter().map(|kind| middle.count(&cidgraph::Criterion::kind(*kind))).sum::<usize>());
        });
        group.finish();
    }
}

criterion_group!(benches, scans, look_ups, old_versions);
criterion_main!(benches);
