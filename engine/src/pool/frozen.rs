//! What never changes once made: runs laid end to end, and the table that finds one by its hash.

use std::io;

use bytemuck::Pod;

use crate::packed::{Order, PackedInts};
use crate::pages::SnapshotDamage;
use crate::sections::{SectionKind, SectionWriter, Sections, wrong};
use crate::slab::Slab;

/// Runs of elements laid end to end.
#[derive(Debug)]
pub(super) struct Flat<T> {
    heap: Slab<T>,
    /// Where each run starts, and where the last one ends.
    offsets: PackedInts,
}

impl<T: Pod + Send> Flat<T> {
    pub(super) fn new(heap: Vec<T>, ends: &[usize]) -> Self {
        let offsets = PackedInts::from_fn(ends.len() + 1, heap.len() as u64, |index| match index {
            0 => 0,
            _ => ends[index - 1] as u64,
        });
        Self { heap: Slab::new(heap), offsets }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the runs came from ids of 32 bits")]
    pub(super) fn len(&self) -> u32 {
        (self.offsets.len() - 1) as u32
    }

    /// Returns the run at `index`.
    #[inline]
    pub(super) fn get(&self, index: u32) -> &[T] {
        self.heap.run(self.offsets.span(index as usize))
    }

    /// Says that what was read here leads nowhere, as [`Slab::broken`] does.
    #[cold]
    pub(super) fn broken(&self, what: &'static str) -> ! {
        self.heap.broken(what)
    }

    pub(super) const fn is_guarded(&self) -> bool {
        self.heap.is_guarded()
    }

    /// Writes the runs and where each ends.
    pub(super) fn write(&self, out: &mut SectionWriter<'_>, heap: SectionKind, offsets: SectionKind) -> io::Result<()> {
        out.slab(heap, &self.heap)?;
        out.numbers(offsets, &self.offsets)
    }

    /// Reads the runs of a file.
    pub(super) fn read(
        sections: &Sections,
        heap_kind: SectionKind,
        offsets: SectionKind,
    ) -> Result<Self, SnapshotDamage> {
        let heap: Slab<T> = sections.slab(heap_kind, Box::new(|_, _| true))?;
        let len = sections.count(offsets)?;
        if len == 0 || len > u32::MAX as usize {
            return Err(wrong(offsets, "it has none or too many"));
        }
        let offsets = sections.numbers(offsets, len, heap.len() as u64 + 1, Order::Ascending)?;
        Ok(Self { heap, offsets })
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.heap.heap_bytes() + self.offsets.heap_bytes()
    }
}

/// Bits of a hash that each slot keeps, so that a probe seldom looks at content in vain.
const TAG_BITS: u32 = 6;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;

/// Finds the index of a run by its content's hash.
///
/// Open addressing with linear probing at two thirds full; a slot holds the index plus 1 and a few bits of the hash.
#[derive(Debug, Default)]
pub(super) struct FrozenIndex {
    slots: PackedInts,
}

impl FrozenIndex {
    /// Makes the table of `0..len`.
    pub(super) fn new(len: u32, hash: impl Fn(u32) -> u64) -> Self {
        let mut slots = vec![0_u64; slots_of(len)];
        for index in 0..len {
            let hash = hash(index);
            let free = probes(hash, slots.len()).find(|slot| slots[*slot] == 0);
            slots[free.expect("a third of the slots stays free")] = u64::from(index + 1) << TAG_BITS | hash & TAG_MASK;
        }
        let max = u64::from(len) << TAG_BITS | TAG_MASK;
        Self { slots: PackedInts::from_fn(slots.len(), max, |slot| slots[slot]) }
    }

    /// Returns the index of this hash for which `is_it` holds.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "indices have 32 bits")]
    pub(super) fn find(&self, hash: u64, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        for slot in probes(hash, self.slots.len()) {
            let entry = self.slots.get(slot);
            if entry == 0 {
                return None;
            }
            let Some(index) = ((entry >> TAG_BITS) as u32).checked_sub(1) else {
                self.slots.broken("a table names nothing");
            };
            if entry & TAG_MASK == hash & TAG_MASK && is_it(index) {
                return Some(index);
            }
        }
        None
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.heap_bytes()
    }

    pub(super) fn write(&self, out: &mut SectionWriter<'_>, kind: SectionKind) -> io::Result<()> {
        out.numbers(kind, &self.slots)
    }

    /// Reads the table of `0..len` of a file.
    pub(super) fn read(sections: &Sections, kind: SectionKind, len: u32) -> Result<Self, SnapshotDamage> {
        let below = u64::from(len) + 1 << TAG_BITS;
        Ok(Self { slots: sections.numbers(kind, slots_of(len), below, Order::Any)? })
    }
}

/// Returns how many slots a table of `0..len` has: half as many again, and one that stays free.
const fn slots_of(len: u32) -> usize {
    len as usize * 3 / 2 + (len > 0) as usize
}

/// Returns every slot of a table of `len` from the one that the upper bits of `hash` choose.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the product's upper half is below `len`")]
fn probes(hash: u64, len: usize) -> impl Iterator<Item = usize> {
    let home = ((u128::from(hash) * len as u128) >> 64) as usize;
    (home..len).chain(0..home)
}
