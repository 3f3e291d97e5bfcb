//! What is wrong with a graph that cannot be laid out.

/// How far from 0 a given coordinate may be.
pub const POSITION_MAX: f32 = 1e9;

/// The caller's edges or places do not fit each other; nothing was laid out.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// An edge names a node that has no place in the list.
    #[error("edge {edge} ends at node {node}, but there are {nodes} nodes")]
    NodeOutOfRange {
        /// Index of the edge.
        edge: usize,
        /// The node that it names.
        node: u32,
        /// How many nodes there are.
        nodes: usize,
    },
    /// An edge names a node that is [`Place::Absent`](crate::Place::Absent).
    #[error("edge {edge} ends at node {node}, which is absent")]
    NodeAbsent {
        /// Index of the edge.
        edge: usize,
        /// The node that it names.
        node: u32,
    },
    /// A given position is no finite number, or beyond [`POSITION_MAX`].
    #[error("node {node} is placed at {position:?}; coordinates are finite and at most {POSITION_MAX} from 0")]
    Position {
        /// The node.
        node: u32,
        /// What was given.
        position: [f32; 2],
    },
    /// Indices would not fit in 32 bits.
    #[error("{nodes} nodes and {edges} edges are too many: both, and twice the edges, must fit in 32 bits")]
    TooLarge {
        /// How many nodes were given.
        nodes: usize,
        /// How many edges were given.
        edges: usize,
    },
}
