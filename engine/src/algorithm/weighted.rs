//! Distances where edges have weights, by Dijkstra's algorithm, and paths by A* where an estimate shows the way.
//!
//! A weight is a number from 0; an infinite one closes the edge. Costs are added up from the source on. Of several
//! cheapest paths the choice depends only on the ordinals and the order of the edges in the topology.
//! (Hart, Nilsson, Raphael: A Formal Basis for the Heuristic Determination of Minimum Cost Paths, 1968.)

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::cancel::{CancelToken, Cancelled};
use super::direction::{Direction, neighbours};
use super::path::Path;
use crate::topology::{Adjacent, EdgeIndex, NodeIndex, Topology};

/// Nodes settled between two looks at the cancel token.
const NODES_PER_CHECK: usize = 256;

/// A path and what it costs.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightedPath {
    /// The sum of the edges' weights, added up from the source on.
    pub cost: f64,
    /// The way.
    pub path: Path,
}

/// Why there is no answer about weighted edges.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum WeightError {
    /// An edge on the way has a weight that is negative or not a number.
    #[error("edge {} has weight {weight}, expected a number from 0", edge.index())]
    Weight {
        /// The edge.
        edge: EdgeIndex,
        /// Its weight.
        weight: f64,
    },
    /// The estimate for a node is negative or not a number.
    #[error("node {} has estimate {estimate}, expected a number from 0", node.index())]
    Estimate {
        /// The node.
        node: NodeIndex,
        /// The estimate.
        estimate: f64,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Finds a cheapest path from `source` to `target` by A*, or `None` where there is no path.
///
/// `estimate` must never exceed the cost of the rest of the way from a node; then the path is a cheapest one. An
/// infinite estimate says that there is no way from that node.
///
/// # Errors
/// A bad weight or estimate among those that were looked at, or [`WeightError::Cancelled`].
pub fn a_star<T: Topology>(
    topology: &T,
    source: NodeIndex,
    target: NodeIndex,
    direction: Direction,
    weight: impl Fn(EdgeIndex) -> f64,
    estimate: impl Fn(NodeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Option<WeightedPath>, WeightError> {
    if !topology.contains(source) || !topology.contains(target) {
        return Ok(None);
    }
    let steps = |node| neighbours(topology, node, direction);
    search(source, target, steps, weight, estimate, cancel)
}

/// Finds the cost of the cheapest path from `source` to every node, by ordinal; infinite where there is none.
///
/// # Errors
/// A bad weight among the edges that can be reached, or [`WeightError::Cancelled`].
pub fn distances<T: Topology>(
    topology: &T,
    source: NodeIndex,
    direction: Direction,
    weight: impl Fn(EdgeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Vec<f64>, WeightError> {
    let mut distances = vec![f64::INFINITY; topology.node_bound()];
    if !topology.contains(source) {
        return Ok(distances);
    }
    distances[source.index()] = 0.0;
    let mut queue = BinaryHeap::from([Waiting { total: 0.0, cost: 0.0, node: source }]);
    let mut settled = 0_usize;
    while let Some(Waiting { cost, node, .. }) = queue.pop() {
        if cost > distances[node.index()] {
            continue;
        }
        if settled.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        settled += 1;
        for step in neighbours(topology, node, direction) {
            let onward = cost + checked_weight(&weight, step.edge)?;
            if onward < distances[step.node.index()] {
                distances[step.node.index()] = onward;
                queue.push(Waiting { total: onward, cost: onward, node: step.node });
            }
        }
    }
    Ok(distances)
}

/// What a search knows of a node: the cheapest way to it so far.
struct Label {
    cost: f64,
    from: NodeIndex,
    edge: EdgeIndex,
}

/// A node whose edges are to be followed, the most promising first.
pub(super) struct Waiting {
    pub(super) total: f64,
    pub(super) cost: f64,
    pub(super) node: NodeIndex,
}

impl Ord for Waiting {
    /// Greatest is what a heap gives first: the least total, then what is farther from the source, then the ordinal.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_total = other.total.total_cmp(&self.total);
        by_total.then(self.cost.total_cmp(&other.cost)).then(other.node.cmp(&self.node))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

fn search<I: Iterator<Item = Adjacent>>(
    source: NodeIndex,
    target: NodeIndex,
    steps: impl Fn(NodeIndex) -> I,
    weight: impl Fn(EdgeIndex) -> f64,
    estimate: impl Fn(NodeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Option<WeightedPath>, WeightError> {
    let mut labels: HashMap<NodeIndex, Label, FixedState> = HashMap::default();
    labels.insert(source, Label { cost: 0.0, from: source, edge: EdgeIndex::end() });
    let total = checked_estimate(&estimate, source)?;
    let mut queue = BinaryHeap::from([Waiting { total, cost: 0.0, node: source }]);
    let mut settled = 0_usize;
    while let Some(Waiting { cost, node, .. }) = queue.pop() {
        if cost > labels[&node].cost {
            continue;
        }
        if node == target {
            return Ok(Some(WeightedPath { cost, path: trail(&labels, source, target) }));
        }
        if settled.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        settled += 1;
        for step in steps(node) {
            let onward = cost + checked_weight(&weight, step.edge)?;
            let best = labels.get(&step.node).map_or(f64::INFINITY, |label| label.cost);
            if onward < best {
                let total = onward + checked_estimate(&estimate, step.node)?;
                labels.insert(step.node, Label { cost: onward, from: node, edge: step.edge });
                if total < f64::INFINITY {
                    queue.push(Waiting { total, cost: onward, node: step.node });
                }
            }
        }
    }
    Ok(None)
}

fn trail(labels: &HashMap<NodeIndex, Label, FixedState>, source: NodeIndex, target: NodeIndex) -> Path {
    let (mut nodes, mut edges) = (vec![target], Vec::new());
    let mut at = target;
    while at != source {
        let label = &labels[&at];
        edges.push(label.edge);
        nodes.push(label.from);
        at = label.from;
    }
    nodes.reverse();
    edges.reverse();
    Path::new(nodes, edges)
}

pub(super) fn checked_weight(weight: &impl Fn(EdgeIndex) -> f64, edge: EdgeIndex) -> Result<f64, WeightError> {
    let weight = weight(edge);
    if weight >= 0.0 { Ok(weight) } else { Err(WeightError::Weight { edge, weight }) }
}

fn checked_estimate(estimate: &impl Fn(NodeIndex) -> f64, node: NodeIndex) -> Result<f64, WeightError> {
    let estimate = estimate(node);
    if estimate >= 0.0 { Ok(estimate) } else { Err(WeightError::Estimate { node, estimate }) }
}
