//! Which segments there are, of all aggregates.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use parking_lot::Mutex;

use super::segment::Segment;
use crate::id::AggregateId;

/// The segments of all aggregates. Two archivers at once may leave segments that overlap: they hold the same events.
#[derive(Debug, Default)]
pub(super) struct Table {
    of: HashMap<AggregateId, Vec<Segment>, FixedState>,
    /// All of them, ordered by their first sequence.
    by_sequence: Vec<Segment>,
    /// The first version of each aggregate that the store keeps itself, as far as it was asked since the list was read; 0
    /// where it keeps no event.
    pub(super) kept_from: Mutex<HashMap<AggregateId, u64, FixedState>>,
}

impl Table {
    pub(super) fn new(mut segments: Vec<Segment>) -> Self {
        segments.sort_unstable_by_key(|segment| segment.sequences);
        let mut of: HashMap<AggregateId, Vec<Segment>, FixedState> = HashMap::default();
        for segment in &segments {
            of.entry(segment.aggregate).or_default().push(*segment);
        }
        Self { of, by_sequence: segments, kept_from: Mutex::default() }
    }

    /// Returns the segment that holds a version, of several the one that goes furthest.
    pub(super) fn holding(&self, aggregate: AggregateId, version: u64) -> Option<Segment> {
        let segments = self.of.get(&aggregate)?;
        let holding = segments.iter().filter(|segment| segment.versions.0 <= version && version <= segment.versions.1);
        holding.max_by_key(|segment| segment.versions.1).copied()
    }

    /// Returns the aggregates that have segments, one or all.
    pub(super) fn aggregates(&self, aggregate: Option<AggregateId>) -> impl Iterator<Item = AggregateId> {
        let which = move |one: &AggregateId| aggregate.is_none_or(|aggregate| aggregate == *one);
        self.of.keys().copied().filter(which)
    }

    /// Returns the segments of one or all aggregates, ordered by their first sequence.
    pub(super) fn ordered(&self, aggregate: Option<AggregateId>) -> &[Segment] {
        match aggregate {
            None => &self.by_sequence,
            Some(aggregate) => self.of.get(&aggregate).map_or(&[], Vec::as_slice),
        }
    }
}
