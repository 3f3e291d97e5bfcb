//! Where a fetch begins, how much it takes, how long it may last.

use std::time::Duration;

use super::filter::EventFilter;

/// Where a fetch begins, and where it ends at the latest. A place within a transaction stands for all of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReplayPolicy {
    /// The aggregate's first event.
    #[default]
    FromBeginning,
    /// The event after this sequence.
    AfterSequence(u64),
    /// The event after the last one that the caller processed, by its sequence: the same as
    /// [`AfterSequence`](Self::AfterSequence).
    LastSequence(u64),
    /// The first event that is not older than this.
    ByTime {
        /// Nanoseconds since the Unix epoch.
        start_ns: u64,
    },
    /// The events from the first to the last sequence, both included.
    Range {
        /// The first.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The last transaction.
    Latest,
}

/// What to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionOptions {
    /// Where to begin.
    pub replay_policy: ReplayPolicy,
    /// After how many events to stop, at the next border of a transaction; `None` for never.
    pub max_events: Option<usize>,
    /// How long it may take.
    pub timeout: Duration,
    /// Which of the events are wanted; the others are verified and left out.
    pub filter: Option<EventFilter>,
}

impl Default for TransactionOptions {
    fn default() -> Self {
        Self {
            replay_policy: ReplayPolicy::default(),
            max_events: Some(1000),
            timeout: Duration::from_secs(5),
            filter: None,
        }
    }
}
