//! What a cached answer costs, and how many answers come from the cache while the graph changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use cidgraph::cache::{CacheConfig, GraphCache, QueryCache};
use cidgraph::footprint::{ChangeObserver, Facet};
use cidgraph::topology::Topology;
use cidgraph::{
    AggregateId, EventStore, GraphCommand, GraphDrafts, GraphReader, GraphView, Name, NodeUpdate, Registry, Submission,
    SystemClock, Value, WriterConfig,
};

use super::context::SectionOutcome;
use super::query::{Asked, answer};
use super::service::ServiceError;
use crate::measure::{Stopwatch, mean_of_calls};
use crate::number;
use crate::random::{Random, Zipf};
use crate::target::Reached;
use crate::workload::{GraphWorkload, NodeSource, QueryDraw, VISUAL, WorkloadTransaction, transaction_of};

/// Different queries of the mix; the cache keeps 10,000 answers.
const KEYS: u64 = 20_000;

/// How hot the first queries are.
const ZIPF_EXPONENT: f64 = 1.0;

/// The share of operations that are updates of a node.
const WRITE_SHARE: f64 = 0.01;

/// Entries among which a hit is timed.
const HOT: u64 = 1024;

type Answers = GraphCache<QueryDraw, u64>;

/// How often each class was asked, and how often the cache had the answer.
type Tally = BTreeMap<&'static str, (u64, u64)>;

/// A graph whose changes a cache is told of.
struct Cached {
    registry: Registry<GraphDrafts>,
    reader: GraphReader,
    answers: Answers,
    asked: Asked,
    nodes: NodeSource,
    workload: GraphWorkload,
}

/// Replays the graph that `workload` built in `store`, with a cache that observes it, and measures hits on a Zipf mix of
/// `operations` queries and updates.
///
/// # Errors
/// The engine's first.
///
/// # Panics
/// Where the graph does not have the names of a workload.
pub async fn cached_queries(
    store: Arc<dyn EventStore>,
    workload: &GraphWorkload,
    operations: u64,
) -> Result<SectionOutcome, ServiceError> {
    let mut outcome = SectionOutcome::new("cache");
    let watch = Stopwatch::start();
    let cache = QueryCache::new(CacheConfig::default(), Arc::new(SystemClock));
    let cached = Cached::open(store, workload, cache.graph(workload.graph)).await?;
    let view = cached.reader.view();
    let (nodes, edges) = (number::count(view.node_count()), number::count(view.edge_count()));
    let reached = Reached { nodes, edges, ..Reached::default() };
    drop(view);
    cached.mix(0, operations).await?;
    let invalidations = cache.statistics().invalidations;
    let tally = cached.mix(operations, operations).await?;
    report_hits(&mut outcome, reached, &tally, cache.statistics().invalidations - invalidations);
    cached.time_hits(&mut outcome, reached);
    cached.registry.close_all().await;
    Ok(outcome.timed(&watch))
}

fn report_hits(outcome: &mut SectionOutcome, reached: Reached, tally: &Tally, invalidations: u64) {
    let share = |asked: u64, hits: u64| 100.0 * number::float(hits) / number::float(asked.max(1));
    let asked = tally.values().map(|(asked, _)| asked).sum();
    let all = share(asked, tally.values().map(|(_, hits)| hits).sum());
    let conditions = format!(
        "{} different queries, Zipf {ZIPF_EXPONENT}, {} % updates, {} asked, {} invalidated",
        number::short(KEYS),
        number::readable(WRITE_SHARE * 100.0),
        number::short(asked),
        number::short(invalidations)
    );
    outcome.measure("cache_hits", all, reached, conditions);
    outcome.report.higher("cache_hits", "%", all, Vec::new());
    let by_class = tally.iter().map(|(class, &(asked, hits))| {
        format!("{class} {} % of {}", number::readable(share(asked, hits)), number::short(asked))
    });
    let by_class = by_class.collect::<Vec<_>>().join(", ");
    outcome.report.notes.push(format!(
        "Hits by class: {by_class}. An update of a node's color and score ends every count of the two colors and every \
         range over scores."
    ));
}

impl Cached {
    async fn open(
        store: Arc<dyn EventStore>,
        workload: &GraphWorkload,
        answers: Answers,
    ) -> Result<Self, ServiceError> {
        let observer: Arc<dyn ChangeObserver> = Arc::new(answers.clone());
        let drafts = GraphDrafts { observer: Arc::new(move |_| Some(Arc::clone(&observer))), ..GraphDrafts::default() };
        let registry = Registry::new(store, drafts, WriterConfig::default(), Arc::new(SystemClock));
        let open = registry.open(AggregateId::from(workload.graph)).await.map_err(ServiceError::new)?;
        let asked = Asked::prepare(&open.reader.view()).expect("a workload's graph has its names");
        let (nodes, workload) = (workload.node_source(), workload.clone());
        Ok(Self { registry, reader: open.reader, answers, asked, nodes, workload })
    }

    fn query(&self, rank: u64) -> QueryDraw {
        QueryDraw::draw(&self.nodes, self.workload.nodes, &mut Random::at(self.workload.seed ^ 0x00ca_c4ed, rank))
    }

    /// Asks and updates; operations are numbered from `first`.
    async fn mix(&self, first: u64, operations: u64) -> Result<Tally, ServiceError> {
        let zipf = Zipf::new(KEYS, ZIPF_EXPONENT);
        let mut tally = Tally::new();
        for number in first..first + operations {
            let mut random = Random::at(self.workload.seed ^ 0x0000_3141, number);
            if random.chance(WRITE_SHARE) {
                self.update(number, &mut random).await?;
            } else {
                let draw = self.query(zipf.draw(&mut random));
                let (asked, hits) = tally.entry(draw.class()).or_default();
                *asked += 1;
                *hits += u64::from(self.ask(draw));
            }
        }
        Ok(tally)
    }

    async fn update(&self, number: u64, random: &mut Random) -> Result<(), ServiceError> {
        let node = random.quadratic_below(self.workload.nodes);
        let set = self.nodes.changed_visual(node, number);
        let component_type = Name::new_static(VISUAL);
        let update = NodeUpdate { node: self.nodes.id(node), component_type, set, unset: Vec::new() };
        let seed = self.workload.seed ^ 0x0000_3141;
        let command = vec![GraphCommand::UpdateNode { update }];
        let WorkloadTransaction { graph, context, commands } =
            transaction_of(self.workload.graph, seed, number, command);
        let submission = Submission { context, commands, expected: None };
        self.registry.submit(graph.into(), submission).await.map(drop).map_err(ServiceError::new)
    }

    /// Asks and returns whether the cache had the answer.
    fn ask(&self, draw: QueryDraw) -> bool {
        let view = self.reader.view();
        let mut hit = true;
        let compute = || {
            hit = false;
            (answer(&self.asked, &view, draw), footprint(&self.asked, &view, draw))
        };
        std::hint::black_box(self.answers.get_or_compute(&draw, view.version(), compute));
        hit
    }

    /// Times hits: the current version is read and the answer looked up.
    fn time_hits(&self, outcome: &mut SectionOutcome, reached: Reached) {
        let hot: Vec<QueryDraw> = (0..HOT).map(|rank| self.query(rank)).collect();
        hot.iter().for_each(|draw| _ = self.ask(*draw));
        let hit = mean_of_calls(5000, |call| {
            let draw = &hot[number::index(call % HOT)];
            self.answers.get(draw, self.reader.version())
        });
        let p50_ns = number::float(hit.quantile_ns(0.5));
        let p99 = number::duration(number::float(hit.quantile_ns(0.99)));
        let conditions = format!("median of means over 64 calls (p99 of them {p99}), {HOT} hot entries");
        outcome.measure("cached_query", p50_ns / 1e3, reached, conditions.clone());
        outcome.measure("cached_query_bar", p50_ns, reached, conditions);
        outcome.report.lower("cached_query", "ns", p50_ns, Vec::new());
        outcome.histogram("hit, means over 64 calls", &hit);
    }
}

/// Returns what an answer rests on.
fn footprint(asked: &Asked, view: &GraphView, draw: QueryDraw) -> Vec<Facet> {
    match draw {
        QueryDraw::Point { node } => vec![Facet::node(node)],
        QueryDraw::Count { kind, color } => asked.count_footprint(kind, &Value::text(color)),
        QueryDraw::ScoreFrom { .. } => vec![asked.score_facet()],
        QueryDraw::Neighbours { node } => vec![Facet::node(node), Facet::outgoing(node), Facet::incoming(node)],
        QueryDraw::TwoHops { node } => {
            let at = view.at();
            let steps = at.find_node(node).into_iter().flat_map(|start| at.outgoing(start));
            let next = steps.map(|step| Facet::outgoing(at.node_id(step.node)));
            [Facet::node(node), Facet::outgoing(node)].into_iter().chain(next).collect()
        }
        QueryDraw::Path { .. } => vec![Facet::nodes(), Facet::edges()],
    }
}
