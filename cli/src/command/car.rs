//! CAR files of events: read for verification and import, written by export.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use cidgraph::chain::open_block;
use cidgraph::{
    AggregateAppend, AggregateId, CarReader, CarSection, CarWriter, ChainError, Cid, EventStore, Expected, Head,
    SealedEvent, StoredEvent,
};

use crate::events::visit_events;
use crate::failure::Failure;
use crate::import::open_input;
use crate::session::{Fsync, Session};

/// Events of one append of an import, unless a transaction is longer.
const APPEND_EVENTS: usize = 4096;

/// Reads the events of a CAR file, in order. Blocks that are no events (a store's manifests and commits) are left out
/// where their bytes are what their CID names.
///
/// # Errors
/// [`Failure::Import`] where the file cannot be read; [`Failure::Car`] where it is no CARv1.
pub fn read_events(file: &Path) -> Result<impl Iterator<Item = Result<StoredEvent, Failure>>, Failure> {
    let name = file.to_string_lossy().into_owned();
    let failed = |name: &str, source| Failure::Car { file: name.to_owned(), source };
    let sections = CarReader::new(open_input(file)?).map_err(|source| failed(&name, source))?;
    let mut sequence = 0;
    Ok(sections.filter_map(move |section| {
        let event = section.map_err(|source| failed(&name, source)).and_then(|section| read_event(&name, &section));
        event
            .map(|event| {
                event.map(|event| {
                    sequence += 1;
                    StoredEvent { sequence, event }
                })
            })
            .transpose()
    }))
}

fn read_event(file: &str, section: &CarSection) -> Result<Option<SealedEvent>, Failure> {
    let Ok(cid) = Cid::from_bytes(&section.cid) else { return Ok(None) };
    let actual = Cid::of_block(cid.hash_kind(), &section.block);
    let Ok(opened) = open_block(&section.block) else {
        return match actual == cid {
            true => Ok(None),
            false => Err(Failure::usage(format!(
                "{file}, offset {}: expected a block under {cid}, found one under {actual}",
                section.offset
            ))),
        };
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CarImport {
    /// Events that were appended.
    pub appended: u64,
    /// Events that were there already.
    pub known: u64,
    /// The last head that was acknowledged.
    pub head: Option<Head>,
}

/// Verifies a CAR file of events and appends, byte for byte, what the store does not have yet.
///
/// # Errors
/// [`Failure::Chain`] where a chain does not hold: what stood before it has been appended. [`Failure::Store`] with a
/// conflict where the store has other events.
pub fn import_events(session: &Session, file: &Path, fsync: Fsync) -> Result<CarImport, Failure> {
    check(file)?;
    let store = session.open_to_write(fsync)?;
    let mut done = CarImport::default();
    let mut batch: Vec<SealedEvent> = Vec::new();
    for stored in read_events(file)? {
        let event = stored?.event;
        let other = batch.last().is_some_and(|last| last.aggregate != event.aggregate);
        let full = batch.len() >= APPEND_EVENTS && batch.last().is_some_and(|last| last.transaction_remaining == 0);
        if other || full {
            append(session, &*store, std::mem::take(&mut batch), &mut done)?;
        }
        batch.push(event);
    }
    append(session, &*store, batch, &mut done)?;
    Ok(done)
}

/// Verifies the whole file before anything is written.
fn check(file: &Path) -> Result<(), Failure> {
    let mut verifier = cidgraph::chain::LogVerifier::new();
    let mut page = Vec::new();
    for event in read_events(file)? {
        page.push(event?);
        if page.len() == APPEND_EVENTS {
            verifier.push(&page).into_iter().next().map_or(Ok(()), Err)?;
            page.clear();
        }
    }
    verifier.push(&page).into_iter().next().map_or(Ok(()), Err)?;
    match verifier.events() {
        0 => Err(Failure::usage(format!("{}: expected events, found none", file.display()))),
        _ => Ok(()),
    }
}

fn append(
    session: &Session,
    store: &dyn EventStore,
    mut events: Vec<SealedEvent>,
    done: &mut CarImport,
) -> Result<(), Failure> {
    let Some(first) = events.first() else { return Ok(()) };
    let (aggregate, start) = (first.aggregate, first.version);
    let head = session.wait(store.head(aggregate))?;
    let have = head.map_or(0, |head| head.version);
    let known = usize::try_from((have + 1).saturating_sub(start)).unwrap_or(usize::MAX).min(events.len());
    let stored = session.wait(store.read(aggregate, start, known))?;
    for (ours, theirs) in stored.iter().zip(&events) {
        if ours.event.cid != theirs.cid {
            return Err(Failure::Store(cidgraph::StoreError::Conflict {
                aggregate,
                expected: Expected::Exact(Head { version: theirs.version, cid: theirs.cid }),
                actual: Some(Head { version: ours.event.version, cid: ours.event.cid }),
            }));
        }
    }
    done.known += known as u64;
    events.drain(..known);
    if events.is_empty() {
        return Ok(());
    }
    done.appended += events.len() as u64;
    let expected = head.map_or(Expected::Empty, Expected::Exact);
    let appended = session.wait(store.append(&[AggregateAppend { aggregate, expected, events }]))?;
    done.head = appended.heads.first().map(|(_, head)| *head);
    Ok(())
}

/// Opens a file to write; `-` is standard output.
///
/// # Errors
/// [`Failure::Unwritable`].
pub fn create(file: &Path) -> Result<Box<dyn Write>, Failure> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(io::stdout().lock()));
    }
    let file_name = || file.display().to_string();
    let file = File::create(file).map_err(|source| Failure::Unwritable { file: file_name(), source })?;
    Ok(Box::new(BufWriter::new(file)))
}
