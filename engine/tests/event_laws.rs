//! Laws of the wire form: what is encoded decodes to itself, and whatever is accepted is canonical.

mod event_strategy;

use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::{Cid, DecodeError, EventPayload, GraphEvent, Value};
use event_strategy::{event, value};
use ipld_core::ipld::Ipld;
use proptest::prelude::*;

fn encode(event: &GraphEvent) -> Vec<u8> {
    let mut bytes = Vec::new();
    event.encode(&mut Encoder::new(&mut bytes));
    bytes
}

fn decode(event_type: &str, schema: u32, payload: &[u8]) -> Result<Vec<GraphEvent>, DecodeError> {
    let mut decoder = Decoder::new(payload);
    let mut events = Vec::new();
    GraphEvent::decode(event_type, schema, &mut decoder, &mut events)?;
    decoder.finish()?;
    Ok(events)
}

fn decode_value(bytes: &[u8]) -> Option<Value> {
    let mut decoder = Decoder::new(bytes);
    let value = decoder.value().ok()?;
    decoder.finish().ok().map(|()| value)
}

/// Converts what the other decoder read; panics on what ours must not have accepted.
fn from_ipld(ipld: Ipld) -> Value {
    match ipld {
        Ipld::Null => Value::Null,
        Ipld::Bool(value) => Value::Bool(value),
        Ipld::Integer(value) => Value::Int(value.try_into().expect("64 bits")),
        Ipld::Float(value) => Value::Float(value),
        Ipld::String(value) => Value::from(value),
        Ipld::Bytes(value) => Value::Bytes(value.into()),
        Ipld::List(values) => Value::List(values.into_iter().map(from_ipld).collect()),
        Ipld::Map(map) => Value::Map(map.into_iter().map(|(name, value)| (name, from_ipld(value))).collect()),
        Ipld::Link(cid) => Value::Link(Cid::from_bytes(&cid.to_bytes()).expect("an event's CID")),
    }
}

/// What ours accepts, the other decodes to the same value, both encode to the same bytes, and skipping agrees.
fn check_against_the_other_decoder(bytes: &[u8]) {
    let mut skipping = Decoder::new(bytes);
    let skipped = skipping.skip().is_ok() && skipping.finish().is_ok();
    let ours = decode_value(bytes);
    assert_eq!(skipped, ours.is_some(), "skipping and reading disagree on {bytes:02x?}");
    let Some(ours) = ours else { return };
    let theirs: Ipld = serde_ipld_dagcbor::from_slice(bytes).expect("what ours accepts");
    assert_eq!(serde_ipld_dagcbor::to_vec(&theirs).expect("what was decoded"), bytes);
    assert_eq!(from_ipld(theirs), ours);
    let mut again = Vec::new();
    Encoder::new(&mut again).value(&ours);
    assert_eq!(again, bytes);
}

proptest! {
    #[test]
    fn an_encoded_event_decodes_to_itself(event in event()) {
        let bytes = encode(&event);
        prop_assert_eq!(decode(event.event_type(), event.schema(), &bytes), Ok(vec![event]));
        check_against_the_other_decoder(&bytes);
    }

    #[test]
    fn a_changed_payload_is_refused_or_canonical(event in event(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = encode(&event);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        check_against_the_other_decoder(&bytes);
        if let Ok(events) = decode(event.event_type(), event.schema(), &bytes) {
            prop_assert_eq!(events.len(), 1);
            prop_assert_eq!(encode(&events[0]), bytes);
        }
    }

    #[test]
    fn a_cut_payload_is_refused(event in event(), at in any::<prop::sample::Index>()) {
        let bytes = encode(&event);
        let cut = &bytes[..at.index(bytes.len())];
        prop_assert!(decode(event.event_type(), event.schema(), cut).is_err());
    }

    #[test]
    fn values_agree_with_the_other_decoder(value in value()) {
        let mut bytes = Vec::new();
        Encoder::new(&mut bytes).value(&value);
        prop_assert_eq!(decode_value(&bytes), Some(value));
        check_against_the_other_decoder(&bytes);
    }

    #[test]
    fn arbitrary_bytes_agree_with_the_other_decoder(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        check_against_the_other_decoder(&bytes);
    }

    #[test]
    fn bytes_that_look_like_cbor_agree_with_the_other_decoder(
        bytes in prop::collection::vec(prop::sample::select(&LIKELY[..]), 0..12)
    ) {
        check_against_the_other_decoder(&bytes);
    }
}

/// Heads, small values and letters that together are often nearly valid.
const LIKELY: [u8; 24] = [
    0x00, 0x01, 0x17, 0x18, 0x19, 0x20, 0x38, 0x40, 0x41, 0x60, 0x61, 0x61, b'a', b'b', 0x80, 0x81, 0x82, 0xa0, 0xa1,
    0xa2, 0xd8, 0xf4, 0xf6, 0xfb,
];
