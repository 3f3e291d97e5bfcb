//! The transactions by which a repeated command is recognised: a ring of the last ones and a table over it.
//!
//! Invariant: an id in the table leads to the youngest entry of that id in the ring.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parking_lot::Mutex;

use crate::id::TransactionId;

/// A transaction that was applied: where its events are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// Its id, that of the command.
    pub transaction: TransactionId,
    /// The version of its first event.
    pub first_version: u64,
    /// How many events it has.
    pub events: u32,
}

impl Recent {
    /// Returns the version of the transaction's last event.
    pub const fn last_version(&self) -> u64 {
        self.first_version + self.events as u64 - 1
    }
}

/// The last transactions of one open aggregate. Clones are the same ones.
#[derive(Debug, Clone)]
pub struct Remembered(Arc<Mutex<RecentTransactions>>);

impl Remembered {
    pub(super) fn new(capacity: usize) -> Self {
        Self(Arc::new(Mutex::new(RecentTransactions::new(capacity))))
    }

    pub(super) fn find(&self, transaction: TransactionId) -> Option<Recent> {
        self.0.lock().find(transaction)
    }

    pub(super) fn record(&self, recent: Recent) {
        self.0.lock().record(recent);
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.0.lock().heap_bytes()
    }

    /// Returns those that ended at or before a version, oldest first.
    pub fn until(&self, version: u64) -> Vec<Recent> {
        let recent = self.0.lock();
        let (newer, older) = recent.ring.split_at(recent.oldest);
        older.iter().chain(newer).filter(|recent| recent.last_version() <= version).copied().collect()
    }
}

/// The last transactions of one aggregate; 32 bytes each and 5 for the table.
#[derive(Debug)]
pub(super) struct RecentTransactions {
    capacity: usize,
    ring: Vec<Recent>,
    /// The ring's oldest entry, once it is full.
    oldest: usize,
    table: HashTable<u32>,
    hasher: RandomState,
}

impl RecentTransactions {
    pub(super) fn new(capacity: usize) -> Self {
        assert!(u32::try_from(capacity).is_ok() && capacity > 0, "the ring is indexed by 32 bits");
        Self { capacity, ring: Vec::new(), oldest: 0, table: HashTable::new(), hasher: RandomState::default() }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.ring.capacity() * size_of::<Recent>() + self.table.allocation_size()
    }

    pub(super) fn find(&self, transaction: TransactionId) -> Option<Recent> {
        let hash = self.hasher.hash_one(transaction);
        let index = self.table.find(hash, |&index| self.ring[index as usize].transaction == transaction)?;
        Some(self.ring[*index as usize])
    }

    /// Remembers a transaction and, where the ring is full, forgets the oldest. One that is known with the same
    /// version is left as it is.
    pub(super) fn record(&mut self, recent: Recent) {
        if self.find(recent.transaction).is_some_and(|known| known.first_version >= recent.first_version) {
            return;
        }
        let slot = self.free_slot(recent);
        let index = u32::try_from(slot).expect("the capacity fits in 32 bits");
        let hash = self.hasher.hash_one(recent.transaction);
        let (ring, hasher) = (&self.ring, &self.hasher);
        let same = |&index: &u32| ring[index as usize].transaction == recent.transaction;
        match self.table.find_mut(hash, same) {
            Some(place) => *place = index,
            None => {
                let rehash = |&index: &u32| hasher.hash_one(ring[index as usize].transaction);
                self.table.insert_unique(hash, index, rehash);
            }
        }
    }

    /// Puts the entry into the ring, taking the one that it displaces out of the table.
    fn free_slot(&mut self, recent: Recent) -> usize {
        if self.ring.len() < self.capacity {
            self.ring.push(recent);
            return self.ring.len() - 1;
        }
        let slot = self.oldest;
        let displaced = self.hasher.hash_one(self.ring[slot].transaction);
        if let Ok(entry) = self.table.find_entry(displaced, |&index| index as usize == slot) {
            entry.remove();
        }
        self.ring[slot] = recent;
        self.oldest = (slot + 1) % self.capacity;
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recent(id: u64, first_version: u64) -> Recent {
        Recent {
            transaction: TransactionId::from_bytes(*crate::id::CommandId::from_u64(id).as_bytes()),
            first_version,
            events: 1,
        }
    }

    #[test]
    fn those_until_a_version_come_oldest_first() {
        let remembered = Remembered::new(3);
        (1..=5).for_each(|version| remembered.record(recent(version, version)));
        let versions = |until| remembered.until(until).iter().map(|recent| recent.first_version).collect::<Vec<_>>();
        assert_eq!((versions(5), versions(4), versions(2)), (vec![3, 4, 5], vec![3, 4], vec![]));
    }

    fn model(history: &[Recent], capacity: usize, id: TransactionId) -> Option<Recent> {
        history.iter().rev().take(capacity).find(|recent| recent.transaction == id).copied()
    }

    proptest::proptest! {
        #[test]
        fn finds_exactly_the_last_ones(ids in proptest::collection::vec(0_u64..12, 0..80), capacity in 1_usize..9) {
            let mut recents = RecentTransactions::new(capacity);
            let mut history = Vec::new();
            for (version, id) in (1..).zip(ids) {
                recents.record(recent(id, version));
                history.push(recent(id, version));
                for id in 0..12 {
                    let id = recent(id, 0).transaction;
                    proptest::prop_assert_eq!(recents.find(id), model(&history, capacity, id));
                }
            }
        }
    }

    #[test]
    fn the_same_transaction_read_again_takes_no_second_place() {
        let mut recents = RecentTransactions::new(2);
        recents.record(recent(1, 1));
        recents.record(recent(2, 2));
        recents.record(recent(2, 2));
        assert!(recents.find(recent(1, 0).transaction).is_some());
    }
}
