//! The event chain: how an event becomes a block with a CID, and how a block is read and checked again.
//!
//! A block is one DAG-CBOR map (DESIGN: the event). Its CID is taken over exactly these bytes, and it names the CID of
//! the aggregate's event before it, so a change of any byte changes every later CID. Sealing writes the bytes once;
//! nothing writes them again.

use bytes::Bytes;

use crate::cid::{Cid, HashKind};
use crate::command::CommandContext;
use crate::dag_cbor::{CodecError, Decoder, Encoder};
use crate::event::EventPayload;
use crate::id::{AggregateId, CausationId, CorrelationId, EventId, TransactionId};
use crate::store::{Head, SealedEvent};
use crate::value::Name;

/// What a block says about its event besides the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHeader {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The event's wire name.
    pub event_type: Name,
    /// The CID of the aggregate's event before it.
    pub previous: Option<Cid>,
    /// When it was sealed, nanoseconds since the Unix epoch; never less than that of the event before.
    pub timestamp_ns: u64,
    /// Who and why.
    pub metadata: Metadata,
}

/// Who brought an event about, why, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Who asked.
    pub actor: Name,
    /// What brought it about.
    pub causation: Option<CausationId>,
    /// What it belongs to.
    pub correlation: CorrelationId,
    /// The event's own id.
    pub event: EventId,
    /// The layout of the payload.
    pub schema: u32,
    /// The transaction it belongs to.
    pub transaction: TransactionId,
    /// Events of that transaction that follow in this aggregate.
    pub transaction_remaining: u32,
    /// Its version, from 1.
    pub version: u64,
}

/// A block taken apart: header, and the payload's bytes in place.
#[derive(Debug, Clone)]
pub struct OpenedBlock<'a> {
    /// What it says about the event.
    pub header: EventHeader,
    /// The payload, one strict DAG-CBOR value.
    pub payload: &'a [u8],
}

/// Why a chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// An event does not follow from the one before, or its bytes are not those its CID names.
    #[error("chain of {aggregate} broken at version {version}{at}: expected {expected}, found {actual}", at = at(*sequence))]
    ChainBroken {
        /// The aggregate.
        aggregate: AggregateId,
        /// The version of the first bad event.
        version: u64,
        /// Its sequence, where there is one.
        sequence: Option<u64>,
        /// What should be there.
        expected: String,
        /// What is there.
        actual: String,
    },
    /// Versions are missing or repeated.
    #[error("chain of {aggregate} has a gap: expected version {expected}, found {actual}")]
    SequenceGap {
        /// The aggregate.
        aggregate: AggregateId,
        /// The version that should come.
        expected: u64,
        /// The version that came.
        actual: u64,
    },
    /// A block is not a canonical event.
    #[error("block {cid} of {aggregate} is not a canonical event: {source}")]
    Codec {
        /// The aggregate that it is kept for.
        aggregate: AggregateId,
        /// The version that it is kept as.
        version: u64,
        /// The CID that it is kept under.
        cid: Cid,
        /// What is wrong.
        source: CodecError,
    },
}

fn at(sequence: Option<u64>) -> String {
    sequence.map_or_else(String::new, |sequence| format!(" (sequence {sequence})"))
}

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

/// Takes a block apart, checking that it is strict, canonical DAG-CBOR with exactly the fields of an event.
///
/// # Errors
/// Where it is not; the error says at which byte.
pub fn open_block(block: &[u8]) -> Result<OpenedBlock<'_>, CodecError> {
    let mut input = Decoder::new(block);
    input.map_of(6, "a map of the six fields of an event")?;
    input.key("payload")?;
    let payload = input.skip()?;
    input.key("metadata")?;
    let metadata = decode_metadata(&mut input)?;
    input.key("timestamp")?;
    let timestamp_ns = input.uint()?;
    input.key("event_type")?;
    let event_type = Name::new(input.text()?);
    input.key("aggregate_id")?;
    let aggregate = AggregateId::from_bytes(input.bytes16()?);
    input.key("previous_cid")?;
    let previous = if input.take_null() { None } else { Some(input.link()?) };
    input.finish()?;
    if metadata.version == 0 || (metadata.version == 1) != previous.is_none() {
        return Err(input.error("version 1 without previous_cid, or a later version with one"));
    }
    Ok(OpenedBlock { header: EventHeader { aggregate, event_type, previous, timestamp_ns, metadata }, payload })
}

fn decode_metadata(input: &mut Decoder<'_>) -> Result<Metadata, CodecError> {
    input.map_of(8, "a map of the eight fields of metadata")?;
    input.key("actor")?;
    let actor = Name::new(input.text()?);
    input.key("schema")?;
    let schema = input.uint32()?;
    input.key("version")?;
    let version = input.uint()?;
    input.key("event_id")?;
    let event = EventId::from_bytes(input.bytes16()?);
    input.key("causation_id")?;
    let causation = if input.take_null() { None } else { Some(CausationId::from_bytes(input.bytes16()?)) };
    input.key("correlation_id")?;
    let correlation = CorrelationId::from_bytes(input.bytes16()?);
    input.key("transaction_id")?;
    let transaction = TransactionId::from_bytes(input.bytes16()?);
    input.key("transaction_remaining")?;
    let transaction_remaining = input.uint32()?;
    Ok(Metadata { actor, causation, correlation, event, schema, transaction, transaction_remaining, version })
}

impl SealedEvent {
    /// Makes a sealed event of a block from elsewhere, computing its CID.
    ///
    /// # Errors
    /// Where the block is not a canonical event.
    pub fn from_block(hash: HashKind, block: Bytes) -> Result<Self, CodecError> {
        let opened = open_block(&block)?;
        let EventHeader { aggregate, event_type, previous, metadata, .. } = opened.header;
        let cid = Cid::of_block(hash, &block);
        Ok(Self {
            aggregate,
            version: metadata.version,
            event_type,
            cid,
            previous,
            transaction_remaining: metadata.transaction_remaining,
            block,
        })
    }
}

/// What a verified event leaves behind for the check of the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The event's version.
    pub version: u64,
    /// Its CID.
    pub cid: Cid,
    /// Its timestamp.
    pub timestamp_ns: u64,
    /// Its transaction.
    pub transaction: TransactionId,
    /// Events of that transaction still to come.
    pub transaction_remaining: u32,
}

/// Checks one event by itself: the CID is that of the bytes, and the bytes say what the store says of them. Independent
/// of every other event, so a log verifies in parallel.
///
/// # Errors
/// [`ChainError::Codec`] or [`ChainError::ChainBroken`].
pub fn verify_block<'a>(event: &'a SealedEvent, sequence: Option<u64>) -> Result<(OpenedBlock<'a>, Link), ChainError> {
    let broken = |expected: String, actual: String| ChainError::ChainBroken {
        aggregate: event.aggregate,
        version: event.version,
        sequence,
        expected,
        actual,
    };
    let cid = Cid::of_block(event.cid.hash_kind(), &event.block);
    if cid != event.cid {
        return Err(broken(event.cid.to_string(), cid.to_string()));
    }
    let opened = open_block(&event.block).map_err(|source| ChainError::Codec {
        aggregate: event.aggregate,
        version: event.version,
        cid,
        source,
    })?;
    let header = &opened.header;
    if header.aggregate != event.aggregate {
        return Err(broken(format!("aggregate {}", event.aggregate), format!("aggregate {}", header.aggregate)));
    }
    if header.metadata.version != event.version {
        return Err(broken(format!("version {}", event.version), format!("version {}", header.metadata.version)));
    }
    if header.event_type != event.event_type {
        return Err(broken(event.event_type.to_string(), header.event_type.to_string()));
    }
    if header.metadata.transaction_remaining != event.transaction_remaining || header.previous != event.previous {
        return Err(broken("what the block says".to_owned(), "what the store says of it".to_owned()));
    }
    let link = Link {
        version: event.version,
        cid,
        timestamp_ns: header.timestamp_ns,
        transaction: header.metadata.transaction,
        transaction_remaining: header.metadata.transaction_remaining,
    };
    Ok((opened, link))
}

/// Checks that an event follows from the one before it in its aggregate: version, previous CID, time, transaction.
///
/// # Errors
/// [`ChainError::SequenceGap`] or [`ChainError::ChainBroken`].
pub fn verify_link(
    aggregate: AggregateId,
    before: Option<&Link>,
    previous: Option<Cid>,
    link: &Link,
    sequence: Option<u64>,
) -> Result<(), ChainError> {
    let expected = before.map_or(1, |before| before.version.saturating_add(1));
    if link.version != expected || before.is_some_and(|before| before.version == link.version) {
        return Err(ChainError::SequenceGap { aggregate, expected, actual: link.version });
    }
    let broken = |expected: String, actual: String| {
        Err(ChainError::ChainBroken { aggregate, version: link.version, sequence, expected, actual })
    };
    let expected_cid = before.map(|before| before.cid);
    if previous != expected_cid {
        return broken(show(expected_cid), show(previous));
    }
    let Some(before) = before else { return Ok(()) };
    if link.timestamp_ns < before.timestamp_ns {
        return broken(format!("a timestamp of at least {}", before.timestamp_ns), link.timestamp_ns.to_string());
    }
    if before.transaction_remaining > 0
        && (link.transaction != before.transaction || link.transaction_remaining != before.transaction_remaining - 1)
    {
        return broken(
            format!("transaction {} with {} to go", before.transaction, before.transaction_remaining - 1),
            format!("transaction {} with {} to go", link.transaction, link.transaction_remaining),
        );
    }
    Ok(())
}

fn show(cid: Option<Cid>) -> String {
    cid.map_or_else(|| "no previous event".to_owned(), |cid| cid.to_string())
}
