//! Why a drill cannot go on.

use std::io;

use cidgraph::StoreError;

use crate::nats::NatsError;

/// Why a drill cannot go on; what it finds wrong stands in its report instead.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// A server does not do what it was told.
    #[error(transparent)]
    Nats(#[from] NatsError),
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The writing process cannot be run.
    #[error("the writing process cannot be run: {source}")]
    Writer {
        /// What the system says.
        source: io::Error,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {source}")]
    Certificate {
        /// What is wrong.
        source: rcgen::Error,
    },
    /// This system cannot do what the drill needs.
    #[error("this system has no {what}")]
    Unsupported {
        /// What it has not.
        what: &'static str,
    },
}
