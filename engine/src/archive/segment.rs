//! A segment: some hundred or thousand events of one aggregate, one after another, as a CARv1.
//!
//! Its name tells the versions and the sequences of its first and last event. Its roots are the last event and an index,
//! its first block: a map of the aggregate and the events' sequences, which stand in no event.

use bytes::Bytes;

use crate::car::{CarReader, CarWriter};
use crate::cid::Cid;
use crate::dag_cbor::{CodecError, Decoder, Encoder};
use crate::id::AggregateId;
use crate::store::{SealedEvent, StoredEvent};

/// What the names of all segments start with.
pub(super) const PREFIX: &str = "archive/";

/// What a segment's name ends with.
const SUFFIX: &str = ".car.zst";

/// Bytes of the blocks in one segment, about at most: one block may be more.
pub const SEGMENT_BYTES: usize = 8 << 20;

/// Bytes of a segment that is read, at most: 16 MiB of blocks, CIDs and index.
pub(super) const SEGMENT_BYTES_MAX: u64 = 64 << 20;

/// Which events a segment holds; its name says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The aggregate.
    pub aggregate: AggregateId,
    /// The first and the last version.
    pub versions: (u64, u64),
    /// Their sequences.
    pub sequences: (u64, u64),
}

impl Segment {
    /// Returns the segment that some events make; `None` of no events.
    pub fn of(events: &[StoredEvent]) -> Option<Self> {
        let (first, last) = (events.first()?, events.last()?);
        Some(Self {
            aggregate: first.event.aggregate,
            versions: (first.event.version, last.event.version),
            sequences: (first.sequence, last.sequence),
        })
    }

    /// Returns what the names of an aggregate's segments start with.
    pub fn prefix(aggregate: AggregateId) -> String {
        format!("{PREFIX}{aggregate}/")
    }

    /// Returns its name.
    pub fn name(&self) -> String {
        let Self { aggregate, versions, sequences } = self;
        let prefix = Self::prefix(*aggregate);
        let (first, last) = versions;
        format!("{prefix}{first:012}-{last:012}.{:012}-{:012}{SUFFIX}", sequences.0, sequences.1)
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        let (aggregate, rest) = name.strip_prefix(PREFIX)?.split_once('/')?;
        let (versions, sequences) = rest.strip_suffix(SUFFIX)?.split_once('.')?;
        let range = |text: &str| {
            let (first, last) = text.split_once('-')?;
            let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
            (1 <= first && first <= last).then_some((first, last))
        };
        let segment =
            Self { aggregate: aggregate.parse().ok()?, versions: range(versions)?, sequences: range(sequences)? };
        (segment.name() == name).then_some(segment)
    }
}

/// Writes events of one aggregate, one after another, as a CAR.
///
/// # Panics
/// Where there are none.
pub(crate) fn encode(events: &[StoredEvent]) -> Vec<u8> {
    let last = events.last().expect("a segment has events");
    let mut index = Vec::new();
    let mut out = Encoder::new(&mut index);
    out.map(2);
    out.text("aggregate");
    out.bytes(last.event.aggregate.as_bytes());
    out.text("sequences");
    out.list(events.len());
    events.iter().for_each(|stored| out.uint(stored.sequence));
    let cid = Cid::of_block(last.event.cid.hash_kind(), &index);
    let write = || {
        let mut car = CarWriter::new(Vec::new(), &[last.event.cid, cid])?;
        car.section(&cid, &index)?;
        for stored in events {
            car.section(&stored.event.cid, &stored.event.block)?;
        }
        car.finish()
    };
    write().expect("memory takes what is written")
}

/// Reads a segment, checking that it holds the events that its name says, one after another. The blocks are not hashed.
///
/// # Errors
/// Says what is wrong.
pub(super) fn decode(segment: &Segment, bytes: &[u8]) -> Result<Vec<StoredEvent>, String> {
    let events = decode_run(segment.aggregate, segment.versions.0, bytes)?;
    if Segment::of(&events) != Some(*segment) {
        return Err("it does not hold what its name says".to_owned());
    }
    Ok(events)
}

/// Reads events of one aggregate, one after another from a version on, as [`encode`] wrote them. The blocks are not hashed.
///
/// # Errors
/// Says what is wrong.
pub(crate) fn decode_run(aggregate: AggregateId, first: u64, bytes: &[u8]) -> Result<Vec<StoredEvent>, String> {
    let mut car = CarReader::new(bytes).map_err(|error| error.to_string())?;
    let index = car.next().ok_or("it has no index")?.map_err(|error| error.to_string())?;
    let sequences = sequences(&index.block).map_err(|error| format!("its index cannot be read: {error}"))?;
    let mut events: Vec<StoredEvent> = Vec::with_capacity(sequences.len());
    for sequence in sequences {
        let section = car.next().ok_or("events are missing at its end")?.map_err(|error| error.to_string())?;
        let event = sealed(&section.cid, section.block)?;
        let version = first + events.len() as u64;
        let before = events.last();
        let follows =
            before.is_none_or(|before| event.previous == Some(before.event.cid) && before.sequence < sequence);
        if event.aggregate != aggregate || event.version != version || !follows {
            return Err(format!("version {version} is not where it should be"));
        }
        events.push(StoredEvent { sequence, event });
    }
    if car.next().is_some() {
        return Err("it holds more than its index says".to_owned());
    }
    Ok(events)
}

fn sealed(cid: &[u8], block: Bytes) -> Result<SealedEvent, String> {
    let cid = Cid::from_bytes(cid).map_err(|error| error.to_string())?;
    SealedEvent::kept(cid, block).map_err(|error| error.to_string())
}

fn sequences(index: &[u8]) -> Result<Vec<u64>, CodecError> {
    let mut input = Decoder::new(index);
    input.map_of(2, "an index")?;
    input.key("aggregate")?;
    input.bytes16()?;
    input.key("sequences")?;
    let len = input.list_of_at_least(1)?;
    let sequences = (0..len).map(|_| input.uint()).collect::<Result<Vec<_>, _>>()?;
    input.finish()?;
    Ok(sequences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_versions_and_sequences() {
        let aggregate = AggregateId::from_u64(7);
        let segment = Segment { aggregate, versions: (1, 20_000), sequences: (5, 1_234_567_890_123) };
        let name = segment.name();
        assert_eq!(name, format!("archive/{aggregate}/000000000001-000000020000.000000000005-1234567890123.car.zst"));
        assert_eq!(Segment::parse(&name), Some(segment));
        let check = |from: &str, to: &str| assert_eq!(Segment::parse(&name.replace(from, to)), None, "{from} {to}");
        check("archive/", "snapshot/");
        check("000000000001-", "1-");
        check("000000000001-", "000000000000-");
        check("000000000001-000000020000", "000000020000-000000000001");
        check(".car.zst", ".car");
        check(&aggregate.to_string(), "alice");
    }
}
