//! From sixteen-byte ids to ordinals: a frozen table for the base, a growing one for what came since.

#![expect(clippy::cast_possible_truncation, reason = "hashes are cut to the bits that a table needs")]

use std::hint::black_box;
use std::io;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::pages::SnapshotDamage;
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::slab::Slab;

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FrozenIdTable {
    slots: Slab<u32>,
    ordinal_bits: u32,
}

/// Marks an empty slot.
const EMPTY: u32 = u32::MAX;

/// Slots that are looked through to touch an id: those of a cache line, behind which few ids stand.
const TOUCHED_SLOTS: usize = 16;

impl FrozenIdTable {
    /// Builds the table of `ids`, whose places are the ordinals. Of an id that stands there more than once it leads to
    /// the last ordinal; those that have another before them are returned with it, ascending.
    pub(super) fn build(ids: &[[u8; 16]]) -> (Self, Vec<(u32, u32)>) {
        if ids.is_empty() {
            return (Self::default(), Vec::new());
        }
        let ordinal_bits = usize::BITS - ids.len().leading_zeros();
        assert!(ordinal_bits < 32, "at most 2^31 nodes");
        let mut slots = vec![EMPTY; slots_of(ids.len())];
        let mask = (1 << ordinal_bits) - 1;
        let mut namesakes = Vec::new();
        for (ordinal, id) in (0u32..).zip(ids) {
            let hash = mix(id);
            let tag = tag(hash, ordinal_bits);
            let mut at = home(hash, slots.len());
            while slots[at] != EMPTY {
                let before = slots[at] & mask;
                if slots[at] & !mask == tag && ids[before as usize] == *id {
                    namesakes.push((ordinal, before));
                    break;
                }
                at = after(at, slots.len());
            }
            slots[at] = tag | ordinal;
        }
        (Self { slots: Slab::new(slots), ordinal_bits }, namesakes)
    }

    /// Returns the ordinal of `id`, given the ids by ordinal.
    #[inline]
    pub(super) fn find(&self, id: &[u8; 16], ids: &Slab<[u8; 16]>) -> Option<u32> {
        let slots = &self.slots;
        if slots.is_empty() {
            return None;
        }
        let hash = mix(id);
        let tag = tag(hash, self.ordinal_bits);
        let mask = (1 << self.ordinal_bits) - 1;
        let mut at = home(hash, slots.len());
        // A table has empty slots, but one of a file that somebody made up may have none.
        for _ in 0..slots.len() {
            let slot = slots.get(at);
            if slot == EMPTY {
                break;
            }
            if slot & !mask == tag && ids.get((slot & mask) as usize) == *id {
                return Some(slot & mask);
            }
            at = after(at, slots.len());
        }
        None
    }

    /// Touches what looking these ids up will touch, so that waits for memory overlap.
    pub(super) fn touch<'a>(&self, wanted: impl Iterator<Item = &'a [u8; 16]> + Clone, ids: &Slab<[u8; 16]>) {
        let slots = &self.slots;
        if slots.is_empty() {
            return;
        }
        black_box(wanted.clone().fold(0, |all, id| all ^ slots.get(home(mix(id), slots.len()))));
        let mask = (1 << self.ordinal_bits) - 1;
        let first = |id: &[u8; 16]| {
            let hash = mix(id);
            let (tag, home) = (tag(hash, self.ordinal_bits), home(hash, slots.len()));
            let places = (home..slots.len()).take(TOUCHED_SLOTS).map(|at| slots.get(at));
            let mut tagged = places.take_while(|slot| *slot != EMPTY).filter(|slot| slot & !mask == tag);
            tagged.next().map_or(0, |slot| ids.get((slot & mask) as usize)[0])
        };
        black_box(wanted.fold(0, |all, id| all ^ first(id)));
    }

    pub(super) fn write(&self, out: &mut SectionWriter<'_>) -> io::Result<()> {
        out.slab(SectionKind::NodeTable, &self.slots)
    }

    /// Reads the table of `nodes` ids of a file.
    pub(super) fn read(sections: &Sections, nodes: usize) -> Result<Self, SnapshotDamage> {
        let ordinal_bits = if nodes == 0 { 0 } else { usize::BITS - nodes.leading_zeros() };
        let mask = 1_u32.checked_shl(ordinal_bits).unwrap_or(0).wrapping_sub(1);
        let is_slot = move |slot: &[u8; 4]| {
            let slot = u32::from_le_bytes(*slot);
            slot == EMPTY || ((slot & mask) as usize) < nodes
        };
        let demand = move |section: &[u8], page: Range<usize>| section[page].as_chunks().0.iter().all(is_slot);
        let slots: Slab<u32> = sections.slab(SectionKind::NodeTable, Box::new(demand))?;
        if slots.len() != slots_of(nodes) || ordinal_bits >= 32 {
            return Err(wrong(SectionKind::NodeTable, "its length is not that of the table of so many nodes"));
        }
        Ok(Self { slots, ordinal_bits })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.heap_bytes()
    }
}

/// Returns how many slots a table of so many ids has: half as many again, and one that stays empty.
const fn slots_of(ids: usize) -> usize {
    if ids == 0 { 0 } else { ids + ids / 2 + 1 }
}

#[inline]
fn home(hash: u64, slots: usize) -> usize {
    ((u128::from(hash) * slots as u128) >> 64) as usize
}

#[inline]
const fn after(at: usize, slots: usize) -> usize {
    if at + 1 == slots { 0 } else { at + 1 }
}

/// The hash's low bits above the ordinal's; the highest bit stays clear so that no slot equals [`EMPTY`].
#[inline]
const fn tag(hash: u64, ordinal_bits: u32) -> u32 {
    (hash as u32) << ordinal_bits & 0x7fff_ffff
}

/// A table that one writer fills and many read without locks; it leads to the newest row of an id, from which the rows
/// themselves lead to those before. It grows by levels: a full level is copied to one twice its size, and readers who
/// still look at the old one find all that was published to them.
#[derive(Debug, Default)]
pub(super) struct GrowingIdTable {
    levels: [OnceLock<Box<[AtomicU32]>>; 26],
    level: AtomicUsize,
    len: AtomicUsize,
}

/// Slots of the first level.
const FIRST_LEVEL: usize = 64;

impl GrowingIdTable {
    /// Puts row `row` under `id`, in the place of the row that stands there; for the one writer.
    pub(super) fn put(&self, id: &[u8; 16], row: u32, id_of: impl Fn(u32) -> [u8; 16]) {
        let level = self.level.load(Ordering::Relaxed);
        let len = self.len.load(Ordering::Relaxed);
        let mut slot = slot_of(self.slots(level), id, |row| id_of(row) == *id);
        if slot.load(Ordering::Relaxed) == 0 {
            if (len + 1) * 2 > self.slots(level).len() {
                slot = slot_of(self.grow(level, &id_of), id, |_| false);
            }
            self.len.store(len + 1, Ordering::Release);
        }
        slot.store(row + 1, Ordering::Release);
    }

    /// Returns the newest row under `id`, given which rows are of that id.
    #[inline]
    pub(super) fn find(&self, id: &[u8; 16], is_it: impl Fn(u32) -> bool) -> Option<u32> {
        if self.len.load(Ordering::Acquire) == 0 {
            return None;
        }
        let slots = self.levels[self.level.load(Ordering::Acquire)].get()?;
        slot_of(slots, id, is_it).load(Ordering::Acquire).checked_sub(1)
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.levels.iter().filter_map(OnceLock::get).map(|slots| size_of_val(&**slots)).sum()
    }

    fn slots(&self, level: usize) -> &[AtomicU32] {
        self.levels[level].get_or_init(|| (0..FIRST_LEVEL << level).map(|_| AtomicU32::new(0)).collect())
    }

    /// Copies a level to the next one, makes that the current one and returns it.
    fn grow(&self, level: usize, id_of: &impl Fn(u32) -> [u8; 16]) -> &[AtomicU32] {
        let larger = self.slots(level + 1);
        for slot in self.slots(level).iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|slot| *slot != 0) {
            slot_of(larger, &id_of(slot - 1), |_| false).store(slot, Ordering::Release);
        }
        self.level.store(level + 1, Ordering::Release);
        larger
    }
}

/// Returns the slot of `id`, or the free one where it would stand; a table has free slots.
#[inline]
fn slot_of<'a>(slots: &'a [AtomicU32], id: &[u8; 16], is_it: impl Fn(u32) -> bool) -> &'a AtomicU32 {
    let mask = slots.len() - 1;
    let mut at = mix(id) as usize & mask;
    loop {
        let row = slots[at].load(Ordering::Acquire).checked_sub(1);
        if row.is_none_or(&is_it) {
            return &slots[at];
        }
        at = (at + 1) & mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::NodeId;

    fn ids(numbers: Range<u64>) -> Vec<[u8; 16]> {
        numbers.map(|number| *NodeId::derive(&[1; 16], &number.to_be_bytes()).as_bytes()).collect()
    }

    #[test]
    fn a_frozen_table_finds_what_it_was_built_of_and_nothing_else() {
        // In the largest, some ids that are not there share the tag of one that is.
        for count in [0, 1, 2, 3, 1000, 100_000] {
            let (ids, absent) = (ids(0..count), ids(count..2 * count));
            let (table, namesakes) = FrozenIdTable::build(&ids);
            assert_eq!(namesakes, []);
            let ids = Slab::new(ids);
            for (ordinal, id) in (0u32..).zip(ids.all()) {
                assert_eq!(table.find(id, &ids), Some(ordinal));
            }
            assert!(absent.iter().all(|id| table.find(id, &ids).is_none()));
            assert_eq!(table.find(&[9; 16], &ids), None);
        }
    }

    #[test]
    fn a_frozen_table_leads_to_the_last_of_an_id_and_from_there_to_those_before() {
        let ids: Vec<[u8; 16]> = ids(0..100).into_iter().cycle().take(250).collect();
        let (table, namesakes) = FrozenIdTable::build(&ids);
        assert_eq!(namesakes, (100..250).map(|ordinal| (ordinal, ordinal - 100)).collect::<Vec<_>>());
        let ids = Slab::new(ids);
        for (number, id) in (0..).zip(&ids.all()[..100]) {
            assert_eq!(table.find(id, &ids), Some(if number < 50 { number + 200 } else { number + 100 }));
        }
    }

    #[test]
    fn a_growing_table_leads_to_the_newest_row_of_every_id() {
        let ids = ids(0..5000);
        let id_of = |row: u32| ids[row as usize % ids.len()];
        let table = GrowingIdTable::default();
        let find = |id: &[u8; 16]| table.find(id, |row| id_of(row) == *id);
        for round in 0..3 {
            let bytes = table.heap_bytes();
            for (number, id) in (0u32..).zip(&ids) {
                let row = number + round * 5000;
                assert_eq!(find(id), row.checked_sub(5000));
                table.put(id, row, id_of);
                assert_eq!(find(id), Some(row));
            }
            assert!((0u32..).zip(&ids).all(|(number, id)| find(id) == Some(number + round * 5000)));
            assert!(round == 0 || table.heap_bytes() == bytes, "an id that comes again takes no more room");
        }
        assert_eq!(find(&[9; 16]), None);
    }
}
