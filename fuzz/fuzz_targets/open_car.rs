//! Files that a crash, a failing disk or an enemy left: reading them never panics nor takes more memory than they have
//! bytes, what is accepted holds together, and opening a store twice says the same as opening it once.
//!
//! Input: one byte that chooses how, then either the bytes of a file, or changes of a small journal of three segments,
//! each five bytes (what to do, file, place (two bytes, big-endian), number) and for some the bytes to put there.

#![no_main]

use std::sync::{Arc, LazyLock};

use cidgraph::car::{push_section, split_section};
use cidgraph::chain::LogVerifier;
use cidgraph::store::conformance::SampleStream;
use cidgraph::{CarReader, CarWriter, Cid, EventStore, HashKind, StoreError, StoredEvent};
use cidgraph_store_memory::simulated::SimulatedDisk;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions, RecoveryReport};
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;

const SECTION_BYTES_MAX: usize = 4096;
const FILES: [&str; 6] = [
    "/store/segment-0000000001.car",
    "/store/segment-0000000002.car",
    "/store/segment-0000000003.car",
    "/store/segment-0000000001.idx",
    "/store/segment-0000000002.idx",
    "/store/positions.cbor",
];

/// The journals that changes are made to: one that was synced, one that was not.
static JOURNALS: LazyLock<[SimulatedDisk; 2]> =
    LazyLock::new(|| [FsyncPolicy::Always, FsyncPolicy::Never].map(written));

fuzz_target!(|input: &[u8]| {
    let Some((how, rest)) = input.split_first() else { return };
    match how % 8 {
        0 => read_car(rest),
        1 => open_bytes(rest.to_vec()),
        2 => open_bytes([header(), rest].concat()),
        _ => open_changed(usize::from(*how) % 2, rest),
    }
});

fn open(disk: &SimulatedDisk, fsync: FsyncPolicy) -> Result<MemoryStore, StoreError> {
    MemoryStore::open_on(
        Arc::new(disk.clone()),
        "/store",
        MemoryStoreOptions { fsync, segment_bytes: 2000, hash: None },
    )
}

fn written(fsync: FsyncPolicy) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let store = open(&disk, fsync).expect("an empty disk");
    let mut streams = [1, 2].map(|number| SampleStream::new(number, HashKind::Sha2_256));
    for round in 0..5_usize {
        let stream = &mut streams[round % 2];
        block_on(store.append(&[stream.appends(&[1, 1 + round as u64 % 2])])).expect("the disk works");
    }
    block_on(store.save_position("reader", 3)).expect("the disk works");
    drop(store);
    assert!(disk.contents(FILES[2]).is_some(), "three segments");
    disk
}

fn header() -> &'static [u8] {
    static HEADER: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let disk = SimulatedDisk::new();
        drop(open(&disk, FsyncPolicy::Always).expect("an empty disk"));
        disk.contents(FILES[0]).expect("the first segment")
    });
    &HEADER
}

/// What a CAR reader accepts is written again byte for byte, where every CID is one that events have.
fn read_car(bytes: &[u8]) {
    let Ok(reader) = CarReader::with_limit(bytes, SECTION_BYTES_MAX) else { return };
    let roots: Result<Vec<_>, _> = reader.roots().iter().map(|root| Cid::from_bytes(root)).collect();
    let mut again = roots.ok().map(|roots| CarWriter::new(Vec::new(), &roots).expect("memory takes all"));
    let mut whole = true;
    for section in reader {
        let Ok(section) = section else {
            whole = false;
            break;
        };
        let at = usize::try_from(section.offset).expect("within the input");
        let slice = split_section(&bytes[at..]).expect("the reader took it").expect("it is whole");
        assert_eq!((slice.cid, slice.block), (&*section.cid, &*section.block));
        assert!(section.cid.len() + section.block.len() <= SECTION_BYTES_MAX);
        match (&mut again, Cid::from_bytes(&section.cid)) {
            (Some(writer), Ok(cid)) => {
                assert_eq!(writer.section(&cid, &section.block).expect("memory takes all"), section.offset);
            }
            _ => again = None,
        }
    }
    if let Some(writer) = again {
        let again = writer.finish().expect("memory takes all");
        assert!(bytes.starts_with(&again));
        assert!(!whole || again.len() == bytes.len());
    }
}

/// Any bytes as the only segment: all of it is checked on opening, so what is opened is whole.
fn open_bytes(bytes: Vec<u8>) {
    let disk = SimulatedDisk::new();
    disk.damage(FILES[0], Some(bytes));
    let Some(events) = open_checked(&disk, FsyncPolicy::Always, false) else { return };
    assert!(LogVerifier::new().push(&events).is_empty(), "a broken chain was opened");
}

fn open_changed(journal: usize, changes: &[u8]) {
    let disk = JOURNALS[journal].after_process_death();
    let (mut rest, mut is_forged) = (changes, false);
    while let [what, file, high, low, number, after @ ..] = rest {
        let path = FILES[usize::from(*file) % FILES.len()];
        let (at, number) = (usize::from(u16::from_be_bytes([*high, *low])), usize::from(*number));
        let taken = if matches!(what % 8, 3 | 4) { after.len().min(number % 64) } else { 0 };
        change(&disk, path, what % 8, at, number, &after[..taken]);
        is_forged |= path.ends_with("idx");
        rest = &after[taken..];
    }
    open_checked(&disk, FsyncPolicy::Always, is_forged);
}

/// Makes one change to a file; places are taken modulo what there is.
fn change(disk: &SimulatedDisk, path: &str, what: u8, at: usize, number: usize, with: &[u8]) {
    let Some(mut bytes) = disk.contents(path).filter(|bytes| !bytes.is_empty()) else { return };
    let at = at % bytes.len();
    match what {
        0 => bytes[at] ^= number.to_le_bytes()[0],
        1 => bytes.truncate(at),
        2 => drop(bytes.drain(at..(at + number).min(bytes.len()))),
        3 => drop(bytes.splice(at..at, with.iter().copied())),
        4 => drop(bytes.splice(at..(at + with.len()).min(bytes.len()), with.iter().copied())),
        5 => return disk.damage(path, None),
        6 => bytes = disk.contents(FILES[number % FILES.len()]).unwrap_or_default(),
        _ => readdress(&mut bytes, at, number),
    }
    if path.ends_with("idx") {
        let _ = sum_again(&mut bytes);
    }
    disk.damage(path, Some(bytes));
}

/// Changes a byte of a section's block and gives the section the CID of its new bytes.
fn readdress(car: &mut Vec<u8>, at: usize, xor: usize) {
    let mut again = Vec::with_capacity(car.len());
    let mut rest = car.as_slice();
    while let Ok(Some(section)) = split_section(rest) {
        let start = car.len() - rest.len();
        let place = start + section.len - section.block.len()..start + section.len;
        if place.contains(&at) && start > 0 {
            let mut block = section.block.to_vec();
            block[at - place.start] ^= xor.to_le_bytes()[0];
            push_section(&mut again, &Cid::of_block(HashKind::Sha2_256, &block), &block);
        } else {
            again.extend_from_slice(&rest[..section.len]);
        }
        rest = &rest[section.len..];
    }
    again.extend_from_slice(rest);
    *car = again;
}

/// Puts the right checksums into a segment's index, so that what is wrong in it is not found by them.
fn sum_again(index: &mut [u8]) -> Option<()> {
    let streams = usize::try_from(u32::from_le_bytes(*index.get(24..)?.first_chunk()?)).ok()?;
    let first_part = streams.checked_mul(64)?.checked_add(64)?;
    let (first, second) = index.split_at_mut_checked(first_part)?;
    *second.first_chunk_mut()? = HashKind::Blake3.digest(first);
    let (body, sum) = second.split_last_chunk_mut::<32>()?;
    *sum = HashKind::Blake3.digest(body);
    Some(())
}

/// Opens and reads everything; returns the events where the store says that all of them hold.
///
/// A forged index, wrong under a right checksum, is found by the full check and not by opening: what is appended behind
/// it may be refused later, but nobody cuts it.
fn open_checked(disk: &SimulatedDisk, fsync: FsyncPolicy, is_forged: bool) -> Option<Vec<StoredEvent>> {
    if let Ok(reader) = MemoryStore::open_read_only_on(Arc::new(disk.clone()), "/store") {
        let _ = (read_all(&reader), reader.verify().is_ok());
    }
    let store = match open(disk, fsync) {
        Ok(store) => store,
        Err(error) => {
            assert!(is_of_the_files(&error), "{error}");
            return None;
        }
    };
    let (read, verified) = (read_all(&store), store.verify());
    let mut stream = SampleStream::new(9, store.hash_kind());
    let appended = block_on(store.append(&[stream.append(2)]));
    drop(store);
    if is_forged {
        let again = open(disk, fsync).map_err(|error| assert!(is_of_the_files(&error), "{error}")).ok()?;
        assert_eq!(again.recovery(), RecoveryReport::default(), "what was appended is not cut");
        return None;
    }
    let verified = verified.map_err(|error| assert!(is_of_the_files(&error), "{error}")).ok()?;
    let read = read?;
    assert_eq!(verified.events, read.len() as u64);
    let again = open(disk, fsync).expect("what was opened once is opened again");
    assert_eq!(again.recovery(), RecoveryReport::default(), "a tail is cut once");
    let events = read_all(&again).expect("what was read once is read again");
    assert_eq!(events[..read.len()], read[..]);
    assert_eq!(events.len(), read.len() + if appended.is_ok() { 2 } else { 0 });
    again.verify().expect("what was verified once is verified again");
    Some(read)
}

/// Reads every event by sequence and by aggregate; `None` where damage is found.
fn read_all(store: &MemoryStore) -> Option<Vec<StoredEvent>> {
    let found = |error: &StoreError| assert!(is_of_the_files(error), "{error}");
    let events = block_on(store.read_all(0, usize::MAX)).inspect_err(found).ok()?;
    for (aggregate, head) in block_on(store.list()).inspect_err(found).ok()? {
        assert_eq!(block_on(store.head(aggregate)).inspect_err(found).ok()?, Some(head));
        block_on(store.read(aggregate, 0, usize::MAX)).inspect_err(found).ok()?;
    }
    block_on(store.load_position("reader")).inspect_err(found).ok()?;
    Some(events)
}

/// Returns whether the error is one that bad files give.
const fn is_of_the_files(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt { .. } | StoreError::Invalid { .. })
}
