//! The bridge: how many events a second go through it, and how long one takes while it is not full.
//!
//! The frame loop receives all the time, so what is measured is the hand-over and not the wait for a frame.

#![expect(clippy::print_stdout, reason = "the figure of the bar stands beside the times")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::{
    AsyncSyncBridge, BatchConfig, BridgeEvent, Component, Engine, FeedStart, GraphCommand, GraphId, GraphMetadata,
    GraphMutation, GraphUpdate, NodeEntity, NodeId, NodeView, Submission,
};
use cidgraph_store_memory::MemoryStore;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Transactions of one event each.
const EVENTS: u64 = 100_000;

/// Nodes that change again and again.
const NODES: u64 = 10_000;

/// Transactions in a millisecond of the measured stream, 100,000 a second, and how many milliseconds it goes on.
const EVENTS_A_TICK: u64 = 100;
const TICKS: u64 = 2_000;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn bridge(runtime: &Runtime) -> AsyncSyncBridge {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    AsyncSyncBridge::new(&engine, runtime.handle(), BatchConfig::default())
}

fn add(number: u64) -> GraphMutation {
    let node = NodeView {
        id: NodeId::from_u64(number),
        key: None,
        kind: "Person".into(),
        version: number,
        components: Vec::new(),
    };
    GraphMutation::NodeAdded { node }
}

fn recolour(number: u64) -> GraphMutation {
    let color = if number.is_multiple_of(2) { "blue" } else { "green" };
    GraphMutation::ComponentSet {
        node: NodeId::from_u64(number % NODES),
        component: Component::new("Visual", [("color", color)]),
    }
}

/// Receives until `version`, without a pause.
fn receive(bridge: &mut AsyncSyncBridge, version: u64, mut see: impl FnMut(&GraphUpdate)) {
    let mut seen = 0;
    while seen < version {
        for event in bridge.receive_events() {
            match event {
                BridgeEvent::Changed { update, .. } => {
                    see(&update);
                    seen = update.version;
                }
                BridgeEvent::Opened { .. } | BridgeEvent::Ended { .. } => {}
                BridgeEvent::Answered { .. } => unreachable!("nothing was asked"),
            }
        }
        std::thread::yield_now();
    }
}

/// Pushes transactions of one mutation each, and returns how long it takes until the last was received.
fn through(runtime: &Runtime, mutation: impl Fn(u64) -> GraphMutation) -> Duration {
    let mut bridge = bridge(runtime);
    let mut feed = bridge.local(GraphId::named("measured"));
    let transactions: Vec<Vec<GraphMutation>> = (0..EVENTS).map(|number| vec![mutation(number)]).collect();
    let start = Instant::now();
    let pushing = runtime.spawn(async move {
        for mutations in transactions {
            feed.push(0, mutations).await.expect("somebody receives");
        }
    });
    receive(&mut bridge, EVENTS, |_| ());
    let took = start.elapsed();
    runtime.block_on(pushing).expect("all were pushed");
    took
}

fn throughput(bench: &mut Criterion) {
    let runtime = runtime();
    let mut group = bench.benchmark_group("bridge/through");
    group.sample_size(10).throughput(Throughput::Elements(EVENTS));
    group.bench_function("structure", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| through(&runtime, add)).sum());
    });
    group.bench_function("style", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| through(&runtime, recolour)).sum());
    });
    let (engine, graph) = runtime.block_on(filled());
    group.bench_function("a store in memory, verified and applied", |bench| {
        bench.iter_custom(|rounds| (0..rounds).map(|_| followed(&runtime, &engine, graph)).sum());
    });
    group.finish();
}

/// Makes a graph of so many events, one a transaction.
async fn filled() -> (Engine, GraphId) {
    let engine = Engine::new(Arc::new(MemoryStore::new()));
    let graph = engine.create_graph(GraphMetadata::named("measured")).await.expect("it is created");
    let nodes =
        (1..EVENTS).map(|number| GraphCommand::AddNode { node: NodeEntity::new(NodeId::from_u64(number), "Person") });
    let submissions = nodes.map(|command| engine.submit(graph, Submission::one(engine.context(), command)));
    let mut answers = futures::stream::FuturesUnordered::from_iter(submissions);
    while let Some(answer) = futures::StreamExt::next(&mut answers).await {
        answer.expect("no rule forbids it");
    }
    drop(answers);
    (engine, graph)
}

fn followed(runtime: &Runtime, engine: &Engine, graph: GraphId) -> Duration {
    let mut bridge = AsyncSyncBridge::new(engine, runtime.handle(), BatchConfig::default());
    let start = Instant::now();
    bridge.follow(graph, FeedStart::AfterVersion(0));
    receive(&mut bridge, EVENTS, |_| ());
    start.elapsed()
}

/// Prints how long a transaction takes from the push to the frame loop, at a tenth of what goes through.
fn latency(_: &mut Criterion) {
    let runtime = runtime();
    let mut bridge = bridge(&runtime);
    let mut feed = bridge.local(GraphId::named("measured"));
    let start = Instant::now();
    let since = move || u64::try_from(start.elapsed().as_nanos()).expect("the bench is short");
    let pushing = runtime.spawn(async move {
        let mut ticks = tokio::time::interval(Duration::from_millis(1));
        for number in 0..TICKS * EVENTS_A_TICK {
            if number.is_multiple_of(EVENTS_A_TICK) {
                ticks.tick().await;
            }
            feed.push(since(), vec![add(number)]).await.expect("somebody receives");
        }
    });
    let mut waited_ns = Vec::new();
    receive(&mut bridge, TICKS * EVENTS_A_TICK, |update| waited_ns.push(since() - update.timestamp_ns));
    runtime.block_on(pushing).expect("all were pushed");
    waited_ns.sort_unstable();
    let at = |per_mille: usize| waited_ns[(waited_ns.len() - 1) * per_mille / 1000] as f64 / 1e3;
    println!(
        "bridge/hand-over at 100,000 transactions a second: p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs, max {:.1} µs",
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

criterion_group!(benches, throughput, latency);
criterion_main!(benches);
