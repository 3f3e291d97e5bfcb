//! Why the program stops.

use std::io;

use cidgraph_cli::failure::Failure as StoreFailure;

use crate::app::InvalidScript;
use crate::bench::BenchError;
use crate::headless::{AdapterError, PictureError};

/// Why the program stops.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The source cannot be opened or followed.
    #[error(transparent)]
    Source(#[from] StoreFailure),
    /// Nothing can be drawn.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// A picture could not be written or read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The bench stops.
    #[error(transparent)]
    Bench(#[from] BenchError),
    /// A script has a line that is no action.
    #[error(transparent)]
    Script(#[from] InvalidScript),
    /// Something was said to be wrong, and the rest was done.
    #[error("not all could be done")]
    NotDone,
    /// A file cannot be read or written.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Standard output is closed.
    #[error(transparent)]
    Output(#[from] io::Error),
}

impl Failure {
    /// Returns the exit code, as that of `cidgraph`: 1 usage or bad input, 2 corruption found, 3 conflict or unavailable.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Source(failure) => failure.exit_code(),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Adapter(_) | Self::Bench(BenchError::Adapter(_)) => 3,
            Self::Picture(_)
            | Self::Bench(BenchError::Picture(_))
            | Self::Script(_)
            | Self::NotDone
            | Self::File { .. }
            | Self::Output(_) => 1,
        }
    }
}
