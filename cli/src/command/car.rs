//! CAR files of events: read for verification and import, written by export.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use cidgraph::chain::{LogVerifier, open_block};
use cidgraph::{
    AggregateAppend, AggregateId, CarReader, CarSection, CarWriter, ChainError, Cid, EventStore, Expected, Head,
    SealedEvent, StoreError, StoredEvent,
};
use tempfile::NamedTempFile;
use tokio::runtime::Handle;

use crate::events::visit_events;
use crate::failure::Failure;
use crate::import::open_input;
use crate::session::Session;

/// Events of one append of an import, unless a transaction is longer.
const APPEND_EVENTS: usize = 4096;

/// Opens a CAR file of events.
///
/// # Errors
/// [`Failure::Import`] where the file cannot be read; [`Failure::Car`] where it is no CARv1.
pub fn read_events(file: &Path) -> Result<CarEvents, Failure> {
    let name = file.to_string_lossy().into_owned();
    let sections = CarReader::new(open_input(file)?);
    let sections = sections.map_err(|source| Failure::Car { file: name.clone(), source })?;
    let missing_roots = sections.roots().to_vec();
    Ok(CarEvents { name, sections, sequence: 0, missing_roots, last: HashMap::new(), ended: false })
}

/// The events of a CAR file, in order; an error for each thing that is wrong with the file.
///
/// Blocks that are no events (a store's manifests and commits) are left out where their bytes are what their CID names.
/// At the end every root must have been there, and the last transaction of each aggregate whole. Links between events
/// are not looked at.
pub struct CarEvents {
    name: String,
    sections: CarReader<Box<dyn BufRead + Send>>,
    sequence: u64,
    missing_roots: Vec<Bytes>,
    /// Version and `transaction_remaining` of the last event of each aggregate.
    last: HashMap<AggregateId, (u64, u32)>,
    ended: bool,
}

impl CarEvents {
    fn take(&mut self, section: &CarSection) -> Result<Option<StoredEvent>, Failure> {
        self.missing_roots.retain(|root| *root != section.cid);
        let Some(event) = read_event(&self.name, section)? else { return Ok(None) };
        self.sequence += 1;
        self.last.insert(event.aggregate, (event.version, event.transaction_remaining));
        Ok(Some(StoredEvent { sequence: self.sequence, event }))
    }

    /// Returns what is found missing at the end of the file.
    fn missing(&mut self) -> Option<Failure> {
        if let Some(root) = self.missing_roots.pop() {
            let root = Cid::from_bytes(&root).map_or_else(|_| "a root".to_owned(), |cid| cid.to_string());
            return Some(damaged(&self.name, format_args!("the block of the root {root}"), "the end of the file"));
        }
        let cut = self.last.iter().find(|(_, (_, remaining))| *remaining > 0).map(|(aggregate, _)| *aggregate)?;
        let (version, remaining) = self.last.remove(&cut).expect("it was found there");
        let expected = format_args!("{remaining} more events of the transaction of {cut} at version {version}");
        Some(damaged(&self.name, expected, "the end of the file"))
    }
}

impl Iterator for CarEvents {
    type Item = Result<StoredEvent, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.sections.next() {
                Some(Ok(section)) => {
                    if let Some(event) = self.take(&section).transpose() {
                        return Some(event);
                    }
                }
                Some(Err(source)) => {
                    self.ended = true;
                    self.missing_roots.clear();
                    self.last.clear();
                    return Some(Err(Failure::Car { file: self.name.clone(), source }));
                }
                None => self.ended = true,
            }
        }
        self.missing().map(Err)
    }
}

impl fmt::Debug for CarEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CarEvents").field("name", &self.name).field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

fn damaged(file: &str, expected: impl fmt::Display, found: impl fmt::Display) -> Failure {
    Failure::Damaged { reason: format!("{file}: expected {expected}, found {found}") }
}

fn read_event(file: &str, section: &CarSection) -> Result<Option<SealedEvent>, Failure> {
    let Ok(cid) = Cid::from_bytes(&section.cid) else { return Ok(None) };
    let actual = Cid::of_block(cid.hash_kind(), &section.block);
    let Ok(opened) = open_block(&section.block) else {
        let place = format!("{file}, offset {}", section.offset);
        let (expected, found) = (format!("a block under {cid}"), format!("one under {actual}"));
        return if actual == cid { Ok(None) } else { Err(damaged(&place, expected, found)) };
    };
    let header = opened.header;
    let version = header.metadata.version;
    let mut event = SealedEvent::from_block(cid.hash_kind(), section.block.clone())
        .map_err(|source| Failure::Chain(ChainError::Codec { aggregate: header.aggregate, version, cid, source }))?;
    event.cid = cid;
    Ok(Some(event))
}

/// Writes the events of aggregates, each with its head, as a CARv1 whose roots are the heads.
///
/// # Errors
/// Where the store cannot be read, a chain does not hold, or `out` fails.
pub fn write_events(
    session: &Session,
    store: &dyn EventStore,
    aggregates: &[(AggregateId, Head)],
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let roots: Vec<Cid> = aggregates.iter().map(|(_, head)| head.cid).collect();
    let mut car = CarWriter::new(BufWriter::new(out), &roots)?;
    let mut written = 0;
    for (aggregate, head) in aggregates {
        visit_events(session, store, *aggregate, head.version, |stored, _| {
            car.section(&stored.event.cid, &stored.event.block)?;
            written += 1;
            Ok(true)
        })?;
    }
    car.finish()?;
    Ok(written)
}

/// What an import of a CAR file did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CarImport {
    /// Events that were appended.
    pub appended: u64,
    /// Events that were there already.
    pub known: u64,
    /// The aggregates of the file, each with the last head that is known, in the order of the file.
    pub heads: Vec<(AggregateId, Head)>,
}

/// Verifies a CAR file of events and appends, byte for byte, what the store does not have yet; `acknowledged` hears of
/// each append.
///
/// # Errors
/// [`Failure::Chain`], [`Failure::Car`] or [`Failure::Damaged`] where the file is not whole: nothing was written.
/// [`Failure::Usage`] where a transaction is longer than the store takes: nothing was written either.
/// [`Failure::Store`] with a conflict where the store has other events.
pub fn import_events(
    runtime: &Handle,
    file: &Path,
    open: impl FnOnce() -> Result<Arc<dyn EventStore>, Failure>,
    mut acknowledged: impl FnMut(Head) -> Result<(), Failure>,
) -> Result<(Arc<dyn EventStore>, CarImport), Failure> {
    let longest = check(file)?;
    let store = open()?;
    let limit = store.capabilities().append_events_max;
    if longest > limit {
        let file = file.display();
        let reason = format!("{file}: a transaction of {longest} events, the store takes at most {limit} at once");
        return Err(Failure::usage(reason));
    }
    let limit = limit.min(APPEND_EVENTS);
    let mut done = CarImport::default();
    let (mut batch, mut transaction): (Vec<SealedEvent>, Vec<SealedEvent>) = (Vec::new(), Vec::new());
    for stored in read_events(file)? {
        let event = stored?.event;
        let (aggregate, remaining) = (event.aggregate, event.transaction_remaining);
        transaction.push(event);
        if remaining > 0 {
            continue;
        }
        let other = batch.last().is_some_and(|last| last.aggregate != aggregate);
        if other || batch.len() + transaction.len() > limit {
            append(runtime, &*store, std::mem::take(&mut batch), &mut done)?.map_or(Ok(()), &mut acknowledged)?;
        }
        batch.append(&mut transaction);
    }
    append(runtime, &*store, batch, &mut done)?.map_or(Ok(()), &mut acknowledged)?;
    Ok((store, done))
}

/// Verifies the whole file before anything is written and returns how many events its longest transaction has.
fn check(file: &Path) -> Result<usize, Failure> {
    let mut verifier = LogVerifier::new();
    let mut page = Vec::new();
    let (mut length, mut longest) = (0, 0);
    for stored in read_events(file)? {
        let stored = stored?;
        length += 1;
        longest = longest.max(length);
        if stored.event.transaction_remaining == 0 {
            length = 0;
        }
        page.push(stored);
        if page.len() == APPEND_EVENTS {
            verifier.push(&page).into_iter().next().map_or(Ok(()), Err)?;
            page.clear();
        }
    }
    verifier.push(&page).into_iter().next().map_or(Ok(()), Err)?;
    match verifier.events() {
        0 => Err(Failure::usage(format!("{}: expected events, found none", file.display()))),
        _ => Ok(longest),
    }
}

/// Appends what the store does not have of a run of one aggregate's events; returns the head where it did.
fn append(
    runtime: &Handle,
    store: &dyn EventStore,
    mut events: Vec<SealedEvent>,
    done: &mut CarImport,
) -> Result<Option<Head>, Failure> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
    let (aggregate, start) = (first.aggregate, first.version);
    done.heads.retain(|(other, _)| *other != aggregate);
    done.heads.push((aggregate, Head { version: last.version, cid: last.cid }));
    let head = runtime.block_on(store.head(aggregate))?;
    let have = head.map_or(0, |head| head.version);
    let known = usize::try_from((have + 1).saturating_sub(start)).unwrap_or(usize::MAX).min(events.len());
    let stored = runtime.block_on(store.read(aggregate, start, known))?;
    for (ours, theirs) in stored.iter().zip(&events) {
        if ours.event.cid != theirs.cid {
            return Err(Failure::Store(StoreError::Conflict {
                aggregate,
                expected: Expected::Exact(Head { version: theirs.version, cid: theirs.cid }),
                actual: Some(Head { version: ours.event.version, cid: ours.event.cid }),
            }));
        }
    }
    done.known += known as u64;
    events.drain(..known);
    if events.is_empty() {
        return Ok(None);
    }
    done.appended += events.len() as u64;
    let expected = head.map_or(Expected::Empty, Expected::Exact);
    let appended = runtime.block_on(store.append(&[AggregateAppend { aggregate, expected, events }]))?;
    Ok(appended.heads.first().map(|(_, head)| *head))
}

/// Writes a file whole or leaves what stood there; `-` is standard output, and what is no plain file is written as it
/// is.
///
/// # Errors
/// [`Failure::Unwritable`]; [`Failure::Output`] for standard output; what `write` fails with.
pub fn write_whole<T>(file: &Path, write: impl FnOnce(&mut dyn Write) -> Result<T, Failure>) -> Result<T, Failure> {
    let unwritable = |source| match file.as_os_str() == "-" {
        true => Failure::Output(source),
        false => Failure::Unwritable { file: file.display().to_string(), source },
    };
    let about_file = |failure| if let Failure::Output(source) = failure { unwritable(source) } else { failure };
    if file.as_os_str() == "-" || file.metadata().is_ok_and(|found| !found.is_file()) {
        let mut out = create(file)?;
        let written = write(&mut *out).map_err(about_file)?;
        out.flush().map_err(unwritable)?;
        return Ok(written);
    }
    // A link stays one: what it leads to is replaced.
    let place = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let beside = beside(folder).map_err(unwritable)?;
    let mut out = BufWriter::new(beside);
    let written = write(&mut out).map_err(about_file)?;
    let beside = out.into_inner().map_err(|error| unwritable(error.into_error()))?;
    beside.persist(&place).map_err(|error| unwritable(error.error))?;
    Ok(written)
}

fn beside(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cidgraph-export-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

fn create(file: &Path) -> Result<Box<dyn Write>, Failure> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(io::stdout().lock()));
    }
    let file_name = || file.display().to_string();
    let file = File::create(file).map_err(|source| Failure::Unwritable { file: file_name(), source })?;
    Ok(Box::new(BufWriter::new(file)))
}
