//! Which nodes hang together: weakly (by any edges) and strongly (there and back).
//!
//! Components are numbered from 0 by their least ordinal, whatever the algorithm met first.

use std::sync::atomic::{AtomicU32, Ordering};

use rayon::prelude::*;

use super::cancel::{CancelToken, Cancelled};
use crate::topology::{Adjacent, NodeIndex, Topology};

/// Nodes looked at between two looks at the cancel token.
const NODES_PER_CHECK: usize = 4096;

/// Stands for no component, or for a node not yet met.
const NONE: u32 = u32::MAX;

/// A partition of the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    numbers: Vec<u32>,
    sizes: Vec<usize>,
}

impl Components {
    /// Returns the number of the component that `node` is in; `None` where the graph has no such node.
    #[must_use]
    pub fn of(&self, node: NodeIndex) -> Option<u32> {
        self.numbers.get(node.index()).copied().filter(|number| *number != NONE)
    }

    /// Returns how many components there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Returns the number of nodes in each component.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Returns the nodes of each component, ascending.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<NodeIndex>> {
        let mut members: Vec<Vec<NodeIndex>> = self.sizes.iter().map(|size| Vec::with_capacity(*size)).collect();
        for (node, number) in self.numbers.iter().enumerate().filter(|(_, number)| **number != NONE) {
            members[*number as usize].push(NodeIndex::new(node));
        }
        members
    }

    /// Numbers the sets anew, given for each ordinal a name of its set below the number of ordinals, or `NONE`.
    fn of_names(mut names: Vec<u32>) -> Self {
        let mut numbers = vec![NONE; names.len()];
        let mut sizes = Vec::new();
        for name in names.iter_mut().filter(|name| **name != NONE) {
            let number = &mut numbers[*name as usize];
            if *number == NONE {
                *number = ordinal(sizes.len());
                sizes.push(0);
            }
            sizes[*number as usize] += 1;
            *name = *number;
        }
        Self { numbers: names, sizes }
    }
}

fn ordinal(index: usize) -> u32 {
    u32::try_from(index).expect("there are at most as many as nodes, whose ordinals have 32 bits")
}

/// Finds the nodes that are joined by edges of any direction, in parallel.
///
/// Each set is a tree whose root is its least ordinal: an edge hangs the greater of two roots below the lesser one, so
/// the order in which threads come by does not matter in the end.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn weak_components<T: Topology>(topology: &T, cancel: &CancelToken) -> Result<Components, Cancelled> {
    let bound = topology.node_bound();
    let parents: Vec<AtomicU32> = (0..bound).map(|node| AtomicU32::new(ordinal(node))).collect();
    (0..bound.div_ceil(NODES_PER_CHECK)).into_par_iter().try_for_each(|chunk| {
        cancel.check()?;
        let start = chunk * NODES_PER_CHECK;
        for node in (start..bound.min(start + NODES_PER_CHECK)).map(NodeIndex::new) {
            if topology.contains(node) {
                topology
                    .outgoing(node)
                    .for_each(|step| unite(&parents, ordinal(node.index()), ordinal(step.node.index())));
            }
        }
        Ok(())
    })?;
    let root_of = |node| if topology.contains(NodeIndex::new(node)) { root(&parents, ordinal(node)) } else { NONE };
    Ok(Components::of_names((0..bound).map(root_of).collect()))
}

/// Returns the root of `node`, and shortens the way to it.
fn root(parents: &[AtomicU32], mut node: u32) -> u32 {
    loop {
        let parent = parents[node as usize].load(Ordering::Relaxed);
        let above = parents[parent as usize].load(Ordering::Relaxed);
        if parent == above {
            return parent;
        }
        // An ancestor stays an ancestor, so a lost race leaves a longer way, never a wrong one.
        let shortened =
            parents[node as usize].compare_exchange_weak(parent, above, Ordering::Relaxed, Ordering::Relaxed);
        node = shortened.map_or(parent, |_| above);
    }
}

fn unite(parents: &[AtomicU32], mut one: u32, mut other: u32) {
    loop {
        (one, other) = (root(parents, one), root(parents, other));
        if one == other {
            return;
        }
        let (least, greatest) = (one.min(other), one.max(other));
        let hung = parents[greatest as usize].compare_exchange(greatest, least, Ordering::Relaxed, Ordering::Relaxed);
        if hung.is_ok() {
            return;
        }
    }
}

/// Finds the nodes from each of which all others of the same component can be reached along edges.
///
/// Tarjan's algorithm (Depth-First Search and Linear Graph Algorithms, 1972), without recursion.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn strong_components<T: Topology>(topology: &T, cancel: &CancelToken) -> Result<Components, Cancelled> {
    let mut search = Strong::new(topology.node_bound());
    for node in topology.nodes() {
        if search.met[node.index()] == NONE {
            search.run(node, |node| topology.outgoing(node), cancel)?;
        }
    }
    Ok(Components::of_names(search.names))
}

/// Tarjan's state: when each node was first met, the earliest node still open that it leads to, and the open nodes.
struct Strong {
    met: Vec<u32>,
    earliest: Vec<u32>,
    names: Vec<u32>,
    open: Vec<NodeIndex>,
    clock: u32,
}

impl Strong {
    fn new(bound: usize) -> Self {
        Self {
            met: vec![NONE; bound],
            earliest: vec![NONE; bound],
            names: vec![NONE; bound],
            open: Vec::new(),
            clock: 0,
        }
    }

    fn run<I: Iterator<Item = Adjacent>>(
        &mut self,
        start: NodeIndex,
        outgoing: impl Fn(NodeIndex) -> I,
        cancel: &CancelToken,
    ) -> Result<(), Cancelled> {
        self.enter(start);
        let mut path = vec![(start, outgoing(start))];
        while let Some((node, steps)) = path.last_mut() {
            let node = *node;
            let next = steps.find(|step| self.is_new(node, step.node));
            if let Some(step) = next {
                if (self.clock as usize).is_multiple_of(NODES_PER_CHECK) {
                    cancel.check()?;
                }
                self.enter(step.node);
                path.push((step.node, outgoing(step.node)));
            } else {
                path.pop();
                self.leave(node, path.last().map(|(above, _)| *above));
            }
        }
        cancel.check()
    }

    /// Returns whether `target` was never met; if it is still open, notes that `node` leads to it.
    fn is_new(&mut self, node: NodeIndex, target: NodeIndex) -> bool {
        let met = self.met[target.index()];
        if met != NONE && self.names[target.index()] == NONE {
            self.lower(node, met);
        }
        met == NONE
    }

    fn lower(&mut self, node: NodeIndex, met: u32) {
        let earliest = &mut self.earliest[node.index()];
        *earliest = met.min(*earliest);
    }

    fn enter(&mut self, node: NodeIndex) {
        self.met[node.index()] = self.clock;
        self.earliest[node.index()] = self.clock;
        self.clock += 1;
        self.open.push(node);
    }

    /// Closes the component that begins at `node`, or hands what `node` leads to up to `above`.
    fn leave(&mut self, node: NodeIndex, above: Option<NodeIndex>) {
        let earliest = self.earliest[node.index()];
        if earliest == self.met[node.index()] {
            let begin = self.open.iter().rposition(|open| *open == node).expect("a node stays open until it is left");
            self.open.drain(begin..).for_each(|member| self.names[member.index()] = ordinal(node.index()));
        } else {
            self.lower(above.expect("what leads to an earlier node has one above it"), earliest);
        }
    }
}
