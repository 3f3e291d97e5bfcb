//! Any bytes as a block: reading never panics, what is accepted is written again byte for byte, and another DAG-CBOR
//! decoder reads the same.

#![no_main]

use cidgraph::chain::open_block_in_place;
use cidgraph::dag_cbor::{Decoder, Encoder};
use cidgraph::{Cid, EventPayload, GraphEvent, Value};
use ipld_core::ipld::Ipld;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let value = check_value(bytes);
    if let Ok(opened) = open_block_in_place(bytes) {
        assert!(value.is_some(), "an event that is no value");
        let (event_type, schema) = (opened.header.event_type, opened.header.metadata.schema);
        let mut events = Vec::new();
        if opened.decode::<GraphEvent>(&mut events).is_ok() {
            check_payload(event_type, schema, opened.payload, &events);
        } else {
            assert!(events.is_empty(), "a part of a payload that was refused");
        }
    }
});

/// What ours accepts, the other decoder reads as the same value, and both write the same bytes.
fn check_value(bytes: &[u8]) -> Option<Value> {
    let mut skipping = Decoder::new(bytes);
    let skipped = skipping.skip().is_ok() && skipping.finish().is_ok();
    let mut decoder = Decoder::new(bytes);
    let value = decoder.value().ok().filter(|_| decoder.finish().is_ok());
    assert_eq!(skipped, value.is_some(), "skipping and reading disagree");
    let value = value?;
    let mut again = Vec::new();
    Encoder::new(&mut again).value(&value);
    assert_eq!(again, bytes);
    let theirs: Ipld = serde_ipld_dagcbor::from_slice(bytes).expect("ours accepted it");
    assert_eq!(serde_ipld_dagcbor::to_vec(&theirs).expect("it was decoded"), bytes);
    assert_eq!(from_ipld(theirs), value);
    Some(value)
}

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

/// Today's layout is written again byte for byte; an older one means at least one event, and each survives writing.
fn check_payload(event_type: &str, schema: u32, payload: &[u8], events: &[GraphEvent]) {
    assert!(!events.is_empty(), "a payload that means nothing");
    for event in events {
        let mut again = Vec::new();
        event.encode(&mut Encoder::new(&mut again));
        if (event_type, schema) == (event.event_type(), event.schema()) {
            assert_eq!(again, payload);
        }
        let mut read = Vec::new();
        GraphEvent::decode(event.event_type(), event.schema(), &mut Decoder::new(&again), &mut read)
            .expect("it was written");
        assert_eq!(read, std::slice::from_ref(event));
    }
}
