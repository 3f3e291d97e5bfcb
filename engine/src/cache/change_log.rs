//! What the last publications of a graph touched, so that an answer that took a while can still be placed.
//!
//! Invariant: every facet touched in `(known_from, latest]` is in the log.

use std::collections::{HashSet, VecDeque};

use foldhash::fast::FixedState;

use crate::footprint::Facet;

const PUBLICATIONS_MAX: usize = 4_096;
const FACETS_MAX: usize = 16_384;

#[derive(Debug, Clone, Copy)]
struct Publication {
    version: u64,
    facets: usize,
}

/// The last publications, oldest first; at most 200 KB.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    known_from: u64,
    latest: u64,
    publications: VecDeque<Publication>,
    facets: VecDeque<Facet>,
}

impl ChangeLog {
    pub(super) fn heap_bytes(&self) -> usize {
        self.publications.capacity() * size_of::<Publication>() + self.facets.capacity() * size_of::<Facet>()
    }

    pub(super) const fn latest(&self) -> u64 {
        self.latest
    }

    /// Starts again at `version`: what was touched up to it is not known.
    pub(super) fn start_at(&mut self, version: u64) {
        *self = Self { known_from: version, latest: version, ..Self::default() };
    }

    /// Adds what the publication of `version` touched and forgets the oldest publications beyond the bounds.
    pub(super) fn push(&mut self, version: u64, facets: &[Facet]) {
        assert!(version > self.latest, "versions increase");
        if facets.len() > FACETS_MAX {
            return self.start_at(version);
        }
        self.latest = version;
        self.publications.push_back(Publication { version, facets: facets.len() });
        self.facets.extend(facets);
        while self.publications.len() > PUBLICATIONS_MAX || self.facets.len() > FACETS_MAX {
            let oldest = self.publications.pop_front().expect("the bounds are above 0");
            self.facets.drain(..oldest.facets);
            self.known_from = oldest.version;
        }
    }

    /// Returns whether it is certain that none of `footprint` was touched in `(version, latest]`.
    pub(super) fn is_untouched_since(&self, version: u64, footprint: &[Facet]) -> bool {
        assert!(version <= self.latest, "what comes after the latest version is not known");
        if version < self.known_from {
            return false;
        }
        let since = self.publications.iter().rev().take_while(|publication| publication.version > version);
        let touched: usize = since.map(|publication| publication.facets).sum();
        if touched == 0 {
            return true;
        }
        let footprint: HashSet<Facet, FixedState> = footprint.iter().copied().collect();
        !self.facets.range(self.facets.len() - touched..).any(|facet| footprint.contains(facet))
    }
}
