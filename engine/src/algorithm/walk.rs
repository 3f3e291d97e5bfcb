//! Walks from a node outwards: all that is within some steps of it, breadth first and depth first.
//!
//! Nodes come in the order in which they are met, edges being followed in the topology's order (outgoing before
//! incoming where both are followed).

use std::ops::Range;

use super::cancel::{CancelToken, Cancelled};
use super::direction::Direction;
use super::scratch::{Marks, with_scratch};
use crate::topology::{Adjacent, NodeIndex, Topology};

/// Nodes looked at between two looks at the cancel token.
const NODES_PER_CHECK: usize = 1024;

/// Room for nodes that a walk begins with.
const NODES_AT_FIRST: usize = 64;

/// The nodes that a breadth-first walk met, each once, by their distance from where it began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Levels {
    nodes: Vec<NodeIndex>,
    starts: Vec<usize>,
}

impl Levels {
    /// Returns all nodes in the order in which they were met, the start first.
    #[must_use]
    pub fn nodes(&self) -> &[NodeIndex] {
        &self.nodes
    }

    /// Returns the greatest distance that the walk came to; `None` where it met no node.
    #[must_use]
    pub fn depth(&self) -> Option<usize> {
        self.starts.len().checked_sub(1)
    }

    /// Returns the nodes exactly `distance` steps away.
    #[must_use]
    pub fn at(&self, distance: usize) -> &[NodeIndex] {
        match self.starts.get(distance) {
            Some(start) => &self.nodes[*start..self.starts.get(distance + 1).copied().unwrap_or(self.nodes.len())],
            None => &[],
        }
    }

    /// Returns the nodes with their distances, nearest first.
    pub fn distances(&self) -> impl Iterator<Item = (NodeIndex, usize)> {
        (0..self.starts.len()).flat_map(|distance| self.at(distance).iter().map(move |node| (*node, distance)))
    }

    fn begin(nodes: Vec<NodeIndex>) -> Self {
        let starts = if nodes.is_empty() { Vec::new() } else { vec![0] };
        Self { nodes, starts }
    }

    fn last_level(&self) -> Range<usize> {
        self.starts.last().map_or(0..0, |start| *start..self.nodes.len())
    }
}

/// Finds the nodes at most `steps_max` steps from `start`; none where `start` is not in the graph.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn neighbourhood<T: Topology>(
    topology: &T,
    start: NodeIndex,
    direction: Direction,
    steps_max: usize,
    cancel: &CancelToken,
) -> Result<Levels, Cancelled> {
    neighbourhood_along(topology, start, direction, steps_max, |_| true, cancel)
}

/// Finds the nodes at most `steps_max` steps from `start` by steps that `follow` accepts.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn neighbourhood_along<T: Topology>(
    topology: &T,
    start: NodeIndex,
    direction: Direction,
    steps_max: usize,
    follow: impl Fn(Adjacent) -> bool,
    cancel: &CancelToken,
) -> Result<Levels, Cancelled> {
    let mut starts = Vec::with_capacity(NODES_AT_FIRST);
    starts.extend(topology.contains(start).then_some(start));
    spread(topology, starts, direction, steps_max, follow, cancel)
}

/// Walks breadth first from `start` to all that can be reached.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn breadth_first<T: Topology>(
    topology: &T,
    start: NodeIndex,
    direction: Direction,
    cancel: &CancelToken,
) -> Result<Levels, Cancelled> {
    neighbourhood(topology, start, direction, usize::MAX, cancel)
}

/// Walks breadth first from several distinct nodes of the graph at once.
pub(super) fn spread<T: Topology>(
    topology: &T,
    starts: Vec<NodeIndex>,
    direction: Direction,
    steps_max: usize,
    follow: impl Fn(Adjacent) -> bool,
    cancel: &CancelToken,
) -> Result<Levels, Cancelled> {
    with_scratch(topology.node_bound(), |scratch| {
        let marks = &mut scratch.forward.marks;
        starts.iter().for_each(|node| assert!(marks.insert(*node), "starts are distinct"));
        let mut levels = Levels::begin(starts);
        let outcome = match direction {
            Direction::Outgoing => grow(&mut levels, marks, steps_max, |node| topology.outgoing(node), follow, cancel),
            Direction::Incoming => grow(&mut levels, marks, steps_max, |node| topology.incoming(node), follow, cancel),
            Direction::Both => {
                let both = |node| topology.outgoing(node).chain(topology.incoming(node));
                grow(&mut levels, marks, steps_max, both, follow, cancel)
            }
        };
        marks.clear(levels.nodes.iter().copied());
        outcome.map(|()| levels)
    })
}

/// Adds levels until there are `steps_max` beyond the first or a level is empty.
fn grow<I: Iterator<Item = Adjacent>>(
    levels: &mut Levels,
    marks: &mut Marks,
    steps_max: usize,
    adjacent: impl Fn(NodeIndex) -> I,
    follow: impl Fn(Adjacent) -> bool,
    cancel: &CancelToken,
) -> Result<(), Cancelled> {
    for _ in 0..steps_max {
        let frontier = levels.last_level();
        let end = frontier.end;
        for start in frontier.step_by(NODES_PER_CHECK) {
            cancel.check()?;
            for at in start..end.min(start + NODES_PER_CHECK) {
                let steps = adjacent(levels.nodes[at]);
                steps.filter(|step| follow(*step)).for_each(|step| {
                    if marks.insert(step.node) {
                        levels.nodes.push(step.node);
                    }
                });
            }
        }
        if levels.nodes.len() == end {
            return Ok(());
        }
        levels.starts.push(end);
    }
    Ok(())
}

/// Walks depth first from `start` to all that can be reached, and returns the nodes as they are first met.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn depth_first<T: Topology>(
    topology: &T,
    start: NodeIndex,
    direction: Direction,
    cancel: &CancelToken,
) -> Result<Vec<NodeIndex>, Cancelled> {
    if !topology.contains(start) {
        return Ok(Vec::new());
    }
    let bound = topology.node_bound();
    match direction {
        Direction::Outgoing => descend(bound, start, |node| topology.outgoing(node), cancel),
        Direction::Incoming => descend(bound, start, |node| topology.incoming(node), cancel),
        Direction::Both => descend(bound, start, |node| topology.outgoing(node).chain(topology.incoming(node)), cancel),
    }
}

fn descend<I: Iterator<Item = Adjacent>>(
    bound: usize,
    start: NodeIndex,
    adjacent: impl Fn(NodeIndex) -> I,
    cancel: &CancelToken,
) -> Result<Vec<NodeIndex>, Cancelled> {
    let mut marks = Marks::new(bound);
    marks.insert(start);
    let mut order = vec![start];
    let mut path = vec![adjacent(start)];
    while let Some(steps) = path.last_mut() {
        match steps.find(|step| marks.insert(step.node)) {
            Some(step) => {
                if order.len().is_multiple_of(NODES_PER_CHECK) {
                    cancel.check()?;
                }
                order.push(step.node);
                path.push(adjacent(step.node));
            }
            None => drop(path.pop()),
        }
    }
    cancel.check().map(|()| order)
}
