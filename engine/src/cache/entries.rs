//! The entries of all graphs, in shards by hash, with their one capacity.
//!
//! What is removed is handed out, so that answers and queries are dropped outside of every lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use foldhash::quality::RandomState;
use parking_lot::RwLock;

use super::config::CacheConfig;
use super::footprints::Place;
use super::slots::{Asked, Entry, Removal, Slots};
use super::statistics::CacheStatistics;
use crate::clock::Clock;

const SHARDS: usize = 16;
/// The table of a shard takes its bits from both ends of the hash; the shard's own are in between.
const SHARD_SHIFT: u32 = 48;

/// One shard, on cache lines of its own.
#[repr(align(128))]
struct Shard<Q, A> {
    slots: RwLock<Slots<Q, A>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// Every entry of a cache.
pub(super) struct Entries<Q, A> {
    pub(super) config: CacheConfig,
    pub(super) hasher: RandomState,
    clock: Arc<dyn Clock>,
    ttl_ns: u64,
    shards: [Shard<Q, A>; SHARDS],
    /// Entries, with those that have a place assured but are not in yet.
    taken: AtomicUsize,
    next_serial: AtomicU64,
    refusals: AtomicU64,
}

impl<Q, A> fmt::Debug for Entries<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries").field("config", &self.config).field("taken", &self.taken).finish_non_exhaustive()
    }
}

impl<Q: Eq, A> Entries<Q, A> {
    pub(super) fn new(config: CacheConfig, clock: Arc<dyn Clock>) -> Self {
        let ttl_ns = u64::try_from(config.ttl.as_nanos()).unwrap_or(u64::MAX);
        let shard =
            |_| Shard { slots: RwLock::new(Slots::default()), hits: AtomicU64::new(0), misses: AtomicU64::new(0) };
        Self {
            config,
            hasher: RandomState::default(),
            clock,
            ttl_ns,
            shards: std::array::from_fn(shard),
            taken: AtomicUsize::new(0),
            next_serial: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
        }
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.clock.recent_ns()
    }

    pub(super) const fn ttl_ns(&self) -> u64 {
        self.ttl_ns
    }

    pub(super) fn place(&self, hash: u64) -> Place {
        Place { hash, serial: self.next_serial.fetch_add(1, Ordering::Relaxed) }
    }

    /// Returns the answer for a reader at `version`, when the graph's changes are known up to `latest`.
    pub(super) fn get(&self, asked: &Asked<'_, Q>, version: u64, latest: u64) -> Option<Arc<A>> {
        let shard = self.shard(asked.hash);
        let answer = shard.find(asked, version, latest, || self.now_ns(), self.ttl_ns);
        let count = if answer.is_some() { &shard.hits } else { &shard.misses };
        count.fetch_add(1, Ordering::Relaxed);
        answer
    }

    /// Adds an entry whose room is assured.
    pub(super) fn insert(&self, entry: Entry<Q, A>) {
        self.shard(entry.place.hash).slots.write().insert(entry);
    }

    /// Clears the way for an entry of `version`: removes what is over where its shard makes room, and a narrower answer to
    /// its query, and assures room. Returns whether it may come in; not where an answer is there that is valid for longer.
    pub(super) fn prepare(
        &self,
        asked: &Asked<'_, Q>,
        version: u64,
        now_ns: u64,
        removed: &mut Vec<Entry<Q, A>>,
    ) -> bool {
        let mut slots = self.shard(asked.hash).slots.write();
        let before = removed.len();
        removed.extend(std::iter::from_fn(|| slots.remove_first_expired(now_ns, self.ttl_ns)));
        let found = slots.find(asked).map(|entry| (entry.place, entry.version, entry.is_alive(now_ns, self.ttl_ns)));
        let is_covered = found.is_some_and(|(_, known_from, is_alive)| known_from <= version && is_alive);
        if let Some((place, ..)) = found.filter(|_| !is_covered) {
            removed.extend(slots.remove(place, Removal::Replacement));
        }
        drop(slots);
        self.taken.fetch_sub(removed.len() - before, Ordering::Relaxed);
        !is_covered && self.assure_room(asked.hash, removed)
    }

    pub(super) fn refuse(&self) {
        self.refusals.fetch_add(1, Ordering::Relaxed);
    }

    /// Removes the entries at places; those that are gone already are passed over.
    pub(super) fn invalidate(&self, places: &[Place]) -> Vec<Entry<Q, A>> {
        let remove = |place: &Place| self.shard(place.hash).slots.write().remove(*place, Removal::Invalidation);
        let removed: Vec<_> = places.iter().filter_map(remove).collect();
        self.taken.fetch_sub(removed.len(), Ordering::Relaxed);
        removed
    }

    /// Removes every entry whose time is over.
    pub(super) fn remove_expired(&self) -> Vec<Entry<Q, A>> {
        let now_ns = self.now_ns();
        let mut removed = Vec::new();
        for shard in &self.shards {
            shard.slots.write().remove_expired(now_ns, self.ttl_ns, &mut removed);
        }
        self.taken.fetch_sub(removed.len(), Ordering::Relaxed);
        removed
    }

    pub(super) fn heap_bytes(&self, owned: &impl Fn(&Q, &A) -> usize) -> usize {
        self.shards.iter().map(|shard| shard.slots.read().heap_bytes(owned)).sum()
    }

    pub(super) fn statistics(&self) -> CacheStatistics {
        let refusals = self.refusals.load(Ordering::Relaxed);
        let mut sum = CacheStatistics { refusals, ..CacheStatistics::default() };
        for shard in &self.shards {
            sum += shard.statistics();
        }
        sum
    }

    /// Takes room for one entry, by evicting another where there is none left: from the shard of the hash, or the next
    /// one that has any.
    fn assure_room(&self, hash: u64, removed: &mut Vec<Entry<Q, A>>) -> bool {
        if self.taken.fetch_add(1, Ordering::Relaxed) < self.config.capacity {
            return true;
        }
        let first = shard_of(hash);
        let evict = |shard: usize| self.shards[shard % SHARDS].slots.write().evict();
        let evicted = (first..first + SHARDS).find_map(evict);
        self.taken.fetch_sub(1, Ordering::Relaxed);
        let has_room = evicted.is_some();
        removed.extend(evicted);
        has_room
    }

    fn shard(&self, hash: u64) -> &Shard<Q, A> {
        &self.shards[shard_of(hash)]
    }
}

fn shard_of(hash: u64) -> usize {
    (hash >> SHARD_SHIFT) as usize % SHARDS
}

impl<Q: Eq, A> Shard<Q, A> {
    fn find(
        &self,
        asked: &Asked<'_, Q>,
        version: u64,
        latest: u64,
        now_ns: impl Fn() -> u64,
        ttl_ns: u64,
    ) -> Option<Arc<A>> {
        let slots = self.slots.read();
        let entry = slots.find(asked)?;
        // A reader ahead of what is known is served only by an answer of its own version.
        let is_valid = entry.version == version || entry.version < version && version <= latest;
        (is_valid && entry.is_alive(now_ns(), ttl_ns)).then(|| entry.answer.clone())
    }

    fn statistics(&self) -> CacheStatistics {
        let slots = self.slots.read();
        CacheStatistics {
            entries: slots.len() as u64,
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            ..slots.counts
        }
    }
}
