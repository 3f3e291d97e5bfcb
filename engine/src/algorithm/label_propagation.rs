//! Communities by label propagation, as the LDBC Graphalytics specification defines it (CDLP).
//!
//! In each iteration every node at once takes the label that most of its neighbours had, the least of them on a tie. An
//! edge counts at both its ends, so two nodes joined by two edges count twice for each other.

use rayon::prelude::*;

use super::cancel::{CancelToken, Cancelled};
use super::direction::{Direction, neighbours};
use crate::topology::{NodeIndex, Topology};

/// Nodes that one task works on.
const NODES_PER_TASK: usize = 4096;

/// The label returned for an ordinal without a node.
const NO_NODE: u64 = u64::MAX;

/// Returns the label of each node by ordinal after at most `iterations_max` iterations, [`u64::MAX`] where there is no
/// node; stops earlier when no label changes any more.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn label_propagation<T: Topology>(
    topology: &T,
    first_label: impl Fn(NodeIndex) -> u64,
    iterations_max: usize,
    cancel: &CancelToken,
) -> Result<Vec<u64>, Cancelled> {
    let names: Vec<u64> = (0..topology.node_bound())
        .map(NodeIndex::new)
        .map(|node| if topology.contains(node) { first_label(node) } else { NO_NODE })
        .collect();
    let mut sorted = names.clone();
    sorted.par_sort_unstable();
    sorted.dedup();
    let mut labels: Vec<u32> = names.par_iter().map(|name| place(&sorted, *name)).collect();
    let mut next = labels.clone();
    for _ in 0..iterations_max {
        propagate(topology, &labels, &mut next, cancel)?;
        if labels == next {
            break;
        }
        std::mem::swap(&mut labels, &mut next);
    }
    Ok(labels.iter().map(|label| sorted[*label as usize]).collect())
}

/// Stands for a label in half the space and the same order.
fn place(sorted: &[u64], name: u64) -> u32 {
    let place = sorted.binary_search(&name).expect("all labels were sorted");
    u32::try_from(place).expect("there are at most as many as nodes, whose ordinals have 32 bits")
}

fn propagate<T: Topology>(
    topology: &T,
    labels: &[u32],
    next: &mut [u32],
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    next.par_chunks_mut(NODES_PER_TASK).enumerate().try_for_each_init(Vec::new, |around, (task, next)| {
        cancel.check()?;
        for (at, label) in next.iter_mut().enumerate() {
            let node = task * NODES_PER_TASK + at;
            around.clear();
            around.extend(
                neighbours(topology, NodeIndex::new(node), Direction::Both).map(|step| labels[step.node.index()]),
            );
            *label = most_frequent(around).unwrap_or(labels[node]);
        }
        Ok(())
    })
}

fn most_frequent(labels: &mut [u32]) -> Option<u32> {
    labels.sort_unstable();
    let mut best: Option<&[u32]> = None;
    for run in labels.chunk_by(|one, other| one == other) {
        if best.is_none_or(|best| run.len() > best.len()) {
            best = Some(run);
        }
    }
    best.map(|run| run[0])
}
