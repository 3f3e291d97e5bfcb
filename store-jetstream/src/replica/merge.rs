//! One whole log of what the copies have and of events from elsewhere.
//!
//! What some copy has stays in its order. A vacant sequence is taken by an event from elsewhere: by the one whose
//! aggregate's next event comes first, the oldest of such. So every event of the copies keeps its sequence wherever any
//! order of the others allows it.

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
        while merger.next_sequence() < stored.sequence && merger.emit_urgent() {}
        while merger.emit_before(&stored.event) {}
        merger.sequences_kept &= merger.next_sequence() == stored.sequence;
        merger.emit(stored.event);
    }
    while merger.emit_urgent() {}
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

/// The sequence of the aggregate's next event in a copy, the waiting event's timestamp, its aggregate.
type Urgency = (u64, u64, AggregateId);

struct Merger {
    events: Vec<StoredEvent>,
    supplied: u64,
    sequences_kept: bool,
    /// Each aggregate's last version in the log so far.
    versions: ByAggregate<u64>,
    /// Events from elsewhere, by version.
    waiting: ByAggregate<VecDeque<SealedEvent>>,
    /// Aggregates whose next event waits, the most urgent first.
    ready: BTreeSet<Urgency>,
    /// The same by aggregate.
    urgencies: ByAggregate<Urgency>,
    /// Version and sequence of each event of the copies, of aggregates that have events waiting.
    places: ByAggregate<Vec<(u64, u64)>>,
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
            urgencies: HashMap::default(),
            places: HashMap::default(),
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
        for StoredEvent { sequence, event } in
            kept.iter().filter(|stored| self.waiting.contains_key(&stored.event.aggregate))
        {
            self.places.entry(event.aggregate).or_default().push((event.version, *sequence));
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
        let places = self.places.get(&aggregate).map_or(&[][..], Vec::as_slice);
        let behind = places.partition_point(|(version, _)| *version < next.version);
        let urgency = (places.get(behind).map_or(u64::MAX, |(_, sequence)| *sequence), timestamp_ns, aggregate);
        self.ready.insert(urgency);
        self.urgencies.insert(aggregate, urgency);
    }

    fn emit(&mut self, event: SealedEvent) {
        let aggregate = event.aggregate;
        if let Some(urgency) = self.urgencies.remove(&aggregate) {
            self.ready.remove(&urgency);
        }
        self.versions.insert(aggregate, event.version);
        self.events.push(StoredEvent { sequence: self.next_sequence(), event });
        self.make_ready(aggregate);
    }

    /// Emits the most urgent event that may come now, `false` where there is none.
    fn emit_urgent(&mut self) -> bool {
        let Some((.., aggregate)) = self.ready.first().copied() else { return false };
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

#[cfg(test)]
mod tests {
    use cidgraph::HashKind;
    use cidgraph::store::conformance::SampleStream;
    use proptest::prelude::*;

    use super::*;

    /// Three aggregates whose transactions of one event come in this order.
    fn log(order: &[usize]) -> Vec<StoredEvent> {
        let mut streams: Vec<_> = (1..=3).map(|number| SampleStream::new(number, HashKind::Sha2_256)).collect();
        let events = order.iter().flat_map(|stream| streams[*stream].transaction(1));
        (1..).zip(events).map(|(sequence, event)| StoredEvent { sequence, event }).collect()
    }

    fn sealed(events: &[StoredEvent]) -> Vec<SealedEvent> {
        events.iter().map(|stored| stored.event.clone()).collect()
    }

    proptest! {
        #[test]
        fn whatever_is_missing_comes_from_elsewhere_and_the_rest_stays_where_it_is(
            order in prop::collection::vec((0_usize..3, any::<bool>()), 1..60),
        ) {
            let all = log(&order.iter().map(|(stream, _)| *stream).collect::<Vec<_>>());
            let kept = all.iter().zip(&order).filter(|(_, (_, is_kept))| *is_kept);
            let kept: Vec<_> = kept.map(|(stored, _)| stored.clone()).collect();
            let mut supplement = sealed(&all);
            supplement.sort_by_key(|event| (event.aggregate, event.version));
            let merged = merge(kept.clone(), &supplement).expect("everything is there");
            prop_assert!(merged.sequences_kept);
            prop_assert_eq!(merged.supplied, (all.len() - kept.len()) as u64);
            for stored in &kept {
                prop_assert_eq!(&merged.events[usize::try_from(stored.sequence).expect("it is small") - 1], stored);
            }
            let mut merged = sealed(&merged.events);
            merged.sort_by_key(|event| (event.aggregate, event.version));
            prop_assert_eq!(merged, supplement);
        }
    }

    #[test]
    fn what_nobody_has_is_named_and_what_contradicts_is_refused() {
        let all = log(&[0, 0, 1, 0]);
        let without = |version: u64| {
            let mut rest = all.clone();
            rest.retain(|stored| stored.event.version != version || stored.sequence == 3);
            rest
        };
        let gone = merge(without(2), &[]).expect_err("version 2 is gone").to_string();
        assert!(gone.contains("version 2"), "{gone}");
        assert_eq!(merge(without(3), &[]).expect("an end may be missing").events.len(), 3);
        let other = SampleStream::new(1, HashKind::Sha2_256).fork().transaction(1);
        let refused = merge(all, &other).expect_err("it has another CID");
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    }

    #[test]
    fn bytes_that_are_not_what_their_cid_names_are_replaced() {
        let all = log(&[0, 1, 0]);
        let mut bad = all.clone();
        let mut block = bad[1].event.block.to_vec();
        let middle = block.len() / 2;
        block[middle] ^= 1;
        bad[1].event.block = block.into();
        let merged = merge(bad, &sealed(&all)).expect("the other one is good");
        assert_eq!((merged.events, merged.supplied), (all, 1));
    }
}
