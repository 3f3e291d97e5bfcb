//! Aggregates as Mealy machines: `decide` turns a command into events, `apply` folds an event into the state.
//!
//! Both are pure: no clock, no randomness, no I/O, nothing async; they know no store. A [`Draft`] is a state that can
//! be taken back, which is how the writer decides several commands before one append.

use crate::event::EventPayload;
use crate::ledger::MemoryLedger;
use crate::store::Head;

/// A domain concept with transactional behaviour, as a Mealy machine.
pub trait StateMachineAggregate: Clone + Send + Sync + 'static {
    /// What it can be asked.
    type Command: Send + Sync + 'static;
    /// What can happen to it.
    type Event: EventPayload + Clone;
    /// Why it refuses.
    type Rejection: std::error::Error + Send + Sync + 'static;

    /// Returns the state of an aggregate to which nothing has happened.
    fn initial() -> Self;

    /// Answers a command with the events that it brings about.
    ///
    /// # Errors
    /// The reason for which the command is refused; the state is as it was either way.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Folds an event into the state.
    fn apply(&mut self, event: &Self::Event);
}

/// A state on which changes can be tried, taken back, and published.
///
/// The writer owns it. Between [`publish`](Self::publish) and the next one lie the draft's changes, seen by no reader.
pub trait Draft: Send + 'static {
    /// What it can be asked.
    type Command: Send + Sync + 'static;
    /// What can happen to it.
    type Event: EventPayload;
    /// Why it refuses.
    type Rejection: std::error::Error + Send + Sync + 'static;

    /// Answers a command with the events that it brings about, on top of the draft.
    ///
    /// # Errors
    /// The reason for which the command is refused; nothing has changed.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Folds the event at `version` into the draft. A stored event that an upcaster split is applied part by part at
    /// the same version.
    ///
    /// # Errors
    /// [`Misfit`] for an event that this state could not have brought about; the caller takes back what it did. What
    /// [`decide`](Self::decide) answered on the same state fits.
    fn apply(&mut self, event: &Self::Event, version: u64) -> Result<(), Misfit>;

    /// Returns the version since which nothing has happened that matters to a caller who saw the state then.
    fn unchanged_since(&self) -> Option<u64> {
        None
    }

    /// Marks the draft's present place.
    fn savepoint(&mut self) -> Savepoint;

    /// Takes back every change since the mark.
    fn roll_back(&mut self, to: Savepoint);

    /// Notes that a transaction ends here, with the event of `head` at its time, if the draft keeps such things. Called
    /// before publication, and taken back with the rest of the draft; the end that is published may be left out.
    fn end_transaction(&mut self, _head: Head, _timestamp_ns: u64) {}

    /// Makes the draft the state that readers see; `head` is its last event, `timestamp_ns` that event's time.
    ///
    /// Called only at the end of a transaction that the store holds: once for each group commit, and every few thousand
    /// events while an aggregate is loaded. Savepoints from before are no longer used.
    fn publish(&mut self, head: Head, timestamp_ns: u64);

    /// Puts its house in order while nothing is asked for; called between two publications, some time after the last, while
    /// nothing is applied that was not published. Savepoints from before are no longer used.
    fn rest(&mut self) -> Rest {
        Rest::Done
    }

    /// Enters the bytes on the heap that the draft has beside what readers see.
    fn enter(&self, _ledger: &mut MemoryLedger) {}
}

/// Whether a draft at rest has more to put in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing is left until something changes.
    Done,
    /// Something is under way; call again soon.
    Again,
}

/// An event that does not fit the state: another program wrote it, or it stands in the wrong place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Misfit {
    /// What does not fit.
    pub reason: String,
}

impl Misfit {
    /// Makes one.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// A place in a draft's changes, as its owner counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Savepoint(pub usize);
