//! Where a segment's events stand: the table kept in memory for the segment that is written, and in a side file for
//! each sealed one.
//!
//! A side file is a cache: checksummed, a function of the segment's bytes alone, made again where it is lost or damaged.
//! Its first part (streams and heads) is enough to open a store; its second part (places) is read when events are.

use cidgraph::{AggregateId, Cid, HashKind};

const MAGIC: &[u8; 8] = b"cidgidx1";
const HEADER_LEN: usize = 64;
const STREAM_LEN: usize = 64;
const CHECKSUM_LEN: usize = 32;

/// Where a segment's events stand. Events are numbered from 0 within the segment, aggregates ("slots") in the order in
/// which they first appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The sequence of event 0.
    pub(crate) first_sequence: u64,
    /// Where each event's section starts.
    offsets: Vec<u32>,
    /// Where the last commit ends.
    pub(crate) end: u32,
    /// The last commit.
    pub(crate) last_commit: Option<Cid>,
    streams: Vec<StreamTable>,
}

/// One aggregate's events in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StreamTable {
    aggregate: AggregateId,
    first_version: u64,
    /// The CID of the last.
    last: Cid,
    /// The numbers of the events; their versions are contiguous.
    events: Vec<u32>,
}

/// One aggregate's events in a sealed segment, without their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamSummary {
    pub(crate) aggregate: AggregateId,
    pub(crate) first_version: u64,
    pub(crate) last_version: u64,
    pub(crate) last: Cid,
}

/// The first part of a side file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) first_sequence: u64,
    pub(crate) events: u32,
    pub(crate) end: u32,
    pub(crate) last_commit: Option<Cid>,
    pub(crate) streams: Vec<StreamSummary>,
}

/// Where one event stands: its section starts at `offset` and ends at or before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    pub(crate) offset: u32,
    pub(crate) end: u32,
}

impl Table {
    /// Makes the table of a segment without events that ends after its header.
    pub(crate) const fn new(first_sequence: u64, end: u32, last_commit: Option<Cid>) -> Self {
        Self { first_sequence, offsets: Vec::new(), end, last_commit, streams: Vec::new() }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let numbers = self.streams.iter().map(|stream| stream.events.capacity());
        let numbers = self.offsets.capacity() + numbers.sum::<usize>();
        numbers * size_of::<u32>() + self.streams.capacity() * size_of::<StreamTable>()
    }

    pub(crate) fn events(&self) -> u32 {
        u32::try_from(self.offsets.len()).expect("each event takes bytes of a file smaller than 4 GiB")
    }

    /// Adds an aggregate and returns its slot.
    pub(crate) fn add_stream(&mut self, aggregate: AggregateId, first_version: u64, last: Cid) -> u32 {
        let slot = u32::try_from(self.streams.len()).expect("there are no more aggregates than events");
        self.streams.push(StreamTable { aggregate, first_version, last, events: Vec::new() });
        slot
    }

    /// Adds the next events of an aggregate.
    pub(crate) fn extend(&mut self, slot: u32, offsets: impl Iterator<Item = u32>, last: Cid) {
        let before = self.events();
        self.offsets.extend(offsets);
        let after = self.events();
        let stream = &mut self.streams[slot as usize];
        stream.events.extend(before..after);
        stream.last = last;
    }

    /// Returns the places of the versions `from..=to` of the aggregate in `slot`; `None` where they are not all here.
    pub(crate) fn places_of(&self, slot: u32, from: u64, to: u64) -> Option<Vec<Place>> {
        let stream = self.streams.get(slot as usize)?;
        let index = |version: u64| usize::try_from(version.checked_sub(stream.first_version)?).ok();
        let events = stream.events.get(index(from)?..=index(to)?)?;
        Some(events.iter().map(|event| self.place(*event)).collect())
    }

    /// Returns the places of the sequences `from..=to`; `None` where they are not all here.
    pub(crate) fn places(&self, from: u64, to: u64) -> Option<Vec<Place>> {
        let event = |sequence: u64| u32::try_from(sequence.checked_sub(self.first_sequence)?).ok();
        let events = event(from)?..=event(to)?;
        (*events.end() < self.events()).then(|| events.map(|event| self.place(event)).collect())
    }

    /// Returns the aggregate, version and sequence of the event that has a byte at `offset`.
    pub(crate) fn at(&self, offset: u64) -> Option<(AggregateId, u64, u64)> {
        let after = self.offsets.partition_point(|start| u64::from(*start) <= offset);
        let event = u32::try_from(after.checked_sub(1)?).ok()?;
        self.streams.iter().find_map(|stream| {
            let index = stream.events.binary_search(&event).ok()?;
            Some((stream.aggregate, stream.first_version + index as u64, self.first_sequence + u64::from(event)))
        })
    }

    fn place(&self, event: u32) -> Place {
        let at = event as usize;
        let end = self.offsets.get(at + 1).copied().unwrap_or(self.end);
        Place { sequence: self.first_sequence + u64::from(event), offset: self.offsets[at], end }
    }

    /// Returns the table without its places.
    pub(crate) fn summary(&self) -> Summary {
        let streams = self.streams.iter().map(|stream| StreamSummary {
            aggregate: stream.aggregate,
            first_version: stream.first_version,
            last_version: stream.first_version + (stream.events.len() as u64 - 1),
            last: stream.last,
        });
        Summary {
            first_sequence: self.first_sequence,
            events: self.events(),
            end: self.end,
            last_commit: self.last_commit,
            streams: streams.collect(),
        }
    }

    /// Returns the bytes of the side file.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(Summary::file_len(self.streams.len(), self.offsets.len()));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.first_sequence.to_le_bytes());
        out.extend_from_slice(&self.events().to_le_bytes());
        out.extend_from_slice(&self.end.to_le_bytes());
        let streams = u32::try_from(self.streams.len()).expect("there are no more aggregates than events");
        out.extend_from_slice(&streams.to_le_bytes());
        out.extend_from_slice(&u32::from(self.last_commit.is_some()).to_le_bytes());
        out.extend_from_slice(&self.last_commit.map_or([0; 32], |cid| *cid.digest()));
        for stream in &self.streams {
            out.extend_from_slice(stream.aggregate.as_bytes());
            out.extend_from_slice(&stream.first_version.to_le_bytes());
            out.extend_from_slice(&(stream.events.len() as u64).to_le_bytes());
            out.extend_from_slice(stream.last.digest());
        }
        let summary_len = out.len();
        let checksum = HashKind::Blake3.digest(&out);
        out.extend_from_slice(&checksum);
        for number in self.offsets.iter().chain(self.streams.iter().flat_map(|stream| &stream.events)) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let checksum = HashKind::Blake3.digest(&out[summary_len..]);
        out.extend_from_slice(&checksum);
        out
    }

    /// Returns whether events stand one behind the other and each belongs to one aggregate, as in every table that was
    /// made of a segment; a checksum alone does not tell who made it.
    fn is_sound(&self) -> bool {
        let behind = |numbers: &[u32]| numbers.is_sorted_by(|one, next| one < next);
        let within = self.offsets.last().is_none_or(|last| *last < self.end);
        let mut seen = vec![false; self.offsets.len()];
        let mut once = |event: &u32| seen.get_mut(*event as usize).is_some_and(|seen| !std::mem::replace(seen, true));
        let each = self.streams.iter().all(|stream| behind(&stream.events) && stream.events.iter().all(&mut once));
        behind(&self.offsets) && within && each && !seen.contains(&false)
    }

    /// Reads a whole side file; `None` where it is damaged.
    pub(crate) fn decode(file: &[u8], hash: HashKind) -> Option<Self> {
        let summary = Summary::decode(file, hash)?;
        let (body, checksum) = file[Summary::len_of(summary.streams.len()) - CHECKSUM_LEN..].split_last_chunk()?;
        if HashKind::Blake3.digest(body) != *checksum {
            return None;
        }
        let mut numbers = body[CHECKSUM_LEN..].as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes));
        let offsets: Vec<u32> = numbers.by_ref().take(summary.events as usize).collect();
        let streams = summary.streams.iter().map(|stream| {
            let len = usize::try_from(stream.last_version - stream.first_version).ok()? + 1;
            let events: Vec<u32> = numbers.by_ref().take(len).collect();
            let StreamSummary { aggregate, first_version, last, .. } = *stream;
            (events.len() == len).then_some(StreamTable { aggregate, first_version, last, events })
        });
        let streams = streams.collect::<Option<Vec<_>>>()?;
        let Summary { first_sequence, end, last_commit, .. } = summary;
        let whole = offsets.len() == summary.events as usize && numbers.next().is_none();
        let table = Self { first_sequence, offsets, end, last_commit, streams };
        (whole && table.is_sound()).then_some(table)
    }
}

impl Summary {
    /// Returns how many bytes the header takes.
    pub(crate) const fn header_len() -> usize {
        HEADER_LEN
    }

    /// Returns how many bytes the first part takes, as its header says; `None` where this is no header.
    pub(crate) fn first_part_len(header: &[u8]) -> Option<usize> {
        let streams = header.get(24..28)?.try_into().ok()?;
        header.starts_with(MAGIC).then_some(Self::len_of(u32::from_le_bytes(streams) as usize))
    }

    /// Reads the first part at the start of `file`; `None` where it is damaged.
    pub(crate) fn decode(file: &[u8], hash: HashKind) -> Option<Self> {
        let (body, checksum) = file.get(..Self::first_part_len(file)?)?.split_last_chunk()?;
        if HashKind::Blake3.digest(body) != *checksum {
            return None;
        }
        let (header, streams) = body.split_first_chunk::<HEADER_LEN>()?;
        let digest = header[32..64].try_into().ok()?;
        let last_commit = (number32(header, 28) == 1).then_some(Cid::from_digest(hash, digest));
        let streams = streams.as_chunks::<STREAM_LEN>().0.iter().map(|stream| {
            let (first_version, count) = (number64(stream, 16), number64(stream, 24));
            let count = u32::try_from(count).ok()?;
            Some(StreamSummary {
                aggregate: AggregateId::from_bytes(stream[..16].try_into().expect("sixteen bytes")),
                first_version,
                last_version: first_version.checked_add(u64::from(count.checked_sub(1)?))?,
                last: Cid::from_digest(hash, stream[32..].try_into().expect("32 bytes")),
            })
        });
        let streams: Vec<StreamSummary> = streams.collect::<Option<_>>()?;
        let events = number32(header, 16);
        let counted = streams.iter().map(|stream| stream.last_version - stream.first_version + 1).sum::<u64>();
        let (first_sequence, end) = (number64(header, 8), number32(header, 20));
        (counted == u64::from(events)).then_some(Self { first_sequence, events, end, last_commit, streams })
    }

    const fn len_of(streams: usize) -> usize {
        HEADER_LEN + streams * STREAM_LEN + CHECKSUM_LEN
    }

    const fn file_len(streams: usize, events: usize) -> usize {
        Self::len_of(streams) + events * 8 + CHECKSUM_LEN
    }
}

fn number64(bytes: &[u8; 64], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn number32(bytes: &[u8; 64], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let cid = |number: u8| Cid::of_block(HashKind::Sha2_256, &[number]);
        let mut table = Table::new(100, 90, Some(cid(0)));
        let one = table.add_stream(AggregateId::from_u64(1), 5, cid(1));
        let two = table.add_stream(AggregateId::from_u64(2), 1, cid(1));
        table.extend(one, [10, 20].into_iter(), cid(2));
        table.extend(two, [30].into_iter(), cid(3));
        table.extend(one, [40].into_iter(), cid(4));
        table.end = 60;
        table
    }

    #[test]
    fn places_are_found_by_version_sequence_and_offset() {
        let table = table();
        let place = |sequence, offset, end| Place { sequence, offset, end };
        assert_eq!(table.places_of(0, 6, 7), Some(vec![place(101, 20, 30), place(103, 40, 60)]));
        assert_eq!(table.places(102, 103), Some(vec![place(102, 30, 40), place(103, 40, 60)]));
        assert_eq!([table.places_of(0, 4, 5), table.places_of(0, 7, 8), table.places_of(2, 1, 1)], [None, None, None]);
        assert_eq!([table.places(99, 100), table.places(103, 104)], [None, None]);
        assert_eq!(table.at(45), Some((AggregateId::from_u64(1), 7, 103)));
        assert_eq!(table.at(9), None);
    }

    /// Found by the fuzz target `open_car`: whoever computes the checksums could make a reader panic.
    #[test]
    fn a_side_file_that_no_segment_has_is_refused_whatever_its_checksum() {
        let refused = |change: fn(&mut Table)| {
            let mut table = table();
            change(&mut table);
            assert_eq!(Table::decode(&table.encode(), HashKind::Sha2_256), None, "{table:?}");
        };
        refused(|table| table.offsets.swap(0, 3));
        refused(|table| table.offsets[1] = table.offsets[0]);
        refused(|table| table.end = 40);
        refused(|table| table.streams[0].events[2] = 4);
        refused(|table| table.streams[0].events[2] = 2);
        refused(|table| table.streams[0].events.swap(0, 1));
        refused(|table| table.offsets.push(50));
    }

    #[test]
    fn the_side_file_reads_back_and_no_changed_byte_passes() {
        let table = table();
        let file = table.encode();
        assert_eq!(file.len(), Summary::file_len(2, 4));
        assert_eq!(Table::decode(&file, HashKind::Sha2_256), Some(table.clone()));
        assert_eq!(Summary::decode(&file, HashKind::Sha2_256), Some(table.summary()));
        for at in 0..file.len() {
            let mut changed = file.clone();
            changed[at] ^= 1;
            assert_eq!(Table::decode(&changed, HashKind::Sha2_256), None, "byte {at}");
            assert_eq!(Table::decode(&file[..at], HashKind::Sha2_256), None, "cut at {at}");
        }
    }
}
