//! The writer where the store or another writer is in its way: every answer is true, and what was acknowledged is there
//! once.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::faulty::{Fault, Faulty};
use crate::support::counter::{Counter, CounterCommand, TooLittle};
use crate::support::{context, verified};
use crate::writer::{AGGREGATE, add, faulty, memory, open, open_with, rejected, take, together};
use cidgraph::{Capabilities, EventStore, Submission, WriteError, WriterConfig};
use proptest::prelude::*;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn an_unavailable_store_is_tried_again() {
    let (faulty, store) = faulty();
    let (writer, _) = open(&store).await;
    faulty.next([Fault::Unavailable; 3]);
    assert_eq!(writer.submit(add(1, 1)).await.unwrap().head.version, 1);
    assert_eq!(writer.metrics().resent, 3);
}

#[tokio::test(start_paused = true)]
async fn past_the_deadline_everything_is_taken_back() {
    let (faulty, store) = faulty();
    let (writer, reader) = open(&store).await;
    writer.submit(add(1, 1)).await.unwrap();
    *faulty.always.lock().unwrap() = Fault::Unavailable;
    assert!(matches!(writer.submit(add(2, 10)).await, Err(WriteError::Unavailable { .. })));
    *faulty.always.lock().unwrap() = Fault::None;
    assert_eq!(rejected(&writer.submit(take(3, 2)).await), (0, TooLittle { there: 1, asked: 2 }));
    assert_eq!(writer.submit(add(4, 4)).await.unwrap().head.version, 2);
    assert_eq!(reader.current().state.value, 5);
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_in_the_queue_is_answered_by_his_own_deadline() {
    let (faulty, store) = faulty();
    let deadline = Duration::from_secs(3);
    let config = WriterConfig { group_events_max: 1, deadline: Some(deadline), ..WriterConfig::default() };
    let (writer, _) = open_with(&store, config).await;
    *faulty.always.lock().unwrap() = Fault::Unavailable;
    let sent = (1..=9_u64).map(|id| {
        let writer = writer.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(500 * (id % 3))).await;
            let since = Instant::now();
            (writer.submit(add(id, 1)).await, since.elapsed())
        })
    });
    for answer in sent.collect::<Vec<_>>() {
        let (answer, waited) = answer.await.unwrap();
        assert!(matches!(answer, Err(WriteError::Unavailable { .. })), "{answer:?}");
        assert!(waited <= deadline + Duration::from_millis(10), "virtual time: {waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_of_its_own_a_writer_tries_as_long_as_its_store() {
    let deadline = Duration::from_millis(300);
    let inner = memory();
    let limits = Capabilities { deadline, ..inner.capabilities() };
    let store = Arc::new(Faulty::around(inner).limited(limits));
    *store.always.lock().unwrap() = Fault::Unavailable;
    let (writer, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let since = Instant::now();
    assert!(matches!(writer.submit(add(1, 1)).await, Err(WriteError::Unavailable { .. })));
    assert!(since.elapsed() <= deadline + Duration::from_millis(10), "virtual time: {:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_rests_on_events_that_were_not_written_is_not_told() {
    let store = Arc::new(Faulty::closed(memory()));
    *store.always.lock().unwrap() = Fault::Unavailable;
    let (writer, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let answers = together(&store, &writer, vec![add(1, 5), take(2, 6)]).await;
    assert!(matches!(answers[0], Err(WriteError::Unavailable { .. })), "{:?}", answers[0]);
    assert!(matches!(
        answers[1],
        Err(WriteError::Unavailable { .. } | WriteError::Rejected { rejection: TooLittle { there: 0, .. }, .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_found_out() {
    let (faulty, store) = faulty();
    let (writer, reader) = open(&store).await;
    faulty.next([Fault::UnknownApplied]);
    let receipt = writer.submit(add(1, 1)).await.unwrap();
    assert_eq!((receipt.head.version, receipt.first_sequence, receipt.repeated), (1, Some(1), false));
    faulty.next([Fault::UnknownLost, Fault::UnknownLost, Fault::Unavailable]);
    assert_eq!(writer.submit(add(2, 1)).await.unwrap().head.version, 2);
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 2);
    assert_eq!(reader.current().state, Counter { value: 2, events: 2 });
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_found_out_stops_the_writer_until_it_can() {
    for (fault, applied) in [(Fault::UnknownAppliedThenBlind, true), (Fault::UnknownLostThenBlind, false)] {
        let (faulty, store) = faulty();
        let (writer, reader) = open(&store).await;
        writer.submit(add(1, 1)).await.unwrap();
        faulty.next([fault]);
        *faulty.always.lock().unwrap() = Fault::Unavailable;
        assert!(matches!(writer.submit(add(2, 10)).await, Err(WriteError::Unknown { .. })));
        let appends = faulty.appends.load(Ordering::SeqCst);
        assert!(matches!(writer.submit(add(3, 100)).await, Err(WriteError::Unavailable { .. })));
        assert_eq!(faulty.appends.load(Ordering::SeqCst), appends, "nothing is sent before it is resolved");
        *faulty.always.lock().unwrap() = Fault::None;
        faulty.blind.store(false, Ordering::SeqCst);
        let again = writer.submit(add(2, 10)).await.unwrap();
        assert_eq!((again.head.version, again.repeated), (2, applied));
        assert_eq!(writer.submit(add(4, 1_000)).await.unwrap().head.version, 3);
        assert_eq!(reader.current().state, Counter { value: 1_011, events: 3 });
        assert_eq!(verified(&*store, AGGREGATE).await.len(), 3);
    }
}

#[tokio::test]
async fn another_writers_events_are_taken_in_and_the_command_decided_again() {
    let store = memory();
    let (ours, reader) = open(&store).await;
    let (theirs, _) = open(&store).await;
    ours.submit(add(1, 5)).await.unwrap();
    assert_eq!(theirs.submit(take(2, 4)).await.map(|receipt| receipt.head.version).ok(), Some(2));
    let refused = ours.submit(take(3, 2)).await;
    assert_eq!(rejected(&refused), (0, TooLittle { there: 1, asked: 2 }));
    let receipt = ours.submit(add(4, 1)).await.unwrap();
    assert_eq!(receipt.head.version, 3);
    assert_eq!(reader.current().state, Counter { value: 2, events: 3 });
    assert_eq!((ours.metrics().conflicts, theirs.metrics().conflicts), (1, 1));
    verified(&*store, AGGREGATE).await;
}

#[tokio::test]
async fn a_command_that_another_writer_applied_is_answered_from_history() {
    let store = memory();
    let (ours, _) = open(&store).await;
    let (theirs, _) = open(&store).await;
    theirs.submit(add(9, 1)).await.unwrap();
    let first = theirs.submit(add(1, 5)).await.unwrap();
    let again = ours.submit(add(1, 5)).await.unwrap();
    assert_eq!((again.head, again.repeated), (first.head, true));
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 2);
}

/// A writer's group once began with bytes that another writer had sealed too, from the same command at the same time:
/// finding the first event in the store, it took the whole group for applied.
#[tokio::test]
async fn a_group_is_not_there_because_its_first_command_is() {
    let store = Arc::new(Faulty::closed(memory()));
    let (ours, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let (theirs, _) = open(&store.inner).await;
    let first = theirs.submit(add(1, 1)).await.unwrap();
    let answers = futures::future::join(ours.submit(add(1, 1)), ours.submit(add(2, 1)));
    store.gate.add_permits(1000);
    let (one, two) = answers.await;
    assert_eq!((one.unwrap().head, two.unwrap().head.version), (first.head, 2));
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 2);
}

#[tokio::test]
async fn eight_racing_writers_make_no_fork() {
    let store = memory();
    let mut racers = Vec::new();
    for racer in 0..8_u64 {
        let config = WriterConfig { conflict_retries_max: 1_000, ..WriterConfig::default() };
        let (writer, _) = open_with(&store, config).await;
        racers.push(tokio::spawn(async move {
            for number in 0..25 {
                writer.submit(add(1 + racer * 25 + number, 1)).await.unwrap();
            }
        }));
    }
    for racer in racers {
        racer.await.unwrap();
    }
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 200);
    let (_, reader) = open(&store).await;
    assert_eq!(reader.current().state, Counter { value: 200, events: 200 });
}

/// What a racing writer is told to do, and how the store fails meanwhile.
#[derive(Debug, Clone)]
struct Step {
    writer: usize,
    command: CounterCommand,
    id: u64,
    fault: Fault,
}

fn step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        (1_u64..9).prop_map(CounterCommand::Add),
        (0_u64..4).prop_map(CounterCommand::Count),
        (1_u64..9).prop_map(CounterCommand::Take),
    ];
    let fault = prop_oneof![
        4 => Just(Fault::None),
        1 => Just(Fault::Unavailable),
        1 => Just(Fault::UnknownApplied),
        1 => Just(Fault::UnknownLost),
        1 => Just(Fault::UnknownAppliedThenBlind),
        1 => Just(Fault::UnknownLostThenBlind),
    ];
    (0_usize..3, command, 1_u64..12, fault).prop_map(|(writer, command, id, fault)| Step { writer, command, id, fault })
}

/// Runs the steps, each group of three at once, and checks every answer against what the store holds in the end.
async fn run_steps(steps: Vec<Step>) {
    let (faulty, store) = faulty();
    let writers = [open(&store).await, open(&store).await, open(&store).await];
    let mut answers = Vec::new();
    for group in steps.chunks(3) {
        faulty.blind.store(false, Ordering::SeqCst);
        faulty.next(group.iter().map(|step| step.fault));
        let submit = |step: &Step| {
            let writer = writers[step.writer].0.clone();
            let submission = Submission::one(context(step.id), step.command.clone());
            async move { writer.submit(submission).await }
        };
        let received = futures::future::join_all(group.iter().map(submit)).await;
        answers.extend(group.iter().map(|step| step.id).zip(received));
    }
    let events = verified(&*faulty.inner, AGGREGATE).await;
    let mut applied = HashMap::new();
    for stored in &events {
        let opened = cidgraph::chain::open_block(&stored.event.block).unwrap();
        let transaction = opened.header.metadata.transaction;
        let last = applied.entry(transaction).or_insert(stored.event.version);
        assert!(stored.event.version - *last <= 1, "command {transaction} was applied twice");
        *last = stored.event.version;
    }
    for (id, answer) in &answers {
        let there = applied.get(&context(*id).id.into()).copied();
        match answer {
            Ok(receipt) => {
                let stored = &events[usize::try_from(receipt.head.version).unwrap() - 1];
                assert_eq!((there, stored.event.cid), (Some(receipt.head.version), receipt.head.cid));
            }
            Err(WriteError::Unknown { .. }) => (),
            Err(error) => {
                let told_elsewhere = answers
                    .iter()
                    .any(|(other, answer)| other == id && matches!(answer, Ok(_) | Err(WriteError::Unknown { .. })));
                assert!(there.is_none() || told_elsewhere, "{id} was refused ({error}) but applied");
            }
        }
    }
    faulty.blind.store(false, Ordering::SeqCst);
    let (_, replayed) = open(&faulty.inner).await;
    for (writer, reader) in &writers {
        writer.submit(Submission { expected: Some(u64::MAX), ..add(1_000, 1) }).await.unwrap_err();
        assert_eq!(reader.current().state, replayed.current().state, "replay = live");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_each_answer_is_true(steps in proptest::collection::vec(step(), 0..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(run_steps(steps));
    }
}
