//! Why the program stops.

use crate::app::InvalidAction;
use crate::bench::BenchError;
use crate::headless::{AdapterError, PictureError};
use crate::source::SourceError;

/// Why the program stops.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The arguments do not fit together.
    #[error("{0}")]
    Usage(String),
    /// Nothing can be drawn.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// A picture could not be written or read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The store cannot be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The bench stops.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// A script has a line that is no action.
    #[error(transparent)]
    Script(#[from] InvalidAction),
    /// A file or the terminal fails.
    #[error(transparent)]
    File(#[from] std::io::Error),
}
