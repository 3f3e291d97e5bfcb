//! What a caller hands to a writer, and the answers.

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::command::CommandContext;
use crate::store::{Durability, Head, StoreError};

use super::replay::ReplayError;

/// Commands that are decided one after another and become one transaction, or none.
#[derive(Debug, Clone)]
pub struct Submission<C> {
    /// Who asks; the command's id is the transaction's id.
    pub context: CommandContext,
    /// The commands, each decided on top of those before it.
    pub commands: Vec<C>,
    /// The version that the caller saw, where it matters; a graph's checkpoints since then do not.
    pub expected: Option<u64>,
}

impl<C> Submission<C> {
    /// Makes a submission of one command, whatever the aggregate's version.
    pub fn one(context: CommandContext, command: C) -> Self {
        Self { context, commands: vec![command], expected: None }
    }
}

/// What became of an accepted submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The version of the transaction's first event.
    pub first_version: u64,
    /// The transaction's last event.
    pub head: Head,
    /// How many events it has.
    pub events: u32,
    /// The sequence of its first event, where the store told it.
    pub first_sequence: Option<u64>,
    /// What the store did for it before this answer: at least this, for an answer from history.
    pub durability: Durability,
    /// Whether the command was applied earlier and this is its first answer again.
    pub repeated: bool,
}

/// Why a submission was not acknowledged.
///
/// Nothing was written, but for [`Unknown`](Self::Unknown).
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError<R: std::error::Error + 'static> {
    /// A command was refused.
    #[error("command {}: {rejection}", index + 1)]
    Rejected {
        /// Which command of the submission, from 0; its place in the text counts from 1.
        index: usize,
        /// The aggregate's own reason.
        #[source]
        rejection: R,
    },
    /// The aggregate is not at the version that the caller saw.
    #[error("the aggregate is at version {actual}, not {expected}")]
    VersionMismatch {
        /// The caller's version.
        expected: u64,
        /// The aggregate's version.
        actual: u64,
    },
    /// The commands bring about no event.
    #[error("the commands bring about no event")]
    NoEvents,
    /// The transaction exceeds what an event or the store takes.
    #[error("{what}: {actual} exceeds the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What was asked for.
        actual: usize,
    },
    /// The queue is full.
    #[error("the writer's queue is full: wait or send less")]
    Full,
    /// The writer is closed.
    #[error("the writer is closed: open the aggregate again")]
    Closed,
    /// Other writers appended first, again and again.
    #[error("other writers were first {attempts} times: try again later")]
    Conflict {
        /// How often the commands were decided.
        attempts: u32,
    },
    /// The store could not be reached in time.
    #[error("the store was unavailable until the deadline: {reason}")]
    Unavailable {
        /// What happened last.
        reason: String,
    },
    /// The submission may have been applied: send it again with the same command id to find out.
    #[error("the outcome is not known: {reason}; send the same command id again to find out")]
    Unknown {
        /// What happened.
        reason: String,
    },
    /// What other writers appended could not be read, verified or understood.
    #[error(transparent)]
    Replay(ReplayError),
    /// The store refused for good.
    #[error(transparent)]
    Store(StoreError),
}

/// Why a whole group was not applied.
#[derive(Debug, Clone)]
pub(super) enum Failure {
    Conflict { attempts: u32 },
    Unavailable { reason: String },
    Unknown { reason: String },
    Replay(ReplayError),
    Store(StoreError),
}

impl<R: std::error::Error + 'static> From<Failure> for WriteError<R> {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict { attempts } => Self::Conflict { attempts },
            Failure::Unavailable { reason } => Self::Unavailable { reason },
            Failure::Unknown { reason } => Self::Unknown { reason },
            Failure::Replay(error) => Self::Replay(error),
            Failure::Store(error) => Self::Store(error),
        }
    }
}

/// A submission's answer.
pub(super) type Answer<R> = Result<Receipt, WriteError<R>>;

/// A submission in a writer's hands.
#[derive(Debug)]
pub(super) struct Waiting<C, R: std::error::Error + 'static> {
    pub(super) submission: Submission<C>,
    pub(super) reply: oneshot::Sender<Answer<R>>,
    /// How often other writers were first.
    pub(super) conflicts: u32,
    /// When it was sent.
    pub(super) since: Instant,
}

impl<C, R: std::error::Error + 'static> Waiting<C, R> {
    /// Answers; a caller that went away hears nothing.
    pub(super) fn answer(self, answer: Answer<R>) {
        drop(self.reply.send(answer));
    }
}
