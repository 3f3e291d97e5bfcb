//! Blocks: what a block says, and reading it without trusting it.

use bytes::Bytes;

use crate::cid::{Cid, HashKind};
use crate::dag_cbor::{CodecError, Decoder};
use crate::event::{DecodeError, EventPayload};
use crate::id::{AggregateId, CausationId, CorrelationId, EventId, TransactionId};
use crate::store::{Envelope, SealedEvent};
use crate::value::Name;

/// What a block says about its event besides the payload.
///
/// `Text` is [`Name`], or `&str` where the header borrows from the block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHeader<Text = Name> {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The event's wire name.
    pub event_type: Text,
    /// The CID of the aggregate's event before it.
    pub previous: Option<Cid>,
    /// When it was sealed, nanoseconds since the Unix epoch; never less than that of the event before.
    pub timestamp_ns: u64,
    /// Who and why.
    pub metadata: Metadata<Text>,
}

/// Who brought an event about, why, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata<Text = Name> {
    /// Who asked.
    pub actor: Text,
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
pub struct OpenedBlock<'a, Text = Name> {
    /// What it says about the event.
    pub header: EventHeader<Text>,
    /// The payload, one strict DAG-CBOR value.
    pub payload: &'a [u8],
}

impl<Text: AsRef<str>> OpenedBlock<'_, Text> {
    /// Reads the payload and appends the events that it means today: most often one.
    ///
    /// # Errors
    /// As [`EventPayload::decode`]; `events` is then as it was.
    pub fn decode<E: EventPayload>(&self, events: &mut Vec<E>) -> Result<(), DecodeError> {
        let before = events.len();
        let mut payload = Decoder::new(self.payload);
        let outcome = E::decode(self.header.event_type.as_ref(), self.header.metadata.schema, &mut payload, events)
            .and_then(|()| Ok(payload.finish()?));
        if outcome.is_err() {
            events.truncate(before);
        }
        outcome
    }
}

impl<'a> OpenedBlock<'a, &str> {
    /// Copies the header's texts out of the block.
    pub fn into_named(self) -> OpenedBlock<'a> {
        let EventHeader { aggregate, event_type, previous, timestamp_ns, metadata } = self.header;
        let header = EventHeader {
            aggregate,
            event_type: Name::new(event_type),
            previous,
            timestamp_ns,
            metadata: metadata.into_named(),
        };
        OpenedBlock { header, payload: self.payload }
    }
}

impl Metadata<&str> {
    fn into_named(self) -> Metadata {
        Metadata {
            actor: Name::new(self.actor),
            causation: self.causation,
            correlation: self.correlation,
            event: self.event,
            schema: self.schema,
            transaction: self.transaction,
            transaction_remaining: self.transaction_remaining,
            version: self.version,
        }
    }
}

/// Takes a block apart, checking that it is strict, canonical DAG-CBOR with exactly the fields of an event.
///
/// # Errors
/// Where it is not; the error says at which byte.
pub fn open_block(block: &[u8]) -> Result<OpenedBlock<'_>, CodecError> {
    open_block_in_place(block).map(OpenedBlock::into_named)
}

/// Takes a block apart as [`open_block`] does, with texts that borrow from it: nothing is copied or allocated.
///
/// # Errors
/// As [`open_block`].
#[inline]
pub fn open_block_in_place(block: &[u8]) -> Result<OpenedBlock<'_, &str>, CodecError> {
    let mut input = Decoder::new(block);
    input.map_of(6, "a map of the six fields of an event")?;
    input.key("payload")?;
    let payload = input.skip()?;
    input.key("metadata")?;
    let metadata = decode_metadata(&mut input)?;
    input.key("timestamp")?;
    let timestamp_ns = input.uint()?;
    input.key("event_type")?;
    let event_type = input.text()?;
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

#[inline(always)]
fn decode_metadata<'a>(input: &mut Decoder<'a>) -> Result<Metadata<&'a str>, CodecError> {
    input.map_of(8, "a map of the eight fields of metadata")?;
    input.key("actor")?;
    let actor = input.text()?;
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
    /// Makes a sealed event of a block that is kept under a CID. The block is not hashed, and not looked at further than
    /// what is told of it: that it is canonical and its CID's is for whoever verifies.
    ///
    /// # Errors
    /// Where the block is no event.
    pub fn kept(cid: Cid, block: Bytes) -> Result<Self, CodecError> {
        if let Some(envelope) = Envelope::of(&block) {
            let Envelope { aggregate, version, previous, transaction_remaining, .. } = envelope;
            let event_type = envelope.event_type.into();
            return Ok(Self { aggregate, version, event_type, cid, previous, transaction_remaining, block });
        }
        Ok(Self::opened(cid, open_block(&block)?.header, block))
    }

    /// Makes a sealed event of a block from elsewhere, computing its CID.
    ///
    /// # Errors
    /// Where the block is not a canonical event.
    pub fn from_block(hash: HashKind, block: Bytes) -> Result<Self, CodecError> {
        let header = open_block(&block)?.header;
        Ok(Self::opened(Cid::of_block(hash, &block), header, block))
    }

    fn opened(cid: Cid, header: EventHeader, block: Bytes) -> Self {
        let EventHeader { aggregate, event_type, previous, metadata, .. } = header;
        let (version, transaction_remaining) = (metadata.version, metadata.transaction_remaining);
        Self { aggregate, version, event_type, cid, previous, transaction_remaining, block }
    }
}
