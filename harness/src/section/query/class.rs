//! Queries by class on a graph at rest.

use std::time::Instant;

use cidgraph::algorithm::Direction;
use cidgraph::{Criterion, GraphQuery, GraphReadModel, NodeId};

use super::question::{kind_and_color, neighbours, path, question, top, two_hops};
use crate::measure::{Distribution, Stopwatch, mean_of_calls};
use crate::number;
use crate::random::Random;
use crate::section::{GraphFixture, SectionOutcome};
use crate::target::Reached;
use crate::workload::{COLORS, KINDS, QueryDraw, VISUAL};

/// Nodes drawn beforehand, so that drawing is no part of a query.
const DRAWN: usize = 1 << 16;

/// How many nodes a top-k query asks for.
const TOP: usize = 10;

/// How many calls stand behind the figures of each class.
#[derive(Debug, Clone, Copy)]
struct Calls {
    /// Samples of 64 calls each, of classes that take nanoseconds.
    samples: u64,
    /// Calls of classes that take microseconds.
    short: usize,
    /// Calls of classes that take milliseconds.
    long: usize,
    /// Calls of classes that see the whole graph.
    whole: usize,
}

/// What the classes share.
struct Classes<'a> {
    model: &'a GraphReadModel,
    drawn: Vec<NodeId>,
    reached: Reached,
    outcome: SectionOutcome,
}

/// Asks the read model of a settled graph queries of every class, one after another, none of them cached. With
/// `thorough`, ten times as many.
pub fn query_classes(fixture: &GraphFixture, thorough: bool) -> SectionOutcome {
    let watch = Stopwatch::start();
    let model = fixture.graph.read();
    let scale = if thorough { 10 } else { 1 };
    let calls =
        Calls { samples: 2000 * number::count(scale), short: 4000 * scale, long: 400 * scale, whole: 2 + scale };
    let mut random = Random::new(fixture.workload.seed ^ 0x00d1_2a3b);
    let nodes = fixture.workload.nodes;
    let drawn = (0..DRAWN).map(|_| fixture.nodes.id(random.below(nodes))).collect();
    let reached = Reached {
        nodes: number::count(model.node_count()),
        edges: number::count(model.edge_count()),
        ..Reached::default()
    };
    let mut classes = Classes { model: &model, drawn, reached, outcome: SectionOutcome::new("query") };
    classes.outcome.measure("nodes", number::float(reached.nodes), reached, "built through the engine");
    let ingested = fixture.ingested.as_secs_f64();
    let conditions = "chained, one transaction of 5000 elements after another, not synced, making them included";
    classes.outcome.measure("bulk_ingest", ingested, reached, conditions);
    classes.outcome.report.lower("bulk_ingest", "s", ingested, Vec::new());
    classes.lookups(calls);
    classes.indices(calls);
    classes.walks(calls);
    classes.mixed(fixture, calls);
    classes.note();
    classes.outcome.timed(&watch)
}

impl Classes<'_> {
    fn lookups(&mut self, calls: Calls) {
        let node = |call: u64| self.drawn[number::index(call) % DRAWN];
        let found = mean_of_calls(calls.samples, |call| {
            self.model.get(node(call)).map(|node| (node.index(), node.kind().len()))
        });
        let read =
            mean_of_calls(calls.samples, |call| self.model.get(node(call)).map(|node| node.property(VISUAL, "score")));
        let whole = mean_of_calls(calls.samples, |call| self.model.node(node(call)));
        let p50 = |of: &Distribution| number::duration(number::float(of.quantile_ns(0.5)));
        let conditions = format!(
            "node and kind by id; {}; {} with a property, {} for a copy of the whole node",
            means(&found),
            p50(&read),
            p50(&whole)
        );
        self.outcome.measure("point_lookup", number::float(found.quantile_ns(0.5)), self.reached, conditions);
        self.record("point lookup, node and kind", &found);
        self.record("point lookup, a property in place", &read);
        self.record("point lookup, copy of the whole node", &whole);
    }

    fn indices(&mut self, calls: Calls) {
        let pairs: Vec<Criterion> =
            KINDS.iter().flat_map(|kind| COLORS.iter().map(|color| kind_and_color(kind, color))).collect();
        let counts =
            mean_of_calls(calls.samples / 10, |call| self.model.count(&pairs[number::index(call) % pairs.len()]));
        let p50_us = number::float(counts.quantile_ns(0.5)) / 1e3;
        self.outcome.measure("and_count", p50_us, self.reached, means(&counts));
        self.record("two-index AND count", &counts);
        let top = top(TOP);
        let tops = self.each(calls.whole, |_, _| top.clone());
        self.record("top 10 of a kind by score", &tops);
    }

    fn walks(&mut self, calls: Calls) {
        let next = self.each(calls.short, |node, _| neighbours(node));
        self.record("neighbours, both ways", &next);
        let out = self.each(calls.short, |node, _| two_hops(node, Direction::Outgoing));
        self.p99("two_hop_out_p99", "2-hop out", &out, 1e3);
        let both = self.each(calls.short, |node, _| two_hops(node, Direction::Both));
        self.p99("two_hop_both_p99", "2-hop both", &both, 1e3);
        let paths = self.each(calls.long, path);
        self.p99("path_p99", "shortest path", &paths, 1e6);
        let reach = self.each(calls.whole, |node, _| GraphQuery::BreadthFirst { node, direction: Direction::Outgoing });
        self.record("breadth first to all that can be reached", &reach);
    }

    fn mixed(&mut self, fixture: &GraphFixture, calls: Calls) {
        let mut random = Random::new(fixture.workload.seed ^ 0x6d69_7865);
        let mut distribution = Distribution::new();
        for _ in 0..calls.short {
            let query = question(QueryDraw::draw(&fixture.nodes, fixture.workload.nodes, &mut random));
            time(&mut distribution, || self.model.query(&query));
        }
        let p99_ms = number::float(distribution.quantile_ns(0.99)) / 1e6;
        self.outcome.measure("query_p99", p99_ms, self.reached, "all classes mixed, hot nodes, at rest, not cached");
        self.record("mixed classes", &distribution);
    }

    fn note(&mut self) {
        let view = self.model.view();
        self.outcome.report.notes.push(format!(
            "{} nodes and {} edges at rest: {} rows since the frozen base, {} nodes not yet in the indices. Starts are \
             drawn uniformly, those of mixed queries with a preference for the nodes with most edges. Answers are made \
             whole: ids, properties, distances.",
            number::grouped(self.reached.nodes),
            number::grouped(self.reached.edges),
            number::grouped(number::count(view.generation().row_count())),
            number::grouped(number::count(view.pending().len())),
        ));
    }

    /// Times `calls` queries, each of two of the drawn nodes.
    fn each(&self, calls: usize, ask: impl Fn(NodeId, NodeId) -> GraphQuery) -> Distribution {
        let mut distribution = Distribution::new();
        for call in 0..calls {
            let query = ask(self.drawn[call % DRAWN], self.drawn[(call + DRAWN / 2) % DRAWN]);
            time(&mut distribution, || self.model.query(&query));
        }
        distribution
    }

    fn p99(&mut self, target: &'static str, name: &str, distribution: &Distribution, unit_ns: f64) {
        let value = number::float(distribution.quantile_ns(0.99)) / unit_ns;
        let p50 = number::duration(number::float(distribution.quantile_ns(0.5)));
        let conditions = format!("p50 {p50}, {} calls", number::short(distribution.count()));
        self.outcome.measure(target, value, self.reached, conditions);
        self.record(name, distribution);
    }

    fn record(&mut self, name: &str, distribution: &Distribution) {
        let mean_us = distribution.mean_ns() / 1e3;
        let figure = format!("{}_mean", name.replace([' ', '-', ','], "_").replace("__", "_"));
        self.outcome.report.lower(&figure, "µs", mean_us, Vec::new());
        self.outcome.histogram(name, distribution);
    }
}

fn means(distribution: &Distribution) -> String {
    let p99 = number::duration(number::float(distribution.quantile_ns(0.99)));
    format!("median of means over 64 calls (p99 of them {p99})")
}

/// Times one query; letting go of its answer is no part of it.
fn time<T>(distribution: &mut Distribution, ask: impl FnOnce() -> T) {
    let started = Instant::now();
    let answer = std::hint::black_box(ask());
    distribution.record(number::nanoseconds(started.elapsed()));
    drop(answer);
}
