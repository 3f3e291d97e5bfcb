//! The entries of one shard: a table by query, and the order in which they make room.
//!
//! Room is made by second chance (the CLOCK of Corbató, 1968): of the oldest entries, those that were asked for since they
//! came to this place become the newest again, the first other one goes. A hit only sets a flag, so that it needs no
//! exclusive lock. (SIEVE's hand, which leaves what it passes where it is, never gets back to the oldest entries while
//! invalidated ones return as the newest as fast as it walks: what was hot once then stays for ever.)

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
    /// Whether it was asked for since it came in, or was last passed over for eviction.
    pub(super) is_wanted: AtomicBool,
}

impl<Q: Eq, A> Entry<Q, A> {
    fn answers(&self, asked: &Asked<'_, Q>) -> bool {
        self.place.hash == asked.hash && Arc::ptr_eq(&self.graph, asked.graph) && self.query == *asked.query
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
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
    pub(super) counts: CacheStatistics,
}

impl<Q, A> Default for Slots<Q, A> {
    fn default() -> Self {
        let counts = CacheStatistics::default();
        Self { table: HashTable::new(), slots: Slab::default(), newest: NOWHERE, oldest: NOWHERE, counts }
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
        let entry = &slots.get(place).entry;
        // Written only where it changes: readers of one entry would otherwise pass its cache line around.
        if !entry.is_wanted.load(Ordering::Relaxed) {
            entry.is_wanted.store(true, Ordering::Relaxed);
        }
        Some(entry)
    }

    /// Adds an entry; there must be none to its query.
    pub(super) fn insert(&mut self, entry: Entry<Q, A>) {
        let hash = entry.place.hash;
        let place = self.slots.insert(Slot { entry, newer: NOWHERE, older: NOWHERE });
        self.become_newest(place);
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

    /// Takes out the entry that would make room next, if its time is over.
    pub(super) fn remove_first_expired(&mut self, now_ns: u64, ttl_ns: u64) -> Option<Entry<Q, A>> {
        let is_over = !self.slots.find(self.oldest)?.entry.is_alive(now_ns, ttl_ns);
        is_over.then(|| self.take(self.oldest, Removal::Expiration))
    }

    /// Takes out every entry whose time is over.
    pub(super) fn remove_expired(&mut self, now_ns: u64, ttl_ns: u64, removed: &mut Vec<Entry<Q, A>>) {
        let mut place = self.oldest;
        while let Some(slot) = self.slots.find(place) {
            let (newer, is_alive) = (slot.newer, slot.entry.is_alive(now_ns, ttl_ns));
            if !is_alive {
                removed.push(self.take(place, Removal::Expiration));
            }
            place = newer;
        }
    }

    /// Takes out the oldest entry that was not asked for lately, if there is any entry.
    pub(super) fn evict(&mut self) -> Option<Entry<Q, A>> {
        while self.slots.find(self.oldest)?.entry.is_wanted.swap(false, Ordering::Relaxed) {
            let passed = self.oldest;
            self.leave_order(passed);
            self.become_newest(passed);
        }
        Some(self.take(self.oldest, Removal::Eviction))
    }

    fn take(&mut self, place: u32, why: Removal) -> Entry<Q, A> {
        self.leave_order(place);
        let entry = self.slots.remove(place).entry;
        let found = self.table.find_entry(entry.place.hash, |&found| found == place);
        found.expect("each entry is in the table").remove();
        self.count(why);
        entry
    }

    fn become_newest(&mut self, place: u32) {
        let slot = self.slots.get_mut(place);
        (slot.newer, slot.older) = (NOWHERE, self.newest);
        match self.newest {
            NOWHERE => self.oldest = place,
            newest => self.slots.get_mut(newest).newer = place,
        }
        self.newest = place;
    }

    fn leave_order(&mut self, place: u32) {
        let &Slot { newer, older, .. } = self.slots.get(place);
        match newer {
            NOWHERE => self.newest = older,
            newer => self.slots.get_mut(newer).older = older,
        }
        match older {
            NOWHERE => self.oldest = newer,
            older => self.slots.get_mut(older).newer = newer,
        }
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
