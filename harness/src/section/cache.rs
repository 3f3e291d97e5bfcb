//! What a cached answer costs, and how many answers come from the cache while the graph changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use cidgraph::topology::Topology;
use cidgraph::{GraphCommand, GraphQuery, MetricsSnapshot, Name, NodeUpdate, Operation};

use super::context::SectionOutcome;
use super::fixture::GraphFixture;
use super::query::question;
use super::service::{GraphService, ServiceError};
use crate::measure::{Stopwatch, mean_of_calls};
use crate::number;
use crate::random::{Random, Zipf};
use crate::target::Reached;
use crate::workload::{QueryDraw, VISUAL, transaction_of};

/// Different queries: as many as the cache keeps answers.
const KEYS: u64 = 10_000;

/// How hot the first queries are.
const ZIPF_EXPONENT: f64 = 0.99;

/// The share of operations that are updates of a node.
const WRITE_SHARE: f64 = 0.05;

/// Different queries of the mix that shares footprints, and the share of updates in it.
const SHARED_KEYS: u64 = 20_000;
const SHARED_WRITE_SHARE: f64 = 0.01;

/// How many of each mix's hottest queries are compared with recomputation in the end.
const STALE_KEYS: u64 = 2_000;

/// Entries among which a hit is timed.
const HOT: u64 = 1024;

/// What the seed is mixed with, so that these draws are not those of other sections.
const SALT: u64 = 0x00ca_c4ed;

/// How often each operation was asked.
type Tally = BTreeMap<&'static str, (Operation, u64)>;

/// What is asked and updated, and how often.
#[derive(Debug, Clone, Copy)]
enum Mix {
    /// Look-ups of different nodes; an update touches the node of one of them.
    Apart,
    /// All kinds of queries; an update touches every count and range that the node is in.
    Shared,
}

impl Mix {
    const fn keys(self) -> u64 {
        match self {
            Self::Apart => KEYS,
            Self::Shared => SHARED_KEYS,
        }
    }

    const fn write_share(self) -> f64 {
        match self {
            Self::Apart => WRITE_SHARE,
            Self::Shared => SHARED_WRITE_SHARE,
        }
    }

    fn query(self, fixture: &GraphFixture, rank: u64) -> GraphQuery {
        match self {
            Self::Apart => GraphQuery::Node(fixture.nodes.id(node_of(fixture, rank))),
            Self::Shared => query(fixture, rank),
        }
    }

    /// Returns the node that the next update is of.
    fn updated(self, fixture: &GraphFixture, zipf: &Zipf, random: &mut Random) -> u64 {
        match self {
            Self::Apart => node_of(fixture, zipf.draw(random)),
            Self::Shared => random.quadratic_below(fixture.workload.nodes),
        }
    }
}

/// Returns the node that the query of a rank looks up; the nodes lie all over the graph.
fn node_of(fixture: &GraphFixture, rank: u64) -> u64 {
    rank * (fixture.workload.nodes / KEYS).max(1) % fixture.workload.nodes
}

/// Measures hits on Zipf mixes of `operations` queries and updates of a graph, after as many to warm up, and compares
/// the answers that are kept in the end with recomputation.
///
/// # Errors
/// The engine's first.
///
/// # Panics
/// Where the engine does not know a node of the workload.
pub async fn cached_queries(fixture: &GraphFixture, operations: u64) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("cache");
    let watch = Stopwatch::start();
    let view = fixture.view();
    let (nodes, edges) = (number::count(view.node_count()), number::count(view.edge_count()));
    let reached = Reached { nodes, edges, ..Reached::default() };
    drop(view);
    for mix in [Mix::Shared, Mix::Apart] {
        run(fixture, mix, 0, operations).await?;
        let before = fixture.service.engine().metrics();
        let tally = run(fixture, mix, operations, operations).await?;
        report_hits(&mut outcome, mix, reached, &tally, &before, &fixture.service.engine().metrics());
    }
    report_stale(fixture, &mut outcome, reached)?;
    time_hits(fixture, &mut outcome, reached);
    Ok(outcome.timed(&watch))
}

fn report_hits(
    outcome: &mut SectionOutcome,
    mix: Mix,
    reached: Reached,
    tally: &Tally,
    before: &MetricsSnapshot,
    after: &MetricsSnapshot,
) {
    let hits = after.cache.hits - before.cache.hits;
    let asked = hits + after.cache.misses - before.cache.misses;
    let share = |hits: u64, asked: u64| 100.0 * number::float(hits) / number::float(asked.max(1));
    let conditions = format!(
        "{} different queries, Zipf {ZIPF_EXPONENT}, {} % updates, {} asked, {} invalidated",
        number::short(mix.keys()),
        number::readable(mix.write_share() * 100.0),
        number::short(asked),
        number::short(after.cache.invalidations - before.cache.invalidations)
    );
    if matches!(mix, Mix::Apart) {
        outcome.measure("cache_hits", share(hits, asked), reached, conditions);
        outcome.report.higher("cache_hits", "%", share(hits, asked), Vec::new());
        return;
    }
    outcome.report.higher("cache_hits_shared", "%", share(hits, asked), Vec::new());
    let by_class = tally.iter().map(|(class, &(operation, asked))| {
        let computed = after.operation(operation).count - before.operation(operation).count;
        format!("{class} {} % of {}", number::readable(share(asked - computed, asked)), number::short(asked))
    });
    let by_class = by_class.collect::<Vec<_>>().join(", ");
    outcome.report.notes.push(format!(
        "Hits where queries of all kinds share what they rest on ({conditions}): {by_class}. An update of a node's color \
         and score ends every count of the two colors and of every range that one of the two scores lies in."
    ));
}

/// Compares every answer as the cache gives it with one computed anew.
fn report_stale(fixture: &GraphFixture, outcome: &mut SectionOutcome, reached: Reached) -> Result<(), ServiceError> {
    let queries = [Mix::Apart, Mix::Shared].into_iter().flat_map(|mix| (0..STALE_KEYS).map(move |rank| (mix, rank)));
    let model = fixture.graph.read();
    let mut stale = 0;
    for (mix, rank) in queries {
        let query = mix.query(fixture, rank);
        let given = fixture.graph.query(&query).map_err(ServiceError::new)?;
        let computed = model.query(&query).map_err(ServiceError::new)?;
        stale += u64::from(*given != computed);
    }
    let compared = number::short(2 * STALE_KEYS);
    outcome.measure("cache_stale", number::float(stale), reached, format!("{compared} answers compared"));
    Ok(())
}

fn query(fixture: &GraphFixture, rank: u64) -> GraphQuery {
    let mut random = Random::at(fixture.workload.seed ^ SALT, rank);
    question(QueryDraw::draw(&fixture.nodes, fixture.workload.nodes, &mut random))
}

/// Asks and updates; operations are numbered from `first`.
async fn run(fixture: &GraphFixture, mix: Mix, first: u64, operations: u64) -> Result<Tally, ServiceError> {
    let zipf = Zipf::new(mix.keys(), ZIPF_EXPONENT);
    let queries: Vec<GraphQuery> = (0..mix.keys()).map(|rank| mix.query(fixture, rank)).collect();
    let mut tally = Tally::new();
    for number in first..first + operations {
        let mut random = Random::at(!fixture.workload.seed ^ SALT ^ mix.keys(), number);
        if random.chance(mix.write_share()) {
            update(fixture, number ^ mix.keys() << 40, mix.updated(fixture, &zipf, &mut random)).await?;
            continue;
        }
        let query = &queries[number::index(zipf.draw(&mut random))];
        let operation = query.operation();
        tally.entry(operation.name()).or_insert((operation, 0)).1 += 1;
        drop(fixture.graph.query(query).map_err(ServiceError::new)?);
    }
    Ok(tally)
}

async fn update(fixture: &GraphFixture, number: u64, node: u64) -> Result<(), ServiceError> {
    let set = fixture.nodes.changed_visual(node, number);
    let component_type = Name::new_static(VISUAL);
    let update = NodeUpdate { node: fixture.nodes.id(node), component_type, set, unset: Vec::new() };
    let commands = vec![GraphCommand::UpdateNode { update }];
    let transaction = transaction_of(fixture.workload.graph, !fixture.workload.seed ^ SALT, number, commands);
    fixture.service.apply(transaction).await.map(drop)
}

/// Times hits at the front door: the current version is read and the answer looked up. Queries whose answer the cache
/// does not keep, as it rests on too much, are left out and counted.
fn time_hits(fixture: &GraphFixture, outcome: &mut SectionOutcome, reached: Reached) {
    let ask = |query: &GraphQuery| fixture.graph.query(query).expect("the workload's nodes are there");
    let is_kept = |query: &GraphQuery| Arc::ptr_eq(&ask(query), &ask(query));
    let hot: Vec<GraphQuery> = (0..HOT).map(|rank| Mix::Apart.query(fixture, rank)).filter(is_kept).collect();
    let kept = number::count(hot.len());
    if kept == 0 {
        return;
    }
    let hit = mean_of_calls(5000, |call| ask(&hot[number::index(call % kept)]));
    let p50_ns = number::float(hit.quantile_ns(0.5));
    let p99 = number::duration(number::float(hit.quantile_ns(0.99)));
    let conditions = format!("median of means over 64 calls (p99 of them {p99}), {kept} hot entries");
    outcome.measure("cached_query", p50_ns / 1e3, reached, conditions.clone());
    outcome.measure("cached_query_bar", p50_ns, reached, conditions);
    outcome.report.lower("cached_query", "ns", p50_ns, Vec::new());
    outcome.histogram("hit, means over 64 calls", &hit);
    let refused = HOT - kept;
    outcome
        .report
        .notes
        .push(format!("Of the {HOT} hottest queries {refused} have answers that rest on too much to be kept."));
}
