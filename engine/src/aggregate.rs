//! Aggregates as Mealy machines: `decide` turns a command into events, `apply` folds an event into the state.
//!
//! Both are pure: no clock, no randomness, no I/O, nothing async; they know no store. A [`Draft`] is a state that can
//! be taken back, which is how the writer decides several commands before one append.

use crate::event::EventPayload;
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
    fn apply(&mut self, event: &Self::Event, version: u64);

    /// Marks the draft's present place.
    fn savepoint(&mut self) -> Savepoint;

    /// Takes back every change since the mark.
    fn roll_back(&mut self, to: Savepoint);

    /// Makes the draft the state that readers see; `head` is its last event, `timestamp_ns` that event's time.
    ///
    /// Called only at the end of a transaction that the store holds: once for each group commit, and every few thousand
    /// events while an aggregate is loaded. Savepoints from before are no longer used.
    fn publish(&mut self, head: Head, timestamp_ns: u64);
}

/// A place in a draft's changes, as its owner counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Savepoint(pub usize);
