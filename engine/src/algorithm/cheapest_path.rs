//! A path of the least cost between two nodes, by Dijkstra's algorithm from both ends at once.
//!
//! The search ends when no way through nodes that still wait can be cheaper than the best one found. (Pohl:
//! Bi-directional Search, 1971.)

use std::collections::BinaryHeap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::cancel::CancelToken;
use super::direction::{Direction, neighbours};
use super::path::Path;
use super::weighted::{Waiting, WeightError, WeightedPath, checked_weight};
use crate::topology::{Adjacent, EdgeIndex, NodeIndex, Topology};

/// Nodes settled between two looks at the cancel token.
const NODES_PER_CHECK: usize = 256;

/// Finds a cheapest path from `source` to `target`, or `None` where there is no path.
///
/// # Errors
/// A bad weight among the edges that were looked at, or [`WeightError::Cancelled`].
pub fn cheapest_path<T: Topology>(
    topology: &T,
    source: NodeIndex,
    target: NodeIndex,
    direction: Direction,
    weight: impl Fn(EdgeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Option<WeightedPath>, WeightError> {
    if !topology.contains(source) || !topology.contains(target) {
        return Ok(None);
    }
    let forward = |node| neighbours(topology, node, direction);
    let backward = |node| neighbours(topology, node, direction.reversed());
    meet(source, target, forward, backward, weight, cancel)
}

/// Searches along the steps of `forward` from `source` and of `backward` from `target`, which may leave out what the
/// caller wants avoided, but both the same.
pub(super) fn meet<F: Iterator<Item = Adjacent>, B: Iterator<Item = Adjacent>>(
    source: NodeIndex,
    target: NodeIndex,
    forward: impl Fn(NodeIndex) -> F,
    backward: impl Fn(NodeIndex) -> B,
    weight: impl Fn(EdgeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Option<WeightedPath>, WeightError> {
    let (mut ahead, mut behind) = (Side::begin(source), Side::begin(target));
    let mut best = (source == target).then_some(Meeting { cost: 0.0, node: source });
    let mut settled = 0_usize;
    while let (Some(next_ahead), Some(next_behind)) = (ahead.next_cost(), behind.next_cost()) {
        if best.is_some_and(|best| next_ahead + next_behind >= best.cost) {
            break;
        }
        if settled.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        settled += 1;
        if ahead.queue.len() <= behind.queue.len() {
            ahead.settle(&behind, &forward, &weight, &mut best)?;
        } else {
            behind.settle(&ahead, &backward, &weight, &mut best)?;
        }
    }
    let Some(best) = best else { return Ok(None) };
    let path = joined(&ahead, &behind, best.node);
    let mut cost = 0.0;
    for edge in path.edges() {
        cost += checked_weight(&weight, *edge)?;
    }
    Ok(Some(WeightedPath { cost, path }))
}

/// A node that both sides came to, and the cost of the way through it.
#[derive(Debug, Clone, Copy)]
struct Meeting {
    cost: f64,
    node: NodeIndex,
}

/// The cheapest way to a node so far.
struct Label {
    cost: f64,
    from: Option<Adjacent>,
}

/// What the search from one end knows.
struct Side {
    labels: HashMap<NodeIndex, Label, FixedState>,
    queue: BinaryHeap<Waiting>,
}

impl Side {
    fn begin(node: NodeIndex) -> Self {
        let labels = HashMap::from_iter([(node, Label { cost: 0.0, from: None })]);
        Self { labels, queue: BinaryHeap::from([Waiting { total: 0.0, cost: 0.0, node }]) }
    }

    /// Returns the least cost of a node that waits, once those that were settled at less are out of the way.
    fn next_cost(&mut self) -> Option<f64> {
        while let Some(next) = self.queue.peek() {
            if next.cost <= self.labels[&next.node].cost {
                return Some(next.cost);
            }
            self.queue.pop();
        }
        None
    }

    /// Follows the edges of the cheapest node that waits.
    fn settle<I: Iterator<Item = Adjacent>>(
        &mut self,
        other: &Self,
        steps: &impl Fn(NodeIndex) -> I,
        weight: &impl Fn(EdgeIndex) -> f64,
        best: &mut Option<Meeting>,
    ) -> Result<(), WeightError> {
        let Some(Waiting { cost, node, .. }) = self.queue.pop() else { return Ok(()) };
        for step in steps(node) {
            let onward = cost + checked_weight(weight, step.edge)?;
            let label = self.labels.entry(step.node).or_insert(Label { cost: f64::INFINITY, from: None });
            if onward < label.cost {
                *label = Label { cost: onward, from: Some(Adjacent { node, edge: step.edge }) };
                self.queue.push(Waiting { total: onward, cost: onward, node: step.node });
                let through = onward + other.labels.get(&step.node).map_or(f64::INFINITY, |label| label.cost);
                if through < best.map_or(f64::INFINITY, |best| best.cost) {
                    *best = Some(Meeting { cost: through, node: step.node });
                }
            }
        }
        Ok(())
    }

    /// Returns the steps back from `node` to where this side began.
    fn trail(&self, node: NodeIndex) -> impl Iterator<Item = Adjacent> {
        std::iter::successors(self.labels[&node].from, |step| self.labels[&step.node].from)
    }
}

/// Joins the ways to `node` from both ends.
///
/// No node is on both of them: at it the sides would have met before, at no higher cost.
fn joined(ahead: &Side, behind: &Side, node: NodeIndex) -> Path {
    let before: Vec<Adjacent> = ahead.trail(node).collect();
    let after: Vec<Adjacent> = behind.trail(node).collect();
    let nodes_before = before.iter().rev().map(|step| step.node);
    let nodes = nodes_before.chain([node]).chain(after.iter().map(|step| step.node)).collect();
    let edges = before.iter().rev().chain(&after).map(|step| step.edge).collect();
    Path::new(nodes, edges)
}
