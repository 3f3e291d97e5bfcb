//! A verified event as it comes out of the stream, and a slice of such events.

use bytes::Bytes;

use crate::chain::{EventHeader, OpenedBlock};
use crate::cid::Cid;
use crate::dag_cbor::Decoder;
use crate::event::{DecodeError, EventPayload};
use crate::id::AggregateId;
use crate::store::StoredEvent;

use super::filter::EventFilter;
use super::options::ReplayPolicy;

/// An event whose block has been verified; what it holds shares the block's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// Its place in the store's stream.
    pub sequence: u64,
    /// The CID of its block.
    pub cid: Cid,
    /// What the block says besides the payload.
    pub header: EventHeader,
    /// The block.
    pub block: Bytes,
    /// The payload within it, one DAG-CBOR value.
    pub payload: Bytes,
}

impl StreamEvent {
    /// Makes an event of a stored one that was verified and opened.
    pub(crate) fn new(stored: &StoredEvent, opened: OpenedBlock<'_>) -> Self {
        let block = stored.event.block.clone();
        let payload = block.slice_ref(opened.payload);
        Self { sequence: stored.sequence, cid: stored.event.cid, header: opened.header, block, payload }
    }

    /// Reads the payload: the events that it means today, most often one.
    ///
    /// # Errors
    /// As [`EventPayload::decode`].
    pub fn decode<E: EventPayload>(&self) -> Result<Vec<E>, DecodeError> {
        let mut events = Vec::with_capacity(1);
        let mut input = Decoder::new(&self.payload);
        E::decode(&self.header.event_type, self.header.metadata.schema, &mut input, &mut events)?;
        input.finish()?;
        Ok(events)
    }
}

/// Sequences, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SequenceRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// A slice of the stream that starts and ends at transaction borders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventStreamTransaction {
    /// Where the slice lies, with the events that the filter left out; `None` for an empty one.
    pub range: Option<SequenceRange>,
    /// The aggregate, where the slice is of one.
    pub aggregate: Option<AggregateId>,
    /// The wanted events, in sequence order.
    pub events: Vec<StreamEvent>,
    /// How it was fetched.
    pub metadata: FetchMetadata,
}

/// How a slice was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchMetadata {
    /// Where it was to begin.
    pub replay_policy: ReplayPolicy,
    /// Which events were wanted.
    pub filter: Option<EventFilter>,
    /// Events read and verified, wanted or not.
    pub verified_events: usize,
    /// Whether `max_events` ended it before its end.
    pub more: bool,
}
