//! How nodes looked and where they stood before: a record of what each change replaced, so that a version is shown as it was.
//!
//! The GPU has a copy and finds by itself how a node was: another version costs the processor nothing, however much changed
//! between. The records of a node are a list, newest first; each names the one before and one farther before, so that any of
//! them is found in a number of steps that grows as the logarithm of theirs (Myers, "An applicative random-access stack",
//! Information Processing Letters 17, 1983). The records of all nodes stand in a ring, and the oldest one gives way to a new
//! one: who follows a list knows its end by coming to a record of another node, or to a newer one.

use super::column::Column;
use super::record::{NO_RECORD, PastHead, PastRecord};
use super::standing::Standing;

/// Records that are kept, 40 bytes each.
const RECORDS_MAX: u32 = 1 << 20;

/// What nodes were.
#[derive(Debug)]
pub(crate) struct Chronicle {
    /// By slot.
    pub(crate) heads: Column<PastHead>,
    pub(crate) records: Column<PastRecord>,
    /// Where the next record goes.
    next: u32,
    max: u32,
}

impl Default for Chronicle {
    fn default() -> Self {
        Self::of_size(RECORDS_MAX)
    }
}

impl Chronicle {
    fn of_size(max: u32) -> Self {
        Self { heads: Column::default(), records: Column::default(), next: 0, max }
    }

    /// Adds the next slot's node.
    pub(super) fn add_node(&mut self, birth: u32, given: [f32; 3]) {
        self.heads.push(PastHead { given, since: birth, newest: NO_RECORD });
    }

    /// Notes how a node was until a version. Of several changes in one version the first says that; what was in between
    /// never is.
    pub(super) fn note(&mut self, node: u32, version: u32, was: &Standing) {
        let head = self.heads.get(node);
        if version <= head.since {
            return;
        }
        let (skip, span) = self.skip(node, head);
        let record = PastRecord {
            place: was.place.unwrap_or_default(),
            radius: was.radius(),
            color: was.look.color,
            bits: was.look.shape as u32 | u32::from(was.place.is_some()) << 8 | span << 9,
            node,
            since: head.since,
            before: head.newest,
            skip,
        };
        let newest = self.put(record);
        *self.heads.get_mut(node) = PastHead { since: version, newest, ..head };
    }

    /// Returns how a node was at a version; `None` where it was as it is, or nothing else is known.
    pub(super) fn find(&self, node: u32, version: u32) -> Option<PastRecord> {
        self.way(node, version).last()
    }

    /// Returns the records that are looked at until the one of a version is found, which is the last.
    fn way(&self, node: u32, version: u32) -> impl Iterator<Item = PastRecord> {
        let head = self.heads.get(node);
        let newest = self.older(head.newest, node, head.since).filter(|_| version < head.since);
        std::iter::successors(newest, move |at| {
            if at.since <= version {
                return None;
            }
            let skipped = self.older(at.skip, node, at.since).filter(|skipped| skipped.since > version);
            skipped.or_else(|| self.older(at.before, node, at.since))
        })
    }

    /// Returns the record at a place, where it is still the node's and older than a version.
    fn older(&self, at: u32, node: u32, since: u32) -> Option<PastRecord> {
        let record = self.records.items().get(at as usize)?;
        (record.node == node && record.since < since).then_some(*record)
    }

    /// Returns which record the next one of a node names beside the one before, and how many records that are: where the two
    /// spans before are equal, both of them and itself.
    fn skip(&self, node: u32, head: PastHead) -> (u32, u32) {
        let far = self
            .older(head.newest, node, head.since)
            .and_then(|before| Some((before, self.older(before.skip, node, before.since)?)));
        match far {
            Some((before, far)) if before.span() == far.span() => (far.skip, 2 * far.span() + 1),
            _ => (head.newest, 1),
        }
    }

    fn put(&mut self, record: PastRecord) -> u32 {
        let at = self.next;
        if (at as usize) < self.records.len() {
            *self.records.get_mut(at) = record;
        } else {
            self.records.push(record);
        }
        self.next = (at + 1) % self.max;
        at
    }
}

impl PastRecord {
    /// Returns the place of its own that the node had.
    pub(super) fn own_place(&self) -> Option<[f32; 3]> {
        (self.bits >> 8 & 1 == 1).then_some(self.place)
    }

    const fn span(&self) -> u32 {
        self.bits >> 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a node that changes with every version is from version `since` on.
    fn standing(since: u32) -> Standing {
        let [low, high, ..] = since.to_le_bytes();
        Standing { place: Some([f32::from(low), f32::from(high), 0.0]), ..Standing::of_kind(0) }
    }

    /// The version from which on a node was as it was at a version, as far as is known; `None` where it was as it is.
    fn since(chronicle: &Chronicle, node: u32, version: u32) -> Option<u32> {
        let found = chronicle.find(node, version)?;
        assert_eq!(found.own_place(), standing(found.since).place, "what is found is what was noted");
        Some(found.since)
    }

    /// Changes of nodes, which came at version 0: version `n` changes node `node_of(n)`.
    struct Changes {
        chronicle: Chronicle,
        /// The versions of each node's changes, 0 before.
        versions: Vec<Vec<u32>>,
        /// All of them, in order: the node and the version from which on it was as the record says.
        noted: Vec<(u32, u32)>,
    }

    impl Changes {
        fn new(nodes: u32, max: u32) -> Self {
            let mut chronicle = Chronicle::of_size(max);
            (0..nodes).for_each(|_| chronicle.add_node(0, [0.0; 3]));
            Self { chronicle, versions: vec![vec![0]; nodes as usize], noted: Vec::new() }
        }

        fn change(&mut self, node: u32, version: u32) {
            let versions = &mut self.versions[node as usize];
            let since = *versions.last().expect("a node came");
            self.chronicle.note(node, version, &standing(since));
            versions.push(version);
            self.noted.push((node, since));
        }

        /// What is to be found: the last change up to a version, or the oldest that is kept.
        fn expected(&self, node: u32, version: u32) -> Option<u32> {
            let versions = &self.versions[node as usize];
            let kept = self.noted.len().saturating_sub(self.chronicle.max as usize);
            let oldest = self.noted[kept..].iter().find(|(noted, _)| *noted == node)?.1;
            let last = versions[..versions.partition_point(|change| *change <= version)].last()?;
            (last != versions.last()?).then_some((*last).max(oldest))
        }
    }

    #[test]
    fn every_version_of_every_node_is_found_as_far_as_it_is_kept() {
        for (nodes, max) in [(1, 1), (1, 7), (1, 1000), (3, 64), (7, 1000), (40, 50)] {
            let mut changes = Changes::new(nodes, max);
            for version in 1..=300 {
                changes.change(version * version % nodes, version);
            }
            for node in 0..nodes {
                for version in 0..=301 {
                    let found = since(&changes.chronicle, node, version);
                    assert_eq!(found, changes.expected(node, version), "{nodes} {max}: {node} at {version}");
                }
            }
        }
    }

    #[test]
    fn what_changes_twice_in_a_version_was_never_in_between() {
        let mut chronicle = Chronicle::default();
        chronicle.add_node(1, [0.0; 3]);
        chronicle.note(0, 1, &standing(1));
        assert_eq!(since(&chronicle, 0, 1), None, "it came so");
        chronicle.note(0, 4, &standing(1));
        chronicle.note(0, 4, &standing(2));
        assert_eq!((since(&chronicle, 0, 3), since(&chronicle, 0, 4)), (Some(1), None));
        assert_eq!(chronicle.records.len(), 1);
    }

    #[test]
    fn no_record_is_far() {
        let mut changes = Changes::new(1, 10_000);
        (1..=25_000).for_each(|version| changes.change(0, version));
        let most = (0..25_000).map(|version| changes.chronicle.way(0, version).count()).max();
        assert!(most.is_some_and(|most| most <= 3 * 14), "{most:?} of 3 log₂ 10,000");
    }
}
