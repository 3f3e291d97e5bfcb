//! What is asked of both stores.

use proptest::prelude::*;

/// Aggregates there are.
pub(super) const STREAMS: usize = 4;

/// What is wrong with an append that both must refuse.
#[derive(Debug, Clone, Copy)]
pub(super) enum Malformed {
    Empty,
    NoEvents,
    Twice,
    Gap,
    Cut,
    OtherHash,
}

/// One question or change.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    /// Whole transactions to the chosen streams, with right expectations.
    Append { streams: u8, transactions: u8, events: u8 },
    /// The same, but one of the streams expects what was so many appends ago, or what never was.
    Stale { streams: u8, stale: u8, back: Option<u8> },
    /// Something no store may take.
    Malformed { how: Malformed, stream: u8 },
    /// A batch that was appended, again.
    Again { back: u8 },
    /// Parts of two batches that were appended, as one.
    Mixed { one: u8, other: u8 },
    /// Events of one stream.
    Read { stream: u8, from: u8, limit: u8 },
    /// Events of all streams, from a place on.
    ReadAll { from: u8, limit: u8 },
    /// The events behind a place that pass a filter.
    Follow { from: u8, stream: Option<u8>, ended: bool },
    /// A reader's place is kept.
    Save { reader: u8, sequence: u8 },
    /// The store on servers is opened again, and remembers nothing.
    Reopen,
}

/// Returns operations of which a third append.
pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let malformed = prop_oneof![
        Just(Malformed::Empty),
        Just(Malformed::NoEvents),
        Just(Malformed::Twice),
        Just(Malformed::Gap),
        Just(Malformed::Cut),
        Just(Malformed::OtherHash),
    ];
    let byte = any::<u8>;
    prop_oneof![
        8 => (1_u8..16, 1_u8..4, 1_u8..5).prop_map(|(streams, transactions, events)| Operation::Append {
            streams,
            transactions,
            events
        }),
        3 => (1_u8..16, byte(), proptest::option::of(0_u8..8)).prop_map(|(streams, stale, back)| Operation::Stale {
            streams,
            stale,
            back
        }),
        1 => (malformed, byte()).prop_map(|(how, stream)| Operation::Malformed { how, stream }),
        3 => (0_u8..12).prop_map(|back| Operation::Again { back }),
        2 => (0_u8..6, 0_u8..6).prop_map(|(one, other)| Operation::Mixed { one, other }),
        4 => (byte(), 0_u8..40, 0_u8..50).prop_map(|(stream, from, limit)| Operation::Read { stream, from, limit }),
        3 => (0_u8..120, 0_u8..150).prop_map(|(from, limit)| Operation::ReadAll { from, limit }),
        2 => (0_u8..120, proptest::option::of(byte()), any::<bool>()).prop_map(|(from, stream, ended)| {
            Operation::Follow { from, stream, ended }
        }),
        1 => (0_u8..3, byte()).prop_map(|(reader, sequence)| Operation::Save { reader, sequence }),
        1 => Just(Operation::Reopen),
    ]
}
