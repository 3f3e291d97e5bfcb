//! What one call hands to the frame loop.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use super::event::BridgeEvent;
use super::front::AsyncSyncBridge;

/// Events, handed out one by one until none is there or the time is up. What is done with one counts: the time is looked
/// at before each but the first, which always comes. What is left stays for the next call.
pub struct Received<'a> {
    bridge: &'a mut AsyncSyncBridge,
    /// `None` for a time that never comes.
    deadline: Option<Instant>,
    has_begun: bool,
}

impl<'a> Received<'a> {
    pub(super) fn within(bridge: &'a mut AsyncSyncBridge, budget: Duration) -> Self {
        Self { bridge, deadline: Instant::now().checked_add(budget), has_begun: false }
    }
}

impl Iterator for Received<'_> {
    type Item = BridgeEvent;

    fn next(&mut self) -> Option<BridgeEvent> {
        if self.has_begun && self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return None;
        }
        self.has_begun = true;
        self.bridge.next_event()
    }
}

impl fmt::Debug for Received<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
