//! The cheapest paths that visit no node twice, in order of their cost.
//!
//! Yen's algorithm (Finding the k Shortest Loopless Paths in a Network, 1971) with Lawler's refinement: a found path is
//! left only at and after the node where it left the path before it, so that no path is proposed twice. Parallel edges
//! give different paths.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::cancel::CancelToken;
use super::cheapest_path::{cheapest_path, meet};
use super::direction::{Direction, neighbours};
use super::path::Path;
use super::weighted::{WeightError, WeightedPath, checked_weight};
use crate::topology::{Adjacent, EdgeIndex, NodeIndex, Topology};

/// A path that was proposed, and the place from which on it may be left again.
struct Candidate {
    found: WeightedPath,
    left_at: usize,
}

impl Ord for Candidate {
    /// Greatest is what a heap gives first: the least cost, the fewest steps, the least ordinals.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_cost = other.found.cost.total_cmp(&self.found.cost);
        let by_steps = other.found.path.steps().cmp(&self.found.path.steps());
        by_cost.then(by_steps).then_with(|| other.found.path.cmp(&self.found.path))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}

/// Finds up to `count` cheapest paths without repeated nodes from `source` to `target`, cheapest first.
///
/// For paths of the fewest steps, weigh each edge 1.
///
/// # Errors
/// A bad weight among the edges that were looked at, or [`WeightError::Cancelled`].
pub fn k_shortest_paths<T: Topology>(
    topology: &T,
    source: NodeIndex,
    target: NodeIndex,
    direction: Direction,
    count: usize,
    weight: impl Fn(EdgeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Vec<WeightedPath>, WeightError> {
    let mut accepted: Vec<WeightedPath> = Vec::new();
    if count == 0 {
        return Ok(accepted);
    }
    let first = cheapest_path(topology, source, target, direction, &weight, cancel)?;
    let mut candidates: BinaryHeap<_> = first.into_iter().map(|found| Candidate { found, left_at: 0 }).collect();
    while let Some(Candidate { found, left_at }) = candidates.pop() {
        accepted.push(found);
        if accepted.len() == count {
            break;
        }
        let steps = accepted[accepted.len() - 1].path.steps();
        for at in left_at..steps {
            let found = detour(topology, &accepted, at, target, direction, &weight, cancel)?;
            candidates.extend(found.map(|found| Candidate { found, left_at: at }));
        }
    }
    Ok(accepted)
}

/// Finds the cheapest path that follows the last accepted one for `at` steps and then differs from all accepted ones.
fn detour<T: Topology>(
    topology: &T,
    accepted: &[WeightedPath],
    at: usize,
    target: NodeIndex,
    direction: Direction,
    weight: &impl Fn(EdgeIndex) -> f64,
    cancel: &CancelToken,
) -> Result<Option<WeightedPath>, WeightError> {
    let last = &accepted[accepted.len() - 1].path;
    let (kept_nodes, kept_edges) = (&last.nodes()[..at], &last.edges()[..at]);
    let spur = last.nodes()[at];
    let same_so_far =
        accepted.iter().filter(|other| other.path.steps() > at && &other.path.edges()[..at] == kept_edges);
    let taken: Vec<EdgeIndex> = same_so_far.map(|other| other.path.edges()[at]).collect();
    let passed: HashSet<NodeIndex, FixedState> = kept_nodes.iter().copied().collect();
    let (taken, passed) = (&taken, &passed);
    let is_open = |node, step: &Adjacent| {
        let leaves_as_before = (node == spur || step.node == spur) && taken.contains(&step.edge);
        !passed.contains(&step.node) && !leaves_as_before
    };
    let forward = |node| neighbours(topology, node, direction).filter(move |step| is_open(node, step));
    let backward = |node| neighbours(topology, node, direction.reversed()).filter(move |step| is_open(node, step));
    let Some(rest) = meet(spur, target, forward, backward, weight, cancel)? else { return Ok(None) };
    let nodes = [kept_nodes, rest.path.nodes()].concat();
    let edges = [kept_edges, rest.path.edges()].concat();
    let mut cost = 0.0;
    for edge in &edges {
        cost += checked_weight(weight, *edge)?;
    }
    Ok(Some(WeightedPath { cost, path: Path::new(nodes, edges) }))
}
