//! Given, when, then: an aggregate's rules tested over values, without a store and without waiting.
//!
//! ```
//! # use cidgraph::testkit::Given;
//! # use cidgraph::{DecodeError, EventPayload, StateMachineAggregate, dag_cbor::{Decoder, Encoder}};
//! # #[derive(Debug, Clone, PartialEq)] enum LampEvent { SwitchedOn }
//! # impl EventPayload for LampEvent {
//! #     fn event_type(&self) -> &'static str { "SwitchedOn" }
//! #     fn schema(&self) -> u32 { 1 }
//! #     fn encode(&self, out: &mut Encoder<'_>) { out.null() }
//! #     fn decode(_: &str, _: u32, _: &mut Decoder<'_>, _: &mut Vec<Self>) -> Result<(), DecodeError> { Ok(()) }
//! # }
//! # #[derive(Debug, Clone)] struct Lamp { on: bool }
//! # struct SwitchOn;
//! # #[derive(Debug, PartialEq, thiserror::Error)] #[error("the lamp is on already")] struct OnAlready;
//! # impl StateMachineAggregate for Lamp {
//! #     type Command = SwitchOn; type Event = LampEvent; type Rejection = OnAlready;
//! #     fn initial() -> Self { Self { on: false } }
//! #     fn decide(&self, _: &SwitchOn) -> Result<Vec<LampEvent>, OnAlready> {
//! #         if self.on { Err(OnAlready) } else { Ok(vec![LampEvent::SwitchedOn]) }
//! #     }
//! #     fn apply(&mut self, _: &LampEvent) { self.on = true }
//! # }
//! Given::<Lamp>::new().when(SwitchOn).then(&[LampEvent::SwitchedOn]);
//! Given::<Lamp>::new().event(LampEvent::SwitchedOn).when(SwitchOn).then_rejected(OnAlready);
//! ```

use std::fmt::Debug;

use crate::aggregate::StateMachineAggregate;

/// An aggregate to which something has happened.
#[derive(Debug, Clone)]
pub struct Given<A> {
    state: A,
}

impl<A: StateMachineAggregate> Default for Given<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: StateMachineAggregate> Given<A> {
    /// Starts with an aggregate to which nothing has happened.
    pub fn new() -> Self {
        Self { state: A::initial() }
    }

    /// Lets an event happen.
    #[must_use]
    pub fn event(mut self, event: A::Event) -> Self {
        self.state.apply(&event);
        self
    }

    /// Lets events happen, in order.
    #[must_use]
    pub fn events(mut self, events: impl IntoIterator<Item = A::Event>) -> Self {
        for event in events {
            self.state.apply(&event);
        }
        self
    }

    /// Asks the aggregate.
    pub fn when(self, command: A::Command) -> When<A> {
        let decided = self.state.decide(&command);
        When { state: self.state, decided }
    }
}

/// An aggregate's answer to a command.
#[must_use = "say what is expected"]
pub struct When<A: StateMachineAggregate> {
    state: A,
    decided: Result<Vec<A::Event>, A::Rejection>,
}

impl<A: StateMachineAggregate> Debug for When<A>
where
    A::Event: Debug,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("When").field("decided", &self.decided).finish_non_exhaustive()
    }
}

impl<A: StateMachineAggregate> When<A>
where
    A::Event: Debug + PartialEq,
{
    /// Checks that exactly these events come about, and goes on with them applied.
    ///
    /// # Panics
    /// Where others do, or the command is refused.
    #[track_caller]
    pub fn then(self, expected: &[A::Event]) -> Given<A> {
        match self.decided {
            Ok(events) => {
                assert_eq!(events, expected, "the events that the command brought about");
                Given { state: self.state }.events(events)
            }
            Err(rejection) => panic!("expected {expected:?}, but the command was refused: {rejection}"),
        }
    }

    /// Checks that the command is refused for this reason, and goes on with the aggregate as it was.
    ///
    /// # Panics
    /// Where it is refused for another reason or accepted.
    #[track_caller]
    pub fn then_rejected(self, expected: A::Rejection) -> Given<A>
    where
        A::Rejection: PartialEq,
    {
        match self.decided {
            Ok(events) => panic!("expected the refusal {expected:?}, but the command brought about {events:?}"),
            Err(rejection) => assert_eq!(rejection, expected, "the reason for which the command is refused"),
        }
        Given { state: self.state }
    }
}
