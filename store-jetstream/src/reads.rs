//! Reads of many events through a consumer, for which that is faster than pages.
//!
//! Whoever reads on where a read ended is served by the same consumer: making one costs as much as reading hundreds of
//! events, and it has fetched the next ones meanwhile. A consumer that nobody asked again is dropped soon.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::{StoreError, StoredEvent};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::follow::{Follower, Selection};
use crate::log::Log;

/// Readers that are kept, at most.
const KEPT_MAX: usize = 16;

/// How long a reader is kept for whoever reads on.
const KEPT: Duration = Duration::from_secs(1);

/// Readers that stopped where a read was full.
#[derive(Clone, Default)]
pub(crate) struct Reads(Arc<Mutex<Vec<Kept>>>);

struct Kept {
    follower: Follower,
    until: Instant,
}

impl Reads {
    /// Reads up to `limit` events from `from_sequence` to `last_sequence`, which must be an event's with these subjects;
    /// `None` where no consumer is to be had, and pages suffice.
    pub(crate) async fn read(
        &self,
        log: &Log,
        subjects: &str,
        from_sequence: u64,
        last_sequence: u64,
        limit: usize,
    ) -> Result<Option<Vec<StoredEvent>>, StoreError> {
        let kept = self.take(subjects, from_sequence);
        let mut follower =
            kept.unwrap_or_else(|| Follower::new(log, subjects.to_owned(), Selection::From(from_sequence)));
        if !follower.opens().await? {
            return Ok(None);
        }
        let mut events: Vec<StoredEvent> = Vec::with_capacity(limit);
        while events.len() < limit && follower.next <= last_sequence {
            // One behind the last comes where the last was purged meanwhile.
            let event = follower.event_in_time().await?;
            events.extend((event.sequence <= last_sequence).then_some(event));
        }
        if follower.next <= last_sequence {
            self.keep(follower);
        }
        Ok(Some(events))
    }

    /// Returns whether a reader waits there.
    pub(crate) fn has(&self, subjects: &str, from_sequence: u64) -> bool {
        self.0.lock().iter().any(|kept| kept.stands_at(subjects, from_sequence))
    }

    /// Gives up all readers that wait.
    pub(crate) fn close(&self) {
        let kept = std::mem::take(&mut *self.0.lock());
        drop(kept);
    }

    fn take(&self, subjects: &str, from_sequence: u64) -> Option<Follower> {
        let mut kept = self.0.lock();
        let place = kept.iter().position(|kept| kept.stands_at(subjects, from_sequence))?;
        Some(kept.swap_remove(place).follower)
    }

    fn keep(&self, follower: Follower) {
        let mut kept = self.0.lock();
        if kept.len() >= KEPT_MAX {
            return;
        }
        kept.push(Kept { follower, until: Instant::now() + KEPT });
        if kept.len() == 1 {
            drop(tokio::spawn(self.clone().forget()));
        }
    }

    /// Drops the readers that nobody asked again, until none is left.
    async fn forget(self) {
        loop {
            sleep(KEPT).await;
            let now = Instant::now();
            let mut kept = self.0.lock();
            let left: Vec<Kept> = kept.extract_if(.., |kept| kept.until <= now).collect();
            let is_empty = kept.is_empty();
            drop(kept);
            drop(left);
            if is_empty {
                return;
            }
        }
    }
}

impl Kept {
    fn stands_at(&self, subjects: &str, sequence: u64) -> bool {
        self.follower.next == sequence && self.follower.subjects == subjects
    }
}

impl fmt::Debug for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reads").field("kept", &self.0.lock().len()).finish()
    }
}
