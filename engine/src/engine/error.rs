//! What can go wrong at the front door, and what a caller can do about it.

use crate::chain::ChainError;
use crate::checkpoint::CheckpointError;
use crate::command::Rejected;
use crate::history::HistoryError;
use crate::id::GraphId;
use crate::read_model::QueryError;
use crate::store::{Refusal, StoreError};
use crate::stream::StreamError;
use crate::writer::{ReplayError, WriteError};

/// Why the engine did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such graph in the store.
    #[error("no graph {graph} in the store")]
    GraphNotFound {
        /// The graph.
        graph: GraphId,
    },
    /// The commands were not acknowledged.
    #[error(transparent)]
    Write(#[from] WriteError<Rejected>),
    /// The graph's events could not be read, verified or understood.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The graph's chain does not hold.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A checkpoint could not be computed, or does not hold.
    #[error(transparent)]
    Checkpoint(#[from] Box<CheckpointError>),
    /// The query has no answer.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The past has no answer.
    #[error(transparent)]
    History(Box<HistoryError>),
}

impl From<HistoryError> for Error {
    fn from(error: HistoryError) -> Self {
        Self::History(Box::new(error))
    }
}

/// What a caller can do about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was asked for is not there.
    NotFound,
    /// A rule of the graph forbids it; asking again is of no use.
    Rejected,
    /// Others were first: look at what is there now, then ask again.
    Conflict,
    /// Too much was asked at once; ask for less.
    TooLarge,
    /// The store is not to be reached; ask again later.
    Unavailable,
    /// It may have been done: send the same command id again to find out.
    Unknown,
    /// The store's content is damaged, or is not what it should be.
    Corrupt,
    /// The store cannot be used as it was set up.
    Invalid,
}

impl Error {
    /// Returns what a caller can do about it.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::GraphNotFound { .. } => ErrorKind::NotFound,
            Self::Write(error) => kind_of_write(error),
            Self::Replay(error) => kind_of_replay(error),
            Self::Chain(_) => ErrorKind::Corrupt,
            Self::Store(error) => kind_of_store(error),
            Self::Query(error) => kind_of_query(error),
            Self::History(error) => kind_of_history(error),
            Self::Checkpoint(error) => kind_of_checkpoint(error),
        }
    }
}

const fn kind_of_query(error: &QueryError) -> ErrorKind {
    match error {
        QueryError::UnknownNode { .. } => ErrorKind::NotFound,
        QueryError::Damaged(_) => ErrorKind::Corrupt,
        QueryError::Cyclic
        | QueryError::InvalidWeight { .. }
        | QueryError::InvalidParameter { .. }
        | QueryError::Cancelled(_) => ErrorKind::Rejected,
    }
}

const fn kind_of_history(error: &HistoryError) -> ErrorKind {
    match error {
        HistoryError::GraphNotFound { .. }
        | HistoryError::BeforeFirst { .. }
        | HistoryError::BeyondHead { .. }
        | HistoryError::UnknownSequence { .. }
        | HistoryError::UnknownCid { .. }
        | HistoryError::ForeignCid { .. }
        | HistoryError::UnknownNode { .. }
        | HistoryError::NodeNotThere { .. }
        | HistoryError::UnknownEdge { .. }
        | HistoryError::NothingThere { .. } => ErrorKind::NotFound,
        HistoryError::Backwards { .. } | HistoryError::NoStep => ErrorKind::Rejected,
        HistoryError::Stream(StreamError::Store(error)) => kind_of_store(error),
        HistoryError::Stream(StreamError::TimedOut { .. }) => ErrorKind::Unavailable,
        HistoryError::Stream(StreamError::Chain(_)) | HistoryError::Decode { .. } => ErrorKind::Corrupt,
        HistoryError::Replay(error) => kind_of_replay(error),
        HistoryError::Query(error) => kind_of_query(error),
    }
}

impl From<CheckpointError> for Error {
    fn from(error: CheckpointError) -> Self {
        Self::Checkpoint(Box::new(error))
    }
}

const fn kind_of_write(error: &WriteError<Rejected>) -> ErrorKind {
    match error {
        WriteError::Rejected { .. } | WriteError::NoEvents => ErrorKind::Rejected,
        WriteError::VersionMismatch { .. } | WriteError::Conflict { .. } => ErrorKind::Conflict,
        WriteError::TooLarge { .. } => ErrorKind::TooLarge,
        WriteError::Full | WriteError::Closed | WriteError::Unavailable { .. } => ErrorKind::Unavailable,
        WriteError::Unknown { .. } => ErrorKind::Unknown,
        WriteError::Replay(error) => kind_of_replay(error),
        WriteError::Store(error) => kind_of_store(error),
    }
}

const fn kind_of_replay(error: &ReplayError) -> ErrorKind {
    match error {
        ReplayError::Store(error) => kind_of_store(error),
        ReplayError::Chain(_) | ReplayError::Decode { .. } | ReplayError::Misfit { .. } => ErrorKind::Corrupt,
    }
}

const fn kind_of_checkpoint(error: &CheckpointError) -> ErrorKind {
    match error {
        CheckpointError::Store(error) => kind_of_store(error),
        CheckpointError::Replay(error) => kind_of_replay(error),
        CheckpointError::Chain(_) | CheckpointError::OtherHistory { .. } | CheckpointError::WrongRoot { .. } => {
            ErrorKind::Corrupt
        }
    }
}

const fn kind_of_store(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::Conflict { .. } => ErrorKind::Conflict,
        StoreError::Unavailable { .. } => ErrorKind::Unavailable,
        StoreError::Unknown { .. } | StoreError::Partial { .. } => ErrorKind::Unknown,
        StoreError::Corrupt { .. } => ErrorKind::Corrupt,
        StoreError::Refused { refusal: Refusal::Full { .. } } => ErrorKind::Unavailable,
        StoreError::Refused { refusal: Refusal::Missing { .. } } => ErrorKind::NotFound,
        StoreError::Malformed { .. }
        | StoreError::Invalid { .. }
        | StoreError::Refused { refusal: Refusal::Forbidden { .. } } => ErrorKind::Invalid,
    }
}
