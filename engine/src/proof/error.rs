//! Why a proof does not hold, and why one cannot be made.

use crate::checkpoint::CheckpointError;
use crate::cid::Cid;
use crate::dag_cbor::CodecError;
use crate::event::DecodeError;
use crate::id::{GraphId, NodeId};
use crate::store::StoreError;

/// Why a proof does not hold.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProofError {
    /// The file is larger than a proof may be.
    #[error("the proof has {bytes} bytes or more, at most {max} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// The bytes are not those of a proof.
    #[error("not a proof: {0}")]
    Codec(#[from] CodecError),
    /// The proof is in a format that this program does not know.
    #[error("the proof has the format {found:?}, which this program does not know")]
    UnknownFormat {
        /// What it calls itself.
        found: String,
    },
    /// The bytes are not those that the proof was made of.
    #[error("the proof was changed since it was made: its digest is another one")]
    Changed,
    /// The proof leads to another event than the trusted one.
    #[error("the proof leads to event {found}, not to the given head {head}: make it again with that head")]
    OtherHead {
        /// The trusted event.
        head: Cid,
        /// Where the proof leads.
        found: Cid,
    },
    /// An event is not the one that the event after it, or the checkpoint, names.
    #[error("event {version} is not the one that is linked to: expected {expected}, found {actual}")]
    BrokenLink {
        /// Its version.
        version: u64,
        /// The CID that is linked to.
        expected: Cid,
        /// The CID of what is there.
        actual: Cid,
    },
    /// An event cannot be read.
    #[error("event {version} cannot be read: {source}")]
    Event {
        /// Its version.
        version: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// An event is of another graph.
    #[error("an event is of graph {found}, the proof of {graph}")]
    OtherGraph {
        /// The proof's graph.
        graph: GraphId,
        /// The event's.
        found: GraphId,
    },
    /// The events are not those that lead from the checkpoint to the version.
    #[error("the events do not lead from version {from} to version {to}: {reason}")]
    Incomplete {
        /// The version that the state is shown at.
        from: u64,
        /// The version that is to be proven.
        to: u64,
        /// What is missing.
        reason: &'static str,
    },
    /// The proof leads to the head by the events themselves and by an anchor.
    #[error("the proof leads to the head in two ways")]
    TwoWays,
    /// No checkpoint of the state is shown.
    #[error("no checkpoint of version {version} is shown")]
    NoCheckpoint {
        /// The version that one is needed of.
        version: u64,
    },
    /// A path does not lead to the root of the checkpoint.
    #[error("the {what} is not part of what the checkpoint says")]
    NotCommitted {
        /// What is not: `event`, `checkpoint` or `state`.
        what: &'static str,
    },
    /// The node's record is not the one whose hash the state holds.
    #[error("the record is not that of node {node} in the state")]
    WrongRecord {
        /// The node.
        node: NodeId,
    },
    /// An event does not fit the node as it was.
    #[error("event {version} does not fit: {reason}")]
    Misfit {
        /// Its version.
        version: u64,
        /// What does not fit.
        reason: String,
    },
    /// The events that were given do not hold, or do not reach the version.
    #[error("the events do not hold: {0}")]
    Replay(#[from] CheckpointError),
    /// The events bring about something else than the proof shows.
    #[error("the events bring about another {what} than the proof shows")]
    NotDerived {
        /// What differs: `node`, `event`, `event root` or `state root`.
        what: &'static str,
    },
}

/// Why a proof cannot be made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProveError {
    /// The store did not give what is needed, or it does not hold.
    #[error(transparent)]
    Events(#[from] CheckpointError),
    /// The graph has no such version.
    #[error("the graph is at version {last}: version {version} cannot be proven")]
    NoSuchVersion {
        /// The version.
        version: u64,
        /// The graph's.
        last: u64,
    },
    /// The version lies within a transaction: the graph never stood there.
    #[error("version {version} is within a transaction: the graph stood at {before} and then at {after}")]
    WithinTransaction {
        /// The version.
        version: u64,
        /// The last version before the transaction.
        before: u64,
        /// The transaction's last version.
        after: u64,
    },
    /// The proof would be larger than a proof may be.
    #[error(
        "a proof would take {bytes} bytes, at most {max} are allowed: the events from version {from} to {to}, behind the \
         nearest checkpoint, are too large"
    )]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The limit.
        max: usize,
        /// The first version of the longer run of events that it holds.
        from: u64,
        /// The last.
        to: u64,
    },
    /// What the node holds fills the proof.
    #[error("the node alone takes {bytes} bytes, a proof at most {max}: it cannot be proven")]
    TooLargeNode {
        /// The length of its record.
        bytes: usize,
        /// The limit.
        max: usize,
    },
}

impl From<StoreError> for ProveError {
    fn from(error: StoreError) -> Self {
        Self::Events(error.into())
    }
}
