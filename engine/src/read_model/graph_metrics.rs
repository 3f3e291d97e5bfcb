//! What a graph is like as a whole.

use std::collections::BTreeMap;

use crate::algorithm::{CancelToken, Direction, degree_distribution, density, depth, weak_components};
use crate::pool::NameId;
use crate::state::GraphView;
use crate::topology::Topology;
use crate::value::Name;

use super::graph_query::QueryError;

/// Counts and shape of one version of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphMetrics {
    /// The version that they are of.
    pub version: u64,
    /// The last event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// Nodes.
    pub nodes: usize,
    /// Edges.
    pub edges: usize,
    /// Nodes by kind.
    pub node_kinds: BTreeMap<Name, usize>,
    /// Edges by kind.
    pub edge_kinds: BTreeMap<Name, usize>,
    /// Nodes by the component types that they have.
    pub components: BTreeMap<Name, usize>,
    /// How many nodes have each number of edges, both directions counted.
    pub degrees: BTreeMap<usize, usize>,
    /// Weakly connected components.
    pub weak_components: usize,
    /// Edges over ordered pairs of different nodes.
    pub density: f64,
    /// How many steps the farthest node is from its nearest root; `None` without roots.
    pub depth: Option<usize>,
}

impl GraphMetrics {
    pub(super) fn of(view: &GraphView, cancel: &CancelToken) -> Result<Self, QueryError> {
        let at = view.at();
        let mut counts = Counts::default();
        for node in view.nodes() {
            counts.node(at.node_kind(node));
            for component in at.pool().components(at.node_set(node)) {
                counts.component(at.pool().component_type(component));
            }
        }
        cancel.check()?;
        for node in view.nodes() {
            view.outgoing(node).for_each(|step| counts.edge(at.edge_kind(step.edge)));
        }
        let named =
            |counts: BTreeMap<NameId, usize>| counts.into_iter().map(|(id, count)| (at.name(id), count)).collect();
        Ok(Self {
            version: view.version(),
            timestamp_ns: view.timestamp_ns(),
            nodes: view.node_count(),
            edges: view.edge_count(),
            node_kinds: named(counts.node_kinds),
            edge_kinds: named(counts.edge_kinds),
            components: named(counts.components),
            degrees: degree_distribution(view, Direction::Both, cancel)?,
            weak_components: weak_components(view, cancel)?.count(),
            density: density(view),
            depth: depth(view, cancel)?,
        })
    }

    /// Returns how long ago the last event was, nanoseconds; 0 where a clock lags behind it.
    pub const fn staleness_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_sub(self.timestamp_ns)
    }
}

/// Counts by name.
#[derive(Default)]
struct Counts {
    node_kinds: BTreeMap<NameId, usize>,
    edge_kinds: BTreeMap<NameId, usize>,
    components: BTreeMap<NameId, usize>,
}

impl Counts {
    fn node(&mut self, kind: NameId) {
        *self.node_kinds.entry(kind).or_default() += 1;
    }

    fn edge(&mut self, kind: NameId) {
        *self.edge_kinds.entry(kind).or_default() += 1;
    }

    fn component(&mut self, component_type: NameId) {
        *self.components.entry(component_type).or_default() += 1;
    }
}
