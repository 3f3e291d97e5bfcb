//! A group commit being decided: submissions, their outcomes so far, and the sealed events of all of them.
//!
//! Nothing here is told to a caller before the store has taken the group: an outcome may rest on an earlier
//! submission's events.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::aggregate::{Draft, Savepoint};
use crate::chain::{ChainTip, Link, seal};
use crate::id::TransactionId;
use crate::store::{AggregateAppend, Expected, SealedEvent};

use super::config::WriterConfig;
use super::recent::{Recent, Remembered};
use super::submission::{Submission, Waiting, WriteError};

/// The most bytes of an actor's name, which stands in every event.
const ACTOR_BYTES_MAX: usize = 256;

/// What the store and the writer allow a group to hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupLimits {
    pub(super) group_events_max: usize,
    pub(super) group_bytes_max: usize,
    pub(super) append_events_max: usize,
    pub(super) block_bytes_max: usize,
    /// Fewer submissions are committed one at a time.
    pub(super) group_transactions_min: usize,
}

impl GroupLimits {
    pub(super) fn new(config: &WriterConfig, store: crate::store::Capabilities) -> Self {
        Self {
            group_events_max: config.group_events_max.min(store.append_events_max),
            group_bytes_max: config.group_bytes_max,
            append_events_max: store.append_events_max,
            block_bytes_max: store.block_bytes_max,
            group_transactions_min: store.group_transactions_min,
        }
    }
}

/// What a group holds for one submission.
pub(super) enum Outcome<R: std::error::Error + 'static> {
    /// Its events are in the group, from this index on.
    Sealed { first: usize, events: usize },
    /// An earlier submission of the group has the same command id: its events are the answer.
    Repeats { first: usize, events: usize },
    /// It was applied before.
    Remembered(Recent),
    /// It changes nothing.
    Refused(WriteError<R>),
}

/// A submission's sealed events: the group index of the first, and how many.
type Span = (usize, usize);

/// A waiting submission, as a group of `D` holds it.
pub(super) type WaitingFor<D> = Waiting<<D as Draft>::Command, <D as Draft>::Rejection>;

/// Submissions in order, and the events of those that were accepted.
pub(super) struct Group<D: Draft> {
    pub(super) members: Vec<(WaitingFor<D>, Outcome<D::Rejection>)>,
    pub(super) sealed: Vec<SealedEvent>,
    /// The draft's place before the group.
    pub(super) base: Savepoint,
    /// The chain's end before the group.
    before: ChainTip,
    /// The chain's end with the group.
    pub(super) tip: ChainTip,
    pub(super) bytes: usize,
    spans: HashMap<TransactionId, Span, RandomState>,
    limits: GroupLimits,
}

impl<D: Draft> Group<D> {
    pub(super) fn new(tip: ChainTip, base: Savepoint, limits: GroupLimits) -> Self {
        let spans = HashMap::with_hasher(RandomState::default());
        Self { members: Vec::new(), sealed: Vec::new(), base, before: tip, tip, bytes: 0, spans, limits }
    }

    /// Returns whether a submission of `commands` commands had better wait for the next group.
    pub(super) fn is_full_for(&self, commands: usize) -> bool {
        !self.sealed.is_empty()
            && (self.sealed.len() + commands > self.limits.group_events_max
                || self.bytes >= self.limits.group_bytes_max)
    }

    /// Decides a submission on top of the group and seals its events; `None` where it must wait for the next group.
    pub(super) fn decide(
        &mut self,
        draft: &mut D,
        recent: &Remembered,
        submission: &Submission<D::Command>,
        now_ns: u64,
    ) -> Option<Outcome<D::Rejection>> {
        let transaction = TransactionId::from(submission.context.id);
        if let Some(recent) = recent.find(transaction) {
            return Some(Outcome::Remembered(recent));
        }
        if let Some(&(first, events)) = self.spans.get(&transaction) {
            return Some(Outcome::Repeats { first, events });
        }
        let actual = self.tip.version();
        let unchanged = draft.unchanged_since().unwrap_or(actual).min(actual);
        if let Some(expected) = submission.expected.filter(|expected| !(unchanged..=actual).contains(expected)) {
            return Some(Outcome::Refused(WriteError::VersionMismatch { expected, actual }));
        }
        let actor_bytes = submission.context.actor.len();
        if actor_bytes > ACTOR_BYTES_MAX {
            let (what, limit, actual) = ("bytes of the actor's name", ACTOR_BYTES_MAX, actor_bytes);
            return Some(Outcome::Refused(WriteError::TooLarge { what, limit, actual }));
        }
        let savepoint = draft.savepoint();
        let outcome = self.decide_commands(draft, submission, now_ns);
        if !matches!(outcome, Some(Outcome::Sealed { .. })) {
            draft.roll_back(savepoint);
        }
        outcome
    }

    fn decide_commands(
        &mut self,
        draft: &mut D,
        submission: &Submission<D::Command>,
        now_ns: u64,
    ) -> Option<Outcome<D::Rejection>> {
        let mut events = Vec::new();
        for (index, command) in submission.commands.iter().enumerate() {
            match draft.decide(command) {
                Ok(decided) => apply(draft, self.tip.version(), &mut events, decided),
                Err(rejection) => return Some(Outcome::Refused(WriteError::Rejected { index, rejection })),
            }
        }
        if events.is_empty() {
            return Some(Outcome::Refused(WriteError::NoEvents));
        }
        let (limit, actual) = (self.limits.append_events_max, events.len());
        if actual > limit {
            return Some(Outcome::Refused(WriteError::TooLarge { what: "events of one transaction", limit, actual }));
        }
        if self.sealed.len() + actual > limit {
            return None;
        }
        let outcome = self.seal(submission, now_ns, &events);
        if let (Outcome::Sealed { .. }, Some(head)) = (&outcome, self.tip.head) {
            draft.end_transaction(head, self.tip.timestamp_ns);
        }
        Some(outcome)
    }

    fn seal(&mut self, submission: &Submission<D::Command>, now_ns: u64, events: &[D::Event]) -> Outcome<D::Rejection> {
        let first = self.sealed.len();
        let mut tip = self.tip;
        seal(&mut tip, &submission.context, now_ns, events, &mut self.sealed);
        let blocks = self.sealed[first..].iter().map(|event| event.block.len());
        let (largest, bytes) = blocks.fold((0, 0), |(largest, sum), len| (len.max(largest), sum + len));
        let limit = self.limits.block_bytes_max;
        if largest > limit {
            self.sealed.truncate(first);
            return Outcome::Refused(WriteError::TooLarge { what: "bytes of one block", limit, actual: largest });
        }
        self.tip = tip;
        self.bytes += bytes;
        self.spans.insert(submission.context.id.into(), (first, events.len()));
        Outcome::Sealed { first, events: events.len() }
    }

    /// Returns whether some submission was refused on the strength of the state.
    pub(super) fn refuses(&self) -> bool {
        self.members.iter().any(|(_, outcome)| matches!(outcome, Outcome::Refused(_)))
    }

    /// Takes the sealed events for the store.
    pub(super) fn take_append(&mut self) -> [AggregateAppend; 1] {
        let expected = self.before.head.map_or(Expected::Empty, Expected::Exact);
        [AggregateAppend { aggregate: self.before.aggregate, expected, events: std::mem::take(&mut self.sealed) }]
    }

    /// Returns the group's transactions in version order.
    pub(super) fn transactions(&self) -> impl Iterator<Item = Recent> {
        let base = self.before.version() + 1;
        self.members.iter().filter_map(move |(waiting, outcome)| match outcome {
            Outcome::Sealed { first, events } => Some(Recent {
                transaction: waiting.submission.context.id.into(),
                first_version: base + *first as u64,
                events: u32::try_from(*events).expect("a transaction counts in 32 bits"),
            }),
            Outcome::Repeats { .. } | Outcome::Remembered(_) | Outcome::Refused(_) => None,
        })
    }

    /// Returns the last event's place in the chain.
    pub(super) fn last_link(&self) -> Link {
        let last = self.transactions().last().expect("a group that was appended has a transaction");
        let head = self.tip.head.expect("a group that was appended has a last event");
        assert_eq!(last.last_version(), head.version, "the last transaction ends at the head");
        Link {
            version: head.version,
            cid: head.cid,
            timestamp_ns: self.tip.timestamp_ns,
            transaction: last.transaction,
            transaction_remaining: 0,
        }
    }
}

/// Applies a command's events and keeps them for sealing.
fn apply<D: Draft>(draft: &mut D, head_version: u64, events: &mut Vec<D::Event>, decided: Vec<D::Event>) {
    for (version, event) in (head_version + 1 + events.len() as u64..).zip(&decided) {
        draft.apply(event, version).expect("what was decided on a state fits it");
    }
    if events.is_empty() {
        *events = decided;
    } else {
        events.extend(decided);
    }
}
