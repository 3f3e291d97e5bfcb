//! Slices of the stream against a model that reads everything and picks.

use std::collections::HashSet;
use std::sync::Arc;

use cidgraph::chain::{ChainError, open_block};
use cidgraph::stream::{SequenceRange, StreamError, StreamEvent};
use cidgraph::{
    AggregateId, EventFilter, EventStore, EventStreamService, ManualClock, ReplayPolicy, Submission, TransactionId,
    TransactionOptions, TransactionalCommandHandler, WriterConfig,
};
use cidgraph_store_memory::MemoryStore;

use crate::faulty::Faulty;
use crate::support::context;
use crate::support::counter::{Counter, CounterCommand, CounterEvent};

const FIRST: AggregateId = AggregateId::from_u64(1);

/// Fills a store with three counters: transactions of 1 to 4 events, two at each time, every third one by another
/// actor and of another kind.
async fn filled() -> Arc<dyn EventStore> {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(0));
    let config = WriterConfig::default();
    let counters = TransactionalCommandHandler::<Counter>::new(Arc::clone(&store), config, clock.clone());
    for id in 1..=60_u64 {
        clock.set(id / 2 * 10);
        let mut submission = Submission::one(context(id), CounterCommand::Count(1 + id % 4));
        if id % 3 == 0 {
            submission.commands.push(CounterCommand::Take(1));
            submission.context.actor = "other".into();
        }
        counters.submit(AggregateId::from_u64(1 + id / 2 % 3), submission).await.unwrap();
    }
    store
}

/// Everything in the store, in sequence order.
async fn everything(store: &Arc<dyn EventStore>) -> Vec<StreamEvent> {
    let stored = store.read_all(1, usize::MAX).await.unwrap();
    let event = |stored: &cidgraph::StoredEvent| {
        let block = stored.event.block.clone();
        let opened = open_block(&block).unwrap();
        let payload = block.slice_ref(opened.payload);
        StreamEvent { sequence: stored.sequence, cid: stored.event.cid, header: opened.header, block, payload }
    };
    stored.iter().map(event).collect()
}

/// Picks the events of every transaction of which some event is asked for.
fn whole(all: &[StreamEvent], asked: impl Fn(&StreamEvent) -> bool) -> Vec<StreamEvent> {
    let transactions: HashSet<TransactionId> =
        all.iter().filter(|event| asked(event)).map(|event| event.header.metadata.transaction).collect();
    all.iter().filter(|event| transactions.contains(&event.header.metadata.transaction)).cloned().collect()
}

fn options(replay_policy: ReplayPolicy) -> TransactionOptions {
    TransactionOptions { replay_policy, max_events: None, ..TransactionOptions::default() }
}

#[tokio::test]
async fn every_policy_fetches_what_the_model_picks() {
    let store = filled().await;
    let all = everything(&store).await;
    let own: Vec<_> = all.iter().filter(|event| event.header.aggregate == FIRST).cloned().collect();
    let service = EventStreamService::new(store);
    let check = async |policy, expected: Vec<StreamEvent>| {
        let fetched = service.fetch_transaction(FIRST, options(policy)).await.unwrap();
        assert_eq!(fetched.events, expected, "{policy:?}");
        let range = expected.first().zip(expected.last());
        let range = range.map(|(first, last)| SequenceRange { first: first.sequence, last: last.sequence });
        assert_eq!((fetched.range, fetched.metadata.more), (range, false));
    };
    check(ReplayPolicy::FromBeginning, own.clone()).await;
    let last = own.last().unwrap().header.metadata.transaction;
    check(ReplayPolicy::Latest, whole(&own, |event| event.header.metadata.transaction == last)).await;
    for sequence in 0..=all.len() as u64 + 1 {
        let after = whole(&own, |event| event.sequence > sequence);
        check(ReplayPolicy::AfterSequence(sequence), after.clone()).await;
        check(ReplayPolicy::LastSequence(sequence), after).await;
        let range = sequence..=sequence + 9;
        let expected = whole(&own, |event| range.contains(&event.sequence));
        check(ReplayPolicy::Range { first: sequence, last: sequence + 9 }, expected).await;
    }
    for start_ns in 0..320 {
        check(ReplayPolicy::ByTime { start_ns }, whole(&own, |event| event.header.timestamp_ns >= start_ns)).await;
    }
}

#[tokio::test]
async fn slices_of_any_size_put_together_are_the_whole_stream() {
    let store = filled().await;
    let all = everything(&store).await;
    let own: Vec<_> = all.into_iter().filter(|event| event.header.aggregate == FIRST).collect();
    let service = EventStreamService::new(store);
    for max_events in 1..20 {
        let mut together = Vec::new();
        let mut sequence = 0;
        loop {
            let options =
                TransactionOptions { max_events: Some(max_events), ..options(ReplayPolicy::LastSequence(sequence)) };
            let slice = service.fetch_transaction(FIRST, options).await.unwrap();
            assert_eq!(slice.events.last().map(|event| event.header.metadata.transaction_remaining), Some(0));
            sequence = slice.range.unwrap().last;
            together.extend(slice.events);
            if !slice.metadata.more {
                break;
            }
        }
        assert_eq!(together, own);
    }
}

#[tokio::test]
async fn filters_leave_out_events_but_verify_them() {
    let store = filled().await;
    let all = everything(&store).await;
    let service = EventStreamService::new(store);
    let correlation = all[10].header.metadata.correlation;
    let subject = |pattern: &str| EventFilter::Subject(pattern.parse().unwrap());
    for filter in [
        EventFilter::ByAggregate(FIRST),
        EventFilter::ByAggregate(AggregateId::from_u64(2)),
        EventFilter::ByEventType("Taken".into()),
        EventFilter::ByCorrelation(correlation),
        EventFilter::ByActor("other".into()),
        subject("event.store.*.Taken"),
        subject("event.store.>"),
        subject(&format!("event.store.{FIRST}.Added")),
    ] {
        let wanted: Vec<_> = all.iter().filter(|event| filter.matches(event)).cloned().collect();
        let own: Vec<_> = wanted.iter().filter(|event| event.header.aggregate == FIRST).cloned().collect();
        let options = TransactionOptions { filter: Some(filter.clone()), ..options(ReplayPolicy::FromBeginning) };
        let fetched = service.fetch_transaction(FIRST, options).await.unwrap();
        assert_eq!(fetched.events, own, "{filter:?}");
        assert_eq!(fetched.metadata.verified_events, all.iter().filter(|e| e.header.aggregate == FIRST).count());
        let window = service.fetch_time_window(0, u64::MAX, Some(filter)).await.unwrap();
        assert_eq!(window.events, wanted);
    }
}

#[tokio::test]
async fn time_windows_go_by_the_events_own_times() {
    let store = filled().await;
    let all = everything(&store).await;
    let service = EventStreamService::new(store);
    for start_ns in (0..320).step_by(5) {
        for length_ns in [0, 1, 5, 10, 55, 1000] {
            let within = start_ns..start_ns + length_ns;
            let fetched = service.fetch_time_window(within.start, within.end, None).await.unwrap();
            let expected: Vec<_> =
                all.iter().filter(|event| within.contains(&event.header.timestamp_ns)).cloned().collect();
            assert_eq!(fetched.events, expected, "{within:?}");
        }
    }
}

#[tokio::test]
async fn an_aggregate_without_events_gives_an_empty_slice() {
    let service = EventStreamService::new(filled().await);
    for policy in [ReplayPolicy::FromBeginning, ReplayPolicy::Latest, ReplayPolicy::AfterSequence(3)] {
        let fetched = service.fetch_transaction(AggregateId::from_u64(99), options(policy)).await.unwrap();
        assert_eq!((fetched.events, fetched.range), (vec![], None));
    }
}

#[tokio::test]
async fn payloads_are_decoded_on_demand() {
    let service = EventStreamService::new(filled().await);
    let fetched = service.fetch_transaction(FIRST, options(ReplayPolicy::FromBeginning)).await.unwrap();
    assert_eq!(fetched.events[0].decode::<CounterEvent>(), Ok(vec![CounterEvent::Added(1)]));
    assert!(fetched.events[0].decode::<cidgraph::GraphEvent>().is_err());
}

#[tokio::test]
async fn damage_is_named_where_it_is() {
    let inner = filled().await;
    let damaged = EventStreamService::new(Arc::new(Faulty { damaged: Some(7), ..Faulty::around(Arc::clone(&inner)) }));
    let error = damaged.fetch_transaction(FIRST, options(ReplayPolicy::FromBeginning)).await.unwrap_err();
    let StreamError::Chain(ChainError::ChainBroken { aggregate, version, sequence, expected, actual }) = error else {
        panic!("{error}");
    };
    let stored = inner.read(FIRST, 7, 1).await.unwrap().pop().unwrap();
    assert_eq!((aggregate, version, sequence), (FIRST, 7, Some(stored.sequence)));
    assert_eq!(expected, stored.event.cid.to_string());
    assert_ne!(actual, expected);

    let lossy = EventStreamService::new(Arc::new(Faulty { lost: Some(7), ..Faulty::around(inner) }));
    let error = lossy.fetch_transaction(FIRST, options(ReplayPolicy::FromBeginning)).await.unwrap_err();
    assert!(matches!(error, StreamError::Chain(ChainError::SequenceGap { expected: 7, actual: 8, .. })), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_takes_too_long_is_given_up() {
    let options = TransactionOptions { timeout: std::time::Duration::ZERO, ..options(ReplayPolicy::FromBeginning) };
    let slow = Arc::new(Faulty { slow: true, ..Faulty::around(filled().await) });
    let error = EventStreamService::new(slow).fetch_transaction(FIRST, options).await.unwrap_err();
    assert!(matches!(error, StreamError::TimedOut { .. }));
}
