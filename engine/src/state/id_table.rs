//! From sixteen-byte ids to ordinals: a frozen table for the base, a growing one for what came since.

#![expect(clippy::cast_possible_truncation, reason = "hashes are cut to the bits that a table needs")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Mixes an id to 64 bits (the folded multiply of wyhash), the same on every machine.
#[inline]
pub(super) fn mix(id: &[u8; 16]) -> u64 {
    let number = u128::from_le_bytes(*id);
    let (high, low) = ((number >> 64) as u64, (number & u128::from(u64::MAX)) as u64);
    let product = u128::from(low ^ 0x9e37_79b9_7f4a_7c15) * u128::from(high ^ 0xd1b5_4a32_d192_ed03);
    ((product >> 64) as u64) ^ (product as u64)
}

/// A frozen open-addressing table: a slot holds an ordinal and, in the bits above it, part of the id's hash, so a
/// look-up touches the ids only where it will find one.
#[derive(Debug, Default)]
pub(super) struct FrozenIdTable {
    slots: Box<[u32]>,
    ordinal_bits: u32,
}

/// Marks an empty slot.
const EMPTY: u32 = u32::MAX;

impl FrozenIdTable {
    /// Builds the table of `ids`, whose places are the ordinals.
    pub(super) fn build(ids: &[[u8; 16]]) -> Self {
        if ids.is_empty() {
            return Self::default();
        }
        let ordinal_bits = usize::BITS - ids.len().leading_zeros();
        assert!(ordinal_bits < 32, "at most 2^31 nodes");
        let mut table = Self { slots: vec![EMPTY; ids.len() + ids.len() / 2 + 1].into(), ordinal_bits };
        for (ordinal, id) in (0u32..).zip(ids) {
            let hash = mix(id);
            let mut at = table.home(hash);
            while table.slots[at] != EMPTY {
                at = table.after(at);
            }
            table.slots[at] = table.tag(hash) | ordinal;
        }
        table
    }

    /// Returns the ordinal of `id`, given the ids by ordinal.
    #[inline]
    pub(super) fn find(&self, id: &[u8; 16], ids: &[[u8; 16]]) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let hash = mix(id);
        let tag = self.tag(hash);
        let mask = self.ordinal_mask();
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return None;
            }
            if slot & !mask == tag && ids[(slot & mask) as usize] == *id {
                return Some(slot & mask);
            }
            at = self.after(at);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.slots)
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.slots.len() as u128) >> 64) as usize
    }

    #[inline]
    const fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() { 0 } else { at + 1 }
    }

    #[inline]
    const fn ordinal_mask(&self) -> u32 {
        (1 << self.ordinal_bits) - 1
    }

    /// The hash's low bits above the ordinal's; the highest bit stays clear so that no slot equals [`EMPTY`].
    #[inline]
    const fn tag(&self, hash: u64) -> u32 {
        (hash as u32) << self.ordinal_bits & 0x7fff_ffff
    }
}

/// A table that one writer fills and many read without locks. It grows by levels: a full level is copied to one twice
/// its size, and readers who still look at the old one find all that was published to them.
#[derive(Debug, Default)]
pub(super) struct GrowingIdTable {
    levels: [OnceLock<Box<[AtomicU32]>>; 26],
    level: AtomicUsize,
    len: AtomicUsize,
}

/// Slots of the first level.
const FIRST_LEVEL: usize = 64;

impl GrowingIdTable {
    /// Adds row `row` under `id`; for the one writer. An id may stand for several rows, one alive at a time.
    pub(super) fn insert(&self, id: &[u8; 16], row: u32, id_of: impl Fn(u32) -> [u8; 16]) {
        let mut level = self.level.load(Ordering::Relaxed);
        let len = self.len.load(Ordering::Relaxed);
        let slots = self.slots(level);
        if (len + 1) * 2 > slots.len() {
            level += 1;
            let larger = self.slots(level);
            for slot in slots.iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|slot| *slot != 0) {
                place(larger, &id_of(slot - 1), slot);
            }
            self.level.store(level, Ordering::Release);
        }
        place(self.slots(level), id, row + 1);
        self.len.store(len + 1, Ordering::Release);
    }

    /// Returns the first row under `id` that `accept` takes.
    #[inline]
    pub(super) fn find(&self, id: &[u8; 16], mut accept: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.len.load(Ordering::Acquire) == 0 {
            return None;
        }
        let slots = self.levels[self.level.load(Ordering::Acquire)].get()?;
        let mask = slots.len() - 1;
        let mut at = mix(id) as usize & mask;
        loop {
            let row = slots[at].load(Ordering::Acquire).checked_sub(1)?;
            if accept(row) {
                return Some(row);
            }
            at = (at + 1) & mask;
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.levels.iter().filter_map(OnceLock::get).map(|slots| size_of_val(&**slots)).sum()
    }

    fn slots(&self, level: usize) -> &[AtomicU32] {
        self.levels[level].get_or_init(|| (0..FIRST_LEVEL << level).map(|_| AtomicU32::new(0)).collect())
    }
}

fn place(slots: &[AtomicU32], id: &[u8; 16], value: u32) {
    let mask = slots.len() - 1;
    let mut at = mix(id) as usize & mask;
    while slots[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & mask;
    }
    slots[at].store(value, Ordering::Release);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;

    fn ids(count: u64) -> Vec<[u8; 16]> {
        (0..count).map(|number| *NodeId::derive(&[1; 16], &number.to_be_bytes()).as_bytes()).collect()
    }

    #[test]
    fn a_frozen_table_finds_what_it_was_built_of_and_nothing_else() {
        for count in [0, 1, 2, 3, 1000] {
            let ids = ids(count);
            let table = FrozenIdTable::build(&ids);
            for (ordinal, id) in (0u32..).zip(&ids) {
                assert_eq!(table.find(id, &ids), Some(ordinal));
            }
            assert_eq!(table.find(&[9; 16], &ids), None);
        }
    }

    #[test]
    fn a_growing_table_keeps_every_row() {
        let ids = ids(5000);
        let table = GrowingIdTable::default();
        for (row, id) in (0u32..).zip(&ids) {
            assert_eq!(table.find(id, |found| ids[found as usize] == *id), None);
            table.insert(id, row, |row| ids[row as usize]);
            assert_eq!(table.find(id, |found| ids[found as usize] == *id), Some(row));
        }
        for (row, id) in (0u32..).zip(&ids) {
            assert_eq!(table.find(id, |found| ids[found as usize] == *id), Some(row));
        }
    }
}
