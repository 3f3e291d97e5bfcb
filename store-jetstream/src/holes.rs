//! Sequences at which no event stands, as far as every server was asked: what is known of them.
//!
//! A vacant sequence is never taken, so what is remembered stays true.

use std::collections::BTreeMap;

use cidgraph::StoredEvent;
use parking_lot::Mutex;

/// Holes that are remembered, at most; then all are forgotten.
const HOLES_MAX: usize = 1 << 16;

/// Ranges of vacant sequences, both ends included.
#[derive(Debug, Default)]
pub(crate) struct Holes(Mutex<BTreeMap<u64, u64>>);

impl Holes {
    pub(crate) fn knows(&self, first: u64, last: u64) -> bool {
        self.0.lock().range(..=first).next_back().is_some_and(|(_, end)| last <= *end)
    }

    pub(crate) fn remember(&self, first: u64, last: u64) {
        let mut holes = self.0.lock();
        if holes.len() >= HOLES_MAX {
            holes.clear();
        }
        let end = holes.entry(first).or_insert(last);
        *end = last.max(*end);
    }
}

/// Returns the ranges of sequences from `first` to `last` at which none of these events stands.
pub(crate) fn vacant(first: u64, last: u64, events: &[StoredEvent]) -> Vec<(u64, u64)> {
    let mut next = first;
    let mut holes = Vec::new();
    for sequence in events.iter().map(|stored| stored.sequence).chain([last.saturating_add(1)]) {
        if next < sequence {
            holes.push((next, sequence - 1));
        }
        next = next.max(sequence.saturating_add(1));
    }
    holes
}

#[cfg(test)]
mod tests {
    use cidgraph::HashKind;
    use cidgraph::store::conformance::SampleStream;

    use super::*;

    #[test]
    fn what_lies_within_a_known_hole_is_known() {
        let holes = Holes::default();
        holes.remember(5, 9);
        holes.remember(5, 7);
        holes.remember(20, 20);
        for (first, last, known) in
            [(5, 9, true), (6, 8, true), (9, 9, true), (4, 9, false), (5, 10, false), (20, 20, true), (21, 21, false)]
        {
            assert_eq!(holes.knows(first, last), known, "{first} to {last}");
        }
    }

    #[test]
    fn vacant_sequences_are_those_between_before_and_behind() {
        let event = SampleStream::new(1, HashKind::Sha2_256).transaction(1).remove(0);
        let check = |first, last, sequences: &[u64], holes: &[(u64, u64)]| {
            let stored = |sequence: &u64| StoredEvent { sequence: *sequence, event: event.clone() };
            let events: Vec<_> = sequences.iter().map(stored).collect();
            assert_eq!(vacant(first, last, &events), holes);
        };
        check(1, 3, &[1, 2, 3], &[]);
        check(1, 9, &[2, 3, 6], &[(1, 1), (4, 5), (7, 9)]);
        check(4, 5, &[], &[(4, 5)]);
        check(4, 3, &[], &[]);
    }
}
