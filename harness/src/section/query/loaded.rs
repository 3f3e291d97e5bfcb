//! Queries while events arrive at the same graph, beside the same queries on the same graph at rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cidgraph::topology::Topology;
use cidgraph::{GraphCommand, Name, NodeUpdate};

use super::question::question;
use crate::load::{Arrival, OpenLoop, OpenLoopResult, run_open_loop};
use crate::measure::{Distribution, Stopwatch};
use crate::number;
use crate::random::Random;
use crate::section::{GraphFixture, GraphService, SectionOutcome};
use crate::target::Reached;
use crate::workload::{QueryDraw, VISUAL, WorkloadTransaction, transaction_of};

/// The rate that the bar is about, events a second.
const RATE_ASKED: f64 = 10_000.0;

/// Queries a second that the one reader asks.
const QUERIES_A_SECOND: u64 = 1000;

/// Asks for `duration` at rest, then for as long while `rate` events a second arrive, one in a transaction.
///
/// The reader is a thread of its own and takes a fresh view for every query; nothing is cached.
pub async fn loaded_queries(fixture: &GraphFixture, rate: f64, duration: Duration) -> SectionOutcome {
    let mut outcome = SectionOutcome::new("query");
    let watch = Stopwatch::start();
    let idle_reader = Reader::start(fixture);
    tokio::time::sleep(duration).await;
    let idle = idle_reader.stop().await;
    let plan = OpenLoop { arrival: Arrival::Poisson, ..OpenLoop::new(rate, duration, fixture.workload.seed) };
    let loaded_reader = Reader::start(fixture);
    let arrived = run_open_loop(&plan, command(fixture)).await;
    let loaded = loaded_reader.stop().await;
    report(&mut outcome, fixture, &plan, &arrived, &idle, &loaded);
    outcome.timed(&watch)
}

fn report(
    outcome: &mut SectionOutcome,
    fixture: &GraphFixture,
    plan: &OpenLoop,
    arrived: &OpenLoopResult,
    idle: &Distribution,
    loaded: &Distribution,
) {
    let view = fixture.view();
    let reached = Reached {
        nodes: number::count(view.node_count()),
        edges: number::count(view.edge_count()),
        rate: plan.rate,
        seconds: plan.duration.as_secs_f64(),
        falls_short: (plan.rate < RATE_ASKED).then_some("fewer than 10K events/s"),
        ..Reached::default()
    };
    let p99 = |distribution: &Distribution| number::float(distribution.quantile_ns(0.99));
    let ratio = p99(loaded) / p99(idle).max(1.0);
    let conditions = format!(
        "p99 {} against {} at rest, {} of {} events answered, append p99 {}",
        number::duration(p99(loaded)),
        number::duration(p99(idle)),
        number::short(arrived.answered - arrived.errors),
        number::short(arrived.due),
        number::duration(p99(&arrived.latency))
    );
    outcome.measure("loaded_query_ratio", ratio, reached, conditions);
    outcome.report.lower("loaded_query_p99_ratio", "", ratio, Vec::new());
    outcome.histogram("mixed classes, at rest, paced", idle);
    outcome.histogram("mixed classes, while events arrive", loaded);
    outcome.histogram("append to the graph that is asked", &arrived.latency);
}

/// Returns what sends change number `number`.
fn command(
    fixture: &GraphFixture,
) -> impl Fn(u64) -> futures::future::BoxFuture<'static, Result<(), crate::section::ServiceError>> + Send + Sync + use<>
{
    let shared = Arc::new((fixture.service.clone(), fixture.nodes.clone(), fixture.workload.clone()));
    move |number| {
        let shared = Arc::clone(&shared);
        let transaction = change(&shared.1, shared.2.nodes, shared.2.seed ^ 0x10ad_ed00, number);
        Box::pin(async move { shared.0.apply(transaction).await.map(drop) })
    }
}

/// Returns change number `number` of a graph of `count` nodes: an update of a node or, one time in five, a new edge.
pub(in crate::section) fn change(
    nodes: &crate::workload::NodeSource,
    count: u64,
    seed: u64,
    number: u64,
) -> WorkloadTransaction {
    let mut random = Random::at(seed, number);
    let node = random.below(count);
    let command = if random.below(5) == 0 {
        let target = nodes.id(random.below(count));
        GraphCommand::ConnectEdge { edge: cidgraph::EdgeEntity::new(nodes.id(node), "knows", target) }
    } else {
        let set = nodes.changed_visual(node, number);
        let component_type = Name::new_static(VISUAL);
        GraphCommand::UpdateNode { update: NodeUpdate { node: nodes.id(node), component_type, set, unset: Vec::new() } }
    };
    transaction_of(nodes.graph(), seed, number, vec![command])
}

/// A thread that asks until it is told to stop.
struct Reader {
    stop: Arc<AtomicBool>,
    thread: tokio::task::JoinHandle<Distribution>,
}

impl Reader {
    fn start(fixture: &GraphFixture) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, fixture) = (Arc::clone(&stop), fixture.clone());
        Self { stop, thread: tokio::task::spawn_blocking(move || ask_until(&fixture, &told)) }
    }

    async fn stop(self) -> Distribution {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.await.expect("the reader does not panic")
    }
}

fn ask_until(fixture: &GraphFixture, stop: &AtomicBool) -> Distribution {
    let mut random = Random::new(fixture.workload.seed ^ 0x0004_ead5);
    let mut distribution = Distribution::new();
    let (start, mut number) = (Instant::now(), 0);
    while !stop.load(Ordering::Relaxed) {
        let due = start + Duration::from_nanos(number * 1_000_000_000 / QUERIES_A_SECOND);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let query = question(QueryDraw::draw(&fixture.nodes, fixture.workload.nodes, &mut random));
        let started = Instant::now();
        let answer = std::hint::black_box(fixture.graph.read().query(&query));
        distribution.record(number::nanoseconds(started.elapsed()));
        drop(answer);
        number += 1;
    }
    distribution
}
