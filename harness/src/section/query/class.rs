//! Queries by class on a graph at rest.

use std::time::Instant;

use cidgraph::algorithm::Direction;
use cidgraph::topology::Topology;
use cidgraph::{GraphView, NodeId};

use super::ask::{Asked, answer};
use crate::measure::{Distribution, Stopwatch, mean_of_calls};
use crate::number;
use crate::random::Random;
use crate::section::{GraphFixture, SectionOutcome};
use crate::target::Reached;
use crate::workload::{COLORS, KINDS, QueryDraw};

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
    asked: &'a Asked,
    view: &'a GraphView,
    drawn: Vec<NodeId>,
    reached: Reached,
    outcome: SectionOutcome,
}

/// Asks a settled graph queries of every class, one after another. With `thorough`, ten times as many.
///
/// # Panics
/// Where the graph does not have the names of a workload.
pub fn query_classes(fixture: &GraphFixture, thorough: bool) -> SectionOutcome {
    let watch = Stopwatch::start();
    let view = fixture.view();
    let asked = Asked::prepare(&view).expect("a workload's graph has its names");
    let scale = if thorough { 10 } else { 1 };
    let calls =
        Calls { samples: 2000 * number::count(scale), short: 4000 * scale, long: 400 * scale, whole: 2 + scale };
    let mut random = Random::new(fixture.workload.seed ^ 0x00d1_2a3b);
    let nodes = fixture.workload.nodes;
    let drawn = (0..DRAWN).map(|_| fixture.nodes.id(random.below(nodes))).collect();
    let reached = Reached {
        nodes: number::count(view.node_count()),
        edges: number::count(view.edge_count()),
        ..Reached::default()
    };
    let mut classes = Classes { asked: &asked, view: &view, drawn, reached, outcome: SectionOutcome::new("query") };
    classes.outcome.measure("nodes", number::float(reached.nodes), reached, "built through the engine");
    classes.lookups(calls);
    classes.indices(calls);
    classes.walks(calls);
    classes.paths(calls);
    classes.mixed(fixture, calls);
    classes.note(&view);
    classes.outcome.timed(&watch)
}

impl Classes<'_> {
    fn lookups(&mut self, calls: Calls) {
        let (asked, view) = (self.asked, self.view);
        let drawn = std::mem::take(&mut self.drawn);
        let at = |call: u64| drawn[number::index(call) % DRAWN];
        let found = mean_of_calls(calls.samples, |call| asked.point(view, at(call)));
        let whole = mean_of_calls(calls.samples, |call| asked.view(view, at(call)));
        self.drawn = drawn;
        self.nanoseconds("point_lookup", "point lookup by id", &found);
        self.nanoseconds("", "whole node by id", &whole);
    }

    fn indices(&mut self, calls: Calls) {
        let (asked, view) = (self.asked, self.view);
        let pair = |call: u64| {
            let call = number::index(call);
            (KINDS[call % KINDS.len()], COLORS[call / KINDS.len() % COLORS.len()])
        };
        let counts = mean_of_calls(calls.samples / 10, |call| {
            let (kind, color) = pair(call);
            asked.count(view, kind, color)
        });
        let p50_us = number::float(counts.quantile_ns(0.5)) / 1e3;
        self.outcome.measure("and_count", p50_us, self.reached, means(&counts));
        self.record("two-index AND count", &counts);
        let tops = mean_of_calls(calls.samples / 10, |_| asked.top(view, TOP));
        self.record("top 10 by score", &tops);
    }

    fn walks(&mut self, calls: Calls) {
        let (asked, view) = (self.asked, self.view);
        let neighbours = self.each(calls.short, |node, _| asked.neighbours(view, node));
        self.record("neighbours, both ways", &neighbours);
        let out = self.each(calls.short, |node, _| asked.two_hops(view, node, Direction::Outgoing));
        self.p99("two_hop_out_p99", "2-hop out", &out, 1e3);
        let both = self.each(calls.short, |node, _| asked.two_hops(view, node, Direction::Both));
        self.p99("two_hop_both_p99", "2-hop both", &both, 1e3);
        let reach = self.each(calls.whole, |node, _| asked.reach(view, node));
        self.record("breadth first to all that can be reached", &reach);
    }

    fn paths(&mut self, calls: Calls) {
        let (asked, view) = (self.asked, self.view);
        let paths = self.each(calls.long, |from, to| asked.path(view, from, to));
        self.p99("path_p99", "shortest path", &paths, 1e6);
    }

    fn mixed(&mut self, fixture: &GraphFixture, calls: Calls) {
        let mut random = Random::new(fixture.workload.seed ^ 0x6d69_7865);
        let draws: Vec<QueryDraw> =
            (0..calls.short).map(|_| QueryDraw::draw(&fixture.nodes, fixture.workload.nodes, &mut random)).collect();
        let mut distribution = Distribution::new();
        for draw in draws {
            time(&mut distribution, || answer(self.asked, self.view, draw));
        }
        let p99_ms = number::float(distribution.quantile_ns(0.99)) / 1e6;
        self.outcome.measure("query_p99", p99_ms, self.reached, "all classes mixed, hot nodes, at rest");
        self.record("mixed classes", &distribution);
    }

    fn note(&mut self, view: &GraphView) {
        let rows = view.generation().row_count();
        let pending = view.pending().count();
        self.outcome.report.notes.push(format!(
            "{} nodes and {} edges at rest: {} rows since the frozen base, {} nodes not yet in the indices. Starts are \
             drawn uniformly, those of mixed queries with a preference for the nodes with most edges.",
            number::grouped(self.reached.nodes),
            number::grouped(self.reached.edges),
            number::grouped(number::count(rows)),
            number::grouped(number::count(pending)),
        ));
    }

    /// Times `calls` calls, each with two of the drawn nodes.
    fn each(&self, calls: usize, ask: impl Fn(NodeId, NodeId) -> u64) -> Distribution {
        let mut distribution = Distribution::new();
        for call in 0..calls {
            let (first, second) = (self.drawn[call % DRAWN], self.drawn[(call + DRAWN / 2) % DRAWN]);
            time(&mut distribution, || ask(first, second));
        }
        distribution
    }

    fn nanoseconds(&mut self, target: &'static str, name: &str, distribution: &Distribution) {
        if !target.is_empty() {
            let value = number::float(distribution.quantile_ns(0.5));
            self.outcome.measure(target, value, self.reached, means(distribution));
        }
        self.record(name, distribution);
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

fn time(distribution: &mut Distribution, ask: impl FnOnce() -> u64) {
    let started = Instant::now();
    std::hint::black_box(ask());
    distribution.record(number::nanoseconds(started.elapsed()));
}
