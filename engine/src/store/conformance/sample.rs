//! Events for tests of stores: sealed as real ones are, with a payload of one text.

use crate::chain::{ChainTip, seal};
use crate::cid::HashKind;
use crate::command::CommandContext;
use crate::dag_cbor::{Decoder, Encoder};
use crate::event::{DecodeError, EventPayload};
use crate::id::{AggregateId, CommandId};
use crate::store::{AggregateAppend, Expected, Head, SealedEvent};

/// An event of no meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Whether it is the rarer of the two kinds, `SampleEnded`.
    pub ended: bool,
    /// Its payload.
    pub text: String,
}

impl Sample {
    /// The wire name of most samples.
    pub const HAPPENED: &'static str = "SampleHappened";
    /// The wire name of some samples.
    pub const ENDED: &'static str = "SampleEnded";
}

impl EventPayload for Sample {
    fn event_type(&self) -> &'static str {
        if self.ended { Self::ENDED } else { Self::HAPPENED }
    }

    fn schema(&self) -> u32 {
        1
    }

    fn encode(&self, out: &mut Encoder<'_>) {
        out.text(&self.text);
    }

    fn decode(
        event_type: &str,
        _schema: u32,
        payload: &mut Decoder<'_>,
        events: &mut Vec<Self>,
    ) -> Result<(), DecodeError> {
        let ended = match event_type {
            Self::HAPPENED => false,
            Self::ENDED => true,
            _ => return Err(DecodeError::UnknownEventType { event_type: event_type.into() }),
        };
        events.push(Self { ended, text: payload.text()?.to_owned() });
        Ok(())
    }
}

/// An aggregate of samples as its writer sees it: it seals the next transactions.
#[derive(Debug, Clone)]
pub struct SampleStream {
    tip: ChainTip,
    branch: u64,
}

impl SampleStream {
    /// Makes the aggregate numbered `number`, without events.
    pub const fn new(number: u64, hash: HashKind) -> Self {
        Self { tip: ChainTip::empty(AggregateId::from_u64(number), hash), branch: 0 }
    }

    /// Returns the aggregate.
    pub const fn aggregate(&self) -> AggregateId {
        self.tip.aggregate
    }

    /// Returns the same aggregate as another writer sees it, whose events differ.
    pub const fn fork(&self) -> Self {
        Self { tip: self.tip, branch: self.branch + 1 }
    }

    /// Returns the same writer's view of the aggregate where this is its last event.
    #[must_use]
    pub const fn at(&self, head: Option<Head>) -> Self {
        let tip = ChainTip { head, ..self.tip };
        Self { tip, branch: self.branch }
    }

    /// Returns what an append now expects.
    pub fn expected(&self) -> Expected {
        self.tip.head.into()
    }

    /// Seals one transaction of `count` events; every third version is a `SampleEnded`.
    pub fn transaction(&mut self, count: u64) -> Vec<SealedEvent> {
        let version = self.tip.version();
        let events: Vec<Sample> = (version + 1..=version + count)
            .map(|version| Sample {
                ended: version % 3 == 0,
                text: format!("{version} of {} ({})", self.tip.aggregate, self.branch),
            })
            .collect();
        let command = format!("{} {} {version}", self.tip.aggregate, self.branch);
        let context = CommandContext::new(CommandId::derive(&[7; 16], command.as_bytes()), "conformance");
        let mut sealed = Vec::new();
        seal(&mut self.tip, &context, 1_700_000_000_000_000_000 + version, &events, &mut sealed);
        sealed
    }

    /// Makes an append of one transaction of `count` events.
    pub fn append(&mut self, count: u64) -> AggregateAppend {
        self.appends(&[count])
    }

    /// Makes an append of transactions of so many events each.
    pub fn appends(&mut self, counts: &[u64]) -> AggregateAppend {
        let expected = self.expected();
        let events = counts.iter().flat_map(|count| self.transaction(*count)).collect();
        AggregateAppend { aggregate: self.tip.aggregate, expected, events }
    }
}
