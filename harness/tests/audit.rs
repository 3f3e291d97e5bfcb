//! The audit against a store that keeps every promise, and against streams in which one promise is broken.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::chain::seal;
use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::{
    AggregateAppend, AggregateId, ChainTip, Cid, CommandContext, CommandId, DecodeError, EventPayload, EventStore,
    Expected, HashKind, SealedEvent, StoredEvent,
};
use cidgraph_harness::check::{Audit, Auditor, StreamCheck};
use cidgraph_store_memory::MemoryStore;

/// An event that holds a number.
struct Counted(u64);

impl EventPayload for Counted {
    fn event_type(&self) -> &'static str {
        "Counted"
    }

    fn schema(&self) -> u32 {
        1
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        out.uint(self.0);
    }

    fn decode(_: &str, _: u32, payload: &mut Decoder<'_>, events: &mut Vec<Self>) -> Result<(), DecodeError> {
        events.push(Self(payload.uint()?));
        Ok(())
    }
}

/// Seals `count` transactions of one event; those of another `salt` are a fork.
fn sealed(aggregate: u64, count: u64, salt: u64) -> Vec<SealedEvent> {
    let mut tip = ChainTip::empty(AggregateId::from_u64(aggregate), HashKind::Sha2_256);
    let mut events = Vec::new();
    for number in 0..count {
        let context = CommandContext::new(CommandId::from_u64(aggregate << 32 | number), "test");
        seal(&mut tip, &context, 1, &[Counted(number + salt)], &mut events);
    }
    events
}

fn stored(events: Vec<SealedEvent>) -> Vec<StoredEvent> {
    (1..).zip(events).map(|(sequence, event)| StoredEvent { sequence, event }).collect()
}

/// Audits a stream against ten acknowledged events of one aggregate.
fn audit(stream: &[StoredEvent]) -> Audit {
    let acknowledged = sealed(1, 10, 0);
    let mut check = StreamCheck::new();
    stream.iter().for_each(|event| check.see(event));
    check.finish(acknowledged.iter().map(|event| (event.aggregate, event.version, event.cid)))
}

/// Returns the counts: lost, duplicated, reordered, forked, broken.
fn counts(audit: &Audit) -> [u64; 5] {
    [audit.lost, audit.duplicated, audit.reordered, audit.forked, audit.broken]
}

#[test]
fn each_broken_promise_is_named() {
    let whole = || stored(sealed(1, 10, 0));
    let check = |stream: Vec<StoredEvent>, expected: [u64; 5]| {
        let audit = audit(&stream);
        assert_eq!(counts(&audit), expected, "{audit}: {:?}", audit.faults);
    };
    check(whole(), [0; 5]);
    check(whole()[..8].to_vec(), [2, 0, 0, 0, 0]);
    check(Vec::new(), [10, 0, 0, 0, 0]);
    let mut repeated = whole();
    repeated.push(StoredEvent { sequence: 11, event: repeated[4].event.clone() });
    check(repeated, [0, 1, 0, 0, 0]);
    let mut missing = whole();
    missing.remove(4);
    check(missing, [1, 0, 0, 0, 0]);
    let mut swapped = whole();
    swapped.swap(4, 5);
    swapped.iter_mut().zip(1..).for_each(|(event, sequence)| event.sequence = sequence);
    check(swapped, [0, 0, 1, 0, 0]);
    let mut unacknowledged = stored(sealed(1, 13, 0));
    unacknowledged.remove(11);
    check(unacknowledged, [0, 0, 0, 0, 1]);
    let mut backwards = whole();
    backwards[9].sequence = 3;
    check(backwards, [0, 0, 1, 0, 0]);
    let mut forked = whole();
    forked.push(StoredEvent { sequence: 11, event: sealed(1, 10, 7).remove(9) });
    check(forked, [0, 0, 0, 1, 0]);
    check(stored(sealed(1, 10, 7)), [0, 0, 0, 10, 0]);
    let mut damaged = whole();
    damaged[9].event.block = damaged[8].event.block.clone();
    check(damaged, [1, 0, 0, 0, 1]);
}

#[test]
fn a_command_applied_twice_is_a_duplicate() {
    let mut tip = ChainTip::empty(AggregateId::from_u64(1), HashKind::Sha2_256);
    let mut events = Vec::new();
    let context = CommandContext::new(CommandId::from_u64(5), "test");
    seal(&mut tip, &context, 1, &[Counted(1)], &mut events);
    seal(&mut tip, &context, 1, &[Counted(1)], &mut events);
    let mut check = StreamCheck::new();
    stored(events).iter().for_each(|event| check.see(event));
    assert_eq!(counts(&check.finish(std::iter::empty())), [0, 1, 0, 0, 0]);
}

#[tokio::test]
async fn a_store_that_keeps_its_promises_passes_during_and_after_load() {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let auditor = Arc::new(Auditor::new());
    let watch = auditor.watch(Arc::clone(&store), 1);
    for aggregate in 1..=5 {
        let mut expected = Expected::Empty;
        for event in sealed(aggregate, 20, 0) {
            let head = cidgraph::Head { version: event.version, cid: event.cid };
            let append = AggregateAppend { aggregate: event.aggregate, expected, events: vec![event] };
            store.append(std::slice::from_ref(&append)).await.expect("the append fits");
            auditor.acknowledge_append(&[append]);
            expected = Expected::Exact(head);
        }
    }
    let during = watch.finish(Duration::from_secs(10)).await.expect("the store is there");
    let after = auditor.compare(store.as_ref()).await.expect("the store is there");
    assert_eq!(during, after);
    assert!(after.is_clean(), "{after}");
    assert_eq!((after.acknowledged, after.stored), (100, 100));
    auditor.acknowledge(AggregateId::from_u64(5), 20, Cid::of_block(HashKind::Sha2_256, b"another"));
    auditor.acknowledge(AggregateId::from_u64(9), 1, Cid::of_block(HashKind::Sha2_256, b"never stored"));
    let broken = auditor.compare(store.as_ref()).await.expect("the store is there");
    assert_eq!(counts(&broken), [1, 0, 0, 1, 0], "{:?}", broken.faults);
}
