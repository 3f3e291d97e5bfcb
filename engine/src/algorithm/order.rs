//! An order in which every edge points forward, or the cycle that forbids it.

use super::cancel::{CancelToken, Cancelled};
use super::path::Path;
use crate::topology::{NodeIndex, Topology};

/// Nodes ordered between two looks at the cancel token.
const NODES_PER_CHECK: usize = 4096;

/// Stands for a node that is not on the way back.
const NOT_PASSED: usize = usize::MAX;

/// Why there is no topological order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// The graph has a cycle.
    #[error("the graph has a cycle of {} edges", cycle.steps())]
    Cyclic {
        /// One such cycle; its first node is also its last, and no other comes twice.
        cycle: Path,
    },
    /// The caller cancelled.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

/// Returns all nodes so that each comes after those whose edges lead to it.
///
/// Kahn's algorithm (Topological Sorting of Large Networks, 1962): first in, first out, from the least ordinal on.
///
/// # Errors
/// [`OrderError::Cyclic`] where there is no such order, or [`OrderError::Cancelled`].
pub fn topological_order<T: Topology>(topology: &T, cancel: &CancelToken) -> Result<Vec<NodeIndex>, OrderError> {
    let mut waiting_for = vec![0_u32; topology.node_bound()];
    let mut order = Vec::with_capacity(topology.node_count());
    for node in topology.nodes() {
        let degree = topology.incoming(node).count();
        waiting_for[node.index()] = u32::try_from(degree).expect("edge ordinals have 32 bits");
        if degree == 0 {
            order.push(node);
        }
    }
    let mut at = 0;
    while let Some(node) = order.get(at).copied() {
        if at.is_multiple_of(NODES_PER_CHECK) {
            cancel.check()?;
        }
        at += 1;
        topology.outgoing(node).for_each(|step| {
            let left = &mut waiting_for[step.node.index()];
            *left -= 1;
            if *left == 0 {
                order.push(step.node);
            }
        });
    }
    cancel.check()?;
    match topology.nodes().find(|node| waiting_for[node.index()] > 0) {
        Some(node) => Err(OrderError::Cyclic { cycle: cycle_before(topology, node, &waiting_for) }),
        None => Ok(order),
    }
}

/// Finds a cycle, or `None` where there is none.
///
/// # Errors
/// [`Cancelled`] by `cancel`.
pub fn find_cycle<T: Topology>(topology: &T, cancel: &CancelToken) -> Result<Option<Path>, Cancelled> {
    match topological_order(topology, cancel) {
        Ok(_) => Ok(None),
        Err(OrderError::Cyclic { cycle }) => Ok(Some(cycle)),
        Err(OrderError::Cancelled(cancelled)) => Err(cancelled),
    }
}

/// Walks back from `node` over nodes that still wait, each of which waits for another such one, until one comes again.
fn cycle_before<T: Topology>(topology: &T, node: NodeIndex, waiting_for: &[u32]) -> Path {
    let mut places = vec![NOT_PASSED; topology.node_bound()];
    let (mut nodes, mut edges) = (vec![node], Vec::new());
    let mut last = node;
    loop {
        places[last.index()] = edges.len();
        let before = topology.incoming(last).find(|step| waiting_for[step.node.index()] > 0);
        let before = before.expect("a node that waits does so for another that waits");
        nodes.push(before.node);
        edges.push(before.edge);
        last = before.node;
        if places[last.index()] != NOT_PASSED {
            break;
        }
    }
    let begin = places[last.index()];
    nodes.drain(..begin);
    edges.drain(..begin);
    nodes.reverse();
    edges.reverse();
    Path::new(nodes, edges)
}
