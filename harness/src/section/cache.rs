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

/// Different queries of the mix; the cache keeps 10,000 answers.
const KEYS: u64 = 20_000;

/// How hot the first queries are.
const ZIPF_EXPONENT: f64 = 1.0;

/// The share of operations that are updates of a node.
const WRITE_SHARE: f64 = 0.01;

/// Entries among which a hit is timed.
const HOT: u64 = 1024;

/// What the seed is mixed with, so that these draws are not those of other sections.
const SALT: u64 = 0x00ca_c4ed;

/// How often each operation was asked.
type Tally = BTreeMap<&'static str, (Operation, u64)>;

/// Measures hits on a Zipf mix of `operations` queries and updates of a graph, after as many to warm up.
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
    mix(fixture, 0, operations).await?;
    let before = fixture.service.engine().metrics();
    let tally = mix(fixture, operations, operations).await?;
    report_hits(&mut outcome, reached, &tally, &before, &fixture.service.engine().metrics());
    time_hits(fixture, &mut outcome, reached);
    Ok(outcome.timed(&watch))
}

fn report_hits(
    outcome: &mut SectionOutcome,
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
        number::short(KEYS),
        number::readable(WRITE_SHARE * 100.0),
        number::short(asked),
        number::short(after.cache.invalidations - before.cache.invalidations)
    );
    outcome.measure("cache_hits", share(hits, asked), reached, conditions);
    outcome.report.higher("cache_hits", "%", share(hits, asked), Vec::new());
    let by_class = tally.iter().map(|(class, &(operation, asked))| {
        let computed = after.operation(operation).count - before.operation(operation).count;
        format!("{class} {} % of {}", number::readable(share(asked - computed, asked)), number::short(asked))
    });
    let by_class = by_class.collect::<Vec<_>>().join(", ");
    outcome.report.notes.push(format!(
        "Hits by class: {by_class}. An update of a node's color and score ends every count of the two colors and of \
         every range that one of the two scores lies in."
    ));
}

fn query(fixture: &GraphFixture, rank: u64) -> GraphQuery {
    let mut random = Random::at(fixture.workload.seed ^ SALT, rank);
    question(QueryDraw::draw(&fixture.nodes, fixture.workload.nodes, &mut random))
}

/// Asks and updates; operations are numbered from `first`.
async fn mix(fixture: &GraphFixture, first: u64, operations: u64) -> Result<Tally, ServiceError> {
    let zipf = Zipf::new(KEYS, ZIPF_EXPONENT);
    let mut tally = Tally::new();
    for number in first..first + operations {
        let mut random = Random::at(!fixture.workload.seed ^ SALT, number);
        if random.chance(WRITE_SHARE) {
            update(fixture, number, &mut random).await?;
            continue;
        }
        let query = query(fixture, zipf.draw(&mut random));
        let operation = query.operation();
        tally.entry(operation.name()).or_insert((operation, 0)).1 += 1;
        drop(fixture.graph.query(&query).map_err(ServiceError::new)?);
    }
    Ok(tally)
}

async fn update(fixture: &GraphFixture, number: u64, random: &mut Random) -> Result<(), ServiceError> {
    let node = random.quadratic_below(fixture.workload.nodes);
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
    let hot: Vec<GraphQuery> = (0..HOT).map(|rank| query(fixture, rank)).filter(is_kept).collect();
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
