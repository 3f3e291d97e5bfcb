//! What a store must know of an event, read from the end of its block.
//!
//! An event's keys stand in DAG-CBOR's order, so the payload comes first and everything a store needs stands behind it
//! at places that can be found from the end, whatever the payload's size. This reads 14 short fields instead of walking
//! the payload. It does not check the block; [`open_block`](crate::chain::open_block) does.

use crate::cid::{CID_LEN, Cid};
use crate::dag_cbor::Decoder;
use crate::id::{AggregateId, TransactionId};

/// What stands behind an event's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The event's version.
    pub version: u64,
    /// Its wire name.
    pub event_type: &'a str,
    /// The CID of the aggregate's event before it.
    pub previous: Option<Cid>,
    /// Events of the same transaction that follow in this aggregate.
    pub transaction_remaining: u32,
    /// The transaction it belongs to.
    pub transaction: TransactionId,
    /// When it was sealed, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
}

/// A wire name's length that a one-byte head holds, at most.
const SHORT_TEXT_MAX: usize = 23;

impl<'a> Envelope<'a> {
    /// Reads the envelope of a block, or `None` where the block is no event, or one whose wire name is longer than 23
    /// bytes or not printable ASCII.
    ///
    /// A block made to deceive may be read as another envelope than its own; who keeps blocks from elsewhere compares
    /// once with what the whole block says.
    pub fn of(block: &'a [u8]) -> Option<Self> {
        Self::split(block).map(|(envelope, _)| envelope)
    }

    /// Reads the envelope of a block that is a canonical event from its first byte to its last, or `None` where it is
    /// not, or where [`of`](Self::of) cannot read it.
    ///
    /// What it accepts [`open_block`](crate::chain::open_block) accepts, and says the same of it: the fields that are
    /// read from the end are exactly those that follow what is read from the start.
    pub fn of_canonical(block: &'a [u8]) -> Option<Self> {
        let (envelope, start) = Self::split(block)?;
        let mut input = Decoder::new(block);
        input.map_of(6, "").ok()?;
        input.key("payload").ok()?;
        input.skip().ok()?;
        input.key("metadata").ok()?;
        input.map_of(8, "").ok()?;
        input.key("actor").ok()?;
        input.text().ok()?;
        input.key("schema").ok()?;
        input.uint32().ok()?;
        let linked = envelope.version > 0 && (envelope.version == 1) == envelope.previous.is_none();
        (input.position() == start && linked).then_some(envelope)
    }

    /// Reads the envelope and where its first field starts.
    fn split(block: &'a [u8]) -> Option<(Self, usize)> {
        let mut rest = block;
        let previous = take_link_or_null(&mut rest)?;
        take(&mut rest, b"\x6cprevious_cid")?;
        let aggregate = AggregateId::from_bytes(take_bytes16(&mut rest)?);
        take(&mut rest, b"\x6caggregate_id")?;
        let event_type = take_short_text(&mut rest, b"\x6aevent_type")?;
        let timestamp_ns = take_uint(&mut rest, b"\x69timestamp")?;
        let transaction_remaining = take_uint(&mut rest, b"\x75transaction_remaining")?;
        let transaction = TransactionId::from_bytes(take_bytes16(&mut rest)?);
        take(&mut rest, b"\x6etransaction_id")?;
        take_bytes16(&mut rest)?;
        take(&mut rest, b"\x6ecorrelation_id")?;
        take_causation(&mut rest)?;
        take_bytes16(&mut rest)?;
        take(&mut rest, b"\x68event_id")?;
        let version = take_uint(&mut rest, b"\x67version")?;
        let transaction_remaining = u32::try_from(transaction_remaining).ok()?;
        let envelope =
            Self { aggregate, version, event_type, previous, transaction_remaining, transaction, timestamp_ns };
        Some((envelope, rest.len()))
    }
}

/// Takes `expected` from the end.
fn take(rest: &mut &[u8], expected: &[u8]) -> Option<()> {
    *rest = rest.strip_suffix(expected)?;
    Some(())
}

fn take_link_or_null(rest: &mut &[u8]) -> Option<Option<Cid>> {
    if let Some((before, link)) = rest.split_last_chunk::<{ 5 + CID_LEN }>()
        && link.starts_with(&[0xd8, 0x2a, 0x58, 37, 0])
    {
        *rest = before;
        return Some(Some(Cid::from_bytes(&link[5..]).ok()?));
    }
    take(rest, &[0xf6])?;
    Some(None)
}

fn take_bytes16(rest: &mut &[u8]) -> Option<[u8; 16]> {
    let (before, bytes) = rest.split_last_chunk::<16>()?;
    *rest = before.strip_suffix(&[0x50])?;
    Some(*bytes)
}

/// Takes the causation, bytes or null, with its key.
fn take_causation(rest: &mut &[u8]) -> Option<()> {
    let key = b"\x6ccausation_id";
    let mut ahead = *rest;
    if take_bytes16(&mut ahead).is_some() && take(&mut ahead, key).is_some() {
        *rest = ahead;
        return Some(());
    }
    take(rest, &[0xf6])?;
    take(rest, key)
}

/// Takes a text of up to 23 printable ASCII bytes with its key before it.
fn take_short_text<'a>(rest: &mut &'a [u8], key: &[u8]) -> Option<&'a str> {
    for len in 1..=SHORT_TEXT_MAX {
        let at = rest.len().checked_sub(len)?;
        if !matches!(rest[at], 0x21..=0x7e) {
            return None;
        }
        let head = *rest.get(at.checked_sub(1)?)?;
        if usize::from(head) == 0x60 + len
            && let Some(before) = rest[..at - 1].strip_suffix(key)
        {
            let text = std::str::from_utf8(&rest[at..]).ok();
            *rest = before;
            return text;
        }
    }
    None
}

/// Takes an unsigned integer below 2^63 in its shortest form with its key before it.
fn take_uint(rest: &mut &[u8], key: &[u8]) -> Option<u64> {
    for (len, head, least) in [(8, 0x1b, 1 << 32), (4, 0x1a, 1 << 16), (2, 0x19, 1 << 8), (1, 0x18, 24)] {
        if let Some(at) = rest.len().checked_sub(len + 1)
            && rest[at] == head
            && let Some(before) = rest[..at].strip_suffix(key)
        {
            let value = rest[at + 1..].iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
            *rest = before;
            return (least..1 << 63).contains(&value).then_some(value);
        }
    }
    let (value, before) = rest.split_last()?;
    *rest = before.strip_suffix(key)?;
    (*value < 24).then_some(u64::from(*value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dag_cbor::Encoder;

    fn uint() -> impl Strategy<Value = u64> {
        (0..63_u32).prop_flat_map(|bits| 0..=((u64::MAX >> 1) >> bits))
    }

    proptest! {
        #[test]
        fn the_end_of_a_block_says_what_was_written(
            payload: Vec<u8>,
            version in prop_oneof![Just(1), uint()],
            timestamp_ns in uint(),
            transaction_remaining: u32,
            event_type in "[!-~]{1,23}",
            aggregate: [u8; 16],
            others: [[u8; 16]; 4],
            causation: bool,
            previous: Option<[u8; 32]>,
            changed in proptest::collection::vec((any::<usize>(), 0..8_u32), 40),
        ) {
            let mut block = Vec::new();
            let mut out = Encoder::new(&mut block);
            out.map(6);
            out.text("payload");
            out.bytes(&payload);
            out.text("metadata");
            out.map(8);
            out.text("actor");
            out.text("a");
            out.text("schema");
            out.uint(1);
            out.text("version");
            out.uint(version);
            out.text("event_id");
            out.bytes(&others[0]);
            out.text("causation_id");
            if causation { out.bytes(&others[1]) } else { out.null() }
            out.text("correlation_id");
            out.bytes(&others[2]);
            out.text("transaction_id");
            out.bytes(&others[3]);
            out.text("transaction_remaining");
            out.uint(u64::from(transaction_remaining));
            out.text("timestamp");
            out.uint(timestamp_ns);
            out.text("event_type");
            out.text(&event_type);
            out.text("aggregate_id");
            out.bytes(&aggregate);
            out.text("previous_cid");
            let previous = previous.map(|digest| Cid::from_digest(crate::cid::HashKind::Sha2_256, digest));
            match &previous {
                Some(cid) => out.link(cid),
                None => out.null(),
            }
            let aggregate = AggregateId::from_bytes(aggregate);
            let transaction = TransactionId::from_bytes(others[3]);
            let event_type = event_type.as_str();
            let expected =
                Envelope { aggregate, version, event_type, previous, transaction_remaining, transaction, timestamp_ns };
            prop_assert_eq!(Envelope::of(&block), Some(expected));
            let canonical = Envelope::of_canonical(&block);
            prop_assert_eq!(canonical, crate::chain::open_block(&block).is_ok().then_some(expected));
            for (at, bit) in changed {
                let mut block = block.clone();
                let at = at % block.len();
                block[at] ^= 1 << bit;
                if let Some(envelope) = Envelope::of_canonical(&block) {
                    let header = crate::chain::open_block(&block).unwrap().header;
                    let whole = (header.aggregate, header.metadata.version, header.previous, header.timestamp_ns);
                    let read = (envelope.aggregate, envelope.version, envelope.previous, envelope.timestamp_ns);
                    prop_assert_eq!(whole, read);
                    prop_assert_eq!(header.event_type.as_str(), envelope.event_type);
                    prop_assert_eq!(header.metadata.transaction, envelope.transaction);
                    prop_assert_eq!(header.metadata.transaction_remaining, envelope.transaction_remaining);
                }
            }
            for len in 0..block.len() {
                let _ = Envelope::of(&block[len..]);
                prop_assert_eq!(Envelope::of(&block[..len]), None);
            }
        }
    }
}
