//! How often a random walk comes by each node.
//!
//! Power iteration as the LDBC Graphalytics specification defines it: what nodes without outgoing edges hold is spread
//! over all nodes. Sums are taken in an order that does not depend on the number of threads.

use rayon::prelude::*;

use super::cancel::{CancelToken, Cancelled};
use super::direction::{Direction, Orientation, degree, neighbours};
use crate::topology::{NodeIndex, Topology};

/// Nodes that one task works on; fixed, because it decides in which order sums are taken. Ordinals without a node do not
/// count, so that the ranks do not depend on where nodes were removed.
const NODES_PER_TASK: usize = 4096;

/// How to walk, and when to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PageRank {
    /// The probability, from 0 to 1, with which the walk follows an edge instead of starting anew anywhere.
    pub damping: f64,
    /// Whether the walk follows edges one way or both.
    pub orientation: Orientation,
    /// The number of iterations after which to stop.
    pub iterations_max: usize,
    /// Stops earlier, once the ranks of an iteration differ from the last ones by this much in sum.
    pub tolerance: f64,
}

impl Default for PageRank {
    fn default() -> Self {
        Self { damping: 0.85, orientation: Orientation::Directed, iterations_max: 100, tolerance: 1e-9 }
    }
}

/// Why there are no ranks.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum RankError {
    /// The damping factor is no probability.
    #[error("damping factor {damping}, expected a number from 0 to 1")]
    Damping {
        /// The factor.
        damping: f64,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Returns the rank of each node by ordinal: 1 in sum, 0 where there is no node.
///
/// # Errors
/// [`RankError::Damping`] outside 0 to 1, or [`RankError::Cancelled`].
pub fn page_rank<T: Topology>(topology: &T, options: &PageRank, cancel: &CancelToken) -> Result<Vec<f64>, RankError> {
    if !(0.0..=1.0).contains(&options.damping) {
        return Err(RankError::Damping { damping: options.damping });
    }
    let mut walk = Walk::new(topology, options);
    for _ in 0..options.iterations_max {
        let dangling = walk.share(cancel)?;
        let change = walk.gather(dangling, cancel)?;
        if change <= options.tolerance {
            break;
        }
    }
    Ok(walk.ranks)
}

struct Walk<'a, T> {
    topology: &'a T,
    damping: f64,
    backward: Direction,
    node_count: f64,
    /// The ordinal at which each task begins.
    starts: Vec<usize>,
    degrees: Vec<f64>,
    ranks: Vec<f64>,
    shares: Vec<f64>,
}

impl<'a, T: Topology> Walk<'a, T> {
    fn new(topology: &'a T, options: &PageRank) -> Self {
        let forward = match options.orientation {
            Orientation::Directed => Direction::Outgoing,
            Orientation::Undirected => Direction::Both,
        };
        let (node_count, bound) = (topology.node_count() as f64, topology.node_bound());
        let nodes = || (0..bound).into_par_iter().map(NodeIndex::new);
        let degrees = nodes().map(|node| degree(topology, node, forward) as f64).collect();
        let ranks = nodes().map(|node| if topology.contains(node) { 1.0 / node_count } else { 0.0 }).collect();
        let shares = vec![0.0; bound];
        let starts = topology.nodes().step_by(NODES_PER_TASK).map(NodeIndex::index).collect();
        let (damping, backward) = (options.damping, forward.reversed());
        Self { topology, damping, backward, node_count, starts, degrees, ranks, shares }
    }

    /// Divides each rank among the node's edges, and returns the sum of what has no edge to go by.
    fn share(&mut self, cancel: &CancelToken) -> Result<f64, Cancelled> {
        let (ranks, degrees) = (&self.ranks, &self.degrees);
        let tasks = split(&mut self.shares, &self.starts).into_par_iter().map(|(start, shares)| {
            cancel.check()?;
            let mut dangling = 0.0;
            for (node, share) in (start..).zip(shares) {
                if degrees[node] > 0.0 {
                    *share = ranks[node] / degrees[node];
                } else {
                    dangling += ranks[node];
                }
            }
            Ok(dangling)
        });
        Ok(tasks.collect::<Result<Vec<f64>, Cancelled>>()?.iter().sum())
    }

    /// Adds up what each node is given, and returns by how much the ranks changed in sum.
    fn gather(&mut self, dangling: f64, cancel: &CancelToken) -> Result<f64, Cancelled> {
        let (topology, damping, backward, shares) = (self.topology, self.damping, self.backward, &self.shares);
        let everywhere = (1.0 - damping + damping * dangling) / self.node_count;
        let tasks = split(&mut self.ranks, &self.starts).into_par_iter().map(|(start, ranks)| {
            cancel.check()?;
            let mut change = 0.0;
            for (node, rank) in (start..).zip(ranks) {
                let node = NodeIndex::new(node);
                if topology.contains(node) {
                    let given = neighbours(topology, node, backward).map(|step| shares[step.node.index()]).sum::<f64>();
                    let next = everywhere + damping * given;
                    change += (next - *rank).abs();
                    *rank = next;
                }
            }
            Ok(change)
        });
        Ok(tasks.collect::<Result<Vec<f64>, Cancelled>>()?.iter().sum())
    }
}

/// Cuts `column` at the ordinals where tasks begin; what lies before the first node is left out.
fn split<'a>(column: &'a mut [f64], starts: &[usize]) -> Vec<(usize, &'a mut [f64])> {
    let ends = starts.iter().skip(1).copied().chain([column.len()]);
    let mut rest = column;
    let mut begin = 0;
    let mut parts = Vec::with_capacity(starts.len());
    for (start, end) in starts.iter().copied().zip(ends) {
        let (part, behind) = std::mem::take(&mut rest)[start - begin..].split_at_mut(end - start);
        parts.push((start, part));
        (rest, begin) = (behind, end);
    }
    parts
}
