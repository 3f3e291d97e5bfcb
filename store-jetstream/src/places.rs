//! Where versions stand in the stream: what is known of them, and how the others are found.
//!
//! That an event has a sequence stays true for ever, so what is remembered is never wrong, only not the newest.

use std::collections::HashMap;

use cidgraph::{AggregateId, Head, StoreError, StoredEvent};
use parking_lot::Mutex;

use crate::log::Log;
use crate::message::damaged;

/// Aggregates that are remembered, at most; then all are forgotten.
const PLACES_MAX: usize = 1 << 16;

/// An event and its sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) head: Head,
    pub(crate) sequence: u64,
}

impl From<&StoredEvent> for Place {
    fn from(stored: &StoredEvent) -> Self {
        Self { head: stored.event.head(), sequence: stored.sequence }
    }
}

/// One place of each aggregate.
#[derive(Debug, Default)]
pub(crate) struct Places(Mutex<HashMap<AggregateId, Place, foldhash::fast::RandomState>>);

impl Places {
    pub(crate) fn get(&self, aggregate: AggregateId) -> Option<Place> {
        self.0.lock().get(&aggregate).copied()
    }

    pub(crate) fn remember(&self, aggregate: AggregateId, place: Place) {
        let mut places = self.0.lock();
        if places.len() >= PLACES_MAX && !places.contains_key(&aggregate) {
            places.clear();
        }
        places.insert(aggregate, place);
    }
}

/// The sequences between which a version must stand, both included.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// An event below the one that is looked for: version and sequence.
    low: (u64, u64),
    /// An event above it, or a sequence at which that one stands at the earliest.
    high: (u64, u64),
}

impl Bounds {
    /// Returns the first and the last sequence that leave room for the versions between.
    const fn sequences(&self, version: u64) -> (u64, u64) {
        (self.low.1 + (version - self.low.0), self.high.1.saturating_sub(self.high.0 - version))
    }

    /// Returns where the version stands if all were equally far apart.
    fn interpolated(&self, version: u64) -> u64 {
        let span = u128::from(self.high.1 - self.low.1) * u128::from(version - self.low.0);
        let offset = span / u128::from(self.high.0 - self.low.0);
        self.low.1 + u64::try_from(offset).expect("a part of a distance is not larger than the distance")
    }
}

/// Who says where events stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Any server that has an event there.
    Anyone,
    /// The leader.
    Leader,
}

/// Finds the sequence of a version below `head`, asking for some events between `low` and `head`: as many
/// as the logarithm of their distance, one where the aggregate's events lie evenly, none where they lie side by side.
pub(crate) async fn find(
    log: &Log,
    asked: Asked,
    aggregate: AggregateId,
    version: u64,
    low: Option<Place>,
    head: Place,
) -> Result<u64, StoreError> {
    let low = low.map_or((0, 0), |place| (place.head.version, place.sequence));
    assert!(low.0 < version && version <= head.head.version, "the version lies between the places");
    if version == head.head.version {
        return Ok(head.sequence);
    }
    let subjects = log.subjects.of_aggregate(aggregate);
    let mut bounds = Bounds { low, high: (head.head.version, head.sequence) };
    for round in 0_u32.. {
        let (first, last) = bounds.sequences(version);
        if first > last {
            break;
        }
        if first == last {
            return Ok(first);
        }
        let middle = first + (last - first) / 2;
        let guess = if round % 2 == 0 { bounds.interpolated(version).clamp(first, last) } else { middle };
        let next = match asked {
            Asked::Anyone => log.next_anywhere(&subjects, guess).await?,
            Asked::Leader => log.next(&subjects, guess).await?,
        };
        let Some(stored) = next else { break };
        match stored.event.version.cmp(&version) {
            std::cmp::Ordering::Equal => return Ok(stored.sequence),
            std::cmp::Ordering::Less => bounds.low = (stored.event.version, stored.sequence),
            std::cmp::Ordering::Greater => bounds.high = (stored.event.version, guess),
        }
    }
    Err(damaged(bounds.low.1, &format!("version {version} of aggregate {aggregate} is missing behind this event")))
}
