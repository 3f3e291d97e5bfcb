//! What was safe when the store was closed is never cut: where it is lost or damaged, opening says so.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::store::conformance::SampleStream;
use cidgraph::{Damage, Durability, EventStore, HashKind, StoreError};
use cidgraph_store_memory::simulated::SimulatedDisk;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions, RecoveryReport};
use futures::executor::block_on;

const CLAIM: &str = "/store/durable.cbor";
const INTERVAL: FsyncPolicy = FsyncPolicy::Interval(Duration::from_secs(3600));

fn options(fsync: FsyncPolicy, segment_bytes: u64) -> MemoryStoreOptions {
    MemoryStoreOptions { fsync, segment_bytes, hash: None }
}

fn open(disk: &SimulatedDisk, options: MemoryStoreOptions) -> Result<MemoryStore, StoreError> {
    MemoryStore::open_on(Arc::new(disk.clone()), "/store", options)
}

fn open_to_read(disk: &SimulatedDisk) -> Result<MemoryStore, StoreError> {
    MemoryStore::open_read_only_on(Arc::new(disk.clone()), "/store")
}

fn path(number: u32) -> PathBuf {
    PathBuf::from(format!("/store/segment-{number:010}.car"))
}

/// A disk on which so many appends were made and the store was closed, and the number of its last segment.
fn closed(options: MemoryStoreOptions, appends: usize) -> (SimulatedDisk, u32) {
    let disk = SimulatedDisk::new();
    let store = open(&disk, options).unwrap();
    let mut streams = [1, 2].map(|number| SampleStream::new(number, HashKind::Sha2_256));
    for round in 0..appends {
        block_on(store.append(&[streams[round % 2].append(2)])).unwrap();
    }
    drop(store);
    let last = (1..).take_while(|number| disk.contents(path(*number)).is_some()).last().unwrap();
    (disk, last)
}

fn damage_of(result: Result<MemoryStore, StoreError>) -> Damage {
    match result {
        Err(StoreError::Corrupt { damage }) => *damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

/// Both ways to open refuse, name the file, and leave it as it is.
fn refused(disk: &SimulatedDisk, number: u32, why: &str) -> Damage {
    let before = disk.contents(path(number));
    let damage = damage_of(open_to_read(disk));
    for fsync in [FsyncPolicy::Always, FsyncPolicy::Never] {
        assert_eq!(damage_of(open(disk, options(fsync, 1000))), damage, "{why}");
    }
    assert_eq!(damage.place, path(number).display().to_string(), "{why}");
    assert_eq!(disk.contents(path(number)), before, "{why}");
    damage
}

#[test]
fn a_byte_changed_or_cut_anywhere_in_a_closed_store_is_an_error() {
    for fsync in [FsyncPolicy::Always, INTERVAL] {
        let (disk, last) = closed(options(fsync, 1 << 20), 3);
        let bytes = disk.contents(path(last)).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            disk.damage(path(last), Some(changed));
            let damage = refused(&disk, last, &format!("byte {at} changed"));
            assert!(damage.offset.unwrap() <= at as u64, "byte {at}: {damage}");
            disk.damage(path(last), Some(bytes[..at].to_vec()));
            let damage = refused(&disk, last, &format!("cut at {at}"));
            assert!(damage.offset.unwrap() <= at as u64, "cut at {at}: {damage}");
        }
        disk.damage(path(last), Some(bytes));
        assert_eq!(open(&disk, options(fsync, 1 << 20)).unwrap().recovery(), RecoveryReport::default());
    }
}

#[test]
fn a_changed_event_at_the_end_is_named() {
    let (disk, last) = closed(options(FsyncPolicy::Always, 1 << 20), 3);
    let store = open_to_read(&disk).unwrap();
    let event = block_on(store.read_all(1, usize::MAX)).unwrap().pop().unwrap();
    drop(store);
    let mut bytes = disk.contents(path(last)).unwrap();
    let at = bytes.windows(event.event.block.len()).position(|bytes| bytes == event.event.block).unwrap();
    bytes[at + 30] ^= 1;
    disk.damage(path(last), Some(bytes));
    let damage = refused(&disk, last, "the last event");
    assert_eq!((damage.version, damage.sequence), (Some(event.event.version), Some(event.sequence)));
    assert_eq!(damage.expected, Some(event.event.cid.to_string()));
    assert!(damage.reason.contains("durable.cbor"), "{damage}");
}

#[test]
fn a_last_segment_that_is_emptied_or_gone_is_an_error() {
    let short = options(FsyncPolicy::Always, 1000);
    for appends in [0, 1, 8, 9, 10] {
        for left in [None, Some(Vec::new()), Some(vec![0; 40])] {
            let (disk, last) = closed(short, appends);
            disk.damage(path(last), left.clone());
            refused(&disk, last, &format!("{left:?} after {appends} appends"));
        }
    }
}

/// A segment just begun holds no commit; a death is as good as closing for what is before it.
#[test]
fn a_segment_that_was_begun_is_known() {
    let (disk, last) = closed(options(FsyncPolicy::Always, 1000), 8);
    let died = disk.after_process_death();
    died.damage(path(last), None);
    refused(&died, last, "the last segment is gone");
}

#[test]
fn a_first_segment_that_is_emptied_or_gone_is_an_error_to_whoever_opens() {
    for fsync in [FsyncPolicy::Always, FsyncPolicy::Never] {
        for left in [None, Some(Vec::new())] {
            let (disk, last) = closed(options(fsync, 1000), 8);
            assert!(last > 1);
            disk.damage(path(1), left);
            refused(&disk, 1, "the first segment");
        }
    }
}

#[test]
fn another_history_in_place_of_the_closed_one_is_an_error() {
    let (disk, last) = closed(options(FsyncPolicy::Always, 1 << 20), 3);
    let (other, _) = closed(options(FsyncPolicy::Never, 1 << 20), 4);
    disk.damage(path(last), other.contents(path(last)));
    refused(&disk, last, "other commits");
}

#[test]
fn without_a_claim_that_reads_the_tail_is_cut_as_ever() {
    let short = options(FsyncPolicy::Always, 1 << 20);
    let (disk, last) = closed(short, 3);
    let claim = disk.contents(CLAIM).unwrap();
    let bytes = disk.contents(path(last)).unwrap();
    let mut changed = claim.clone();
    changed[20] ^= 1;
    for left in [None, Some(Vec::new()), Some(changed), Some(claim[..claim.len() - 1].to_vec())] {
        disk.damage(CLAIM, left);
        disk.damage(path(last), Some(bytes[..bytes.len() - 1].to_vec()));
        assert!(open(&disk, short).unwrap().recovery().bytes_cut > 0);
        assert!(disk.contents(CLAIM).unwrap() != claim, "what is kept is claimed anew");
    }
}

#[test]
fn nothing_is_claimed_without_syncs_and_the_claim_before_stays_true() {
    let (disk, _) = closed(options(FsyncPolicy::Never, 1000), 8);
    assert_eq!(disk.contents(CLAIM), None);
    let (disk, last) = closed(options(FsyncPolicy::Always, 1 << 20), 3);
    let (claim, safe) = (disk.contents(CLAIM), disk.contents(path(last)).unwrap().len());
    let store = open(&disk, options(FsyncPolicy::Never, 1 << 20)).unwrap();
    block_on(store.append(&[SampleStream::new(7, HashKind::Sha2_256).append(1)])).unwrap();
    drop(store);
    assert_eq!(disk.contents(CLAIM), claim);
    let bytes = disk.contents(path(last)).unwrap();
    disk.damage(path(last), Some(bytes[..bytes.len() - 1].to_vec()));
    let store = open(&disk, options(FsyncPolicy::Never, 1 << 20)).unwrap();
    assert_eq!(store.recovery().bytes_cut, (bytes.len() - 1 - safe) as u64);
}

#[test]
fn a_disk_that_is_full_at_closing_leaves_the_claim_before() {
    let (disk, last) = closed(options(FsyncPolicy::Always, 1 << 20), 3);
    let claim = disk.contents(CLAIM);
    let store = open(&disk, options(FsyncPolicy::Always, 1 << 20)).unwrap();
    block_on(store.append(&[SampleStream::new(7, HashKind::Sha2_256).append(1)])).unwrap();
    disk.set_full(true);
    drop(store);
    disk.set_full(false);
    assert_eq!(disk.contents(CLAIM), claim);
    assert!(disk.contents(path(last)).is_some());
    assert_eq!(open(&disk, options(FsyncPolicy::Always, 1 << 20)).unwrap().recovery(), RecoveryReport::default());
}

#[test]
fn a_survey_lists_every_break_and_what_is_intact() {
    let short = options(FsyncPolicy::Always, 1000);
    let (disk, last) = closed(short, 10);
    let store = open_to_read(&disk).unwrap();
    let events = block_on(store.read_all(1, usize::MAX)).unwrap();
    drop(store);
    let survey = || MemoryStore::survey_on(Arc::new(disk.clone()), "/store").unwrap();
    let whole = survey();
    assert_eq!((whole.intact.events, whole.broken.len()), (events.len() as u64, 0));
    let broken = [0, 1, 5, events.len() - 1];
    let mut places = Vec::new();
    for at in broken {
        let block = &events[at].event.block;
        let found = (1..=last).find_map(|number| {
            let bytes = disk.contents(path(number))?;
            let at = bytes.windows(block.len()).position(|bytes| bytes == block)?;
            Some((number, bytes, at))
        });
        let (number, mut bytes, start) = found.unwrap();
        bytes[start + 20] ^= 1;
        disk.damage(path(number), Some(bytes));
        places.push(path(number).display().to_string());
    }
    let found = survey();
    let named: Vec<_> = found.broken.iter().map(|damage| (damage.place.clone(), damage.sequence)).collect();
    let expected: Vec<_> = places.into_iter().zip(broken.map(|at| Some(events[at].sequence))).collect();
    assert_eq!(named, expected);
    for (damage, at) in found.broken.iter().zip(broken) {
        let event = &events[at].event;
        assert_eq!((damage.aggregate, damage.version), (Some(event.aggregate), Some(event.version)));
        assert_eq!(damage.expected, Some(event.cid.to_string()));
    }
    assert_eq!(found.intact.events, (events.len() - broken.len()) as u64);
    assert_eq!(found.left_out, RecoveryReport::default());
    disk.damage(path(2), None);
    assert!(survey().broken.iter().any(|damage| damage.place == path(2).display().to_string()));
}

#[test]
fn what_is_kept_is_as_durable_as_the_policy_it_was_opened_with() {
    let (disk, _) = closed(options(FsyncPolicy::Never, 1000), 3);
    for (fsync, durability) in [
        (FsyncPolicy::Always, Durability::Fsynced),
        (INTERVAL, Durability::PageCache),
        (FsyncPolicy::Never, Durability::PageCache),
    ] {
        assert_eq!(open(&disk, options(fsync, 1000)).unwrap().durability_of_kept(), durability);
    }
    assert_eq!(open_to_read(&disk).unwrap().durability_of_kept(), Durability::PageCache);
    assert_eq!(MemoryStore::new().durability_of_kept(), Durability::Memory);
}
