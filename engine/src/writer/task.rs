//! The task that owns an open aggregate's draft: takes submissions, decides, appends, publishes, answers.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::aggregate::{Draft, Rest};
use crate::clock::Clock;
use crate::ledger::MemoryLedger;
use crate::store::{Durability, EventStore, Head, SealedEvent, StoreError};

use super::append::Settled;
use super::config::WriterConfig;
use super::group::{Group, GroupLimits, Outcome, WaitingFor};
use super::metrics::Counters;
use super::recent::Recent;
use super::replay::{LoadedTip, ReplayError};
use super::submission::{Answer, Failure, Receipt, WriteError};

/// How long a writer is without work before its draft is put in order.
const REST_AFTER: Duration = Duration::from_millis(200);

/// How soon the draft is asked again whether what it does meanwhile is done.
const REST_AGAIN: Duration = Duration::from_millis(20);

/// How long after that freed memory is handed back. An allocator waits with it, mimalloc for a second, and then does it
/// only when it is next used: a process at rest would keep what its last fold freed.
const HAND_BACK_AFTER: Duration = Duration::from_millis(1500);

/// Bytes that every allocator takes from the operating system and gives back alone.
const HANDED_BACK: usize = 4 << 20;

/// What a writer is sent.
pub(super) enum Message<D: Draft> {
    Submit(WaitingFor<D>),
    /// Take nothing more, finish what waits, then drop the sender.
    Close(oneshot::Sender<()>),
    /// The same, unless something has happened to the aggregate or a submission waits.
    CloseUnused(oneshot::Sender<()>),
}

/// The writer of one aggregate. Between two groups the draft equals the published state.
pub(super) struct Writer<D: Draft> {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: WriterConfig,
    pub(super) limits: GroupLimits,
    pub(super) draft: D,
    pub(super) tip: LoadedTip,
    pub(super) queue: mpsc::Receiver<Message<D>>,
    pub(super) counters: Arc<Counters>,
    pub(super) waiting: VecDeque<WaitingFor<D>>,
    pub(super) closing: Vec<oneshot::Sender<()>>,
    /// Whether an append's outcome was never found out: the store may hold more than the tip says.
    pub(super) unresolved: bool,
    /// How long a submission is tried, counted from when it was sent, or from when the store last answered.
    pub(super) patience: Duration,
    /// When the store last took or refused something.
    pub(super) answered: Instant,
    /// What the store has done at least for everything up to the tip.
    pub(super) durability: Durability,
    /// How many submissions the group before held.
    pub(super) last_group: usize,
}

impl<D: Draft> Writer<D> {
    pub(super) async fn run(mut self) {
        while self.fill().await {
            if self.unresolved && !self.resolve().await {
                continue;
            }
            let group = self.decide();
            self.last_group = group.members.len();
            self.commit(group).await;
        }
    }

    /// Waits until something waits; returns false where nothing ever will.
    async fn fill(&mut self) -> bool {
        self.take_queued();
        while self.waiting.is_empty() {
            match self.receive().await {
                Some(message) => self.accept(message),
                None => return false,
            }
            self.take_queued();
        }
        self.gather().await;
        true
    }

    /// Callers that were answered together come again together: as long as they arrive one after another, up to the
    /// size of the last group, they are let in before the group is closed.
    async fn gather(&mut self) {
        let mut before = 0;
        while before < self.waiting.len() && self.waiting.len() < self.last_group {
            before = self.waiting.len();
            tokio::task::yield_now().await;
            self.take_queued();
        }
    }

    /// Waits for a message, puts the draft in order meanwhile, and closes after having been idle for long.
    async fn receive(&mut self) -> Option<Message<D>> {
        let idle_since = Instant::now();
        let mut rest = Some(REST_AFTER);
        let mut is_done = false;
        loop {
            let close_at = self.config.idle_after.map(|idle_after| idle_since + idle_after);
            let rest_at = rest.map(|wait| Instant::now() + wait);
            let Some(until) = close_at.into_iter().chain(rest_at).min() else { return self.queue.recv().await };
            if let Ok(message) = tokio::time::timeout_at(until, self.queue.recv()).await {
                return message;
            }
            if close_at.is_some_and(|close_at| close_at <= Instant::now()) {
                self.queue.close();
                return self.queue.recv().await;
            }
            rest = match self.draft.rest() {
                Rest::Again => Some(REST_AGAIN),
                Rest::Done if is_done => {
                    drop(black_box(Vec::<u8>::with_capacity(HANDED_BACK)));
                    None
                }
                Rest::Done => {
                    self.take_stock();
                    Some(HAND_BACK_AFTER)
                }
            };
            is_done = rest == Some(HAND_BACK_AFTER);
        }
    }

    /// Notes what the writer and its draft take.
    pub(super) fn take_stock(&self) {
        let mut ledger = MemoryLedger::default();
        self.draft.enter(&mut ledger);
        ledger.enter("remembered commands", self.tip.recent.heap_bytes());
        ledger.enter("waiting commands", self.waiting.capacity() * size_of::<WaitingFor<D>>());
        *self.counters.memory.lock() = ledger;
    }

    fn take_queued(&mut self) {
        while self.waiting.len() < self.limits.group_events_max {
            match self.queue.try_recv() {
                Ok(message) => self.accept(message),
                Err(_) => return,
            }
        }
    }

    fn accept(&mut self, message: Message<D>) {
        match message {
            Message::Submit(waiting) => self.waiting.push_back(waiting),
            Message::CloseUnused(_) if self.tip.version() > 0 || !self.waiting.is_empty() => {}
            Message::Close(done) | Message::CloseUnused(done) => {
                self.queue.close();
                self.closing.push(done);
            }
        }
    }

    /// Returns until when a submission is tried: a queue that moves costs nobody his time.
    fn deadline(&self, waiting: &WaitingFor<D>) -> Instant {
        waiting.since.max(self.answered) + self.patience
    }

    /// Answers those whose time went by while another group was tried.
    fn fail_expired(&mut self) {
        self.take_queued();
        let failure = Failure::Unavailable { reason: "nothing was answered to those before either".to_owned() };
        let now = Instant::now();
        for waiting in std::mem::take(&mut self.waiting) {
            if self.deadline(&waiting) <= now {
                waiting.answer(Err(failure.clone().into()));
            } else {
                self.waiting.push_back(waiting);
            }
        }
    }

    /// Finds out what the store holds after an append whose outcome was never known. Returns false, with everyone
    /// answered, where that fails.
    async fn resolve(&mut self) -> bool {
        let until = self.waiting.front().map(|waiting| self.deadline(waiting));
        match self.tip.catch_up(&self.store, &mut self.draft, until).await {
            Ok(()) => {
                self.unresolved = false;
                self.answered = Instant::now();
                true
            }
            Err(error) => {
                let failure = match error {
                    ReplayError::Store(StoreError::Unavailable { reason } | StoreError::Unknown { reason }) => {
                        Failure::Unavailable { reason }
                    }
                    ReplayError::Store(_)
                    | ReplayError::Chain(_)
                    | ReplayError::Decode { .. }
                    | ReplayError::Misfit { .. } => Failure::Replay(error),
                };
                for waiting in self.waiting.drain(..) {
                    waiting.answer(Err(failure.clone().into()));
                }
                false
            }
        }
    }

    fn decide(&mut self) -> Group<D> {
        let mut group = Group::new(self.tip.chain_tip(), self.draft.savepoint(), self.limits);
        let alone = self.waiting.len() < self.limits.group_transactions_min;
        while let Some(waiting) = self.waiting.pop_front() {
            if group.is_full_for(waiting.submission.commands.len()) {
                self.waiting.push_front(waiting);
                break;
            }
            let now_ns = self.clock.now_ns();
            match group.decide(&mut self.draft, &self.tip.recent, &waiting.submission, now_ns) {
                Some(outcome) => group.members.push((waiting, outcome)),
                None => {
                    self.waiting.push_front(waiting);
                    break;
                }
            }
            if alone {
                break;
            }
        }
        group
    }

    async fn commit(&mut self, mut group: Group<D>) {
        let (oldest, _) = group.members.first().expect("a group has members");
        let deadline = self.deadline(oldest);
        let (empty, refuses) = (group.sealed.is_empty(), group.refuses());
        let batch = group.take_append();
        let settled = match (empty, refuses) {
            (true, true) => self.confirm(&group, deadline).await,
            (true, false) => Settled::Applied { first_sequence: None, durability: None },
            (false, _) => self.append(&batch, deadline).await,
        };
        if (!empty || refuses) && !matches!(settled, Settled::Failed(_)) {
            self.answered = Instant::now();
        }
        match settled {
            Settled::Applied { first_sequence, durability } => {
                self.durability = durability.unwrap_or(self.durability);
                if !empty {
                    self.publish(&group);
                }
                self.answer(group, &batch[0].events, first_sequence).await;
            }
            Settled::Overtaken => {
                self.draft.roll_back(group.base);
                self.decide_again(group, deadline).await;
            }
            Settled::Failed(failure) => {
                self.draft.roll_back(group.base);
                self.unresolved = matches!(failure, Failure::Unknown { .. });
                fail(group, &failure);
                self.fail_expired();
            }
        }
    }

    /// Takes in what the other writer appended and puts the group's submissions back in front.
    async fn decide_again(&mut self, group: Group<D>, deadline: Instant) {
        self.counters.conflicts.add(1);
        let mut backoff = self.backoff(deadline);
        while let Err(error) = self.tip.catch_up(&self.store, &mut self.draft, Some(deadline)).await {
            let failure = match error {
                ReplayError::Store(StoreError::Unavailable { reason }) if !backoff.wait().await => {
                    Failure::Unavailable { reason }
                }
                ReplayError::Store(StoreError::Unavailable { .. }) => continue,
                ReplayError::Store(_)
                | ReplayError::Chain(_)
                | ReplayError::Decode { .. }
                | ReplayError::Misfit { .. } => Failure::Replay(error),
            };
            return fail(group, &failure);
        }
        let attempts = group.members.iter().map(|(waiting, _)| waiting.conflicts).max().unwrap_or(0);
        for (mut waiting, _) in group.members.into_iter().rev() {
            waiting.conflicts += 1;
            if waiting.conflicts > self.config.conflict_retries_max {
                let attempts = waiting.conflicts;
                waiting.answer(Err(Failure::Conflict { attempts }.into()));
            } else {
                self.waiting.push_front(waiting);
            }
        }
        for _ in 1..attempts.min(4) {
            backoff.wait().await;
        }
    }

    fn publish(&mut self, group: &Group<D>) {
        let last = group.last_link();
        self.draft.publish(Head { version: last.version, cid: last.cid }, last.timestamp_ns);
        for recent in group.transactions() {
            self.tip.recent.record(recent);
            self.counters.transactions.add(1);
            self.counters.events.add(recent.events as usize);
        }
        self.tip.advance(last);
        self.counters.groups.add(1);
        self.counters.block_bytes.add(group.bytes);
    }

    /// Answers everyone in a group whose events the store holds.
    async fn answer(&mut self, group: Group<D>, sealed: &[SealedEvent], first_sequence: Option<u64>) {
        let sequences = Sequences { first: first_sequence, gapless: self.store.capabilities().gapless_sequences };
        for (waiting, outcome) in group.members {
            let answer = match outcome {
                Outcome::Sealed { first, events } => {
                    Ok(self.receipt(&sealed[first..first + events], sequences.of(first)))
                }
                Outcome::Repeats { first, events } => {
                    let receipt = self.receipt(&sealed[first..first + events], sequences.of(first));
                    self.counters.repeated.add(1);
                    Ok(Receipt { repeated: true, ..receipt })
                }
                Outcome::Remembered(recent) => self.remember(recent).await,
                Outcome::Refused(error) => {
                    self.counters.refused.add(1);
                    Err(error)
                }
            };
            waiting.answer(answer);
        }
    }

    fn receipt(&self, events: &[SealedEvent], first_sequence: Option<u64>) -> Receipt {
        let last = events.last().expect("a transaction has events");
        Receipt {
            first_version: events[0].version,
            head: Head { version: last.version, cid: last.cid },
            events: u32::try_from(events.len()).expect("a transaction counts in 32 bits"),
            first_sequence,
            durability: self.durability,
            repeated: false,
        }
    }

    /// Gives a transaction's first answer again, with the CID that the store holds.
    async fn remember(&mut self, recent: Recent) -> Answer<D::Rejection> {
        let failed = |error: StoreError| match error {
            StoreError::Unavailable { reason } | StoreError::Unknown { reason } => WriteError::Unavailable { reason },
            StoreError::Conflict { .. }
            | StoreError::Malformed { .. }
            | StoreError::Partial { .. }
            | StoreError::Corrupt { .. }
            | StoreError::Refused { .. }
            | StoreError::Invalid { .. } => WriteError::Store(error),
        };
        let (first, last) = (recent.first_version, recent.last_version());
        let missing = || WriteError::Unavailable { reason: format!("event {last} was not found") };
        let first_event = self.store.read(self.tip.aggregate, first, 1).await.map_err(failed)?.pop();
        let last_event = if recent.events == 1 {
            first_event.clone()
        } else {
            self.store.read(self.tip.aggregate, last, 1).await.map_err(failed)?.pop()
        };
        let (first_event, last_event) = (first_event.ok_or_else(missing)?, last_event.ok_or_else(missing)?);
        self.counters.repeated.add(1);
        Ok(Receipt {
            first_version: first,
            head: Head { version: last, cid: last_event.event.cid },
            events: recent.events,
            first_sequence: Some(first_event.sequence),
            durability: self.durability,
            repeated: true,
        })
    }
}

/// Tells the sequence of a group's events from that of the first.
#[derive(Clone, Copy)]
struct Sequences {
    first: Option<u64>,
    gapless: bool,
}

impl Sequences {
    fn of(self, index: usize) -> Option<u64> {
        self.first.filter(|_| self.gapless || index == 0).map(|first| first + index as u64)
    }
}

fn fail<D: Draft>(group: Group<D>, failure: &Failure) {
    for (waiting, _) in group.members {
        waiting.answer(Err(failure.clone().into()));
    }
}
