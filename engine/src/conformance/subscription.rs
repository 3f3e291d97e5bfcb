//! Contracts of [`SubscriptionManager`]: buffers, callbacks, patterns, kept places, graph updates.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::conformance::{Damaged, Desk, Shelf, eventually, graph, removed, take};
use crate::event::GraphEvent;
use crate::id::AggregateId;
use crate::store::conformance::subject::ensure;
use crate::store::conformance::{Breach, Subject, Verdict};
use crate::stream::{EventFilter, StreamEvent};
use crate::subscription::{
    GraphSink, Start, SubscriptionError, SubscriptionHandler, SubscriptionId, SubscriptionManager,
};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// A buffer that is polled when it is full, at once where `max_size` is 1.
const fn buffered(max_size: usize) -> SubscriptionHandler {
    SubscriptionHandler::Buffered { max_size, max_age: LONG }
}

/// A buffer that is polled as soon as anything is in it.
const fn unbuffered() -> SubscriptionHandler {
    SubscriptionHandler::Buffered { max_size: 100, max_age: Duration::ZERO }
}

fn sequences_of(events: &[StreamEvent]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

/// Checks that exactly the next `expected` are handed out.
async fn hands_out(
    subject: &Subject,
    subscriptions: &SubscriptionManager,
    id: SubscriptionId,
    expected: &[u64],
) -> Verdict {
    let events = take(subscriptions, id, expected.len(), subject.patience()).await?;
    let sequences = sequences_of(&events);
    ensure!(sequences == expected, "the subscription handed out {sequences:?}, not {expected:?}");
    Ok(())
}

/// Checks that a subscription comes so near to the end of the stream, and no nearer.
async fn lags(subject: &Subject, subscriptions: &SubscriptionManager, id: SubscriptionId, expected: u64) -> Verdict {
    eventually(subject.patience(), &format!("a lag of {expected}"), async || {
        Ok((subscriptions.lag(id).await? == expected).then_some(()))
    })
    .await
}

/// A buffer hands out nothing until it is full, then everything, and then reads on.
pub async fn a_buffer_waits_until_it_is_full_and_never_drops(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    let subscriptions = SubscriptionManager::new(Arc::clone(&subject.store));
    desk.create(1).await?;
    let id = subscriptions.subscribe("event.store.>", None, buffered(3)).await?;
    for number in 1..=2 {
        desk.write(1, number, vec![removed(number)]).await?;
    }
    let early = subscriptions.poll_events(id).await?;
    ensure!(early.is_empty(), "a buffer that is not full handed out {early:?}");
    lags(&subject, &subscriptions, id, 2).await?;
    desk.write(1, 3, vec![removed(3), removed(4), removed(5)]).await?;
    lags(&subject, &subscriptions, id, 5).await?;
    let all = desk.sequences().await?;
    hands_out(&subject, &subscriptions, id, &all[1..4]).await?;
    lags(&subject, &subscriptions, id, 2).await?;
    let early = subscriptions.poll_events(id).await?;
    ensure!(early.is_empty(), "a buffer that is not full handed out {early:?}");
    desk.write(1, 4, vec![removed(6)]).await?;
    let all = desk.sequences().await?;
    hands_out(&subject, &subscriptions, id, &all[4..7]).await?;
    lags(&subject, &subscriptions, id, 0).await?;
    ensure!(subscriptions.unsubscribe(id) && !subscriptions.unsubscribe(id), "it can be ended once");
    let ended = subscriptions.poll_events(id).await;
    ensure!(matches!(ended, Err(SubscriptionError::Unknown)), "a subscription that was ended says {ended:?}");
    Ok(())
}

/// A pattern and a filter pick events; nothing else is handed out.
pub async fn subjects_and_filters_pick_events(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    desk.create(1).await?;
    desk.create(2).await?;
    for command in 1..=6 {
        let events = vec![removed(command), GraphEvent::GraphRenamed { name: "renamed".into() }];
        desk.write(1 + command % 2, command, events).await?;
    }
    let all = desk.sequences().await?;
    let first = AggregateId::from_u64(1);
    let nobody = EventFilter::ByActor("nobody".into());
    let subscriptions = SubscriptionManager::new(Arc::clone(&subject.store));
    // The places, from 1, of what is picked.
    let cases: [(String, Option<EventFilter>, &[usize]); 6] = [
        ("event.store.*.GraphCreated".to_owned(), None, &[1, 2]),
        ("event.store.*.GraphRenamed".to_owned(), None, &[4, 6, 8, 10, 12, 14]),
        (format!("event.store.{first}.>"), None, &[1, 5, 6, 9, 10, 13, 14]),
        (format!("event.store.{first}.NodeRemoved"), None, &[5, 9, 13]),
        ("event.store.*.NodeRemoved".to_owned(), Some(EventFilter::ByAggregate(first)), &[5, 9, 13]),
        (">".to_owned(), Some(nobody), &[]),
    ];
    for (pattern, filter, places) in cases {
        let expected: Vec<u64> = places.iter().map(|place| all[place - 1]).collect();
        let id = subscriptions.subscribe_from(&pattern, filter, unbuffered(), Start::After(0)).await?;
        hands_out(&subject, &subscriptions, id, &expected).await?;
        lags(&subject, &subscriptions, id, 0).await?;
        let more = subscriptions.poll_events(id).await?;
        ensure!(more.is_empty(), "{pattern} picked {more:?} too");
    }
    let nothing = subscriptions.subscribe("event.store.*", None, buffered(1)).await;
    ensure!(matches!(nothing, Err(SubscriptionError::Subject(_))), "a pattern that fits nothing gives {nothing:?}");
    Ok(())
}

/// A callback is called with each event, in order, also from another task.
pub async fn a_callback_gets_each_event_in_order(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    desk.create(1).await?;
    let subscriptions = Arc::new(SubscriptionManager::new(Arc::clone(&subject.store)));
    let got = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&got);
    let handler = SubscriptionHandler::Custom(Arc::new(move |event| into.lock().push(event.sequence)));
    let id = subscriptions.subscribe("event.store.*.NodeRemoved", None, handler).await?;
    for number in 1..=5 {
        desk.write(1, number, vec![removed(number)]).await?;
    }
    lags(&subject, &subscriptions, id, 0).await?;
    let all = desk.sequences().await?;
    let got = got.lock().clone();
    ensure!(got == all[1..], "the callback got {got:?} of {all:?}");
    ensure!(subscriptions.failure(id).is_none(), "it failed: {:?}", subscriptions.failure(id));
    let elsewhere = tokio::spawn(async move {
        let id = subscriptions.subscribe(">", None, buffered(1)).await?;
        Ok::<_, Breach>((subscriptions.lag(id).await?, subscriptions.poll_events(id).await?.len()))
    });
    let new = elsewhere.await??;
    ensure!(new == (0, 0), "a new subscription lags by and handed out {new:?}");
    Ok(())
}

/// A durable subscription goes on after what a later poll showed to be finished.
pub async fn a_durable_subscription_hands_out_again_what_may_not_be_finished(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    desk.create(1).await?;
    for number in 1..=5 {
        desk.write(1, number, vec![removed(number)]).await?;
    }
    let all = desk.sequences().await?;
    let start = || Start::Durable("reader".to_owned());
    let first = SubscriptionManager::new(Arc::clone(&subject.store));
    let id = first.subscribe_from(">", None, buffered(2), start()).await?;
    hands_out(&subject, &first, id, &all[..2]).await?;
    hands_out(&subject, &first, id, &all[2..4]).await?;
    drop(first);
    let second = SubscriptionManager::new(Arc::clone(&subject.store));
    let id = second.subscribe_from(">", None, buffered(4), start()).await?;
    hands_out(&subject, &second, id, &all[2..]).await?;
    let more = second.poll_events(id).await?;
    ensure!(more.is_empty(), "it handed out {more:?} too");
    let position = subject.store.load_position("reader").await?;
    ensure!(position == all.last().copied(), "the place {position:?} is kept");
    Ok(())
}

/// A damaged event stops a buffer; what lies before it is handed out first.
pub async fn a_damaged_event_stops_a_buffer_after_the_events_before_it(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    desk.create(1).await?;
    desk.write(1, 1, vec![removed(1), removed(2)]).await?;
    let all = desk.sequences().await?;
    let subscriptions = SubscriptionManager::new(Arc::new(Damaged::changing(&subject.store, 3)));
    let id = subscriptions.subscribe_from(">", None, unbuffered(), Start::After(0)).await?;
    hands_out(&subject, &subscriptions, id, &all[..2]).await?;
    eventually(subject.patience(), "the end of a damaged subscription", async || {
        match subscriptions.poll_events(id).await {
            Err(SubscriptionError::Stopped(_)) => Ok(Some(())),
            Ok(events) if events.is_empty() => Ok(None),
            other => Err(Breach(format!("behind the damage came {other:?}"))),
        }
    })
    .await?;
    ensure!(subscriptions.failure(id).is_some(), "it does not say why it stopped");
    Ok(())
}

/// A graph update brings the sink what it lacks, without waiting for the graph's next event, then what comes.
pub async fn a_graph_update_begins_with_what_the_sink_lacks(subject: Subject) -> Verdict {
    let desk = Desk::new(&subject.store);
    desk.create(1).await?;
    desk.create(2).await?;
    desk.write_many(1..20).await?;
    let shelf = Arc::new(Shelf::default());
    let sink: Arc<dyn GraphSink> = Arc::<Shelf>::clone(&shelf);
    let subscriptions = SubscriptionManager::with_sink(Arc::clone(&subject.store), sink);
    let handler = SubscriptionHandler::GraphUpdate { target_graph: graph(2) };
    let own = format!("event.store.{}.>", graph(2));
    let id = subscriptions.subscribe(&own, None, handler.clone()).await?;
    for commands in [20..20, 20..40] {
        desk.write_many(commands).await?;
        let contents = desk.contents(2).await?;
        eventually(subject.patience(), "what the sink lacks", async || {
            Ok((shelf.contents(2) == contents).then_some(()))
        })
        .await?;
    }
    ensure!(shelf.contents(1).is_empty(), "another graph came too");
    lags(&subject, &subscriptions, id, 0).await?;
    let part = subscriptions.subscribe("event.store.*.NodeRemoved", None, handler.clone()).await;
    ensure!(matches!(part, Err(SubscriptionError::PartOfGraph { .. })), "a part of a graph gives {part:?}");
    let without = SubscriptionManager::new(Arc::clone(&subject.store)).subscribe(&own, None, handler).await;
    ensure!(matches!(without, Err(SubscriptionError::NoSink)), "without a sink there is {without:?}");
    Ok(())
}
