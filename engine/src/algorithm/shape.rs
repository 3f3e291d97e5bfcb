//! Figures that describe a graph as a whole.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::cancel::{CancelToken, Cancelled};
use super::direction::{Direction, degree};
use super::walk::spread;
use crate::topology::{NodeIndex, Topology};

/// Nodes that one task works on.
const NODES_PER_TASK: usize = 4096;

/// Returns how many nodes have each degree that occurs.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn degree_distribution<T: Topology>(
    topology: &T,
    direction: Direction,
    cancel: &CancelToken,
) -> Result<BTreeMap<usize, usize>, Cancelled> {
    let bound = topology.node_bound();
    let tasks = (0..bound.div_ceil(NODES_PER_TASK)).into_par_iter().map(|task| {
        cancel.check()?;
        let start = task * NODES_PER_TASK;
        let mut counts = BTreeMap::new();
        let nodes = (start..bound.min(start + NODES_PER_TASK)).map(NodeIndex::new);
        for node in nodes.filter(|node| topology.contains(*node)) {
            *counts.entry(degree(topology, node, direction)).or_insert(0) += 1;
        }
        Ok(counts)
    });
    tasks.try_reduce(BTreeMap::new, |mut all, some| {
        some.into_iter().for_each(|(degree, count)| *all.entry(degree).or_insert(0) += count);
        Ok(all)
    })
}

/// Returns the number of edges over the number of ordered pairs of different nodes; 0 with fewer than two nodes.
///
/// Above 1 only with parallel edges or edges from a node to itself.
#[must_use]
pub fn density<T: Topology>(topology: &T) -> f64 {
    match topology.node_count() as f64 {
        nodes if nodes < 2.0 => 0.0,
        nodes => topology.edge_count() as f64 / (nodes * (nodes - 1.0)),
    }
}

/// Returns how many steps the farthest node is from its nearest root, a root being a node that no edge leads to.
///
/// In a hierarchy that is its number of levels less one. Nodes that no root leads to do not count; `None` without roots,
/// as in a graph without nodes or one where every node is on or behind a cycle.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn depth<T: Topology>(topology: &T, cancel: &CancelToken) -> Result<Option<usize>, Cancelled> {
    let roots = topology.nodes().filter(|node| topology.incoming(*node).next().is_none()).collect();
    let levels = spread(topology, roots, Direction::Outgoing, usize::MAX, |_| true, cancel)?;
    Ok(levels.depth())
}
