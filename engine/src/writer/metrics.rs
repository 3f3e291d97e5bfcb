//! What a writer has done so far.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::ledger::MemoryLedger;

/// A writer's counts since it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WriterMetrics {
    /// Submissions waiting now.
    pub queued: u64,
    /// Submissions acknowledged with new events.
    pub transactions: u64,
    /// Events appended.
    pub events: u64,
    /// Bytes of their blocks.
    pub block_bytes: u64,
    /// Appends that the store took.
    pub groups: u64,
    /// Submissions refused or rejected without anything being written.
    pub refused: u64,
    /// Submissions answered from history.
    pub repeated: u64,
    /// Groups decided again because another writer was first.
    pub conflicts: u64,
    /// Appends sent again because the store was unavailable or its answer unknown.
    pub resent: u64,
}

/// The counts as the writer keeps them, and whether it still does.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) transactions: Counter,
    pub(super) events: Counter,
    pub(super) block_bytes: Counter,
    pub(super) groups: Counter,
    pub(super) refused: Counter,
    pub(super) repeated: Counter,
    pub(super) conflicts: Counter,
    pub(super) resent: Counter,
    /// What the writer and its draft took when it last had nothing to do.
    pub(super) memory: Mutex<MemoryLedger>,
    /// Whether the writer has ended.
    pub(super) ended: watch::Sender<bool>,
}

impl Counters {
    pub(super) fn read(&self, queued: usize) -> WriterMetrics {
        WriterMetrics {
            queued: queued as u64,
            transactions: self.transactions.get(),
            events: self.events.get(),
            block_bytes: self.block_bytes.get(),
            groups: self.groups.get(),
            refused: self.refused.get(),
            repeated: self.repeated.get(),
            conflicts: self.conflicts.get(),
            resent: self.resent.get(),
        }
    }
}

/// A count that one task raises and others read.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
