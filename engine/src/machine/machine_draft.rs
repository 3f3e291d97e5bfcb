//! A draft of any state machine: the published state, and the events since.
//!
//! Taking changes back replays the events that remain on a copy of the published state, so an aggregate needs no undo
//! of its own. Invariant: `state` = the published state with `since` applied.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::aggregate::{Draft, Misfit, Savepoint, StateMachineAggregate};
use crate::id::AggregateId;
use crate::store::Head;
use crate::writer::DraftSource;

/// A state that readers see; it never changes.
#[derive(Debug, Clone)]
pub struct Published<A> {
    /// The state.
    pub state: A,
    /// The last event in it, `None` where nothing has happened.
    pub head: Option<Head>,
    /// That event's time, nanoseconds since the Unix epoch, 0 where there is none.
    pub timestamp_ns: u64,
}

/// A state machine that the writer can try changes on.
#[derive(Debug)]
pub struct MachineDraft<A: StateMachineAggregate> {
    state: A,
    since: Vec<A::Event>,
    published: MachineReader<A>,
}

/// Shows the published state of one state machine.
pub struct MachineReader<A>(Arc<ArcSwap<Published<A>>>);

impl<A: StateMachineAggregate> MachineDraft<A> {
    /// Makes the draft of an aggregate to which nothing has happened, and its reader.
    pub fn fresh() -> (Self, MachineReader<A>) {
        let published = Published { state: A::initial(), head: None, timestamp_ns: 0 };
        let reader = MachineReader(Arc::new(ArcSwap::from_pointee(published)));
        (Self { state: A::initial(), since: Vec::new(), published: reader.clone() }, reader)
    }
}

impl<A: StateMachineAggregate> Draft for MachineDraft<A> {
    type Command = A::Command;
    type Event = A::Event;
    type Rejection = A::Rejection;

    fn decide(&self, command: &A::Command) -> Result<Vec<A::Event>, A::Rejection> {
        self.state.decide(command)
    }

    fn apply(&mut self, event: &A::Event, _version: u64) -> Result<(), Misfit> {
        self.state.apply(event);
        self.since.push(event.clone());
        Ok(())
    }

    fn savepoint(&mut self) -> Savepoint {
        Savepoint(self.since.len())
    }

    fn roll_back(&mut self, to: Savepoint) {
        assert!(to.0 <= self.since.len(), "a savepoint lies between the published state and the draft");
        if to.0 == self.since.len() {
            return;
        }
        self.since.truncate(to.0);
        self.state.clone_from(&self.published.current().state);
        for event in &self.since {
            self.state.apply(event);
        }
    }

    fn publish(&mut self, head: Head, timestamp_ns: u64) {
        self.since.clear();
        self.published.0.store(Arc::new(Published { state: self.state.clone(), head: Some(head), timestamp_ns }));
    }
}

impl<A> MachineReader<A> {
    /// Returns the published state.
    pub fn current(&self) -> Arc<Published<A>> {
        self.0.load_full()
    }
}

impl<A> Clone for MachineReader<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: fmt::Debug> fmt::Debug for MachineReader<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MachineReader").field(&self.current()).finish()
    }
}

/// Makes the drafts of one kind of state machine.
#[derive(Debug, Clone, Copy)]
pub struct MachineDrafts<A>(PhantomData<fn() -> A>);

impl<A> Default for MachineDrafts<A> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<A: StateMachineAggregate> DraftSource for MachineDrafts<A> {
    type Draft = MachineDraft<A>;
    type Reader = MachineReader<A>;

    fn fresh(&self, _aggregate: AggregateId) -> (MachineDraft<A>, MachineReader<A>) {
        MachineDraft::fresh()
    }
}
