//! One whole log of what the copies have and of events from elsewhere.
//!
//! What some copy has stays in its order. Of the events from elsewhere, the oldest that its aggregate lacks next takes a
//! vacant sequence where there is one; in any case each stands before its aggregate's next event.

use std::collections::{BTreeSet, HashMap, VecDeque};

use cidgraph::chain::{LogVerifier, verify_block};
use cidgraph::store::Envelope;
use cidgraph::{AggregateId, Damage, SealedEvent, StoreError, StoredEvent};

type ByAggregate<T> = HashMap<AggregateId, T, foldhash::fast::RandomState>;

/// A log without damage.
#[derive(Debug)]
pub(crate) struct Merged {
    /// The events, with their sequences in the log made anew.
    pub(crate) events: Vec<StoredEvent>,
    /// Events that came from elsewhere.
    pub(crate) supplied: u64,
    /// Whether every event that a copy has keeps its sequence.
    pub(crate) sequences_kept: bool,
}

/// Merges and verifies.
///
/// # Errors
/// [`StoreError::Corrupt`] where events are missing nevertheless, or one from elsewhere contradicts one that is there.
pub(crate) fn merge(kept: Vec<StoredEvent>, supplement: &[SealedEvent]) -> Result<Merged, StoreError> {
    let kept: Vec<_> = kept.into_iter().filter(|stored| verify_block(&stored.event, None).is_ok()).collect();
    let mut merger = Merger::default();
    merger.wait_for(&kept, supplement)?;
    for stored in kept {
        while merger.next_sequence() < stored.sequence && merger.emit_oldest() {}
        while merger.emit_before(&stored.event) {}
        merger.sequences_kept &= merger.next_sequence() == stored.sequence;
        merger.emit(stored.event);
    }
    while merger.emit_oldest() {}
    let Merger { events, supplied, sequences_kept, .. } = merger;
    verify(&events)?;
    Ok(Merged { events, supplied, sequences_kept })
}

/// Checks every block, every chain, and that no transaction is cut.
///
/// # Errors
/// [`StoreError::Corrupt`].
pub(crate) fn verify(events: &[StoredEvent]) -> Result<(), StoreError> {
    let mut verifier = LogVerifier::new();
    if let Some(error) = verifier.push(events).into_iter().next() {
        return Err(corrupt(Damage { reason: error.to_string(), ..Damage::default() }));
    }
    let mut last: ByAggregate<&SealedEvent> = HashMap::default();
    last.extend(events.iter().map(|stored| (stored.event.aggregate, &stored.event)));
    match last.values().find(|event| event.transaction_remaining > 0) {
        None => Ok(()),
        Some(event) => Err(corrupt(Damage {
            aggregate: Some(event.aggregate),
            version: Some(event.version + 1),
            reason: "the rest of the last transaction is missing".to_owned(),
            ..Damage::default()
        })),
    }
}

fn corrupt(damage: Damage) -> StoreError {
    let place = "the log of all copies and of what was given".to_owned();
    StoreError::Corrupt { damage: Box::new(Damage { place, ..damage }) }
}

struct Merger {
    events: Vec<StoredEvent>,
    supplied: u64,
    sequences_kept: bool,
    /// Each aggregate's last version in the log so far.
    versions: ByAggregate<u64>,
    /// Events from elsewhere, by version.
    waiting: ByAggregate<VecDeque<SealedEvent>>,
    /// Aggregates whose next event waits, the one with the oldest first.
    ready: BTreeSet<(u64, AggregateId)>,
    /// The timestamps under which aggregates are ready.
    ready_since: ByAggregate<u64>,
}

impl Default for Merger {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            supplied: 0,
            sequences_kept: true,
            versions: HashMap::default(),
            waiting: HashMap::default(),
            ready: BTreeSet::new(),
            ready_since: HashMap::default(),
        }
    }
}

impl Merger {
    /// Takes over the events from elsewhere that no copy has.
    fn wait_for(&mut self, kept: &[StoredEvent], supplement: &[SealedEvent]) -> Result<(), StoreError> {
        let present: HashMap<(AggregateId, u64), &SealedEvent, foldhash::fast::RandomState> =
            kept.iter().map(|stored| ((stored.event.aggregate, stored.event.version), &stored.event)).collect();
        let mut missing: Vec<&SealedEvent> = Vec::new();
        for event in supplement {
            match present.get(&(event.aggregate, event.version)) {
                None => missing.push(event),
                Some(there) if there.cid == event.cid => {}
                Some(there) => return Err(contradiction(there, event)),
            }
        }
        missing.sort_by_key(|event| (event.aggregate, event.version));
        missing.dedup_by_key(|event| event.cid);
        for event in missing {
            self.waiting.entry(event.aggregate).or_default().push_back(event.clone());
        }
        let aggregates: Vec<_> = self.waiting.keys().copied().collect();
        aggregates.into_iter().for_each(|aggregate| self.make_ready(aggregate));
        Ok(())
    }

    fn next_sequence(&self) -> u64 {
        self.events.len() as u64 + 1
    }

    fn waiting_next(&self, aggregate: AggregateId) -> Option<&SealedEvent> {
        let follows = self.versions.get(&aggregate).copied().unwrap_or(0) + 1;
        self.waiting.get(&aggregate)?.front().filter(|event| event.version == follows)
    }

    fn make_ready(&mut self, aggregate: AggregateId) {
        let Some(next) = self.waiting_next(aggregate) else { return };
        let timestamp_ns = Envelope::of(&next.block).map_or(0, |envelope| envelope.timestamp_ns);
        self.ready.insert((timestamp_ns, aggregate));
        self.ready_since.insert(aggregate, timestamp_ns);
    }

    fn emit(&mut self, event: SealedEvent) {
        let aggregate = event.aggregate;
        if let Some(timestamp_ns) = self.ready_since.remove(&aggregate) {
            self.ready.remove(&(timestamp_ns, aggregate));
        }
        self.versions.insert(aggregate, event.version);
        self.events.push(StoredEvent { sequence: self.next_sequence(), event });
        self.make_ready(aggregate);
    }

    /// Emits the oldest event that may come now, `false` where there is none.
    fn emit_oldest(&mut self) -> bool {
        let Some((_, aggregate)) = self.ready.first().copied() else { return false };
        self.emit_waiting(aggregate);
        true
    }

    /// Emits an event of the same aggregate that must come before this one, `false` where there is none.
    fn emit_before(&mut self, event: &SealedEvent) -> bool {
        let is_before = self.waiting_next(event.aggregate).is_some_and(|next| next.version < event.version);
        if is_before {
            self.emit_waiting(event.aggregate);
        }
        is_before
    }

    fn emit_waiting(&mut self, aggregate: AggregateId) {
        let waiting = self.waiting.get_mut(&aggregate).and_then(VecDeque::pop_front);
        self.emit(waiting.expect("what is ready waits"));
        self.supplied += 1;
    }
}

fn contradiction(there: &SealedEvent, given: &SealedEvent) -> StoreError {
    corrupt(Damage {
        aggregate: Some(there.aggregate),
        version: Some(there.version),
        expected: Some(there.cid.to_string()),
        actual: Some(given.cid.to_string()),
        reason: "what was given is not the event that the stream has".to_owned(),
        ..Damage::default()
    })
}
