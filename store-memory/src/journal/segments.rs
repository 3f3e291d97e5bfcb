//! Reads events out of segments: the tables of sealed ones as they are needed, a few of them kept.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use cidgraph::car::split_section;
use cidgraph::chain::open_block;
use cidgraph::store::Envelope;
use cidgraph::value::Name;
use cidgraph::{Cid, Damage, SealedEvent, StoreError, StoredEvent};
use parking_lot::Mutex;

use crate::disk::DiskFile;
use crate::journal::files::{Files, corrupt, read_range, unavailable};
use crate::journal::format::{index_name, segment_header};
use crate::journal::index::{Piece, Sealed};
use crate::journal::scan::{Scan, Start, scan};
use crate::journal::table::{Place, Summary, Table};

/// Sealed segments whose file and table are kept ready, at most: some 170 KB each at the usual size.
const READY_MAX: usize = 16;

/// Bytes read at a time.
const READ_BYTES: u32 = 1 << 20;

/// Bytes of other events that are read over rather than making another call to the disk.
const GAP_BYTES: u32 = 2 << 10;

/// The sealed segments of a journal.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// The one used last stands at the end.
    ready: Mutex<Vec<(u32, Arc<Ready>)>>,
}

#[derive(Debug)]
struct Ready {
    file: Arc<dyn DiskFile>,
    table: Table,
}

impl Segments {
    /// Reads the events of the pieces, in order.
    pub(crate) fn fetch(&self, files: &Files, pieces: Vec<Piece>) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = Vec::new();
        for piece in pieces {
            let (number, file, places) = match piece {
                Piece::Active { number, file, places } => (number, file, places),
                Piece::Versions { segment, slot, from, to } => {
                    let ready = self.ready(files, segment)?;
                    let places = ready.table.places_of(slot, from, to).ok_or_else(|| misfit(files, segment.number))?;
                    (segment.number, Arc::clone(&ready.file), places)
                }
                Piece::Sequences { segment, from, to } => {
                    let ready = self.ready(files, segment)?;
                    let places = ready.table.places(from, to).ok_or_else(|| misfit(files, segment.number))?;
                    (segment.number, Arc::clone(&ready.file), places)
                }
            };
            read_places(files, number, &*file, &places, &mut events)?;
        }
        Ok(events)
    }

    /// Returns the bytes of the tables that are kept ready.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.ready.lock().iter().map(|(_, ready)| size_of::<Ready>() + ready.table.heap_bytes()).sum()
    }

    fn ready(&self, files: &Files, segment: Sealed) -> Result<Arc<Ready>, StoreError> {
        let number = segment.number;
        let mut kept = self.ready.lock();
        if let Some(at) = kept.iter().position(|(kept, _)| *kept == number) {
            let found = kept.remove(at);
            let ready = Arc::clone(&found.1);
            kept.push(found);
            return Ok(ready);
        }
        drop(kept);
        let ready = Arc::new(Ready { file: files.open_segment(number)?, table: load_table(files, segment)? });
        let mut kept = self.ready.lock();
        if kept.len() == READY_MAX {
            kept.remove(0);
        }
        kept.push((number, Arc::clone(&ready)));
        Ok(ready)
    }
}

/// Reads the first part of a sealed segment's index; the index is made again where it does not fit the segment.
pub(crate) fn load_summary(files: &Files, number: u32, start: Start) -> Result<Summary, StoreError> {
    let segment = files.open_segment(number)?;
    let len = segment.length().map_err(|error| unavailable(&files.folder, &error))?;
    let summary = read_summary(files, number).filter(|summary| u64::from(summary.end) == len);
    match summary {
        Some(summary) if summary.first_sequence == start.sequence => Ok(summary),
        _ => Ok(rebuild(files, number, start)?.summary()),
    }
}

fn read_summary(files: &Files, number: u32) -> Option<Summary> {
    let file = files.open_index(number)?;
    let len = file.length().ok()?;
    let header = read_range(&*file, 0, len.min(Summary::header_len() as u64)).ok()?;
    let first_part = Summary::first_part_len(&header)? as u64;
    let bytes = read_range(&*file, 0, first_part.min(len)).ok()?;
    Summary::decode(&bytes, files.hash)
}

/// Reads a sealed segment's index; it is made again where it is lost, damaged or another segment's.
fn load_table(files: &Files, segment: Sealed) -> Result<Table, StoreError> {
    let Sealed { number, first_sequence, end, commit_before } = segment;
    let fits = |table: &Table| (table.first_sequence, table.end) == (first_sequence, end);
    if let Some(table) = read_table(files, number).filter(fits) {
        return Ok(table);
    }
    rebuild(files, number, Start { offset: 0, sequence: first_sequence, commit: commit_before, hash: files.hash })
}

/// The error where a segment's index is no longer what it was when the store was opened.
fn misfit(files: &Files, number: u32) -> StoreError {
    corrupt(Damage {
        place: files.folder.join(index_name(number)).display().to_string(),
        reason: "it does not fit the segment; delete it and open the store again".to_owned(),
        ..Damage::default()
    })
}

/// Reads a sealed segment's index, `None` where it is lost or damaged.
fn read_table(files: &Files, number: u32) -> Option<Table> {
    let file = files.open_index(number)?;
    let bytes = read_range(&*file, 0, file.length().ok()?).ok()?;
    Table::decode(&bytes, files.hash)
}

/// Makes a sealed segment's index from the segment, all of which is checked.
fn rebuild(files: &Files, number: u32, start: Start) -> Result<Table, StoreError> {
    let (scan, header_len) = scan_sealed(files, number, start)?;
    let mut table = Table::new(start.sequence, header_len, start.commit);
    let mut slots = std::collections::HashMap::new();
    for group in &scan.groups {
        for run in &group.runs {
            let add = || table.add_stream(run.aggregate, run.first_version, run.head.cid);
            let slot = *slots.entry(run.aggregate).or_insert_with(add);
            table.extend(slot, run.offsets.iter().copied(), run.head.cid);
        }
        table.end = group.end;
        table.last_commit = Some(group.commit);
    }
    if files.writable {
        files.write_index(number, &table.encode())?;
    }
    Ok(table)
}

/// Scans a sealed segment, in which any damage is an error; `start.offset` is not looked at.
fn scan_sealed(files: &Files, number: u32, start: Start) -> Result<(Scan, u32), StoreError> {
    let place = files.segment_place(number);
    let file = files.open_segment(number)?;
    let read = || read_range(&*file, 0, file.length()?);
    let bytes = read().map_err(|error| unavailable(&files.folder, &error))?;
    let header = segment_header(files.hash);
    if !bytes.starts_with(&header) {
        return Err(corrupt(header_damage(&place)));
    }
    let scan = scan(&place, &bytes[header.len()..], Start { offset: header.len() as u64, ..start });
    match scan.damage {
        Some(damage) => Err(corrupt(named(files, number, damage))),
        None => Ok((scan, u32::try_from(header.len()).expect("the header is short"))),
    }
}

pub(crate) fn header_damage(place: &str) -> Damage {
    Damage {
        place: place.to_owned(),
        offset: Some(0),
        reason: "it does not start with the header of a journal segment".to_owned(),
        ..Damage::default()
    }
}

/// Names the damaged event by the segment's index rather than by its own, damaged bytes.
pub(crate) fn named(files: &Files, number: u32, damage: Damage) -> Damage {
    let event = damage.offset.and_then(|offset| read_table(files, number)?.at(offset));
    match event {
        Some((aggregate, version, sequence)) => {
            Damage { aggregate: Some(aggregate), version: Some(version), sequence: Some(sequence), ..damage }
        }
        None => damage,
    }
}

/// Reads the events at `places`, neighbours together.
fn read_places(
    files: &Files,
    number: u32,
    file: &dyn DiskFile,
    places: &[Place],
    events: &mut Vec<StoredEvent>,
) -> Result<(), StoreError> {
    events.reserve(places.len());
    let mut rest = places;
    while let Some(first) = rest.first() {
        let apart = |pair: &[Place]| {
            pair[1].offset.saturating_sub(pair[0].end) > GAP_BYTES || pair[1].end - first.offset > READ_BYTES
        };
        let count = rest.windows(2).position(apart).map_or(rest.len(), |at| at + 1);
        let (now, later) = rest.split_at(count);
        let end = now.last().expect("at least the first is read").end;
        let bytes = read_range(file, u64::from(first.offset), u64::from(end))
            .map_err(|error| unavailable(&files.folder, &error))?;
        let bytes = Bytes::from(bytes);
        for place in now {
            let at = (place.offset - first.offset) as usize..(place.end - first.offset) as usize;
            let event = stored(&bytes, at, place.sequence);
            let damage = |reason: &str| Damage {
                place: files.segment_place(number),
                offset: Some(u64::from(place.offset)),
                sequence: Some(place.sequence),
                reason: reason.to_owned(),
                ..Damage::default()
            };
            events.push(event.map_err(|reason| corrupt(named(files, number, damage(reason))))?);
        }
        rest = later;
    }
    Ok(())
}

/// Makes an event of its section, which starts at the start of `at`.
fn stored(bytes: &Bytes, at: Range<usize>, sequence: u64) -> Result<StoredEvent, &'static str> {
    let start = at.start;
    let section = split_section(&bytes[at])?.ok_or("the section is longer than its place")?;
    let cid = Cid::from_bytes(section.cid).map_err(|_| "a CID that no event has")?;
    let block = bytes.slice(start + section.len - section.block.len()..start + section.len);
    Ok(StoredEvent { sequence, event: sealed(cid, block)? })
}

/// Makes a sealed event of its block.
fn sealed(cid: Cid, block: Bytes) -> Result<SealedEvent, &'static str> {
    let Some(Envelope { aggregate, version, event_type, previous, transaction_remaining, .. }) = Envelope::of(&block)
    else {
        return sealed_by_whole_block(cid, block);
    };
    let event_type = Name::new(event_type);
    Ok(SealedEvent { aggregate, version, event_type, cid, previous, transaction_remaining, block })
}

fn sealed_by_whole_block(cid: Cid, block: Bytes) -> Result<SealedEvent, &'static str> {
    let header = open_block(&block).map_err(|_| "the block is not a canonical event")?.header;
    Ok(SealedEvent {
        aggregate: header.aggregate,
        version: header.metadata.version,
        event_type: header.event_type,
        cid,
        previous: header.previous,
        transaction_remaining: header.metadata.transaction_remaining,
        block,
    })
}

/// Returns whether what is said of an event is what will be read back from its block.
pub(crate) fn agrees_with_block(event: &SealedEvent) -> bool {
    match Envelope::of(&event.block) {
        Some(envelope) => {
            envelope.aggregate == event.aggregate
                && envelope.version == event.version
                && envelope.event_type == event.event_type
                && envelope.previous == event.previous
                && envelope.transaction_remaining == event.transaction_remaining
        }
        None => sealed_by_whole_block(event.cid, event.block.clone()).is_ok_and(|read| read == *event),
    }
}
