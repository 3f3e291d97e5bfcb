//! Why a command was not taken, and why a feed ended.

use crate::engine::Error;
use crate::history::HistoryError;
use crate::subscription::FollowError;

/// Why the bridge did not take a command; nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BridgeError {
    /// Nobody takes commands any more: the runtime on which the bridge was made has ended.
    #[error("nobody takes commands any more: the bridge's runtime has ended")]
    CommandChannelClosed,
    /// As many commands as may be are under way: receive answers, then try again.
    #[error("{under_way} commands are under way: receive their answers, then try again")]
    Full {
        /// How many are.
        under_way: usize,
    },
}

/// Why a feed ended before its time. What it handed over until then holds.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// It could not begin.
    #[error(transparent)]
    Engine(#[from] Error),
    /// The stretch of the past could not be read.
    #[error(transparent)]
    History(Box<HistoryError>),
    /// Its events could not be followed further.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The version at which it was to begin lies inside a transaction, which is shown whole or not at all.
    #[error("version {version} lies inside a transaction: begin at {transaction_end}")]
    InsideTransaction {
        /// The version.
        version: u64,
        /// The end of the transaction before it.
        transaction_end: u64,
    },
    /// The aggregate of this id is no graph.
    #[error("the aggregate of this id is no graph")]
    NotAGraph,
    /// The store or the runtime has ended, or the local feed was dropped.
    #[error("whatever fed it has ended")]
    Ended,
}

impl From<HistoryError> for FeedError {
    fn from(error: HistoryError) -> Self {
        Self::History(Box::new(error))
    }
}
