//! Why a checkpoint could not be computed, or does not hold.

use crate::chain::ChainError;
use crate::id::GraphId;
use crate::store::StoreError;
use crate::writer::ReplayError;

/// Why a checkpoint could not be computed, or does not hold.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CheckpointError {
    /// The store did not give the graph's events.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The graph's chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// An event cannot be read or does not fit.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The store's event at the view's version is not the view's.
    #[error("event {version} of graph {graph} in the store is not the one that the view is of")]
    OtherHistory {
        /// The graph.
        graph: GraphId,
        /// The version.
        version: u64,
    },
    /// A checkpoint in the store says another root than its graph has.
    #[error(
        "the checkpoint of graph {graph} in event {event} says another {root} root for version {version} than there is"
    )]
    WrongRoot {
        /// The graph.
        graph: GraphId,
        /// The version of the event that says it.
        event: u64,
        /// The version that it is of.
        version: u64,
        /// Which root: `event` or `state`.
        root: &'static str,
    },
}
