//! A path of the fewest steps between two nodes, by breadth-first search from both ends.
//!
//! Whole levels are walked, always on the side whose frontier is smaller, until one meets what the other side has seen.
//! No path is shorter than that meeting: all shorter ones would have met before. Of several shortest paths the choice
//! depends only on the order of the edges in the topology.

use std::ops::ControlFlow;

use super::cancel::{CancelToken, Cancelled};
use super::direction::Direction;
use super::path::Path;
use super::scratch::{Marks, Reached, Scratch, Side, with_scratch};
use crate::topology::{Adjacent, EdgeIndex, NodeIndex, Topology};

/// Nodes looked at between two looks at the cancel token.
const NODES_PER_CHECK: usize = 1024;

/// Where the two searches met: places in the forward and in the backward queue, and the edge between.
struct Meeting {
    forward: usize,
    backward: usize,
    edge: EdgeIndex,
}

/// Finds a path of the fewest steps from `source` to `target`, or `None` where there is no path.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn shortest_path<T: Topology>(
    topology: &T,
    source: NodeIndex,
    target: NodeIndex,
    direction: Direction,
    cancel: &CancelToken,
) -> Result<Option<Path>, Cancelled> {
    shortest_path_along(topology, source, target, direction, |_| true, cancel)
}

/// Finds a path of the fewest steps from `source` to `target` by edges that `follow` accepts.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn shortest_path_along<T: Topology>(
    topology: &T,
    source: NodeIndex,
    target: NodeIndex,
    direction: Direction,
    follow: impl Fn(EdgeIndex) -> bool,
    cancel: &CancelToken,
) -> Result<Option<Path>, Cancelled> {
    if !topology.contains(source) || !topology.contains(target) {
        return Ok(None);
    }
    if source == target {
        return Ok(Some(Path::new(vec![source], Vec::new())));
    }
    with_scratch(topology.node_bound(), |scratch| {
        scratch.forward.begin(source);
        scratch.backward.begin(target);
        let met = match direction {
            Direction::Outgoing => {
                search(scratch, |node| topology.outgoing(node), |node| topology.incoming(node), follow, cancel)
            }
            Direction::Incoming => {
                search(scratch, |node| topology.incoming(node), |node| topology.outgoing(node), follow, cancel)
            }
            Direction::Both => {
                let both = |node| topology.outgoing(node).chain(topology.incoming(node));
                search(scratch, both, both, follow, cancel)
            }
        };
        let path = met.map(|meeting| meeting.map(|meeting| meeting.path(scratch)));
        scratch.forward.end();
        scratch.backward.end();
        path
    })
}

impl Side {
    fn begin(&mut self, node: NodeIndex) {
        self.marks.insert(node);
        self.queue.push(Reached { node, from: 0, edge: EdgeIndex::end() });
    }

    fn end(&mut self) {
        self.marks.clear(self.queue.iter().map(|reached| reached.node));
    }

    /// Returns the places from the queue's start to `at`, last first, with the edges that led to them.
    fn trail(&self, mut at: usize) -> impl Iterator<Item = Reached> {
        let mut done = false;
        std::iter::from_fn(move || {
            let reached = (!done).then(|| self.queue[at])?;
            done = at == 0;
            at = reached.from as usize;
            Some(reached)
        })
    }
}

impl Meeting {
    fn path(&self, scratch: &Scratch) -> Path {
        let mut nodes: Vec<NodeIndex> = scratch.forward.trail(self.forward).map(|reached| reached.node).collect();
        let mut edges: Vec<EdgeIndex> = scratch.forward.trail(self.forward).map(|reached| reached.edge).collect();
        edges.pop().expect("the trail ends at the source, to which no edge led");
        nodes.reverse();
        edges.reverse();
        edges.push(self.edge);
        nodes.extend(scratch.backward.trail(self.backward).map(|reached| reached.node));
        edges.extend(scratch.backward.trail(self.backward).map(|reached| reached.edge));
        edges.pop().expect("the trail ends at the target, from which no edge led on");
        Path::new(nodes, edges)
    }
}

fn search<F: Iterator<Item = Adjacent>, B: Iterator<Item = Adjacent>>(
    scratch: &mut Scratch,
    forward: impl Fn(NodeIndex) -> F,
    backward: impl Fn(NodeIndex) -> B,
    follow: impl Fn(EdgeIndex) -> bool,
    cancel: &CancelToken,
) -> Result<Option<Meeting>, Cancelled> {
    let (mut forward_start, mut backward_start) = (0, 0);
    loop {
        let (ahead, behind) = (&mut scratch.forward, &mut scratch.backward);
        let (forward_width, backward_width) = (ahead.queue.len() - forward_start, behind.queue.len() - backward_start);
        if forward_width == 0 || backward_width == 0 {
            return Ok(None);
        }
        if forward_width <= backward_width {
            let start = std::mem::replace(&mut forward_start, ahead.queue.len());
            if let Some((from, step)) = advance(ahead, start, &behind.marks, &forward, &follow, cancel)? {
                return Ok(Some(Meeting { forward: from, backward: behind.place(step.node), edge: step.edge }));
            }
        } else {
            let start = std::mem::replace(&mut backward_start, behind.queue.len());
            if let Some((from, step)) = advance(behind, start, &ahead.marks, &backward, &follow, cancel)? {
                return Ok(Some(Meeting { forward: ahead.place(step.node), backward: from, edge: step.edge }));
            }
        }
    }
}

impl Side {
    fn place(&self, node: NodeIndex) -> usize {
        self.queue.iter().rposition(|reached| reached.node == node).expect("a marked node is in the queue")
    }
}

/// Walks the level of `side` that starts at `start` one step on, up to the first step into `others`.
fn advance<I: Iterator<Item = Adjacent>>(
    side: &mut Side,
    start: usize,
    others: &Marks,
    adjacent: &impl Fn(NodeIndex) -> I,
    follow: &impl Fn(EdgeIndex) -> bool,
    cancel: &CancelToken,
) -> Result<Option<(usize, Adjacent)>, Cancelled> {
    let Side { marks, queue } = side;
    let end = queue.len();
    for at in start..end {
        if (at - start).is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        let from = u32::try_from(at).expect("a queue holds each node at most once, and ordinals have 32 bits");
        let met = adjacent(queue[at].node).filter(|step| follow(step.edge)).try_for_each(|step| {
            if others.contains(step.node) {
                return ControlFlow::Break((at, step));
            }
            if marks.insert(step.node) {
                queue.push(Reached { node: step.node, from, edge: step.edge });
            }
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(met) = met {
            return Ok(Some(met));
        }
    }
    Ok(None)
}
