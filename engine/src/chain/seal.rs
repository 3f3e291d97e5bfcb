//! Sealing: the one place where an event's bytes are made.

use bytes::Bytes;

use crate::cid::{Cid, HashKind};
use crate::command::CommandContext;
use crate::dag_cbor::Encoder;
use crate::event::EventPayload;
use crate::id::{AggregateId, EventId};
use crate::store::{Head, SealedEvent};
use crate::value::Name;

/// What sealing needs to know of the aggregate: its head, its clock, its hash.
#[derive(Debug, Clone, Copy)]
pub struct ChainTip {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// Its last event.
    pub head: Option<Head>,
    /// That event's timestamp, 0 where there is none.
    pub timestamp_ns: u64,
    /// The store's hash function.
    pub hash: HashKind,
}

impl ChainTip {
    /// Makes the tip of an aggregate without events.
    pub const fn empty(aggregate: AggregateId, hash: HashKind) -> Self {
        Self { aggregate, head: None, timestamp_ns: 0, hash }
    }

    /// Returns the version of the last event, 0 where there is none.
    pub const fn version(&self) -> u64 {
        match self.head {
            Some(head) => head.version,
            None => 0,
        }
    }
}

/// Seals the events of one transaction, appends them to `sealed`, and moves the tip on.
///
/// The timestamp of each is `max(now_ns, the tip's)`. Event ids are [`EventId::of_command`] over the index within the
/// transaction. One buffer holds all blocks of the call.
///
/// # Panics
/// Where there are no events.
pub fn seal<E: EventPayload>(
    tip: &mut ChainTip,
    context: &CommandContext,
    now_ns: u64,
    events: &[E],
    sealed: &mut Vec<SealedEvent>,
) {
    assert!(!events.is_empty(), "a transaction has at least one event");
    let timestamp_ns = tip.timestamp_ns.max(now_ns);
    let mut buffer = Vec::with_capacity(events.len() * 400);
    let mut ends = Vec::with_capacity(events.len());
    let first = sealed.len();
    let count = u32::try_from(events.len()).expect("a transaction has fewer than 2^32 events");
    for (index, event) in (0..count).zip(events) {
        let start = buffer.len();
        let version = tip.version() + 1;
        let previous = tip.head.map(|head| head.cid);
        let header = BlockHeader { tip, context, timestamp_ns, index, remaining: count - 1 - index, version, previous };
        header.encode(event, &mut buffer);
        let cid = Cid::of_block(tip.hash, &buffer[start..]);
        tip.head = Some(Head { version, cid });
        ends.push(buffer.len());
        sealed.push(SealedEvent {
            aggregate: tip.aggregate,
            version,
            event_type: Name::new_static(event.event_type()),
            cid,
            previous,
            block: Bytes::new(),
            transaction_remaining: count - 1 - index,
        });
    }
    tip.timestamp_ns = timestamp_ns;
    let buffer = Bytes::from(buffer);
    let mut start = 0;
    for (event, end) in sealed[first..].iter_mut().zip(ends) {
        event.block = buffer.slice(start..end);
        start = end;
    }
}

/// One event's header on its way into a block.
struct BlockHeader<'a> {
    tip: &'a ChainTip,
    context: &'a CommandContext,
    timestamp_ns: u64,
    index: u32,
    remaining: u32,
    version: u64,
    previous: Option<Cid>,
}

impl BlockHeader<'_> {
    fn encode<E: EventPayload>(&self, event: &E, buffer: &mut Vec<u8>) {
        let mut out = Encoder::new(buffer);
        out.map(6);
        out.text("payload");
        event.encode(&mut out);
        out.text("metadata");
        self.encode_metadata(event.schema(), &mut out);
        out.text("timestamp");
        out.uint(self.timestamp_ns);
        out.text("event_type");
        out.text(event.event_type());
        out.text("aggregate_id");
        out.bytes(self.tip.aggregate.as_bytes());
        out.text("previous_cid");
        match &self.previous {
            Some(cid) => out.link(cid),
            None => out.null(),
        }
    }

    fn encode_metadata(&self, schema: u32, out: &mut Encoder<'_>) {
        out.map(8);
        out.text("actor");
        out.text(&self.context.actor);
        out.text("schema");
        out.uint(u64::from(schema));
        out.text("version");
        out.uint(self.version);
        out.text("event_id");
        out.bytes(EventId::of_command(self.context.id, self.index).as_bytes());
        out.text("causation_id");
        match &self.context.causation {
            Some(causation) => out.bytes(causation.as_bytes()),
            None => out.null(),
        }
        out.text("correlation_id");
        out.bytes(self.context.correlation.as_bytes());
        out.text("transaction_id");
        out.bytes(self.context.id.as_bytes());
        out.text("transaction_remaining");
        out.uint(u64::from(self.remaining));
    }
}
