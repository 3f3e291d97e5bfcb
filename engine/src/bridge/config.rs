//! How much a bridge hands over at once, and how much may wait in it.

use std::time::Duration;

/// What waits is counted in mutations: an event with a thousand elements counts a thousand, what was overwritten while it
/// waited counts no more. A transaction is never split, so each number may be exceeded by one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchConfig {
    /// How many are taken at once; what waits beyond as many of one feed is put together, see
    /// [`AsyncSyncBridge`](super::AsyncSyncBridge).
    pub max_batch_size: usize,
    /// How long one call of [`receive_events`](super::AsyncSyncBridge::receive_events) goes on.
    pub batch_timeout: Duration,
    /// How many wait for the frame loop in one feed before the feed waits for the frame loop.
    pub max_pending_events: usize,
    /// How many commands are under way, from when they are sent until their answer is received.
    pub max_pending_commands: usize,
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            max_batch_size: 100,
            batch_timeout: Duration::from_millis(10),
            max_pending_events: 10_000,
            max_pending_commands: 1024,
        }
    }
}
