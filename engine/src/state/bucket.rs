//! The buckets that ids fall into, and the leaf that each gives the state tree.

use crate::merkle::{Hash, leaf_hash};

use super::id_table::mix;

/// The number of buckets.
pub const BUCKETS: usize = 1 << 16;

/// The number of leaves of a state tree: the graph's own record, then the buckets.
pub const STATE_LEAVES: u64 = BUCKETS as u64 + 1;

/// Returns the bucket that an id falls into: the top 16 bits of its folded multiply.
#[inline]
pub fn bucket_of(id: &[u8; 16]) -> u32 {
    u32::try_from(mix(id) >> 48).expect("16 bits fit")
}

/// Returns a bucket's number in 16 bits.
pub(super) fn low_bits(bucket: u32) -> u16 {
    u16::try_from(bucket).expect("there are 2^16 buckets")
}

/// Returns where each bucket starts when what falls into these buckets is sorted by them.
pub(super) fn starts(buckets: &[u16]) -> Vec<u32> {
    let mut starts = vec![0; BUCKETS];
    for bucket in buckets {
        starts[usize::from(*bucket)] += 1;
    }
    let mut next = 0;
    for start in &mut starts {
        (*start, next) = (next, next + *start);
    }
    starts
}

/// Returns the number of the leaf of the bucket that an id falls into.
pub fn leaf_index_of(id: &[u8; 16]) -> u64 {
    u64::from(bucket_of(id)) + 1
}

/// A node or edge of a bucket: its id and the SHA-256 of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The id.
    pub id: [u8; 16],
    /// The hash of the record.
    pub record: Hash,
}

/// The leaf of an empty bucket: that of no content.
pub(super) const EMPTY_LEAF: Hash = [
    0x6e, 0x34, 0x0b, 0x9c, 0xff, 0xb3, 0x7a, 0x98, 0x9c, 0xa5, 0x44, 0xe6, 0xbb, 0x78, 0x0a, 0x2c, 0x78, 0x90, 0x1d,
    0x3f, 0xb3, 0x37, 0x38, 0x76, 0x85, 0x11, 0xa3, 0x06, 0x17, 0xaf, 0xa0, 0x1d,
];

/// Bytes of an entry in a leaf.
pub const ENTRY_BYTES: usize = 48;

impl Entry {
    /// Returns the entries that stand one after another in `bytes`; `None` where their ids do not increase, or bytes are
    /// left.
    pub fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        let entry = |bytes: &[u8; ENTRY_BYTES]| {
            let (id, record) = bytes.split_at(16);
            Some(Self { id: id.try_into().ok()?, record: record.try_into().ok()? })
        };
        let entries: Vec<Self> = entries.iter().map(entry).collect::<Option<_>>()?;
        (rest.is_empty() && entries.is_sorted_by(|before, after| before.id < after.id)).then_some(entries)
    }

    /// Appends the entry to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.record);
    }
}

/// What a bucket holds, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its nodes.
    pub nodes: Vec<Entry>,
    /// Its edges.
    pub edges: Vec<Entry>,
}

impl Bucket {
    /// Makes a bucket of its entries in any order.
    pub(super) fn new(mut nodes: Vec<Entry>, mut edges: Vec<Entry>) -> Self {
        nodes.sort_unstable();
        edges.sort_unstable();
        Self { nodes, edges }
    }

    /// Returns the bucket's leaf: that of no content where it is empty; else of the number of nodes (four bytes,
    /// big-endian), the nodes and the edges, each by id.
    pub fn leaf(&self) -> Hash {
        if self.nodes.is_empty() && self.edges.is_empty() {
            return EMPTY_LEAF;
        }
        let mut content = Vec::with_capacity(4 + ENTRY_BYTES * (self.nodes.len() + self.edges.len()));
        write_content(&self.nodes, &self.edges, &mut content);
        leaf_hash(&content)
    }
}

/// Appends the content of a bucket's leaf, given what it holds, by id.
pub(super) fn write_content(nodes: &[Entry], edges: &[Entry], out: &mut Vec<u8>) {
    if nodes.is_empty() && edges.is_empty() {
        return;
    }
    let count = u32::try_from(nodes.len()).expect("ordinals have 32 bits");
    out.extend_from_slice(&count.to_be_bytes());
    nodes.iter().chain(edges).for_each(|entry| entry.write(out));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_bucket_has_the_leaf_of_no_content() {
        assert_eq!(Bucket::default().leaf(), leaf_hash(&[]));
    }

    #[test]
    fn a_node_is_no_edge() {
        let entry = Entry { id: [1; 16], record: [2; 32] };
        let (nodes, edges) = (Bucket::new(vec![entry], vec![]), Bucket::new(vec![], vec![entry]));
        assert_ne!(nodes.leaf(), edges.leaf());
    }

    #[test]
    fn entries_are_read_as_they_are_written_and_in_no_other_order() {
        let entries = [1, 2, 3].map(|number| Entry { id: [number; 16], record: [9 - number; 32] });
        let bytes = |order: [usize; 3]| {
            let mut bytes = Vec::new();
            order.into_iter().for_each(|at| entries[at].write(&mut bytes));
            bytes
        };
        assert_eq!(Entry::read_all(&bytes([0, 1, 2])).as_deref(), Some(entries.as_slice()));
        assert_eq!(Entry::read_all(&bytes([0, 2, 1])), None);
        assert_eq!(Entry::read_all(&bytes([0, 1, 1])), None);
        assert_eq!(Entry::read_all(&bytes([0, 1, 2])[1..]), None);
        assert_eq!(Entry::read_all(&[]), Some(Vec::new()));
    }
}
