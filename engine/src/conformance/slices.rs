//! Contracts of [`EventStreamService`]: what it fetches against a model that reads everything and picks.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use crate::chain::{ChainError, open_block};
use crate::clock::{Clock, ManualClock};
use crate::conformance::{Damaged, Scribe, context};
use crate::event::GraphEvent;
use crate::id::{AggregateId, TransactionId};
use crate::machine::TransactionalCommandHandler;
use crate::store::conformance::subject::ensure;
use crate::store::conformance::{Breach, Sample, Subject, Verdict};
use crate::stream::{
    EventFilter, EventStreamService, EventStreamTransaction, ReplayPolicy, SequenceRange, StreamError, StreamEvent,
    TransactionOptions,
};
use crate::writer::{Submission, WriterConfig};

const FIRST: AggregateId = AggregateId::from_u64(1);

/// Later than every event that [`fill`] writes.
const END_NS: u64 = 320;

/// Fills a store with three aggregates: transactions of 1 to 5 events, two at each time, every third one by another
/// actor and with an event of another kind.
async fn fill(subject: &Subject) -> Verdict {
    let clock = Arc::new(ManualClock::at(0));
    let told: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let scribe =
        TransactionalCommandHandler::<Scribe<Sample>>::new(Arc::clone(&subject.store), WriterConfig::default(), told);
    for id in 1..=60_u64 {
        clock.set(id / 2 * 10);
        let sample = |index: u64| Sample { ended: index == 0 && id % 3 == 0, text: format!("{id} {index}") };
        let mut context = context(id);
        if id % 3 == 0 {
            context.actor = "other".into();
        }
        let events = (0..1 + id % 5).map(sample).collect();
        scribe.submit(AggregateId::from_u64(1 + id / 2 % 3), Submission::one(context, events)).await?;
    }
    Ok(())
}

/// Everything in the store, in sequence order.
async fn everything(subject: &Subject) -> Result<Vec<StreamEvent>, Breach> {
    let stored = subject.all().await?;
    let event = |stored| -> Result<StreamEvent, Breach> {
        let stored: &crate::store::StoredEvent = stored;
        Ok(StreamEvent::new(stored, open_block(&stored.event.block)?))
    };
    stored.iter().map(event).collect()
}

/// Everything of the first aggregate.
fn own(all: &[StreamEvent]) -> Vec<StreamEvent> {
    all.iter().filter(|event| event.header.aggregate == FIRST).cloned().collect()
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

async fn fetch(subject: &Subject, policy: ReplayPolicy) -> Result<EventStreamTransaction, StreamError> {
    EventStreamService::new(Arc::clone(&subject.store)).fetch_transaction(FIRST, options(policy)).await
}

async fn fetches(subject: &Subject, policy: ReplayPolicy, expected: &[StreamEvent]) -> Verdict {
    let fetched = fetch(subject, policy).await?;
    ensure!(fetched.events == expected, "{policy:?} gave {} events of {}", fetched.events.len(), expected.len());
    let range = expected.first().zip(expected.last());
    let range = range.map(|(first, last)| SequenceRange { first: first.sequence, last: last.sequence });
    ensure!(fetched.range == range && !fetched.metadata.more, "{policy:?} gave the range {:?}", fetched.range);
    Ok(())
}

/// Each policy fetches the whole transactions of what it asks for.
pub async fn every_policy_fetches_what_the_model_picks(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let all = everything(&subject).await?;
    let own = own(&all);
    fetches(&subject, ReplayPolicy::FromBeginning, &own).await?;
    let last = own.last().map(|event| event.header.metadata.transaction);
    let latest = whole(&own, |event| Some(event.header.metadata.transaction) == last);
    fetches(&subject, ReplayPolicy::Latest, &latest).await?;
    let last_sequence = subject.store.last_sequence().await?;
    for sequence in (0..=last_sequence + 1).step_by(3) {
        let after = whole(&own, |event| event.sequence > sequence);
        fetches(&subject, ReplayPolicy::AfterSequence(sequence), &after).await?;
        fetches(&subject, ReplayPolicy::LastSequence(sequence), &after).await?;
        let range = sequence..=sequence + 9;
        let expected = whole(&own, |event| range.contains(&event.sequence));
        fetches(&subject, ReplayPolicy::Range { first: sequence, last: sequence + 9 }, &expected).await?;
    }
    for start_ns in (0..END_NS).step_by(5) {
        let expected = whole(&own, |event| event.header.timestamp_ns >= start_ns);
        fetches(&subject, ReplayPolicy::ByTime { start_ns }, &expected).await?;
    }
    Ok(())
}

/// Slices of at most so many events, each from where the one before ended, give each event once.
pub async fn slices_of_any_size_put_together_are_the_whole_stream(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let own = own(&everything(&subject).await?);
    let service = EventStreamService::new(Arc::clone(&subject.store));
    for max_events in [1, 2, 3, 5, 8, 13, 40] {
        let mut together = Vec::new();
        let mut sequence = 0;
        loop {
            let options =
                TransactionOptions { max_events: Some(max_events), ..options(ReplayPolicy::LastSequence(sequence)) };
            let slice = service.fetch_transaction(FIRST, options).await?;
            let remaining = slice.events.last().map(|event| event.header.metadata.transaction_remaining);
            ensure!(remaining == Some(0), "a slice ends with {remaining:?} events of a transaction to come");
            sequence = slice.range.map_or(sequence, |range| range.last);
            together.extend(slice.events);
            if !slice.metadata.more {
                break;
            }
        }
        ensure!(together == own, "slices of {max_events}: {} events of {}", together.len(), own.len());
    }
    Ok(())
}

/// A filter picks events by what their blocks say; those it leaves out are verified too.
pub async fn filters_leave_out_events_but_verify_them(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let all = everything(&subject).await?;
    let service = EventStreamService::new(Arc::clone(&subject.store));
    let pattern = |pattern: &str| pattern.parse().map(EventFilter::Subject);
    let filters = [
        EventFilter::ByAggregate(FIRST),
        EventFilter::ByAggregate(AggregateId::from_u64(2)),
        EventFilter::ByEventType(Sample::ENDED.into()),
        EventFilter::ByCorrelation(all[10].header.metadata.correlation),
        EventFilter::ByActor("other".into()),
        pattern("event.store.*.SampleEnded")?,
        pattern("event.store.>")?,
        pattern(&format!("event.store.{FIRST}.SampleHappened"))?,
    ];
    for filter in filters {
        let wanted: Vec<_> = all.iter().filter(|event| filter.matches(event)).cloned().collect();
        let options = TransactionOptions { filter: Some(filter.clone()), ..options(ReplayPolicy::FromBeginning) };
        let fetched = service.fetch_transaction(FIRST, options).await?;
        ensure!(fetched.events == own(&wanted), "{filter:?} gave {} events", fetched.events.len());
        let verified = fetched.metadata.verified_events;
        ensure!(verified == own(&all).len(), "{filter:?} verified {verified} events");
        let window = service.fetch_time_window(0, u64::MAX, Some(filter.clone())).await?;
        ensure!(window.events == wanted, "{filter:?} gave {} events of all aggregates", window.events.len());
    }
    Ok(())
}

/// A time window holds the events of all aggregates whose own timestamps lie in it, in sequence order.
pub async fn time_windows_go_by_the_events_own_times(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let all = everything(&subject).await?;
    let service = EventStreamService::new(Arc::clone(&subject.store));
    for start_ns in (0..END_NS).step_by(15) {
        for length_ns in [0, 1, 5, 10, 55, 1000] {
            let within: Range<u64> = start_ns..start_ns + length_ns;
            let fetched = service.fetch_time_window(within.start, within.end, None).await?;
            let expected: Vec<_> =
                all.iter().filter(|event| within.contains(&event.header.timestamp_ns)).cloned().collect();
            ensure!(fetched.events == expected, "{within:?} gave {} events", fetched.events.len());
        }
    }
    Ok(())
}

/// Nothing is fetched of an aggregate without events.
pub async fn an_aggregate_without_events_gives_an_empty_slice(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let service = EventStreamService::new(Arc::clone(&subject.store));
    for policy in [ReplayPolicy::FromBeginning, ReplayPolicy::Latest, ReplayPolicy::AfterSequence(3)] {
        let fetched = service.fetch_transaction(AggregateId::from_u64(99), options(policy)).await?;
        ensure!(fetched.events.is_empty() && fetched.range.is_none(), "{policy:?} gave {fetched:?}");
    }
    Ok(())
}

/// A payload is decoded as what it is, and as nothing else.
pub async fn payloads_are_decoded_on_demand(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let fetched = fetch(&subject, ReplayPolicy::FromBeginning).await?;
    let decoded = fetched.events[0].decode::<Sample>()?;
    ensure!(decoded == [Sample { ended: false, text: "1 0".to_owned() }], "the payload means {decoded:?}");
    ensure!(fetched.events[0].decode::<GraphEvent>().is_err(), "a sample is taken for an event of a graph");
    Ok(())
}

/// The first event that is changed or missing is named, with what is there in its place.
pub async fn damage_is_named_where_it_is(subject: Subject) -> Verdict {
    fill(&subject).await?;
    let damaged = EventStreamService::new(Arc::new(Damaged::changing(&subject.store, 7)));
    let refused = damaged.fetch_transaction(FIRST, options(ReplayPolicy::FromBeginning)).await;
    let stored = subject.store.read(FIRST, 7, 1).await?;
    let named = matches!(
        &refused,
        Err(StreamError::Chain(ChainError::ChainBroken { aggregate: FIRST, version: 7, sequence, expected, actual }))
            if *sequence == Some(stored[0].sequence) && *expected == stored[0].event.cid.to_string()
                && actual != expected
    );
    ensure!(named, "of a changed event it is said: {refused:?}");
    let lossy = EventStreamService::new(Arc::new(Damaged::losing(&subject.store, 7)));
    let refused = lossy.fetch_transaction(FIRST, options(ReplayPolicy::FromBeginning)).await;
    let gap = matches!(
        &refused,
        Err(StreamError::Chain(ChainError::SequenceGap { aggregate: FIRST, expected: 7, actual: 8 }))
    );
    ensure!(gap, "of a lost event it is said: {refused:?}");
    Ok(())
}
