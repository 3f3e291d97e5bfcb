//! The entries of one shard: a table by query, and a list in the order of their insertion.
//!
//! Room is made by SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024): a hand walks from the oldest entry to the
//! newest; what was asked for since it last passed stays, the first other entry goes. A hit only sets a flag, so that it
//! needs no exclusive lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashTable;

use super::footprints::Place;
use super::observed::Observed;
use super::slab::{NOWHERE, Slab};
use super::statistics::CacheStatistics;

/// A query of a graph, with the hash of both.
#[derive(Debug)]
pub(super) struct Asked<'a, Q> {
    pub(super) hash: u64,
    pub(super) graph: &'a Arc<Observed>,
    pub(super) query: &'a Q,
}

/// A kept answer.
#[derive(Debug)]
pub(super) struct Entry<Q, A> {
    pub(super) place: Place,
    pub(super) graph: Arc<Observed>,
    pub(super) query: Q,
    pub(super) answer: Arc<A>,
    /// The version that it was computed at.
    pub(super) version: u64,
    pub(super) inserted_ns: u64,
    /// The number of its note among the graph's footprints.
    pub(super) registration: u32,
}

impl<Q: Eq, A> Entry<Q, A> {
    fn answers(&self, asked: &Asked<'_, Q>) -> bool {
        self.place.hash == asked.hash && Arc::ptr_eq(&self.graph, asked.graph) && self.query == *asked.query
    }

    pub(super) const fn is_alive(&self, now_ns: u64, ttl_ns: u64) -> bool {
        // An entry of the future, after the clock was set back, is over as well.
        now_ns.wrapping_sub(self.inserted_ns) < ttl_ns
    }
}

/// Why an entry is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    Eviction,
    Expiration,
    Invalidation,
    Replacement,
}

#[derive(Debug)]
struct Slot<Q, A> {
    entry: Entry<Q, A>,
    is_wanted: AtomicBool,
    newer: u32,
    older: u32,
}

/// The entries of one shard.
#[derive(Debug)]
pub(super) struct Slots<Q, A> {
    table: HashTable<u32>,
    slots: Slab<Slot<Q, A>>,
    newest: u32,
    oldest: u32,
    /// Where the next search for room starts.
    hand: u32,
    pub(super) counts: CacheStatistics,
}

impl<Q, A> Default for Slots<Q, A> {
    fn default() -> Self {
        let counts = CacheStatistics::default();
        Self {
            table: HashTable::new(),
            slots: Slab::default(),
            newest: NOWHERE,
            oldest: NOWHERE,
            hand: NOWHERE,
            counts,
        }
    }
}

impl<Q: Eq, A> Slots<Q, A> {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns the bytes on the heap, those that answers own beside their own size as `owned` says.
    pub(super) fn heap_bytes(&self, owned: &impl Fn(&Q, &A) -> usize) -> usize {
        let answers = self.slots.iter().map(|slot| {
            // An answer stands behind two counters.
            2 * size_of::<usize>() + size_of::<A>() + owned(&slot.entry.query, &slot.entry.answer)
        });
        self.table.allocation_size() + self.slots.heap_bytes() + answers.sum::<usize>()
    }

    pub(super) fn find(&self, asked: &Asked<'_, Q>) -> Option<&Entry<Q, A>> {
        let slots = &self.slots;
        let place = *self.table.find(asked.hash, |&place| slots.get(place).entry.answers(asked))?;
        let slot = slots.get(place);
        // Written only where it changes: readers of one entry would otherwise pass its cache line around.
        if !slot.is_wanted.load(Ordering::Relaxed) {
            slot.is_wanted.store(true, Ordering::Relaxed);
        }
        Some(&slot.entry)
    }

    /// Adds an entry; there must be none to its query.
    pub(super) fn insert(&mut self, entry: Entry<Q, A>) {
        let hash = entry.place.hash;
        let slot = Slot { entry, is_wanted: AtomicBool::new(false), newer: NOWHERE, older: self.newest };
        let place = self.slots.insert(slot);
        match self.newest {
            NOWHERE => self.oldest = place,
            newest => self.slots.get_mut(newest).newer = place,
        }
        self.newest = place;
        let slots = &self.slots;
        self.table.insert_unique(hash, place, |&place| slots.get(place).entry.place.hash);
        self.counts.insertions += 1;
    }

    /// Takes out the entry at a place, if it still is there.
    pub(super) fn remove(&mut self, place: Place, why: Removal) -> Option<Entry<Q, A>> {
        let slots = &self.slots;
        let found = *self.table.find(place.hash, |&slot| slots.get(slot).entry.place == place)?;
        Some(self.take(found, why))
    }

    /// Takes out the oldest entry, if its time is over.
    pub(super) fn remove_expired(&mut self, now_ns: u64, ttl_ns: u64) -> Option<Entry<Q, A>> {
        let is_over = !self.slots.find(self.oldest)?.entry.is_alive(now_ns, ttl_ns);
        is_over.then(|| self.take(self.oldest, Removal::Expiration))
    }

    /// Takes out an entry that was not asked for lately, if there is any entry.
    pub(super) fn evict(&mut self) -> Option<Entry<Q, A>> {
        let mut place = if self.hand == NOWHERE { self.oldest } else { self.hand };
        while self.slots.find(place)?.is_wanted.swap(false, Ordering::Relaxed) {
            let newer = self.slots.get(place).newer;
            place = if newer == NOWHERE { self.oldest } else { newer };
        }
        self.hand = self.slots.get(place).newer;
        Some(self.take(place, Removal::Eviction))
    }

    fn take(&mut self, place: u32, why: Removal) -> Entry<Q, A> {
        let Slot { entry, newer, older, .. } = self.slots.remove(place);
        let found = self.table.find_entry(entry.place.hash, |&found| found == place);
        found.expect("each entry is in the table").remove();
        match newer {
            NOWHERE => self.newest = older,
            newer => self.slots.get_mut(newer).older = older,
        }
        match older {
            NOWHERE => self.oldest = newer,
            older => self.slots.get_mut(older).newer = newer,
        }
        if self.hand == place {
            self.hand = newer;
        }
        self.count(why);
        entry
    }

    const fn count(&mut self, why: Removal) {
        match why {
            Removal::Eviction => self.counts.evictions += 1,
            Removal::Expiration => self.counts.expirations += 1,
            Removal::Invalidation => self.counts.invalidations += 1,
            Removal::Replacement => self.counts.replacements += 1,
        }
    }
}
