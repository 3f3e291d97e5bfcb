//! What never changes once made: runs laid end to end, and the table that finds one by its hash.

use bytemuck::Pod;

use crate::packed::PackedInts;
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
        &self.heap[self.offsets.span(index as usize)]
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
        let mut slots = vec![0_u64; len as usize * 3 / 2 + usize::from(len > 0)];
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
            let index = (entry >> TAG_BITS) as u32 - 1;
            if entry & TAG_MASK == hash & TAG_MASK && is_it(index) {
                return Some(index);
            }
        }
        None
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.heap_bytes()
    }
}

/// Returns every slot of a table of `len` from the one that the upper bits of `hash` choose.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the product's upper half is below `len`")]
fn probes(hash: u64, len: usize) -> impl Iterator<Item = usize> {
    let home = ((u128::from(hash) * len as u128) >> 64) as usize;
    (home..len).chain(0..home)
}
