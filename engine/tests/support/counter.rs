//! A counter: the smallest aggregate that can refuse, bring about nothing, one event, or many.

use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::{DecodeError, EventPayload, StateMachineAggregate};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counter {
    pub value: u64,
    pub events: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterCommand {
    /// Adds to the counter.
    Add(u64),
    /// Adds one, so many times, an event each.
    Count(u64),
    /// Takes from the counter what must be there.
    Take(u64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CounterEvent {
    Added(u64),
    Taken(u64),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{there} is less than {asked}")]
pub struct TooLittle {
    pub there: u64,
    pub asked: u64,
}

impl StateMachineAggregate for Counter {
    type Command = CounterCommand;
    type Event = CounterEvent;
    type Rejection = TooLittle;

    fn initial() -> Self {
        Self::default()
    }

    fn decide(&self, command: &CounterCommand) -> Result<Vec<CounterEvent>, TooLittle> {
        match *command {
            CounterCommand::Add(amount) => Ok(vec![CounterEvent::Added(amount)]),
            CounterCommand::Count(times) => Ok((0..times).map(|_| CounterEvent::Added(1)).collect()),
            CounterCommand::Take(asked) if asked > self.value => Err(TooLittle { there: self.value, asked }),
            CounterCommand::Take(asked) => Ok(vec![CounterEvent::Taken(asked)]),
        }
    }

    fn apply(&mut self, event: &CounterEvent) {
        self.events += 1;
        match event {
            CounterEvent::Added(amount) => self.value += amount,
            CounterEvent::Taken(amount) => self.value -= amount,
        }
    }
}

impl EventPayload for CounterEvent {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Added(_) => "Added",
            Self::Taken(_) => "Taken",
        }
    }

    fn schema(&self) -> u32 {
        1
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        match self {
            Self::Added(amount) | Self::Taken(amount) => out.uint(*amount),
        }
    }

    fn decode(name: &str, _: u32, payload: &mut Decoder<'_>, events: &mut Vec<Self>) -> Result<(), DecodeError> {
        let amount = payload.uint()?;
        events.push(match name {
            "Added" => Self::Added(amount),
            "Taken" => Self::Taken(amount),
            unknown => return Err(DecodeError::UnknownEventType { event_type: unknown.into() }),
        });
        Ok(())
    }
}
