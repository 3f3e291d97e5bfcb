//! What is in the journal: every aggregate's head and where its events stand. Readers see exactly the committed groups.

use std::collections::HashMap;
use std::sync::Arc;

use cidgraph::{AggregateId, Cid, Damage, Head};

use crate::disk::DiskFile;
use crate::journal::scan::Run;
use crate::journal::table::{Place, Summary, Table};

/// The journal's contents; a place in it is a segment's number and a place in that segment's table.
#[derive(Debug)]
pub(crate) struct Index {
    streams: HashMap<AggregateId, Stream, foldhash::fast::RandomState>,
    /// The sealed segments, from number 1.
    sealed: Vec<Sealed>,
    /// The last commit of the last of them.
    sealed_commit: Option<Cid>,
    pub(crate) active: Active,
}

/// The segment that is written.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) number: u32,
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) table: Table,
}

/// A segment that is no longer written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    pub(crate) number: u32,
    pub(crate) first_sequence: u64,
    /// Where its last commit ends.
    pub(crate) end: u32,
    /// The last commit of the segment before.
    pub(crate) commit_before: Option<Cid>,
}

#[derive(Debug)]
struct Stream {
    head: Head,
    /// The segments that hold events of the aggregate, in order.
    spans: Vec<Span>,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    segment: u32,
    slot: u32,
    first_version: u64,
}

/// Places to read, one segment's after the other.
#[derive(Debug)]
pub(crate) enum Piece {
    /// In the segment that is written.
    Active { number: u32, file: Arc<dyn DiskFile>, places: Vec<Place> },
    /// Versions of an aggregate in a sealed segment.
    Versions { segment: Sealed, slot: u32, from: u64, to: u64 },
    /// Sequences in a sealed segment.
    Sequences { segment: Sealed, from: u64, to: u64 },
}

impl Index {
    /// Makes the index of a journal whose segments before `active` are not added yet.
    pub(crate) fn new(active: Active) -> Self {
        Self { streams: HashMap::default(), sealed: Vec::new(), sealed_commit: None, active }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let spans = self.streams.values().map(|stream| stream.spans.capacity() * size_of::<Span>());
        self.streams.capacity() * size_of::<(AggregateId, Stream)>()
            + spans.sum::<usize>()
            + self.sealed.capacity() * size_of::<Sealed>()
            + self.active.table.heap_bytes()
    }

    /// Adds the next sealed segment.
    ///
    /// # Errors
    /// Says what does not follow from the segments before.
    pub(crate) fn add_sealed(&mut self, place: &str, summary: &Summary) -> Result<(), Box<Damage>> {
        let segment = self.sealed_count() + 1;
        for (slot, stream) in (0..).zip(&summary.streams) {
            let head = self.head(stream.aggregate);
            let version = head.map_or(0, |head| head.version);
            if stream.first_version != version + 1 {
                return Err(Box::new(Damage {
                    place: place.to_owned(),
                    aggregate: Some(stream.aggregate),
                    version: Some(stream.first_version),
                    expected: Some(format!("version {}", version + 1)),
                    actual: Some(format!("version {}", stream.first_version)),
                    reason: "the segment does not follow from those before it".to_owned(),
                    ..Damage::default()
                }));
            }
            let head = Head { version: stream.last_version, cid: stream.last };
            self.record(stream.aggregate, head, Span { segment, slot, first_version: stream.first_version });
        }
        self.seal(summary.first_sequence, summary.end, summary.last_commit);
        Ok(())
    }

    /// Makes `next` the segment that is written; the one before is sealed.
    pub(crate) fn roll(&mut self, next: Active) {
        assert_eq!(next.number, self.active.number + 1, "segments are numbered without gaps");
        let before = std::mem::replace(&mut self.active, next).table;
        self.seal(before.first_sequence, before.end, before.last_commit);
    }

    fn seal(&mut self, first_sequence: u64, end: u32, last_commit: Option<Cid>) {
        let commit_before = std::mem::replace(&mut self.sealed_commit, last_commit);
        self.sealed.push(Sealed { number: self.sealed_count() + 1, first_sequence, end, commit_before });
    }

    /// Adds a group's events to the segment that is written.
    ///
    /// # Errors
    /// Says which run does not follow from what is there; the runs before it are added.
    pub(crate) fn extend(&mut self, place: &str, runs: &[Run], commit: Cid, end: u32) -> Result<(), Box<Damage>> {
        for run in runs {
            let head = self.head(run.aggregate);
            let expected = (head.map_or(0, |head| head.version) + 1, head.map(|head| head.cid));
            if (run.first_version, run.previous) != expected {
                return Err(Box::new(Damage {
                    place: place.to_owned(),
                    offset: run.offsets.first().copied().map(u64::from),
                    aggregate: Some(run.aggregate),
                    version: Some(run.first_version),
                    sequence: None,
                    expected: Some(format!("version {} after {:?}", expected.0, expected.1)),
                    actual: Some(format!("version {} after {:?}", run.first_version, run.previous)),
                    reason: "the event does not follow from the one before it".to_owned(),
                }));
            }
            self.push(run);
        }
        self.active.table.end = end;
        self.active.table.last_commit = Some(commit);
        Ok(())
    }

    fn push(&mut self, run: &Run) {
        let segment = self.active.number;
        let span = self.streams.get(&run.aggregate).and_then(|stream| stream.spans.last());
        let slot = span.filter(|span| span.segment == segment).map(|span| span.slot);
        let slot = slot.unwrap_or_else(|| {
            let slot = self.active.table.add_stream(run.aggregate, run.first_version, run.head.cid);
            self.record(run.aggregate, run.head, Span { segment, slot, first_version: run.first_version });
            slot
        });
        self.active.table.extend(slot, run.offsets.iter().copied(), run.head.cid);
        self.streams.get_mut(&run.aggregate).expect("the run's aggregate has a span").head = run.head;
    }

    fn record(&mut self, aggregate: AggregateId, head: Head, span: Span) {
        let stream = self.streams.entry(aggregate).or_insert_with(|| Stream { head, spans: Vec::with_capacity(1) });
        stream.head = head;
        stream.spans.push(span);
    }

    pub(crate) fn head(&self, aggregate: AggregateId) -> Option<Head> {
        self.streams.get(&aggregate).map(|stream| stream.head)
    }

    pub(crate) fn last_sequence(&self) -> u64 {
        self.active.table.first_sequence + u64::from(self.active.table.events()) - 1
    }

    pub(crate) fn list(&self) -> Vec<(AggregateId, Head)> {
        let mut heads: Vec<_> = self.streams.iter().map(|(aggregate, stream)| (*aggregate, stream.head)).collect();
        heads.sort_unstable_by_key(|(aggregate, _)| *aggregate);
        heads
    }

    /// Returns the segments, the one that is written as far as it is committed.
    pub(crate) fn segments(&self) -> Vec<Sealed> {
        let table = &self.active.table;
        let active = Sealed {
            number: self.active.number,
            first_sequence: table.first_sequence,
            end: table.end,
            commit_before: self.sealed_commit,
        };
        self.sealed.iter().copied().chain([active]).collect()
    }

    fn sealed_count(&self) -> u32 {
        u32::try_from(self.sealed.len()).expect("segments are numbered with 32 bits")
    }

    /// Returns where up to `limit` versions of an aggregate stand, from `from` on.
    pub(crate) fn versions(&self, aggregate: AggregateId, from: u64, limit: usize) -> Vec<Piece> {
        let Some(stream) = self.streams.get(&aggregate) else { return Vec::new() };
        let Some(to) = last_of(from.max(1), limit, stream.head.version) else { return Vec::new() };
        let from = from.max(1);
        let first = stream.spans.partition_point(|span| span.first_version <= from) - 1;
        let mut pieces = Vec::new();
        for (index, span) in stream.spans.iter().enumerate().skip(first) {
            let next = stream.spans.get(index + 1).map_or(stream.head.version + 1, |next| next.first_version);
            let (from, to) = (from.max(span.first_version), to.min(next - 1));
            if from > to {
                break;
            }
            let Span { segment, slot, .. } = *span;
            pieces.push(if segment == self.active.number {
                self.in_active(self.active.table.places_of(slot, from, to))
            } else {
                Piece::Versions { segment: self.sealed[segment as usize - 1], slot, from, to }
            });
        }
        pieces
    }

    /// Returns where up to `limit` events stand, from the sequence `from` on.
    pub(crate) fn sequences(&self, from: u64, limit: usize) -> Vec<Piece> {
        let from = from.max(1);
        let Some(to) = last_of(from, limit, self.last_sequence()) else { return Vec::new() };
        let first = self.sealed.partition_point(|sealed| sealed.first_sequence <= from).saturating_sub(1);
        let mut pieces = Vec::new();
        for (index, segment) in self.sealed.iter().enumerate().skip(first) {
            if segment.first_sequence > to {
                break;
            }
            let next = self.sealed.get(index + 1).map_or(self.active.table.first_sequence, |next| next.first_sequence);
            let (from, to) = (from.max(segment.first_sequence), to.min(next - 1));
            if from <= to {
                pieces.push(Piece::Sequences { segment: *segment, from, to });
            }
        }
        let from = from.max(self.active.table.first_sequence);
        if from <= to {
            pieces.push(self.in_active(self.active.table.places(from, to)));
        }
        pieces
    }

    fn in_active(&self, places: Option<Vec<Place>>) -> Piece {
        let places = places.expect("the table of the segment that is written has what the index says");
        Piece::Active { number: self.active.number, file: Arc::clone(&self.active.file), places }
    }
}

/// Returns the last of up to `limit` numbers from `from` on, or `None` where there is none up to `last`.
fn last_of(from: u64, limit: usize, last: u64) -> Option<u64> {
    let to = last.min(from.saturating_add(limit as u64).saturating_sub(1));
    (limit > 0 && from <= to).then_some(to)
}
