//! What a writer may hold, how long it tries, and what it remembers.

use std::time::Duration;

/// A writer's limits and patience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterConfig {
    /// Submissions that may wait; more make `submit` wait and `try_submit` answer `Full`.
    pub queue_submissions_max: usize,
    /// Events of one group commit; a larger transaction goes alone.
    pub group_events_max: usize,
    /// Bytes of one group commit, after which no further transaction joins it.
    pub group_bytes_max: usize,
    /// How often a command is decided again because another writer appended first.
    pub conflict_retries_max: u32,
    /// How long a submission is tried while the store is unavailable or its answer unknown; `None` for as long as the
    /// store tries a call.
    pub deadline: Option<Duration>,
    /// The wait before the first retry; each later one is twice as long, less a jitter of up to half.
    pub retry_wait_min: Duration,
    /// The longest wait between two retries.
    pub retry_wait_max: Duration,
    /// How many of the aggregate's last transactions are recognised when their command is sent again.
    pub remembered_transactions_max: usize,
    /// After how long without a submission the writer closes; `None` for never.
    pub idle_after: Option<Duration>,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            queue_submissions_max: 1024,
            group_events_max: 8192,
            group_bytes_max: 8 * 1024 * 1024,
            conflict_retries_max: 8,
            deadline: None,
            retry_wait_min: Duration::from_millis(5),
            retry_wait_max: Duration::from_secs(1),
            remembered_transactions_max: 64 * 1024,
            idle_after: None,
        }
    }
}
