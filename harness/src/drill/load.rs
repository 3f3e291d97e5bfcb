//! Load beside which faults happen: writers that send the same bytes again until they are acknowledged, readers of what
//! was acknowledged, and a follower of everything.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use cidgraph::{AggregateAppend, AggregateId, Durability, EventStore, StoreError};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::error::DrillError;
use super::plan::DrillPlan;
use super::pulse::Pulse;
use super::report::{DrillReport, seconds};
use super::stores::{ServerStores, StoreTerms};
use super::writer::Writer;
use crate::check::{Auditor, Watch};
use crate::number;
use crate::random::Random;

/// How long everything may take to go on by itself after a fault.
const PATIENCE: Duration = Duration::from_secs(90);

/// A writer's or reader's pause after it was refused, and between two looks at the counters.
const PAUSE: Duration = Duration::from_millis(5);

/// Acknowledgements after which a writer has appended something that it sent after the fault.
const GONE_ON: u64 = 2;

/// Load on a store.
#[derive(Debug)]
pub(super) struct Load {
    shared: Arc<Shared>,
    store: Arc<dyn EventStore>,
    writers: JoinSet<Result<(), StoreError>>,
    readers: JoinSet<Result<(), StoreError>>,
    follower: Watch,
    deadline: Duration,
}

/// What writers and readers share.
#[derive(Debug)]
struct Shared {
    auditor: Arc<Auditor>,
    is_over: AtomicBool,
    appends: Pulse,
    /// Acknowledged appends of each writer.
    acknowledged: Vec<AtomicU64>,
    /// Some acknowledged events.
    known: Mutex<Vec<(AggregateId, u64)>>,
    /// One of each reader.
    reads: Vec<Pulse>,
    /// One of each reader.
    heads: Vec<Pulse>,
    unavailable: AtomicU64,
    unknown: AtomicU64,
    longest_call: Mutex<Duration>,
    durability: Mutex<Option<Durability>>,
}

impl Load {
    /// Opens stores and starts writers, readers and a follower.
    pub(super) async fn start(
        stores: &dyn ServerStores,
        terms: &StoreTerms,
        plan: &DrillPlan,
    ) -> Result<Self, DrillError> {
        let pulses = || (0..plan.readers).map(|_| Pulse::new()).collect();
        let shared = Arc::new(Shared {
            auditor: Arc::new(Auditor::new()),
            is_over: AtomicBool::new(false),
            appends: Pulse::new(),
            acknowledged: (0..plan.writers).map(|_| AtomicU64::new(0)).collect(),
            known: Mutex::new(Vec::new()),
            reads: pulses(),
            heads: pulses(),
            unavailable: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            longest_call: Mutex::new(Duration::ZERO),
            durability: Mutex::new(None),
        });
        let store = stores.open(terms.clone()).await?;
        let follower = shared.auditor.watch(stores.open(terms.clone()).await?, 1);
        let mut writers = JoinSet::new();
        for number in 0..plan.writers {
            let writer = Writer::open(store.as_ref(), number, plan.seed).await?;
            writers.spawn(write(Arc::clone(&shared), Arc::clone(&store), writer, number::index(number)));
        }
        let mut readers = JoinSet::new();
        for number in 0..plan.readers {
            let store = stores.open(terms.clone()).await?;
            let (shared, place) = (Arc::clone(&shared), number::index(number));
            let random = Random::at(plan.seed ^ 1, number);
            readers.spawn(read(Arc::clone(&shared), Arc::clone(&store), place, random));
            readers.spawn(ask_heads(shared, store, place));
        }
        Ok(Self { shared, store, writers, readers, follower, deadline: terms.deadline })
    }

    /// Notes that a fault comes now: the longest times are measured from here on.
    pub(super) fn begin(&self) -> Round {
        self.shared.appends.take_longest();
        Round { before: self.counts() }
    }

    /// Waits until every writer has appended something that it sent after the round began, and puts the longest time
    /// without an acknowledgement into the report.
    pub(super) async fn end(&self, round: Round, report: &mut DrillReport) {
        let gone_on = || self.counts().iter().zip(&round.before).all(|(now, before)| *now >= before + GONE_ON);
        let waited = timeout(PATIENCE, async {
            while !gone_on() {
                sleep(PAUSE).await;
            }
        });
        if waited.await.is_err() {
            let number = report.unavailable_seconds.len() + 1;
            report.demand(false, format!("every writer's appends go on by themselves (not after fault {number})"));
        }
        report.note_unavailable(self.shared.appends.take_longest());
    }

    /// Ends the load and puts what it and the audits found into the report.
    pub(super) async fn finish(mut self, report: &mut DrillReport) -> Result<(), DrillError> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let ended = timeout(PATIENCE, async {
            let mut first = None;
            while let Some(ended) = self.writers.join_next().await {
                first = first.or(ended.expect("a writer does not panic").err());
            }
            while let Some(ended) = self.readers.join_next().await {
                first = first.or(ended.expect("a reader does not panic").err());
            }
            first
        });
        match ended.await {
            Ok(None) => report.demand(true, "every writer and reader goes on by itself"),
            Ok(Some(error)) => report.demand(false, format!("every writer and reader goes on by itself ({error})")),
            Err(_) => report.demand(false, "every call is answered (some were not)"),
        }
        let shared = &self.shared;
        let longest = |pulses: &[Pulse]| pulses.iter().map(Pulse::take_longest).max().map(seconds);
        report.reads_stopped_for_seconds = longest(&shared.reads);
        report.heads_stopped_for_seconds = longest(&shared.heads);
        report.call_seconds_max = seconds(*lock(&shared.longest_call));
        report.deadline_seconds = seconds(self.deadline);
        report.answered_unavailable = shared.unavailable.load(Ordering::Relaxed);
        report.answered_unknown = shared.unknown.load(Ordering::Relaxed);
        report.durability = lock(&shared.durability).map_or_else(String::new, |least| least.to_string());
        report.note_audit(&self.follower.finish(PATIENCE).await?);
        report.note_audit(&shared.auditor.compare(self.store.as_ref()).await?);
        Ok(())
    }

    fn counts(&self) -> Vec<u64> {
        self.shared.acknowledged.iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

/// What was acknowledged before a fault.
#[derive(Debug)]
pub(super) struct Round {
    before: Vec<u64>,
}

impl Shared {
    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Notes how long a call took; a refusal that may pass gives `None`.
    fn answered<T>(&self, since: Instant, answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let elapsed = since.elapsed();
        let mut longest = lock(&self.longest_call);
        *longest = longest.max(elapsed);
        drop(longest);
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(StoreError::Unavailable { .. }) => {
                self.unavailable.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            Err(StoreError::Unknown { .. }) => {
                self.unknown.fetch_add(1, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn acknowledge(&self, writer: usize, batch: &[AggregateAppend], durability: Durability) {
        self.appends.beat();
        self.auditor.acknowledge_append(batch);
        self.acknowledged[writer].fetch_add(1, Ordering::Relaxed);
        let mut least = lock(&self.durability);
        *least = least.into_iter().chain([durability]).min();
        drop(least);
        lock(&self.known).extend(batch.iter().map(|part| (part.aggregate, part.head().version)));
    }

    fn draw(&self, random: &mut Random) -> Option<(AggregateId, u64)> {
        let known = lock(&self.known);
        (!known.is_empty()).then(|| known[number::index(random.below(number::count(known.len())))])
    }
}

async fn write(
    shared: Arc<Shared>,
    store: Arc<dyn EventStore>,
    mut writer: Writer,
    number: usize,
) -> Result<(), StoreError> {
    while shared.goes_on() {
        let batch = writer.next_batch();
        loop {
            let since = Instant::now();
            if let Some(appended) = shared.answered(since, store.append(&batch).await)? {
                shared.acknowledge(number, &batch, appended.durability);
                break;
            }
            // Whatever became of the first copy, the same bytes are taken once.
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Reads acknowledged events, one after the other.
async fn read(
    shared: Arc<Shared>,
    store: Arc<dyn EventStore>,
    number: usize,
    mut random: Random,
) -> Result<(), StoreError> {
    while shared.goes_on() {
        sleep(PAUSE).await;
        let Some((aggregate, version)) = shared.draw(&mut random) else {
            shared.reads[number].take_longest();
            continue;
        };
        let since = Instant::now();
        if let Some(events) = shared.answered(since, store.read(aggregate, version, 1).await)?
            && events.first().is_some_and(|stored| stored.event.version == version)
        {
            shared.reads[number].beat();
        }
    }
    Ok(())
}

/// Asks for heads of acknowledged events, one after the other.
async fn ask_heads(shared: Arc<Shared>, store: Arc<dyn EventStore>, number: usize) -> Result<(), StoreError> {
    let mut random = Random::new(number::count(number));
    while shared.goes_on() {
        sleep(PAUSE).await;
        let Some((aggregate, version)) = shared.draw(&mut random) else {
            shared.heads[number].take_longest();
            continue;
        };
        let since = Instant::now();
        if let Some(head) = shared.answered(since, store.head(aggregate).await)?
            && head.is_some_and(|head| head.version >= version)
        {
            shared.heads[number].beat();
        }
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
