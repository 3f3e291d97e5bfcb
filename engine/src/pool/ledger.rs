//! What a pool holds, in bytes, and what sharing saves.

use super::content::Layout;
use super::ids::{ComponentId, SetId, ValueId};
use super::read::Pool;

/// What a pool holds. Bytes of values, components and sets are those of the content; [`heap_bytes`] is what memory
/// they really take.
///
/// [`heap_bytes`]: Self::heap_bytes
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolLedger {
    /// Distinct values.
    pub values: u64,
    /// Bytes of the distinct values.
    pub value_bytes: u64,
    /// Distinct components.
    pub components: u64,
    /// Components that are stored as what differs from another.
    pub derived_components: u64,
    /// Bytes of the distinct components as stored.
    pub component_bytes: u64,
    /// Bytes that the distinct components would take if none were stored as what differs from another.
    pub component_bytes_in_full: u64,
    /// Distinct component sets, the empty one included.
    pub sets: u64,
    /// Bytes of the distinct sets.
    pub set_bytes: u64,
    /// Bytes of the tables that find content, and of the reference counts.
    pub lookup_bytes: u64,
    /// Bytes on the heap: content, offsets, spare room and tables.
    pub heap_bytes: u64,
    /// Component sets and components outside sets that are in use at least once.
    pub in_use: u64,
    /// Bytes that all uses would take if each kept its own components and values.
    pub bytes_without_sharing: u64,
}

impl PoolLedger {
    /// Makes the ledger of a pool, given the tables beside it and how often each set and each component is in use.
    pub(super) fn of(
        pool: &Pool,
        writer_lookup_bytes: usize,
        set_uses: impl Iterator<Item = (u32, u64)>,
        component_uses: impl Iterator<Item = (u32, u64)>,
    ) -> Self {
        let mut ledger = Self {
            lookup_bytes: (pool.base().lookup_bytes() + writer_lookup_bytes) as u64,
            heap_bytes: (pool.heap_bytes() + writer_lookup_bytes) as u64,
            ..Self::default()
        };
        ledger.count_stored(pool);
        for (set, uses) in set_uses {
            ledger.in_use += 1;
            ledger.bytes_without_sharing += uses * set_bytes_alone(pool, SetId(set));
        }
        for (component, uses) in component_uses {
            ledger.in_use += 1;
            ledger.bytes_without_sharing += uses * component_bytes_alone(pool, ComponentId(component));
        }
        ledger
    }

    fn count_stored(&mut self, pool: &Pool) {
        for id in ids(pool.value_count()) {
            self.values += 1;
            self.value_bytes += pool.value_bytes(ValueId(id)).len() as u64;
        }
        for id in ids(pool.component_count()).map(ComponentId) {
            let words = pool.component_words(id);
            self.components += 1;
            self.derived_components += u64::from(matches!(Layout::of(words), Layout::Derived(..)));
            self.component_bytes += size_of_val(words) as u64;
            self.component_bytes_in_full += component_bytes_in_full(pool, id);
        }
        for id in ids(pool.set_count()).map(SetId) {
            self.sets += 1;
            self.set_bytes += size_of_val(pool.set_words(id)) as u64;
        }
    }
}

fn ids(count: usize) -> std::ops::Range<u32> {
    0..u32::try_from(count).expect("ids have 32 bits")
}

fn component_bytes_in_full(pool: &Pool, id: ComponentId) -> u64 {
    let words = 1 + 2 * pool.entries(id).count();
    (words * size_of::<u32>()) as u64
}

fn component_bytes_alone(pool: &Pool, id: ComponentId) -> u64 {
    let values: usize = pool.entries(id).map(|(_, value)| pool.value_bytes(value).len()).sum();
    component_bytes_in_full(pool, id) + values as u64
}

fn set_bytes_alone(pool: &Pool, id: SetId) -> u64 {
    let components: u64 = pool.components(id).map(|component| component_bytes_alone(pool, component)).sum();
    size_of_val(pool.set_words(id)) as u64 + components
}
