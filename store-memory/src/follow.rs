//! The stream of events from a place on: those there are, then those to come.
//!
//! Each page is read from the log itself, so nothing is lost or repeated where catching up ends and waiting begins.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use cidgraph::store::Followed;
use cidgraph::{StoreError, StoredEvent, StreamFilter};
use futures::stream;
use tokio::sync::watch;

/// Events read at a time.
const PAGE_EVENTS: usize = 512;

/// A log that can be read from a place on.
pub(crate) trait Paged: Send + Sync + 'static {
    /// Returns up to `limit` events from `from_sequence` on.
    fn page(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;
}

/// How a follower learns that events became visible. The channel closes with the store.
#[derive(Debug)]
pub(crate) enum Waiting {
    /// The channel changes.
    Told(watch::Receiver<u64>),
    /// It looks again this often: another process writes.
    Polling(watch::Receiver<u64>, Duration),
}

impl Waiting {
    const fn channel(&mut self) -> &mut watch::Receiver<u64> {
        match self {
            Self::Told(committed) | Self::Polling(committed, _) => committed,
        }
    }

    /// Waits until there may be more; returns false where the store is gone.
    async fn wait(&mut self) -> bool {
        match self {
            Self::Told(committed) => committed.changed().await.is_ok(),
            Self::Polling(committed, interval) => {
                !matches!(tokio::time::timeout(*interval, committed.changed()).await, Ok(Err(_)))
            }
        }
    }
}

/// Follows `log`.
pub(crate) fn follow<L: Paged>(log: &Arc<L>, waiting: Waiting, from_sequence: u64, filter: StreamFilter) -> Followed {
    let follower = Follower { log: Arc::downgrade(log), waiting, next: from_sequence, filter, ready: VecDeque::new() };
    Box::pin(stream::try_unfold(follower, Follower::step))
}

struct Follower<L> {
    log: Weak<L>,
    waiting: Waiting,
    next: u64,
    filter: StreamFilter,
    ready: VecDeque<StoredEvent>,
}

impl<L: Paged> Follower<L> {
    async fn step(mut self) -> Result<Option<(StoredEvent, Self)>, StoreError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some((event, self)));
            }
            self.waiting.channel().mark_unchanged();
            let Some(log) = self.log.upgrade() else { return Ok(None) };
            let page = log.page(self.next, PAGE_EVENTS)?;
            drop(log);
            if let Some(last) = page.last() {
                self.next = last.sequence + 1;
                self.ready.extend(page.into_iter().filter(|stored| self.filter.matches(&stored.event)));
            } else if !self.waiting.wait().await {
                return Ok(None);
            }
        }
    }
}
