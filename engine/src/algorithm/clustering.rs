//! How many of a node's neighbours are neighbours of each other: the local clustering coefficient (LCC) of the LDBC
//! Graphalytics specification.
//!
//! Every triangle is found once, at its corner of least degree, and credited to all three corners: no node's neighbours
//! are compared pair by pair, so hubs do no harm. (Latapy: Main-memory triangle computations, 2008.)

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::cancel::{CancelToken, Cancelled};
use super::direction::{Direction, Orientation, degree};
use crate::topology::{NodeIndex, Topology};

/// Nodes that one task works on.
const NODES_PER_TASK: usize = 1024;

/// Returns the coefficient of each node by ordinal, from 0 to 1; 0 with fewer than two neighbours or without a node.
///
/// A node's neighbours are those joined to it by edges of any direction, itself excepted. The coefficient is the share
/// of ordered pairs of neighbours with an edge from the first to the second; where `orientation` is undirected an edge
/// makes both pairs. Parallel edges count once.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn local_clustering<T: Topology>(
    topology: &T,
    orientation: Orientation,
    cancel: &CancelToken,
) -> Result<Vec<f64>, Cancelled> {
    let upward = Upward::new(topology, orientation, cancel)?;
    let credits: Vec<AtomicU64> = upward.neighbour_counts.iter().map(|_| AtomicU64::new(0)).collect();
    (0..credits.len().div_ceil(NODES_PER_TASK)).into_par_iter().try_for_each(|task| {
        cancel.check()?;
        let start = task * NODES_PER_TASK;
        (start..credits.len().min(start + NODES_PER_TASK)).for_each(|node| upward.credit(node, &credits));
        Ok(())
    })?;
    let coefficient = |(credit, count): (AtomicU64, &u32)| match f64::from(*count) {
        count if count < 2.0 => 0.0,
        count => credit.into_inner() as f64 / (count * (count - 1.0)),
    };
    Ok(credits.into_iter().zip(&upward.neighbour_counts).map(coefficient).collect())
}

/// A neighbour, and how many of the two ordered pairs with it have an edge.
#[derive(Debug, Clone, Copy)]
struct Neighbour {
    node: u32,
    pairs: u32,
}

/// Each node's neighbours of higher degree, by ordinal.
struct Upward {
    starts: Vec<usize>,
    neighbours: Vec<Neighbour>,
    neighbour_counts: Vec<u32>,
}

impl Upward {
    fn new<T: Topology>(topology: &T, orientation: Orientation, cancel: &CancelToken) -> Result<Self, Cancelled> {
        let bound = topology.node_bound();
        let degree_of = |node| degree(topology, NodeIndex::new(node), Direction::Both);
        let degrees: Vec<usize> = (0..bound).into_par_iter().map(degree_of).collect();
        let is_above = |one: usize, other: usize| (degrees[one], one) > (degrees[other], other);
        let tasks = (0..bound.div_ceil(NODES_PER_TASK)).into_par_iter().map(|task| {
            cancel.check()?;
            let start = task * NODES_PER_TASK;
            let (mut around, mut rows, mut above) = (Vec::new(), Vec::new(), Vec::<Neighbour>::new());
            for node in start..bound.min(start + NODES_PER_TASK) {
                distinct_neighbours(topology, NodeIndex::new(node), orientation, &mut around);
                let before = above.len();
                above.extend(around.iter().filter(|neighbour| is_above(neighbour.node as usize, node)));
                rows.push((above.len() - before, ordinal(around.len())));
            }
            Ok((rows, above))
        });
        let mut upward = Self { starts: vec![0], neighbours: Vec::new(), neighbour_counts: Vec::with_capacity(bound) };
        let mut end = 0;
        for (rows, above) in tasks.collect::<Result<Vec<_>, Cancelled>>()? {
            for (length, count) in rows {
                end += length;
                upward.starts.push(end);
                upward.neighbour_counts.push(count);
            }
            upward.neighbours.extend(above);
        }
        Ok(upward)
    }

    fn row(&self, node: usize) -> &[Neighbour] {
        &self.neighbours[self.starts[node]..self.starts[node + 1]]
    }

    /// Finds the triangles whose corner of least degree is `node`; each corner gets the pairs between the other two.
    fn credit(&self, node: usize, credits: &[AtomicU64]) {
        let add = |corner: u32, pairs: u32| credits[corner as usize].fetch_add(u64::from(pairs), Ordering::Relaxed);
        for second in self.row(node) {
            let mut others = self.row(second.node as usize).iter().peekable();
            for third in self.row(node) {
                while others.next_if(|other| other.node < third.node).is_some() {}
                if let Some(opposite) = others.next_if(|other| other.node == third.node) {
                    add(ordinal(node), opposite.pairs);
                    add(second.node, third.pairs);
                    add(third.node, second.pairs);
                }
            }
        }
    }
}

fn ordinal(index: usize) -> u32 {
    u32::try_from(index).expect("node ordinals have 32 bits")
}

/// Collects the neighbours of `node` by ordinal, each once.
fn distinct_neighbours<T: Topology>(
    topology: &T,
    node: NodeIndex,
    orientation: Orientation,
    around: &mut Vec<Neighbour>,
) {
    let (outward, inward) = match orientation {
        Orientation::Directed => (0b01, 0b10),
        Orientation::Undirected => (0b11, 0b11),
    };
    around.clear();
    let outgoing = topology.outgoing(node).map(|step| (step.node, outward));
    let all = outgoing.chain(topology.incoming(node).map(|step| (step.node, inward)));
    around.extend(
        all.filter(|(other, _)| *other != node).map(|(other, pairs)| Neighbour { node: ordinal(other.index()), pairs }),
    );
    around.sort_unstable_by_key(|neighbour| neighbour.node);
    around.dedup_by(|later, kept| {
        let same = later.node == kept.node;
        if same {
            kept.pairs |= later.pairs;
        }
        same
    });
    around.iter_mut().for_each(|neighbour| neighbour.pairs = neighbour.pairs.count_ones());
}
