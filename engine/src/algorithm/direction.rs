//! Which way a walk follows edges.

use crate::topology::{Adjacent, NodeIndex, Topology};

/// Which edges of a node a walk follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Those that start at the node.
    #[default]
    Outgoing,
    /// Those that end at the node.
    Incoming,
    /// Both; an edge from a node to itself counts twice.
    Both,
}

/// How an algorithm over whole graphs reads the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Orientation {
    /// From source to target.
    #[default]
    Directed,
    /// An edge joins its two ends alike.
    Undirected,
}

impl Direction {
    /// Returns the direction in which the same edges are walked back.
    #[must_use]
    pub fn reversed(self) -> Self {
        match self {
            Self::Outgoing => Self::Incoming,
            Self::Incoming => Self::Outgoing,
            Self::Both => Self::Both,
        }
    }

    /// Returns whether a walk in this direction follows outgoing edges.
    #[must_use]
    pub fn follows_outgoing(self) -> bool {
        matches!(self, Self::Outgoing | Self::Both)
    }

    /// Returns whether a walk in this direction follows incoming edges.
    #[must_use]
    pub fn follows_incoming(self) -> bool {
        matches!(self, Self::Incoming | Self::Both)
    }
}

/// Returns the steps that lead from `node` in `direction`: one for each edge, the outgoing ones first.
pub fn neighbours<T: Topology>(
    topology: &T,
    node: NodeIndex,
    direction: Direction,
) -> impl Iterator<Item = Adjacent> + use<'_, T> {
    let outgoing = direction.follows_outgoing().then(|| topology.outgoing(node));
    let incoming = direction.follows_incoming().then(|| topology.incoming(node));
    outgoing.into_iter().flatten().chain(incoming.into_iter().flatten())
}

/// Returns the number of steps that lead from `node` in `direction`.
pub fn degree<T: Topology>(topology: &T, node: NodeIndex, direction: Direction) -> usize {
    match direction {
        Direction::Outgoing => topology.outgoing(node).count(),
        Direction::Incoming => topology.incoming(node).count(),
        Direction::Both => topology.outgoing(node).count() + topology.incoming(node).count(),
    }
}
