//! Reads a segment's bytes and checks them: every CID, every event's form, every link within the bytes, every commit.
//!
//! The result is the whole groups up to the first damage, and the damage. Whether the damage is a torn tail or a loss
//! of what was safe is told by the commits behind it: one of them may say that more than the damage was durable. A whole
//! commit that does not fit what stands before it is no torn write either.

use std::collections::HashMap;

use cidgraph::car::{SectionSlice, split_section};
use cidgraph::chain::{Link, open_block, verify_link};
use cidgraph::cid::CID_LEN;
use cidgraph::dag_cbor::Decoder;
use cidgraph::store::Envelope;
use cidgraph::{AggregateId, ChainError, Cid, Damage, HashKind, Head};
use rayon::prelude::*;

use crate::journal::format::{COMMIT_START, Commit};

/// Sections that are checked side by side before they are followed in order; their results stay in the cache.
const CHECK_SECTIONS: usize = 2048;

/// Where scanning starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Bytes from the start of the file; a section starts there.
    pub(crate) offset: u64,
    /// The sequence of the next event.
    pub(crate) sequence: u64,
    /// The last commit before.
    pub(crate) commit: Option<Cid>,
    pub(crate) hash: HashKind,
}

/// What stands in the bytes.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) groups: Vec<Group>,
    /// Where the last whole group ends, bytes from the start of the file.
    pub(crate) end: u64,
    /// The first damage; bytes without a commit behind them count as damage too.
    pub(crate) damage: Option<Damage>,
    /// Events that can be made out behind the last whole group.
    pub(crate) events_behind: u64,
    /// Bytes that the commits in the file, also those behind the damage, say were durable.
    pub(crate) durable_offset: u64,
    /// The first and last event of each aggregate in the whole groups.
    pub(crate) ends: HashMap<AggregateId, Ends, foldhash::fast::RandomState>,
}

/// An aggregate's first and last event in the bytes, for the check against those before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) first: Link,
    pub(crate) first_previous: Option<Cid>,
    pub(crate) first_sequence: u64,
    pub(crate) last: Link,
}

/// A group of appends with its commit.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) runs: Vec<Run>,
    pub(crate) commit: Cid,
    pub(crate) end: u32,
}

/// Events of one aggregate that follow each other.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) aggregate: AggregateId,
    pub(crate) first_version: u64,
    /// The CID that the first event links to.
    pub(crate) previous: Option<Cid>,
    pub(crate) head: Head,
    pub(crate) offsets: Vec<u32>,
}

impl Scan {
    /// Returns whether the damage is in bytes that were durable.
    pub(crate) fn damage_is_durable(&self) -> bool {
        self.damage.as_ref().is_some_and(|damage| damage.offset.unwrap_or(0) < self.durable_offset)
    }
}

/// Scans `bytes`, which stand in the file at `start.offset`.
pub(crate) fn scan(place: &str, bytes: &[u8], start: Start) -> Scan {
    let (sections, framing) = split(bytes, start.offset);
    let mut walk = Walk::new(start);
    let flawed = walk.all(&sections, start.hash).err();
    let damage = flawed.map(|(index, flaw)| flaw.at(place, &sections[index], walk.sequence, &sections[index + 1..]));
    let tail = framing.map(|(offset, reason)| bare(place, offset, reason));
    let uncommitted = || bare(place, walk.end, "events without a commit");
    let damage = damage.or(tail).or_else(|| (walk.open_events() > 0).then(uncommitted));
    let mut durable_offset = walk.durable_offset;
    if let Some(damage) = &damage {
        let from = damage.offset.map_or(0, |offset| usize::try_from(offset - start.offset).expect("within the bytes"));
        durable_offset = durable_offset.max(durable_behind(&bytes[from..], start.hash));
    }
    let behind = sections.iter().filter(|section| section.offset >= walk.end && !section.is_commit());
    Scan {
        events_behind: behind.count() as u64,
        end: walk.end,
        groups: walk.groups,
        ends: walk.ends,
        damage,
        durable_offset,
    }
}

pub(crate) fn bare(place: &str, offset: u64, reason: &str) -> Damage {
    Damage { place: place.to_owned(), offset: Some(offset), reason: reason.to_owned(), ..Damage::default() }
}

/// A section with its place in the file.
pub(crate) struct Section<'a> {
    pub(crate) offset: u64,
    pub(crate) slice: SectionSlice<'a>,
}

impl Section<'_> {
    fn is_commit(&self) -> bool {
        self.slice.block.starts_with(COMMIT_START)
    }

    const fn end(&self) -> u64 {
        self.offset + self.slice.len as u64
    }
}

/// Splits the bytes into sections, as far as their lengths make sense.
pub(crate) fn split(bytes: &[u8], start: u64) -> (Vec<Section<'_>>, Option<(u64, &'static str)>) {
    let mut sections = Vec::with_capacity(bytes.len() / 256);
    let mut at = 0;
    while at < bytes.len() {
        let offset = start + at as u64;
        match split_section(&bytes[at..]) {
            Ok(Some(slice)) => {
                at += slice.len;
                sections.push(Section { offset, slice });
            }
            Ok(None) => return (sections, Some((offset, "the file ends within a section"))),
            Err(_) => return (sections, Some((offset, "no section starts here"))),
        }
    }
    (sections, None)
}

/// What a section holds, once its bytes are checked.
pub(crate) enum Checked {
    Event { aggregate: AggregateId, previous: Option<Cid>, link: Link },
    Commit(Cid, Commit),
}

/// What is wrong with a section.
#[derive(Default)]
pub(crate) struct Flaw {
    reason: String,
    expected: Option<String>,
    actual: Option<String>,
}

impl Flaw {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    fn between(reason: &str, expected: impl ToString, actual: impl ToString) -> Self {
        Self { reason: reason.to_owned(), expected: Some(expected.to_string()), actual: Some(actual.to_string()) }
    }

    /// Makes it the damage of `section`. An event is named by the one `behind` it that links to it, because its own
    /// bytes cannot be trusted, and by its own bytes only where there is none.
    pub(crate) fn at(self, place: &str, section: &Section<'_>, sequence: u64, behind: &[Section<'_>]) -> Damage {
        let own = Envelope::of(section.slice.block).map(|envelope| (envelope.aggregate, envelope.version));
        let linked = Cid::from_bytes(section.slice.cid).ok().and_then(|cid| {
            let next = behind.iter().filter_map(|section| Envelope::of(section.slice.block));
            let next =
                next.filter(|envelope| envelope.previous == Some(cid)).min_by_key(|envelope| envelope.version)?;
            Some((next.aggregate, next.version.checked_sub(1)?))
        });
        let event = linked.or(own).filter(|_| !section.is_commit());
        Damage {
            place: place.to_owned(),
            offset: Some(section.offset),
            aggregate: event.map(|(aggregate, _)| aggregate),
            version: event.map(|(_, version)| version),
            sequence: event.map(|_| sequence),
            expected: self.expected,
            actual: self.actual,
            reason: self.reason,
        }
    }
}

/// Checks a section by itself.
pub(crate) fn check(section: &Section<'_>, hash: HashKind) -> Result<Checked, Flaw> {
    let block = section.slice.block;
    let cid = Cid::from_bytes(section.slice.cid).map_err(|_| Flaw::new("a CID that no event has"))?;
    let actual = Cid::of_block(hash, block);
    if cid != actual {
        return Err(Flaw::between("the block is not the one its CID names", cid, actual));
    }
    if section.is_commit() {
        let mut input = Decoder::new(block);
        let commit = Commit::decode(&mut input).and_then(|commit| input.finish().map(|()| commit));
        return commit.map(|commit| Checked::Commit(cid, commit)).map_err(|error| Flaw::new(error.to_string()));
    }
    if let Some(envelope) = Envelope::of_canonical(block) {
        return Ok(Checked::of(cid, &envelope));
    }
    let header = open_block(block).map_err(|error| Flaw::new(error.to_string()))?.header;
    let envelope = Envelope {
        aggregate: header.aggregate,
        version: header.metadata.version,
        event_type: &header.event_type,
        previous: header.previous,
        transaction_remaining: header.metadata.transaction_remaining,
        transaction: header.metadata.transaction,
        timestamp_ns: header.timestamp_ns,
    };
    if Envelope::of(block).is_some_and(|read| read != envelope) {
        return Err(Flaw::new("the end of the block reads as another event's"));
    }
    Ok(Checked::of(cid, &envelope))
}

impl Checked {
    const fn of(cid: Cid, envelope: &Envelope<'_>) -> Self {
        let link = Link {
            version: envelope.version,
            cid,
            timestamp_ns: envelope.timestamp_ns,
            transaction: envelope.transaction,
            transaction_remaining: envelope.transaction_remaining,
        };
        Self::Event { aggregate: envelope.aggregate, previous: envelope.previous, link }
    }
}

/// Goes through the sections in order and closes a group at each commit.
struct Walk {
    groups: Vec<Group>,
    end: u64,
    durable_offset: u64,
    ends: HashMap<AggregateId, Ends, foldhash::fast::RandomState>,
    commit: Option<Cid>,
    /// The sequence of the next event.
    sequence: u64,
    /// The sequence of the open group's first event.
    group_sequence: u64,
    runs: Vec<Run>,
    /// The aggregate of the last event, whose ends stand here until another aggregate's event comes.
    run_ends: Option<(AggregateId, Ends)>,
    /// What `ends` will be once the open group is closed.
    open_ends: HashMap<AggregateId, Ends, foldhash::fast::RandomState>,
}

impl Walk {
    fn new(start: Start) -> Self {
        Self {
            groups: Vec::new(),
            end: start.offset,
            durable_offset: 0,
            ends: HashMap::default(),
            commit: start.commit,
            sequence: start.sequence,
            group_sequence: start.sequence,
            runs: Vec::new(),
            run_ends: None,
            open_ends: HashMap::default(),
        }
    }

    const fn open_events(&self) -> u64 {
        self.sequence - self.group_sequence
    }

    /// Checks and follows the sections up to the first flaw, and says at which it is.
    fn all(&mut self, sections: &[Section<'_>], hash: HashKind) -> Result<(), (usize, Flaw)> {
        let mut checks = Vec::with_capacity(CHECK_SECTIONS.min(sections.len()));
        for (first, some) in (0..).step_by(CHECK_SECTIONS).zip(sections.chunks(CHECK_SECTIONS)) {
            let checking = some.par_iter().with_min_len(CHECK_SECTIONS / 8);
            checking.map(|section| check(section, hash)).collect_into_vec(&mut checks);
            for (index, (section, checked)) in some.iter().zip(checks.drain(..)).enumerate() {
                checked.and_then(|checked| self.step(section, checked)).map_err(|flaw| (first + index, flaw))?;
            }
        }
        Ok(())
    }

    fn step(&mut self, section: &Section<'_>, checked: Checked) -> Result<(), Flaw> {
        match checked {
            Checked::Event { aggregate, previous, link } => self.event(section, aggregate, previous, link),
            Checked::Commit(cid, commit) => self.close(section, cid, &commit),
        }
    }

    fn event(
        &mut self,
        section: &Section<'_>,
        aggregate: AggregateId,
        previous: Option<Cid>,
        link: Link,
    ) -> Result<(), Flaw> {
        if self.run_ends.is_none_or(|(running, _)| running != aggregate) {
            self.end_run();
            let before = self.open_ends.get(&aggregate).or_else(|| self.ends.get(&aggregate));
            self.run_ends = before.map(|before| (aggregate, *before));
        }
        match &mut self.run_ends {
            Some((_, ends)) => {
                let follows = verify_link(aggregate, Some(&ends.last), previous, &link, Some(self.sequence));
                follows.map_err(|error| of_chain(&error))?;
                ends.last = link;
            }
            None => {
                let first_sequence = self.sequence;
                let ends = Ends { first: link, first_previous: previous, first_sequence, last: link };
                self.run_ends = Some((aggregate, ends));
            }
        }
        let offset = u32::try_from(section.offset).map_err(|_| Flaw::new("an event beyond 4 GiB"))?;
        let head = Head { version: link.version, cid: link.cid };
        match self.runs.last_mut() {
            Some(run) if run.aggregate == aggregate => {
                run.head = head;
                run.offsets.push(offset);
            }
            _ => self.runs.push(Run { aggregate, first_version: link.version, previous, head, offsets: vec![offset] }),
        }
        self.sequence += 1;
        Ok(())
    }

    fn end_run(&mut self) {
        self.open_ends.extend(self.run_ends.take());
    }

    fn close(&mut self, section: &Section<'_>, cid: Cid, commit: &Commit) -> Result<(), Flaw> {
        self.end_run();
        if let Err(flaw) = self.fits(commit) {
            self.durable_offset = self.durable_offset.max(section.end());
            return Err(flaw);
        }
        let end = u32::try_from(section.end()).map_err(|_| Flaw::new("a commit beyond 4 GiB"))?;
        self.groups.push(Group { runs: std::mem::take(&mut self.runs), commit: cid, end });
        self.ends.extend(self.open_ends.drain());
        self.commit = Some(cid);
        self.end = section.end();
        self.group_sequence = self.sequence;
        self.durable_offset = self.durable_offset.max(commit.durable_offset);
        Ok(())
    }

    /// Checks that a commit is of the open group and follows the one before.
    fn fits(&self, commit: &Commit) -> Result<(), Flaw> {
        if commit.previous != self.commit {
            let show = |cid: Option<Cid>| cid.map_or_else(|| "no commit".to_owned(), |cid| cid.to_string());
            let (expected, actual) = (show(self.commit), show(commit.previous));
            return Err(Flaw::between("a commit does not follow from the one before", expected, actual));
        }
        if commit.count == 0 || commit.count != self.open_events() || commit.sequence != self.sequence - 1 {
            let expected = format!("{} events up to sequence {}", commit.count, commit.sequence);
            let actual = format!("{} events up to sequence {}", self.open_events(), self.sequence - 1);
            return Err(Flaw::between("a commit counts other events", expected, actual));
        }
        let head = |aggregate| self.open_ends.get(aggregate).map(|ends| (ends.last.version, ends.last.cid));
        let agrees = commit.heads.iter().all(|(aggregate, at)| head(aggregate) == Some((at.version, at.cid)));
        if commit.heads.len() != self.open_ends.len() || !agrees {
            return Err(Flaw::new("a commit names other heads"));
        }
        Ok(())
    }
}

fn of_chain(error: &ChainError) -> Flaw {
    let reason = error.to_string();
    match error {
        ChainError::ChainBroken { expected, actual, .. } => {
            Flaw::between("the event does not follow from the one before it", expected, actual)
        }
        ChainError::SequenceGap { expected, actual, .. } => Flaw::between("versions have a gap", expected, actual),
        ChainError::Codec { .. } => Flaw::new(reason),
    }
}

/// Returns the greatest durable offset that any genuine commit in `bytes` names, wherever it starts.
pub(crate) fn durable_behind(bytes: &[u8], hash: HashKind) -> u64 {
    let starts = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(COMMIT_START));
    let offsets = starts.filter_map(|at| {
        let mut input = Decoder::new(&bytes[at..]);
        let commit = Commit::decode(&mut input).ok()?;
        let cid = Cid::from_bytes(&bytes[at.checked_sub(CID_LEN)?..at]).ok()?;
        let block = &bytes[at..at + input.position()];
        (Cid::of_block(hash, block) == cid).then_some(commit.durable_offset)
    });
    offsets.max().unwrap_or(0)
}
