//! The writer over a real store that fails as told: what is acknowledged is there once, in order, and nothing else is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::faulty::Faulty;
use crate::support::counter::{Counter, CounterCommand, TooLittle};
use crate::support::{context, verified};
use cidgraph::machine::{MachineDraft, MachineReader};
use cidgraph::{
    AggregateId, Capabilities, EventStore, ManualClock, Receipt, Submission, TransactionalCommandHandler, WriteError,
    WriterConfig, WriterHandle,
};
use cidgraph_store_memory::MemoryStore;

pub(crate) type Handle = WriterHandle<MachineDraft<Counter>>;
pub(crate) type Answer = Result<Receipt, WriteError<TooLittle>>;

pub(crate) const AGGREGATE: AggregateId = AggregateId::from_u64(1);

pub(crate) async fn open_with(store: &Arc<dyn EventStore>, config: WriterConfig) -> (Handle, MachineReader<Counter>) {
    let (draft, reader) = MachineDraft::fresh();
    let clock = Arc::new(ManualClock::at(1_000));
    let writer = cidgraph::writer::open(Arc::clone(store), AGGREGATE, draft, config, clock).await.unwrap();
    (writer, reader)
}

pub(crate) async fn open(store: &Arc<dyn EventStore>) -> (Handle, MachineReader<Counter>) {
    open_with(store, WriterConfig::default()).await
}

pub(crate) fn memory() -> Arc<dyn EventStore> {
    Arc::new(MemoryStore::new())
}

pub(crate) fn faulty() -> (Arc<Faulty>, Arc<dyn EventStore>) {
    let faulty = Arc::new(Faulty::around(memory()));
    (Arc::clone(&faulty), faulty)
}

pub(crate) fn add(id: u64, amount: u64) -> Submission<CounterCommand> {
    Submission::one(context(id), CounterCommand::Add(amount))
}

pub(crate) fn take(id: u64, amount: u64) -> Submission<CounterCommand> {
    Submission::one(context(id), CounterCommand::Take(amount))
}

/// Returns the refused command's place and the reason.
pub(crate) fn rejected(answer: &Answer) -> (usize, TooLittle) {
    match answer {
        Err(WriteError::Rejected { index, rejection }) => (*index, rejection.clone()),
        other => panic!("expected a rejection, got {other:?}"),
    }
}

/// Submits all at once while the store holds appends back, so that those after the first become one group.
pub(crate) async fn together(
    store: &Faulty,
    writer: &Handle,
    submissions: Vec<Submission<CounterCommand>>,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    for submission in submissions {
        let writer = writer.clone();
        answers.push(tokio::spawn(async move { writer.submit(submission).await }));
        tokio::task::yield_now().await;
    }
    store.gate.add_permits(1000);
    let mut received = Vec::new();
    for answer in answers {
        received.push(answer.await.unwrap());
    }
    received
}

#[tokio::test]
async fn waiting_submissions_become_one_append_of_several_transactions() {
    let store = Arc::new(Faulty::closed(memory()));
    let (writer, reader) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let answers = together(&store, &writer, (1..=10).map(|id| add(id, id)).collect()).await;
    let versions: Vec<u64> = answers.iter().map(|answer| answer.as_ref().unwrap().first_version).collect();
    assert_eq!(versions, (1..=10).collect::<Vec<_>>());
    assert!(store.appends.load(Ordering::SeqCst) <= 2, "the first alone at most, the others together");
    let events = verified(&*store, AGGREGATE).await;
    for (answer, stored) in answers.iter().zip(&events) {
        let receipt = answer.as_ref().unwrap();
        assert_eq!((receipt.head.cid, receipt.first_sequence), (stored.event.cid, Some(stored.sequence)));
    }
    assert_eq!((reader.current().state.value, reader.current().head), (55, answers[9].as_ref().ok().map(|r| r.head)));
    assert_eq!((writer.metrics().transactions, writer.metrics().events), (10, 10));
}

#[tokio::test]
async fn a_refused_submission_leaves_the_others_of_its_group_alone() {
    let store = Arc::new(Faulty::closed(memory()));
    let (writer, reader) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let half_bad = Submission {
        context: context(4),
        commands: vec![CounterCommand::Add(100), CounterCommand::Take(1_000)],
        expected: None,
    };
    let answers = together(&store, &writer, vec![add(1, 5), add(2, 1), take(3, 7), half_bad, take(5, 6)]).await;
    assert!(answers[0].is_ok() && answers[1].is_ok() && answers[4].is_ok());
    assert_eq!(rejected(&answers[2]), (0, TooLittle { there: 6, asked: 7 }));
    assert_eq!(rejected(&answers[3]), (1, TooLittle { there: 106, asked: 1_000 }));
    let shown = answers[3].as_ref().unwrap_err().to_string();
    assert_eq!(shown, format!("command 2: {}", TooLittle { there: 106, asked: 1_000 }));
    assert_eq!(reader.current().state, Counter { value: 0, events: 3 });
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 3);
}

#[tokio::test]
async fn a_submission_of_several_commands_is_one_transaction() {
    let store = memory();
    let (writer, _) = open(&store).await;
    let commands = vec![CounterCommand::Count(3), CounterCommand::Take(2)];
    let receipt = writer.submit(Submission { context: context(1), commands, expected: Some(0) }).await.unwrap();
    assert_eq!((receipt.first_version, receipt.events, receipt.head.version), (1, 4, 4));
    let remaining: Vec<u32> =
        verified(&*store, AGGREGATE).await.iter().map(|stored| stored.event.transaction_remaining).collect();
    assert_eq!(remaining, [3, 2, 1, 0]);
}

#[tokio::test]
async fn the_version_that_the_caller_saw_is_checked() {
    let (writer, _) = open(&memory()).await;
    writer.submit(Submission { expected: Some(0), ..add(1, 1) }).await.unwrap();
    let stale = writer.submit(Submission { expected: Some(0), ..add(2, 1) }).await;
    assert!(matches!(stale, Err(WriteError::VersionMismatch { expected: 0, actual: 1 })));
}

#[tokio::test]
async fn commands_without_effect_and_too_large_ones_write_nothing() {
    let inner = memory();
    let limits = Capabilities { append_events_max: 4, block_bytes_max: 300, ..inner.capabilities() };
    let store: Arc<dyn EventStore> = Arc::new(Faulty::around(inner).limited(limits));
    let (writer, reader) = open(&store).await;
    let count = |id, times| Submission::one(context(id), CounterCommand::Count(times));
    assert!(matches!(writer.submit(count(1, 0)).await, Err(WriteError::NoEvents)));
    assert!(matches!(writer.submit(count(2, 5)).await, Err(WriteError::TooLarge { limit: 4, actual: 5, .. })));
    let mut long = add(3, 1);
    long.context.actor = "a".repeat(256).into();
    assert!(matches!(writer.submit(long).await, Err(WriteError::TooLarge { limit: 300, .. })));
    let mut longer = add(4, 1);
    longer.context.actor = "a".repeat(257).into();
    assert!(matches!(writer.submit(longer).await, Err(WriteError::TooLarge { limit: 256, actual: 257, .. })));
    assert_eq!(reader.current().state, Counter::default());
    assert_eq!(writer.submit(count(5, 4)).await.unwrap().head.version, 4);
}

#[tokio::test]
async fn transactions_that_do_not_fit_together_go_in_several_appends() {
    let inner = memory();
    let limits = Capabilities { append_events_max: 4, ..inner.capabilities() };
    let store = Arc::new(Faulty::closed(inner).limited(limits));
    let (writer, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let submissions = (1..=6).map(|id| Submission::one(context(id), CounterCommand::Count(3))).collect();
    for (answer, first_version) in together(&store, &writer, submissions).await.into_iter().zip((1..).step_by(3)) {
        assert_eq!(answer.unwrap().first_version, first_version);
    }
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 18);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_at_once_are_each_answered_with_their_own_place() {
    let store = memory();
    let (writer, reader) = open(&store).await;
    let mut callers = Vec::new();
    for caller in 0..64_u64 {
        let writer = writer.clone();
        callers.push(tokio::spawn(async move {
            let mut versions = Vec::new();
            for number in 0..20 {
                versions.push(writer.submit(add(1 + caller * 20 + number, 1)).await.unwrap().head.version);
            }
            versions
        }));
    }
    let mut versions = Vec::new();
    for caller in callers {
        let own = caller.await.unwrap();
        assert!(own.is_sorted());
        versions.extend(own);
    }
    versions.sort_unstable();
    assert_eq!(versions, (1..=64 * 20).collect::<Vec<u64>>());
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 64 * 20);
    assert_eq!(reader.current().state.value, 64 * 20);
}

#[tokio::test]
async fn a_repeated_command_gets_its_first_answer_also_after_a_restart() {
    let store = memory();
    let (writer, _) = open(&store).await;
    let mut first = Vec::new();
    for id in 1..=300 {
        first.push(writer.submit(Submission::one(context(id), CounterCommand::Count(1 + id % 3))).await.unwrap());
    }
    let (restarted, _) = open(&store).await;
    for writer in [writer, restarted] {
        for (id, first) in (1..=300).zip(&first) {
            let again = writer.submit(add(id, 7)).await.unwrap();
            assert_eq!(again, Receipt { repeated: true, ..*first });
        }
    }
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 600);
}

#[tokio::test]
async fn only_so_many_transactions_are_remembered() {
    let store = memory();
    let config = WriterConfig { remembered_transactions_max: 10, ..WriterConfig::default() };
    let (writer, _) = open_with(&store, config.clone()).await;
    for id in 1..=20 {
        writer.submit(add(id, 1)).await.unwrap();
    }
    let (restarted, _) = open_with(&store, config).await;
    assert_eq!(restarted.submit(add(11, 1)).await.unwrap().head.version, 11);
    assert!(restarted.submit(add(20, 1)).await.unwrap().repeated);
    assert_eq!(restarted.submit(add(1, 1)).await.unwrap().head.version, 21);
}

#[tokio::test]
async fn the_same_command_twice_at_once_is_applied_once() {
    let store = Arc::new(Faulty::closed(memory()));
    let (writer, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let answers = together(&store, &writer, vec![add(1, 1), add(2, 2), add(2, 2), add(1, 1), add(2, 2)]).await;
    let receipts: Vec<Receipt> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(receipts.iter().map(|receipt| receipt.head.version).collect::<Vec<_>>(), [1, 2, 2, 1, 2]);
    assert_eq!(receipts.iter().filter(|receipt| receipt.repeated).count(), 3);
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 2);
}

#[tokio::test]
async fn a_full_queue_is_told_or_waited_for() {
    let store = Arc::new(Faulty::closed(memory()));
    let config = WriterConfig { queue_submissions_max: 2, group_events_max: 1, ..WriterConfig::default() };
    let (writer, _) = open_with(&(Arc::clone(&store) as Arc<dyn EventStore>), config).await;
    let mut waiting = Vec::new();
    for id in 1..=6 {
        let writer = writer.clone();
        waiting.push(tokio::spawn(async move { writer.submit(add(id, 1)).await }));
        tokio::task::yield_now().await;
    }
    assert!(matches!(writer.try_submit(add(9, 1)).await, Err(WriteError::Full)));
    assert_eq!(writer.metrics().queued, 2);
    store.gate.add_permits(1000);
    for answer in waiting {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(writer.try_submit(add(9, 1)).await.unwrap().head.version, 7);
}

#[tokio::test]
async fn a_cancelled_submission_is_applied_whole_or_not_at_all() {
    for polls in 0..4 {
        let store = Arc::new(Faulty::closed(memory()));
        let (writer, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
        let submission = Submission::one(context(1), CounterCommand::Count(3));
        let mut submit = Box::pin(writer.submit(submission));
        for _ in 0..polls {
            assert!(futures::poll!(submit.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        drop(submit);
        store.gate.add_permits(1000);
        let after = writer.submit(add(2, 1)).await.unwrap();
        assert_eq!(after.first_version, if polls == 0 { 1 } else { 4 });
        verified(&*store, AGGREGATE).await;
    }
}

#[tokio::test]
async fn closing_finishes_what_waits_and_refuses_the_rest() {
    let store = Arc::new(Faulty::closed(memory()));
    let (writer, _) = open(&(Arc::clone(&store) as Arc<dyn EventStore>)).await;
    let mut waiting = Vec::new();
    for id in 1..=5 {
        let writer = writer.clone();
        waiting.push(tokio::spawn(async move { writer.submit(add(id, 1)).await }));
        tokio::task::yield_now().await;
    }
    store.gate.add_permits(1000);
    writer.close().await;
    for answer in waiting {
        answer.await.unwrap().unwrap();
    }
    assert!(matches!(writer.submit(add(6, 1)).await, Err(WriteError::Closed)));
    assert_eq!(verified(&*store, AGGREGATE).await.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn an_idle_aggregate_leaves_the_registry_and_loads_again() {
    let config = WriterConfig { idle_after: Some(Duration::from_secs(60)), ..WriterConfig::default() };
    let counters = TransactionalCommandHandler::<Counter>::new(memory(), config, Arc::new(ManualClock::at(1_000)));
    counters.handle(AGGREGATE, context(1), CounterCommand::Add(3)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(59)).await;
    assert_eq!(counters.registry().aggregates(), [AGGREGATE]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(counters.registry().aggregates(), []);
    let receipt = counters.handle(AGGREGATE, context(2), CounterCommand::Take(3)).await.unwrap();
    assert_eq!(receipt.head.version, 2);
    assert_eq!(counters.state(AGGREGATE).await.unwrap().state.value, 0);
}

#[tokio::test]
async fn one_load_serves_all_who_ask_at_once() {
    let counters = Arc::new(TransactionalCommandHandler::<Counter>::new(
        memory(),
        WriterConfig::default(),
        Arc::new(ManualClock::at(1_000)),
    ));
    let mut callers = Vec::new();
    for id in 1..=20_u64 {
        let counters = Arc::clone(&counters);
        callers.push(tokio::spawn(async move {
            counters.handle(AggregateId::from_u64(id % 2), context(id), CounterCommand::Add(1)).await
        }));
    }
    for caller in callers {
        caller.await.unwrap().unwrap();
    }
    for id in 0..2 {
        let open = counters.registry().open(AggregateId::from_u64(id)).await.unwrap();
        assert_eq!((open.writer.metrics().transactions, open.writer.metrics().conflicts), (10, 0));
    }
    counters.registry().close_all().await;
    assert_eq!(counters.registry().aggregates(), []);
}

#[tokio::test]
async fn a_long_history_is_loaded_whole() {
    let store = memory();
    let (writer, reader) = open(&store).await;
    for id in 1..=30 {
        writer.submit(Submission::one(context(id), CounterCommand::Count(700))).await.unwrap();
    }
    let (again, loaded) = open(&store).await;
    assert_eq!(loaded.current().head, reader.current().head);
    assert_eq!(loaded.current().state, Counter { value: 21_000, events: 21_000 });
    assert!(again.submit(add(1, 1)).await.unwrap().repeated);
}

#[tokio::test]
async fn the_last_64k_commands_are_recognised_after_a_restart() {
    const COMMANDS: u64 = 66_000;
    const REMEMBERED: u64 = 64 * 1024;
    let store = memory();
    let (writer, _) = open(&store).await;
    let mut submitted = tokio::task::JoinSet::new();
    for id in 1..=COMMANDS {
        let writer = writer.clone();
        submitted.spawn(async move { (writer.submit(add(id, 1)).await.unwrap().head, id) });
    }
    let mut first = submitted.join_all().await;
    first.sort_unstable_by_key(|(head, _)| head.version);
    let (restarted, _) = open(&store).await;
    let oldest = usize::try_from(COMMANDS - REMEMBERED).unwrap();
    for (head, id) in [first[oldest], first[oldest + 1000], first[first.len() - 1]] {
        let again = restarted.submit(add(id, 1)).await.unwrap();
        assert_eq!((again.head, again.repeated), (head, true));
    }
    let forgotten = restarted.submit(add(first[oldest - 1].1, 1)).await.unwrap();
    assert_eq!((forgotten.head.version, forgotten.repeated), (COMMANDS + 1, false));
}
