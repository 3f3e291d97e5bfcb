//! What load is sent to.

use std::fmt;

use cidgraph::{AggregateId, Cid, Durability};
use futures::future::BoxFuture;

use crate::workload::WorkloadTransaction;

/// Applies transactions: an engine, or a store alone.
pub trait GraphService: fmt::Debug + Send + Sync + 'static {
    /// Applies a transaction and waits for the acknowledgement.
    ///
    /// # Errors
    /// Where the transaction was refused, or not acknowledged.
    fn apply(&self, transaction: WorkloadTransaction) -> BoxFuture<'_, Result<Acknowledgement, ServiceError>>;

    /// Returns what it leaves out of the work that a target or bar is about, `None` for a whole engine.
    fn falls_short(&self) -> Option<&'static str>;
}

/// The answer to a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// How many events the transaction has.
    pub events: u64,
    /// Version and CID of the events that were told by CID, at least the last: it stands for all before it, as every
    /// block links to the one before.
    pub told: Vec<(u64, Cid)>,
    /// What the store did before it answered.
    pub durability: Durability,
}

/// Why a transaction was not acknowledged, in the words of what it was sent to.
#[derive(Debug)]
pub struct ServiceError(Box<dyn std::error::Error + Send + Sync>);

impl ServiceError {
    /// Makes an error of another.
    pub fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ServiceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}
