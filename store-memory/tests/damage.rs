//! What opening and checking say of damaged files: safe bytes that changed are an error that names the place, a torn
//! tail is cut and reported, a lost index costs nothing but time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::PathBuf;
use std::sync::Arc;

use cidgraph::car::CarReader;
use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateAppend, Cid, Damage, EventStore, HashKind, SealedEvent, StoreError};
use cidgraph_store_memory::simulated::SimulatedDisk;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions, RecoveryReport};
use futures::executor::block_on;
use proptest::prelude::*;

fn options(fsync: FsyncPolicy, segment_bytes: u64) -> MemoryStoreOptions {
    MemoryStoreOptions { fsync, segment_bytes, hash: None }
}

fn open(disk: &SimulatedDisk, options: MemoryStoreOptions) -> Result<MemoryStore, StoreError> {
    MemoryStore::open_on(Arc::new(disk.clone()), "/store", options)
}

fn path(number: u32, suffix: &str) -> PathBuf {
    PathBuf::from(format!("/store/segment-{number:010}.{suffix}"))
}

fn appends() -> Vec<AggregateAppend> {
    let mut streams = [1, 2].map(|number| SampleStream::new(number, HashKind::Sha2_256));
    (0..8).map(|round| streams[round % 2].append(round as u64 % 3 + 1)).collect()
}

fn events(appends: &[AggregateAppend]) -> Vec<SealedEvent> {
    appends.iter().flat_map(|append| append.events.clone()).collect()
}

fn all(store: &MemoryStore) -> Vec<SealedEvent> {
    block_on(store.read_all(1, usize::MAX)).unwrap().into_iter().map(|stored| stored.event).collect()
}

/// A disk with the appends on it, as the process left it that died after them, and where the first segment's groups
/// end.
fn written(options: MemoryStoreOptions) -> (SimulatedDisk, Vec<usize>) {
    let disk = SimulatedDisk::new();
    let store = open(&disk, options).unwrap();
    let mut ends = vec![disk.contents(path(1, "car")).unwrap().len()];
    for append in appends() {
        block_on(store.append(&[append])).unwrap();
        ends.push(disk.contents(path(1, "car")).unwrap().len());
    }
    (disk.after_process_death(), ends)
}

fn damage_of(result: Result<impl std::fmt::Debug, StoreError>) -> Damage {
    match result {
        Err(StoreError::Corrupt { damage }) => *damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

#[test]
fn a_file_cut_anywhere_opens_at_the_last_whole_group() {
    let always = options(FsyncPolicy::Always, 1 << 20);
    let (disk, ends) = written(always);
    let bytes = disk.contents(path(1, "car")).unwrap();
    for len in (0..ends[1]).chain(ends[6]..=bytes.len()) {
        disk.damage("/store/durable.cbor", None);
        disk.damage(path(1, "car"), Some(bytes[..len].to_vec()));
        let store = open(&disk, always).unwrap();
        let groups = ends.iter().rposition(|end| *end <= len).unwrap_or(0);
        assert_eq!(all(&store), events(&appends()[..groups]), "cut at {len}");
        let cut = len.checked_sub(ends[groups]).map_or(len.max(1), |cut| cut);
        assert_eq!(store.recovery().bytes_cut, cut as u64, "cut at {len}");
        drop(store);
        assert_eq!(open(&disk, always).unwrap().recovery(), RecoveryReport::default(), "the tail is cut once");
    }
}

#[test]
fn the_report_counts_the_events_that_were_cut() {
    let (disk, ends) = written(options(FsyncPolicy::Never, 1 << 20));
    let bytes = disk.contents(path(1, "car")).unwrap();
    let count = appends()[7].events.len() as u64;
    disk.damage(path(1, "car"), Some(bytes[..bytes.len() - 1].to_vec()));
    let report = open(&disk, options(FsyncPolicy::Never, 1 << 20)).unwrap().recovery();
    let bytes_cut = (bytes.len() - 1 - ends[7]) as u64;
    assert_eq!(report, RecoveryReport { bytes_cut, events_cut: count });
}

#[test]
fn a_changed_bit_in_durable_bytes_is_an_error_and_behind_them_a_torn_tail() {
    for fsync in [FsyncPolicy::Always, FsyncPolicy::Never] {
        let (disk, ends) = written(options(fsync, 1 << 20));
        let bytes = disk.contents(path(1, "car")).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            disk.damage(path(1, "car"), Some(changed));
            let opened = open(&disk, options(fsync, 1 << 20));
            let group = ends.iter().position(|end| at < *end).unwrap();
            let safe = group == 0 || (fsync == FsyncPolicy::Always && group < ends.len() - 1);
            if safe {
                let damage = damage_of(opened);
                assert_eq!(damage.place, path(1, "car").display().to_string());
                let offset = usize::try_from(damage.offset.unwrap()).unwrap();
                assert!(offset <= at && (group == 0 || offset >= ends[group - 1]), "{at} is named as {offset}");
            } else {
                assert_eq!(all(&opened.unwrap()), events(&appends()[..group - 1]), "byte {at}");
            }
        }
    }
}

#[test]
fn damage_in_a_sealed_segment_is_named_to_the_event() {
    every_byte_of_the_first_event_is_named(options(FsyncPolicy::Always, 1000), |opened| opened.unwrap().verify().err());
}

#[test]
fn damage_in_the_last_segment_is_named_to_the_event() {
    every_byte_of_the_first_event_is_named(options(FsyncPolicy::Always, 1 << 20), Result::err);
}

fn every_byte_of_the_first_event_is_named(
    options: MemoryStoreOptions,
    find: impl Fn(Result<MemoryStore, StoreError>) -> Option<StoreError>,
) {
    let (disk, _) = written(options);
    let bytes = disk.contents(path(1, "car")).unwrap();
    let event = &appends()[0].events[0];
    let at = bytes.windows(event.block.len()).position(|bytes| bytes == event.block).unwrap();
    for position in at..at + event.block.len() {
        let mut changed = bytes.clone();
        changed[position] ^= 1;
        let actual = Cid::of_block(HashKind::Sha2_256, &changed[at..at + event.block.len()]);
        disk.damage(path(1, "car"), Some(changed));
        let damage = damage_of(find(open(&disk, options)).map_or(Ok(()), Err));
        let named = (damage.aggregate, damage.version, damage.sequence);
        assert_eq!(named, (Some(event.aggregate), Some(event.version), Some(1)), "byte {position}");
        assert_eq!((damage.expected, damage.actual), (Some(event.cid.to_string()), Some(actual.to_string())));
        assert_eq!(damage.place, path(1, "car").display().to_string());
    }
}

#[test]
fn the_full_check_finds_any_changed_byte() {
    let short = options(FsyncPolicy::Always, 1000);
    let (disk, _) = written(short);
    let bytes = disk.contents(path(1, "car")).unwrap();
    for position in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.clone();
        changed[position] ^= 0x10;
        disk.damage(path(1, "car"), Some(changed));
        damage_of(open(&disk, short).and_then(|store| store.verify()));
    }
}

#[test]
fn a_lost_or_damaged_index_is_made_again() {
    let short = options(FsyncPolicy::Always, 1000);
    let (disk, _) = written(short);
    let index = disk.contents(path(1, "idx")).unwrap();
    let mut cases = vec![None, Some(Vec::new()), Some(index[..index.len() / 2].to_vec())];
    for at in 0..index.len() {
        let mut changed = index.clone();
        changed[at] ^= 1;
        cases.push(Some(changed));
    }
    for case in cases {
        disk.damage(path(1, "idx"), case);
        let store = open(&disk, short).unwrap();
        assert_eq!(all(&store), events(&appends()));
        assert_eq!(disk.contents(path(1, "idx")).as_ref(), Some(&index));
    }
}

/// Found by the fuzz target `open_car`: one segment's index, whole and well summed, stood in another's place. A writer
/// made it again; a reader, which writes no file, took it for the segment's own when it came to read, and panicked.
#[test]
fn another_segments_index_is_not_taken_for_its_own() {
    let short = options(FsyncPolicy::Always, 1000);
    for (number, other) in [(1, 2), (2, 1), (2, 3), (3, 1)] {
        let (disk, _) = written(short);
        disk.damage(path(number, "idx"), disk.contents(path(other, "idx")));
        let reader = MemoryStore::open_read_only_on(Arc::new(disk.clone()), "/store").unwrap();
        assert_eq!(all(&reader), events(&appends()));
        reader.verify().unwrap();
        for (aggregate, head) in block_on(reader.list()).unwrap() {
            let read = block_on(reader.read(aggregate, 1, usize::MAX)).unwrap();
            assert_eq!(read.last().map(|stored| stored.event.head()), Some(head));
        }
    }
}

#[test]
fn without_its_index_a_damaged_sealed_segment_does_not_open() {
    let short = options(FsyncPolicy::Always, 1000);
    let (disk, _) = written(short);
    let mut bytes = disk.contents(path(1, "car")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    disk.damage(path(1, "car"), Some(bytes.clone()));
    disk.damage(path(1, "idx"), None);
    damage_of(open(&disk, short));
    bytes[middle] ^= 1;
    disk.damage(path(1, "car"), Some(bytes[..bytes.len() - 1].to_vec()));
    damage_of(open(&disk, short));
}

#[test]
fn whole_commits_that_do_not_follow_are_refused_and_never_cut() {
    let never = options(FsyncPolicy::Never, 1000);
    let (disk, _) = written(never);
    let last = (1..).take_while(|number| disk.contents(path(*number, "car")).is_some()).last().unwrap();
    assert!(last > 2, "segments before the last");
    let bytes = disk.contents(path(last, "car")).unwrap();
    // The last segment stands in the place of the one before it, behind commits that it does not follow.
    disk.damage(path(last - 1, "car"), Some(bytes.clone()));
    disk.damage(path(last, "car"), None);
    disk.damage(path(last - 1, "idx"), None);
    let damage = damage_of(open(&disk, never));
    assert!(damage.reason.contains("does not follow"), "{damage}");
    assert_eq!(disk.contents(path(last - 1, "car")), Some(bytes));
}

#[test]
fn a_missing_segment_is_an_error() {
    let short = options(FsyncPolicy::Always, 1000);
    let (disk, _) = written(short);
    disk.damage(path(2, "car"), None);
    let damage = damage_of(open(&disk, short));
    assert!(damage.reason.contains("segment-0000000002.car is missing"), "{damage}");
}

#[test]
fn a_file_that_is_no_journal_is_left_alone() {
    let disk = SimulatedDisk::new();
    disk.damage(path(1, "car"), Some(b"something else".to_vec()));
    damage_of(open(&disk, MemoryStoreOptions::default()));
    assert_eq!(disk.contents(path(1, "car")).unwrap(), b"something else");
}

#[test]
fn the_same_appends_give_the_same_bytes() {
    for fsync in [FsyncPolicy::Always, FsyncPolicy::Never] {
        let ((one, _), (two, _)) = (written(options(fsync, 1000)), written(options(fsync, 1000)));
        for number in 1..=4 {
            assert!(one.contents(path(number, "car")).is_some());
            for suffix in ["car", "idx"] {
                assert_eq!(one.contents(path(number, suffix)), two.contents(path(number, suffix)));
            }
        }
    }
}

#[test]
fn every_segment_is_a_car_whose_cids_hold() {
    let (disk, _) = written(options(FsyncPolicy::Always, 1000));
    let mut blocks = Vec::new();
    for bytes in (1..).map_while(|number| disk.contents(path(number, "car"))) {
        let mut reader = CarReader::new(bytes.as_slice()).unwrap();
        let manifest = reader.next().unwrap().unwrap();
        assert_eq!(reader.roots(), [manifest.cid]);
        for section in reader {
            let section = section.unwrap();
            assert_eq!(Cid::from_bytes(&section.cid).unwrap(), Cid::of_block(HashKind::Sha2_256, &section.block));
            blocks.push(section.block);
        }
    }
    let events = events(&appends());
    blocks.retain(|block| events.iter().any(|event| event.block == *block));
    assert!(blocks.iter().eq(events.iter().map(|event| &event.block)), "the events stand in the order of the stream");
}

#[test]
fn a_full_disk_ends_writing_and_loses_nothing() {
    let disk = SimulatedDisk::new();
    let always = options(FsyncPolicy::Always, 1 << 20);
    let store = open(&disk, always).unwrap();
    let appends = appends();
    block_on(store.append(&appends[..1])).unwrap();
    disk.set_full(true);
    for _ in 0..2 {
        let refused = block_on(store.append(&appends[1..2]));
        let Err(StoreError::Invalid { reason }) = refused else { panic!("{refused:?}") };
        assert!(reason.starts_with("the disk is full: ") && reason.contains("free space"), "{reason}");
        assert_eq!(all(&store), events(&appends[..1]));
    }
    disk.set_full(false);
    let refused = block_on(store.append(&appends[1..2]));
    let Err(StoreError::Invalid { reason }) = refused else { panic!("{refused:?}") };
    assert!(reason.starts_with("the disk is full: ") && reason.contains("free space"), "{reason}");
    drop(store);
    let store = open(&disk, always).unwrap();
    assert_eq!(store.recovery(), RecoveryReport::default());
    block_on(store.append(&appends[1..2])).unwrap();
    assert_eq!(all(&store), events(&appends[..2]));
}

/// Changes to a file: a byte set, bytes put in, bytes taken out.
fn edit() -> impl Strategy<Value = (usize, Vec<u8>, usize)> {
    (0..5000_usize, proptest::collection::vec(any::<u8>(), 0..6), 0..6_usize)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_done_to_the_files_only_whole_appends_are_read(
        number in 1..5_u32,
        suffix in prop_oneof![Just("car"), Just("idx")],
        edits in proptest::collection::vec(edit(), 1..4),
    ) {
        let short = options(FsyncPolicy::Always, 1000);
        let (disk, _) = written(short);
        let Some(mut bytes) = disk.contents(path(number, suffix)) else { return Ok(()) };
        for (at, put, out) in edits {
            let at = at % (bytes.len() + 1);
            let end = bytes.len().min(at + out);
            bytes.splice(at..end, put);
        }
        disk.damage(path(number, suffix), Some(bytes));
        if let Ok(store) = open(&disk, short)
            && store.verify().is_ok()
        {
            let kept = all(&store);
            let appends = appends();
            let whole = (0..=appends.len()).any(|count| events(&appends[..count]) == kept);
            prop_assert!(whole, "{} events are kept", kept.len());
        }
    }
}
