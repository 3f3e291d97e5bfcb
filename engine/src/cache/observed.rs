//! What the cache knows of one graph: how far its changes are known, and what rests on it.
//!
//! Invariant, under the lock: every entry of the graph that is in a shard is valid from its own version up to `latest`.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::change_log::ChangeLog;
use super::footprints::{Footprints, Place};
use crate::footprint::Facet;

/// The answers to "is anything resting on the graph" since the last publication: none, or any of these.
const YES: u8 = 1;
const NO: u8 = 2;

/// One graph as the cache sees it.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Part of the hash of each of the graph's queries.
    pub(super) seed: u64,
    /// The same as the book's, readable without its lock.
    latest: AtomicU64,
    entries: AtomicUsize,
    last_insertion_ns: AtomicU64,
    pub(super) computations: AtomicUsize,
    answers: AtomicU8,
    book: Mutex<Book>,
}

/// What is under the graph's lock.
#[derive(Debug, Default)]
pub(super) struct Book {
    log: ChangeLog,
    pub(super) footprints: Footprints,
    /// Whether the changes since `latest` will be told.
    is_followed: bool,
}

impl Observed {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    pub(super) fn latest(&self) -> u64 {
        self.latest.load(Ordering::Acquire)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock()
    }

    /// Makes what the book says visible to those who do not lock it; called before the lock is released.
    pub(super) fn publish(&self, book: &Book) {
        self.entries.store(book.footprints.len(), Ordering::Relaxed);
        self.latest.store(book.log.latest(), Ordering::Release);
    }

    pub(super) fn inserted_at(&self, now_ns: u64) {
        self.last_insertion_ns.store(now_ns, Ordering::Relaxed);
    }

    /// Returns whether an answer is being computed or one that is kept may still be given, and remembers what it said.
    ///
    /// A "no" that a new computation overtakes is harmless: the next publication then counts as one of which nothing is
    /// known, so that the computation's answer is refused.
    pub(super) fn is_interested(&self, now_ns: u64, ttl_ns: u64) -> bool {
        let is_alive = || now_ns.wrapping_sub(self.last_insertion_ns.load(Ordering::Relaxed)) < ttl_ns;
        let is_interested =
            self.computations.load(Ordering::Relaxed) > 0 || self.entries.load(Ordering::Relaxed) > 0 && is_alive();
        self.answers.fetch_or(if is_interested { YES } else { NO }, Ordering::Relaxed);
        is_interested
    }

    /// Returns whether an empty list of facets would mean that nothing was touched; asked once a publication.
    pub(super) fn take_promise(&self) -> bool {
        self.answers.swap(0, Ordering::Relaxed) == YES
    }
}

impl Book {
    pub(super) fn heap_bytes(&self) -> usize {
        self.log.heap_bytes() + self.footprints.heap_bytes()
    }

    pub(super) fn latest(&self) -> u64 {
        self.log.latest()
    }

    /// Takes note of a publication and takes out what it makes invalid.
    ///
    /// A publication older than the latest, or the first one that is told without [`follow`](Self::follow), leaves a gap
    /// in what is known: everything is taken out. A version that was published before brings nothing new.
    pub(super) fn changed(&mut self, version: u64, facets: &[Facet], is_known: bool) -> Vec<Place> {
        let is_followed = std::mem::replace(&mut self.is_followed, true);
        if version == self.latest() {
            return Vec::new();
        }
        if !is_known || !is_followed || version < self.latest() {
            return self.start_at(version);
        }
        self.log.push(version, facets);
        let mut touched = Vec::new();
        if self.footprints.len() == 0 {
            return touched;
        }
        for &facet in facets {
            touched.extend(std::iter::from_fn(|| self.footprints.take(facet)));
        }
        touched
    }

    /// Takes note that every change after `version` will be told, and takes out what is of another version's time.
    pub(super) fn follow(&mut self, version: u64) -> Vec<Place> {
        self.is_followed = true;
        if version == self.latest() { Vec::new() } else { self.start_at(version) }
    }

    /// Takes note that somebody reads at `version`: where that is news, changes were missed and everything is taken out.
    pub(super) fn read_at(&mut self, version: u64) -> Vec<Place> {
        if version > self.latest() { self.start_at(version) } else { Vec::new() }
    }

    pub(super) fn is_untouched_since(&self, version: u64, footprint: &[Facet]) -> bool {
        self.log.is_untouched_since(version, footprint)
    }

    fn start_at(&mut self, version: u64) -> Vec<Place> {
        self.log.start_at(version);
        self.footprints.drain()
    }
}
