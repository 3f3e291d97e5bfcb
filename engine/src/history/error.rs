//! Why a question about the past has no answer.

use crate::chain::ChainError;
use crate::cid::Cid;
use crate::event::DecodeError;
use crate::id::{EdgeId, GraphId, NodeId};
use crate::read_model::QueryError;
use crate::store::StoreError;
use crate::stream::StreamError;
use crate::writer::ReplayError;

use super::moment::Moment;

/// Why a question about the past has no answer.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// No such graph in the store.
    #[error("no graph {graph} in the store")]
    GraphNotFound {
        /// The graph.
        graph: GraphId,
    },
    /// No transaction of the graph had ended by then.
    #[error("nothing had happened at {moment}: the graph's first transaction ends with version {first}")]
    BeforeFirst {
        /// What was asked for.
        moment: Moment,
        /// Where the first transaction ends.
        first: u64,
    },
    /// It has not come yet.
    #[error("{moment} lies beyond the last event, which is version {last}")]
    BeyondHead {
        /// What was asked for.
        moment: Moment,
        /// The last version.
        last: u64,
    },
    /// The store's stream does not reach this sequence.
    #[error("sequence {sequence} lies beyond the store's last event, which is sequence {last}")]
    UnknownSequence {
        /// What was asked for.
        sequence: u64,
        /// The last sequence.
        last: u64,
    },
    /// No event of the store has this CID.
    #[error("no event {cid} in the store")]
    UnknownCid {
        /// What was asked for.
        cid: Cid,
    },
    /// The event of this CID is another graph's.
    #[error("event {cid} is version {version} of {other}, not of this graph")]
    ForeignCid {
        /// What was asked for.
        cid: Cid,
        /// Whose event it is.
        other: GraphId,
        /// Its version there.
        version: u64,
    },
    /// The graph never had this node.
    #[error("no event ever added node {node}")]
    UnknownNode {
        /// What was asked for.
        node: NodeId,
    },
    /// The graph has no such node at that time.
    #[error("no node {node} at version {version}")]
    NodeNotThere {
        /// What was asked for.
        node: NodeId,
        /// The version that was looked at.
        version: u64,
    },
    /// The graph has no such edge at that time.
    #[error("no edge {edge} at version {version}")]
    UnknownEdge {
        /// What was asked for.
        edge: EdgeId,
        /// The version that was looked at.
        version: u64,
    },
    /// The node lacks what is asked for at that time.
    #[error("node {node} has no {what} at version {version}")]
    NothingThere {
        /// The node.
        node: NodeId,
        /// A component, or `Component.property`.
        what: String,
        /// The version that was looked at.
        version: u64,
    },
    /// A span of time ends before it begins.
    #[error("{to} lies before {from}")]
    Backwards {
        /// Where it was to begin.
        from: Moment,
        /// Where it was to end.
        to: Moment,
    },
    /// Frames of an animation must have a length.
    #[error("a step of an animation must be longer than nothing")]
    NoStep,
    /// The events could not be read or do not hold.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The events could not be replayed.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// An event could not be read.
    #[error("event {version} could not be read: {source}")]
    Decode {
        /// Its version.
        version: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// The state has no answer.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl From<StoreError> for HistoryError {
    fn from(error: StoreError) -> Self {
        Self::Stream(error.into())
    }
}

impl From<ChainError> for HistoryError {
    fn from(error: ChainError) -> Self {
        Self::Stream(error.into())
    }
}
