//! Why something that follows the stream stopped.

use std::sync::Arc;

use crate::chain::ChainError;
use crate::event::DecodeError;
use crate::id::AggregateId;
use crate::store::StoreError;

/// Why a graph or a subscription no longer follows.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FollowError {
    /// The store failed for good.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A payload is not what its event type says.
    #[error("event {version} of {aggregate} could not be read: {source}")]
    Decode {
        /// The aggregate.
        aggregate: AggregateId,
        /// The event's version.
        version: u64,
        /// What is wrong.
        source: DecodeError,
    },
    /// The sink did not take a transaction.
    #[error("the events up to version {version} of {aggregate} were not taken: {source}")]
    Sink {
        /// The graph's aggregate.
        aggregate: AggregateId,
        /// The transaction's last version.
        version: u64,
        /// What the sink said.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}
