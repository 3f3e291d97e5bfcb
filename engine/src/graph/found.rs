//! The nodes that were looked up lately: what `decide` found, `apply` need not look for again.

use std::cell::Cell;

use crate::id::NodeId;
use crate::topology::NodeIndex;

/// Places at first; more than the ends of a usual transaction's edges, few enough to stay in the nearest cache.
const PLACES_MIN: usize = 1 << 10;

/// Places once many edges were connected at once: some 400 KB.
const PLACES_MAX: usize = 1 << 14;

/// Ordinals of living nodes by id; a later node takes the place of an earlier one.
///
/// Whoever removes a node, takes changes back or moves to another generation clears it.
#[derive(Debug)]
pub(super) struct Found {
    places: Box<[Cell<Place>]>,
    /// What is of an earlier round counts no more.
    round: u32,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    id: NodeId,
    ordinal: u32,
    /// 0 for a place that was never taken.
    round: u32,
}

const FREE: Place = Place { id: NodeId::from_bytes([0; 16]), ordinal: 0, round: 0 };

impl Default for Found {
    fn default() -> Self {
        Self { places: places(PLACES_MIN), round: 1 }
    }
}

impl Found {
    #[inline]
    pub(super) fn get(&self, node: NodeId) -> Option<NodeIndex> {
        let Place { id, ordinal, round } = self.place(node).get();
        (round == self.round && id == node).then(|| NodeIndex::from(ordinal))
    }

    #[inline]
    pub(super) fn put(&self, node: NodeId, index: NodeIndex) {
        let ordinal = u32::try_from(index.index()).expect("node ordinals have 32 bits");
        self.place(node).set(Place { id: node, ordinal, round: self.round });
    }

    pub(super) fn remove(&self, node: NodeId) {
        self.place(node).set(FREE);
    }

    /// Makes room for the ends of so many edges, so that the next transaction of that size finds all of its own.
    pub(super) fn make_room(&mut self, edges: usize) {
        let wanted = (2 * edges).next_power_of_two().min(PLACES_MAX);
        if wanted > self.places.len() {
            self.places = places(wanted);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.places)
    }

    pub(super) fn clear(&mut self) {
        match self.round.checked_add(1) {
            Some(round) => self.round = round,
            None => *self = Self { places: places(self.places.len()), round: 1 },
        }
    }

    /// Ids are hashes or random: a few of their bits are as good as a hash of them.
    #[inline]
    fn place(&self, node: NodeId) -> &Cell<Place> {
        let bytes = node.as_bytes();
        &self.places[(usize::from(bytes[14]) << 8 | usize::from(bytes[15])) & (self.places.len() - 1)]
    }
}

fn places(len: usize) -> Box<[Cell<Place>]> {
    assert!(len.is_power_of_two(), "a place is some bits of an id");
    vec![Cell::new(FREE); len].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_known_until_it_is_cleared() {
        let mut found = Found::default();
        let (first, other) = (NodeId::from_u64(7), NodeId::from_u64(8));
        assert_eq!(found.get(first), None);
        found.put(first, NodeIndex::new(3));
        assert_eq!((found.get(first), found.get(other)), (Some(NodeIndex::new(3)), None));
        found.remove(first);
        assert_eq!(found.get(first), None);
        found.put(first, NodeIndex::new(4));
        found.clear();
        assert_eq!(found.get(first), None);
        found.round = u32::MAX;
        found.put(first, NodeIndex::new(5));
        found.clear();
        assert_eq!(found.get(first), None);
    }

    #[test]
    fn room_grows_with_the_edges_of_a_transaction_up_to_a_bound() {
        let mut found = Found::default();
        let bytes = found.heap_bytes();
        found.make_room(100);
        assert_eq!(found.heap_bytes(), bytes);
        found.make_room(5000);
        assert_eq!(found.heap_bytes(), 16 * bytes);
        found.make_room(1 << 20);
        assert_eq!(found.heap_bytes(), 16 * bytes);
    }
}
