//! The nodes that were looked up lately: what `decide` found, `apply` need not look for again.

use std::cell::Cell;

use crate::id::NodeId;
use crate::topology::NodeIndex;

/// Places; more than the ends of a usual transaction's edges, few enough to stay in the nearest cache.
const PLACES: usize = 1024;

/// Ordinals of living nodes by id; a later node takes the place of an earlier one.
///
/// Whoever removes a node, takes changes back or moves to another generation clears it.
#[derive(Debug)]
pub(super) struct Found(Box<[Cell<Place>]>);

type Place = Option<(NodeId, u32)>;

impl Default for Found {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Cell::new(None)).collect())
    }
}

impl Found {
    #[inline]
    pub(super) fn get(&self, node: NodeId) -> Option<NodeIndex> {
        let (id, ordinal) = self.0[place(node)].get()?;
        (id == node).then(|| NodeIndex::from(ordinal))
    }

    #[inline]
    pub(super) fn put(&self, node: NodeId, index: NodeIndex) {
        let ordinal = u32::try_from(index.index()).expect("node ordinals have 32 bits");
        self.0[place(node)].set(Some((node, ordinal)));
    }

    pub(super) fn remove(&self, node: NodeId) {
        self.0[place(node)].set(None);
    }

    pub(super) fn clear(&self) {
        self.0.iter().for_each(|place| place.set(None));
    }
}

/// Ids are hashes or random: a few of their bits are as good as a hash of them.
#[inline]
fn place(node: NodeId) -> usize {
    let bytes = node.as_bytes();
    (usize::from(bytes[14]) << 8 | usize::from(bytes[15])) % PLACES
}
