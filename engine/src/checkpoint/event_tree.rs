//! The event tree: RFC 6962 over the CIDs of a graph's events, a leaf for each in the order of versions.
//!
//! Whoever only needs the root keeps the roots of the full subtrees, a few hashes. Whoever makes proofs keeps the root of
//! every 256 events and looks the CIDs of two such runs up again.

use crate::cid::Cid;
use crate::merkle::{Hash, leaf_hash, node_hash, path, root};

/// Events under one kept hash.
const RUN: usize = 256;

/// Returns the leaf of an event: the hash of its CID's binary form.
pub fn event_leaf(cid: &Cid) -> Hash {
    leaf_hash(&cid.to_bytes())
}

/// The event tree of a graph that grows.
#[derive(Debug, Clone, Default)]
pub struct EventTree {
    len: u64,
    /// The roots of full subtrees, each larger than the one after it.
    full: Vec<Hash>,
}

impl EventTree {
    /// Returns the number of events.
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether there is no event.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds the next event.
    pub fn push(&mut self, cid: &Cid) {
        let mut hash = event_leaf(cid);
        for _ in 0..self.len.trailing_ones() {
            let left = self.full.pop().expect("a one bit of the length is a full subtree");
            hash = node_hash(&left, &hash);
        }
        self.full.push(hash);
        self.len += 1;
    }

    /// Returns the root.
    pub fn root(&self) -> Hash {
        let joined = self.full.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or_else(|| root(&[]))
    }
}

/// What paths in the event tree are made of.
#[derive(Debug, Clone, Default)]
pub struct EventPaths {
    runs: Vec<Hash>,
    /// The leaves behind the last full run.
    rest: Vec<Hash>,
}

impl EventPaths {
    /// Returns the number of events.
    pub fn len(&self) -> u64 {
        (self.runs.len() * RUN + self.rest.len()) as u64
    }

    /// Returns whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.rest.is_empty()
    }

    /// Adds the next event.
    pub fn push(&mut self, cid: &Cid) {
        self.rest.push(event_leaf(cid));
        if self.rest.len() == RUN {
            self.runs.push(root(&self.rest));
            self.rest.clear();
        }
    }

    /// Returns the versions whose leaves a path from event `version` in the tree over `size` events is made of, besides
    /// what is kept: those of its own run, and those of the last one.
    pub fn needed(version: u64, size: u64) -> [std::ops::RangeInclusive<u64>; 2] {
        let first_of_run = |version: u64| (version - 1) / RUN as u64 * RUN as u64 + 1;
        let own = first_of_run(version);
        [own..=size.min(own + RUN as u64 - 1), first_of_run(size)..=size]
    }

    /// Returns the path from event `version` in the tree over the first `size` events, given the leaves of the versions
    /// that [`needed`](Self::needed) names.
    ///
    /// # Panics
    /// Where there are fewer events, or other leaves than those.
    pub fn path(&self, version: u64, size: u64, own: &[Hash], last: &[Hash]) -> Vec<Hash> {
        assert!(version > 0 && version <= size && size <= self.len(), "the event is in the tree");
        let index = usize::try_from(version - 1).expect("what is in memory can be counted");
        let full = usize::try_from(size).expect("what is in memory can be counted") / RUN;
        let mut runs = self.runs[..full].to_vec();
        if size > (full * RUN) as u64 {
            runs.push(root(last));
        }
        let mut hashes = path(own, index % RUN);
        hashes.extend(path(&runs, index / RUN));
        hashes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cid::HashKind;
    use crate::merkle::root_of_path;

    #[test]
    fn roots_and_paths_are_those_of_the_plain_tree() {
        let cids: Vec<Cid> = (0..1100_u32).map(|n| Cid::of_block(HashKind::Sha2_256, &n.to_be_bytes())).collect();
        let leaves: Vec<Hash> = cids.iter().map(event_leaf).collect();
        let (mut tree, mut paths) = (EventTree::default(), EventPaths::default());
        assert_eq!(tree.root(), root(&[]));
        cids.iter().for_each(|cid| paths.push(cid));
        for (size, cid) in (1_u64..).zip(&cids) {
            tree.push(cid);
            let of = |versions: std::ops::RangeInclusive<u64>| {
                leaves[*versions.start() as usize - 1..*versions.end() as usize].to_vec()
            };
            let expected = root(&leaves[..size as usize]);
            assert_eq!((tree.len(), tree.root()), (size, expected));
            if ![1, 2, 255, 256, 257, 511, 512, 513, 700, 768, 1025, 1100].contains(&size) {
                continue;
            }
            for version in [1, 2, 200, 256, 257, 500, 512, 513, 769, 1024, 1100].into_iter().filter(|v| *v <= size) {
                let [own, last] = EventPaths::needed(version, size).map(of);
                let path = paths.path(version, size, &own, &last);
                let leaf = leaves[version as usize - 1];
                assert_eq!(root_of_path(version - 1, size, leaf, &path), Some(expected), "event {version} of {size}");
            }
        }
    }
}
