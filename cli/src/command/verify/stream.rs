//! The check of a store through its reads: all events in the order of their sequences, or one graph's.
//!
//! Damage is narrowed down to the event where reading stops, and reading goes on behind it. Of an event that is gone
//! the place is told by the sequences that are absent between its aggregate's events.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use cidgraph::archive::{Segment, foreign_segments};
use cidgraph::chain::LogVerifier;
use cidgraph::{AggregateId, ChainError, Damage, EventStore, GraphId, Head, StoreError, StoredEvent};
use serde_json::json;

use super::found::{Found, chain_object, damage_object};
use crate::failure::Failure;
use crate::session::Session;

/// Events read at a time.
const PAGE_EVENTS: usize = 1 << 14;

/// Checks all events of a store, up to the last one there is when it begins.
pub(super) fn verify_stream(session: &Session, store: &dyn EventStore) -> Result<Found, Failure> {
    let last_sequence = session.wait(store.last_sequence())?;
    let mut walk = Walk::default();
    let mut limit = PAGE_EVENTS;
    while walk.sequence < last_sequence {
        let next = walk.sequence + 1;
        match session.wait(store.read_all(next, limit)) {
            Ok(page) if page.is_empty() => break,
            Ok(page) => {
                walk.take(&page);
                limit = PAGE_EVENTS;
            }
            Err(StoreError::Corrupt { .. }) if limit > 1 => limit /= 2,
            Err(StoreError::Corrupt { damage }) => {
                let Some(sequence) = damage.sequence.filter(|sequence| *sequence >= next) else {
                    walk.found.broken.push(damage_object(&damage));
                    break;
                };
                walk.pass_over(sequence, &damage);
                limit = PAGE_EVENTS;
            }
            Err(other) => return Err(other.into()),
        }
    }
    walk.end(last_sequence);
    let Walk { mut found, verifier, .. } = walk;
    found.foreign = match session.wait(foreign_segments(store)) {
        Ok(foreign) => Some(foreign.iter().map(Segment::name).collect()),
        // Events that needed no archive were read without it.
        Err(StoreError::Unavailable { .. }) => None,
        Err(other) => return Err(other.into()),
    };
    found.events = verifier.held();
    found.graphs = verifier.aggregates() as u64;
    Ok(found)
}

/// Where a check of all events has come to.
#[derive(Default)]
struct Walk {
    found: Found,
    verifier: LogVerifier,
    /// The last sequence that was looked at.
    sequence: u64,
    /// Sequences that hold no event that can be read.
    absent: Vec<RangeInclusive<u64>>,
    /// The sequence of each aggregate's last event.
    last: HashMap<AggregateId, u64, foldhash::fast::FixedState>,
}

impl Walk {
    fn take(&mut self, page: &[StoredEvent]) {
        for stored in page {
            if stored.sequence > self.sequence + 1 {
                self.absent.push(self.sequence + 1..=stored.sequence - 1);
            }
            self.sequence = stored.sequence;
        }
        for error in self.verifier.push(page) {
            self.broken(&error, page);
        }
        for run in page.chunk_by(|one, other| one.event.aggregate == other.event.aggregate) {
            let last = run.last().expect("a run is not empty");
            self.last.insert(last.event.aggregate, last.sequence);
        }
    }

    fn pass_over(&mut self, sequence: u64, damage: &Damage) {
        self.found.broken.push(damage_object(damage));
        self.absent.push(self.sequence + 1..=sequence);
        self.sequence = sequence;
    }

    /// Notes a chain that does not hold; a gap gets the sequence where its first event should be.
    fn broken(&mut self, error: &ChainError, page: &[StoredEvent]) {
        let mut object = chain_object(error);
        if let ChainError::SequenceGap { aggregate, actual, .. } = error {
            let sequence = self.gap(*aggregate, *actual, page);
            object["sequence"] = json!(sequence);
            let same = |known: &&mut serde_json::Value| {
                sequence.is_some() && known["sequence"] == object["sequence"] && known["aggregate"].is_null()
            };
            if let Some(known) = self.found.broken.iter_mut().find(same) {
                known["aggregate"] = object["aggregate"].take();
                known["version"] = object["version"].take();
                return;
            }
        }
        self.found.broken.push(object);
    }

    /// Returns the first absent sequence between an aggregate's event of version `actual` and the one before it.
    fn gap(&self, aggregate: AggregateId, actual: u64, page: &[StoredEvent]) -> Option<u64> {
        let mut before = self.last.get(&aggregate).copied().unwrap_or(0);
        let own = page.iter().filter(|stored| stored.event.aggregate == aggregate);
        let behind = own
            .map(|stored| (stored.sequence, stored.event.version))
            .find(|(sequence, version)| {
                let found = *version == actual;
                before = if found { before } else { *sequence };
                found
            })?
            .0;
        let absent = self.absent.iter().find(|absent| *absent.end() > before && *absent.start() < behind)?;
        Some(*absent.start())
    }

    /// Notes what is missing at the end: the last sequences, and the rest of transactions.
    fn end(&mut self, last_sequence: u64) {
        if self.sequence < last_sequence {
            self.found.broken.push(json!({
                "sequence": self.sequence + 1,
                "expected": format!("events up to sequence {last_sequence}"),
                "actual": format!("the last event has sequence {}", self.sequence),
            }));
        }
        for (aggregate, sequence) in &self.last {
            let Some(tip) = self.verifier.tip(*aggregate).filter(|tip| tip.transaction_remaining > 0) else { continue };
            self.found.broken.push(json!({
                "aggregate": aggregate.to_string(),
                "version": tip.version + 1,
                "expected": format!("{} more events of a transaction", tip.transaction_remaining),
                "actual": format!("the last event has sequence {sequence}"),
            }));
        }
    }
}

/// Checks one graph's events up to its head.
pub(super) fn verify_graph(
    session: &Session,
    store: &dyn EventStore,
    graph: GraphId,
    head: Head,
) -> Result<Found, Failure> {
    let aggregate = AggregateId::from(graph);
    let mut verifier = LogVerifier::new();
    let mut found = Found { graphs: 1, ..Found::default() };
    let mut limit = PAGE_EVENTS;
    while verifier.events() < head.version && found.broken.is_empty() {
        let next = verifier.events() + 1;
        match session.wait(store.read(aggregate, next, limit)) {
            Ok(page) if page.is_empty() => found.broken.push(json!({
                "aggregate": aggregate.to_string(),
                "version": next,
                "expected": format!("version {}", head.version),
                "actual": format!("version {}", verifier.events()),
            })),
            Ok(page) => {
                found.broken.extend(verifier.push(&page).iter().map(chain_object));
                limit = PAGE_EVENTS;
            }
            Err(StoreError::Corrupt { .. }) if limit > 1 => limit /= 2,
            Err(StoreError::Corrupt { damage }) => {
                let mut object = damage_object(&damage);
                object["aggregate"] = json!(aggregate.to_string());
                if object["version"].is_null() {
                    object["version"] = json!(next);
                }
                found.broken.push(object);
            }
            Err(other) => return Err(other.into()),
        }
    }
    found.events = verifier.held();
    Ok(found)
}
