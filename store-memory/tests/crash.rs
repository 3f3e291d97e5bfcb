//! What a journal holds after a crash at any step: every acknowledged append whole, every other whole or not at all.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;
use std::time::Duration;

use cidgraph::store::conformance::SampleStream;
use cidgraph::{AggregateAppend, EventStore, HashKind, SealedEvent, StoreError};
use cidgraph_store_memory::simulated::SimulatedDisk;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions};
use futures::executor::block_on;
use proptest::prelude::*;

const FOLDER: &str = "/store";

fn open(disk: &SimulatedDisk, fsync: FsyncPolicy, segment_bytes: u64) -> Result<MemoryStore, StoreError> {
    let options = MemoryStoreOptions { fsync, segment_bytes, hash: None };
    MemoryStore::open_on(Arc::new(disk.clone()), FOLDER, options)
}

fn all(store: &MemoryStore) -> Vec<SealedEvent> {
    let stored = block_on(store.read_all(1, usize::MAX)).unwrap();
    assert!(stored.iter().map(|stored| stored.sequence).eq(1..=stored.len() as u64), "sequences have no gaps");
    stored.into_iter().map(|stored| stored.event).collect()
}

/// Appends of one and of two aggregates.
fn workload() -> Vec<Vec<AggregateAppend>> {
    let mut streams: Vec<SampleStream> = (1..=3).map(|number| SampleStream::new(number, HashKind::Sha2_256)).collect();
    let mut batches = Vec::new();
    for round in 0..10_usize {
        let mut batch = vec![streams[round % 3].appends(&[1, round as u64 % 2 + 1])];
        if round % 4 == 1 {
            batch.push(streams[(round + 1) % 3].append(1));
        }
        batches.push(batch);
    }
    batches
}

fn events(batches: &[Vec<AggregateAppend>]) -> Vec<SealedEvent> {
    batches.iter().flatten().flat_map(|part| part.events.clone()).collect()
}

/// Appends until the disk crashes; returns how many appends were acknowledged and whether one more was sent.
fn run(disk: &SimulatedDisk, fsync: FsyncPolicy, batches: &[Vec<AggregateAppend>]) -> (usize, bool) {
    let Ok(store) = open(disk, fsync, 3000) else { return (0, false) };
    for (done, batch) in batches.iter().enumerate() {
        match block_on(store.append(batch)) {
            Ok(_) => {}
            Err(StoreError::Unavailable { .. } | StoreError::Unknown { .. } | StoreError::Invalid { .. }) => {
                return (done, true);
            }
            Err(error) => panic!("{error}"),
        }
    }
    (batches.len(), false)
}

/// Checks the store found after a crash, then goes on with the rest of the work.
fn check(found: &SimulatedDisk, fsync: FsyncPolicy, batches: &[Vec<AggregateAppend>], acknowledged: usize) {
    let store = open(found, fsync, 3000).unwrap();
    let kept = all(&store);
    let whole = (acknowledged..=batches.len()).find(|count| events(&batches[..*count]) == kept);
    let kept_count = kept.len();
    let whole = whole.unwrap_or_else(|| panic!("{kept_count} events kept, {acknowledged} appends acknowledged"));
    assert!(whole <= acknowledged + 1, "appends that were never sent are kept");
    // What was in doubt is sent again, then what comes after it.
    for batch in &batches[acknowledged..] {
        block_on(store.append(batch)).unwrap();
    }
    assert_eq!(all(&store), events(batches));
    store.verify().unwrap();
    drop(store);
    assert_eq!(all(&open(found, fsync, 3000).unwrap()), events(batches));
}

fn crash_at_every_step(fsync: FsyncPolicy, look: impl Fn(&SimulatedDisk) -> Vec<SimulatedDisk>) {
    let batches = workload();
    let steps = {
        let disk = SimulatedDisk::new();
        assert_eq!(run(&disk, fsync, &batches), (batches.len(), false));
        disk.steps()
    };
    for step in 0..steps {
        let disk = SimulatedDisk::new();
        disk.crash_after(step);
        let (acknowledged, _) = run(&disk, fsync, &batches);
        for found in look(&disk) {
            check(&found, fsync, &batches, acknowledged);
        }
    }
}

#[test]
fn synced_appends_outlive_the_power() {
    crash_at_every_step(FsyncPolicy::Always, |disk| (0..6).map(|seed| disk.after_power_loss(seed)).collect());
}

#[test]
fn synced_appends_outlive_the_process() {
    crash_at_every_step(FsyncPolicy::Always, |disk| vec![disk.after_process_death()]);
}

#[test]
fn unsynced_appends_outlive_the_process() {
    crash_at_every_step(FsyncPolicy::Never, |disk| vec![disk.after_process_death()]);
}

/// A process died after it had made a segment and before its name was safe. The next one found the segment, went on in
/// it, synced it and acknowledged; then the power went, and with it the name: opening must make names safe too.
#[test]
fn a_segment_found_after_a_death_is_safe_once_it_is_written_to() {
    let batches = workload();
    for step in 0.. {
        let disk = SimulatedDisk::new();
        disk.crash_after(step);
        let (acknowledged, crashed) = run(&disk, FsyncPolicy::Always, &batches);
        if acknowledged == batches.len() && !crashed {
            return;
        }
        let found = disk.after_process_death();
        let store = open(&found, FsyncPolicy::Always, 3000).unwrap();
        block_on(store.append(&batches[acknowledged])).unwrap();
        drop(store);
        for seed in 0..4 {
            check(&found.after_power_loss(seed), FsyncPolicy::Always, &batches, acknowledged + 1);
        }
    }
}

/// Segments that were written without syncs are brought to the disk before later ones count as synced.
#[test]
fn a_journal_written_without_syncs_is_synced_when_it_is_opened_to_sync() {
    let batches = workload();
    for split in 0..batches.len() {
        let disk = SimulatedDisk::new();
        run(&disk, FsyncPolicy::Never, &batches[..split]);
        let store = open(&disk, FsyncPolicy::Always, 3000).unwrap();
        block_on(store.append(&batches[split])).unwrap();
        drop(store);
        for seed in 0..4 {
            check(&disk.after_power_loss(seed), FsyncPolicy::Always, &batches, split + 1);
        }
    }
}

/// Found by the fuzz target `store_ops`: a reader's place was kept without a sync, the store was opened to sync, and the
/// power went: the file's name was safe, its bytes were not, and the store could not be opened any more.
#[test]
fn a_readers_place_kept_without_a_sync_is_synced_when_the_store_is_opened_to_sync() {
    for fsync in [FsyncPolicy::Always, FsyncPolicy::Interval(Duration::from_secs(3600))] {
        let disk = SimulatedDisk::new();
        let store = open(&disk, FsyncPolicy::Never, 3000).unwrap();
        block_on(store.save_position("reader", 7)).unwrap();
        drop(store);
        drop(open(&disk, fsync, 3000).unwrap());
        for seed in 0..16 {
            let store = open(&disk.after_power_loss(seed), fsync, 3000).unwrap();
            assert_eq!(block_on(store.load_position("reader")).unwrap(), Some(7));
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append { streams: Vec<usize>, transactions: Vec<u64> },
    Stale { stream: usize },
    Again { back: usize },
    Reopen,
    Crash { steps: u64, power: Option<u64> },
    LoseIndices,
}

fn step() -> impl Strategy<Value = Step> {
    let append = (proptest::sample::subsequence(vec![0, 1, 2], 1..=3), proptest::collection::vec(1..4_u64, 1..3))
        .prop_map(|(streams, transactions)| Step::Append { streams, transactions });
    prop_oneof![
        8 => append,
        1 => (0..3_usize).prop_map(|stream| Step::Stale { stream }),
        1 => (0..6_usize).prop_map(|back| Step::Again { back }),
        1 => Just(Step::Reopen),
        2 => (0..12_u64, proptest::option::of(0..99_u64)).prop_map(|(steps, power)| Step::Crash { steps, power }),
        1 => Just(Step::LoseIndices),
    ]
}

/// The store on a disk beside the obvious model: the list of all batches that count.
struct Twin {
    disk: SimulatedDisk,
    store: Option<MemoryStore>,
    batches: Vec<Vec<AggregateAppend>>,
    streams: Vec<SampleStream>,
}

impl Twin {
    fn new() -> Self {
        let disk = SimulatedDisk::new();
        let store = Some(open(&disk, FsyncPolicy::Always, 1500).unwrap());
        let streams = (1..=3).map(|number| SampleStream::new(number, HashKind::Sha2_256)).collect();
        Self { disk, store, batches: Vec::new(), streams }
    }

    fn store(&self) -> &MemoryStore {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self, disk: SimulatedDisk) {
        self.store = None;
        self.disk = disk;
        self.store = Some(open(&self.disk, FsyncPolicy::Always, 1500).unwrap());
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Append { streams, transactions } => {
                let batch: Vec<_> = streams.iter().map(|at| self.streams[*at].appends(&transactions)).collect();
                self.append(batch);
            }
            Step::Stale { stream } => {
                let mut fork = self.streams[stream].fork();
                fork.append(1);
                let refused = block_on(self.store().append(&[fork.append(1)]));
                assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
            }
            Step::Again { back } => {
                let Some(batch) = self.batches.iter().rev().nth(back) else { return };
                let last = block_on(self.store().last_sequence()).unwrap();
                block_on(self.store().append(batch)).unwrap();
                assert_eq!(block_on(self.store().last_sequence()).unwrap(), last);
            }
            Step::Reopen => self.reopen(self.disk.clone()),
            Step::Crash { steps, power } => {
                self.disk.crash_after(steps);
                let batch = vec![self.streams[0].append(2), self.streams[1].append(1)];
                let answer = block_on(self.store().append(&batch));
                self.store = None;
                let found = match power {
                    Some(seed) => self.disk.after_power_loss(seed),
                    None => self.disk.after_process_death(),
                };
                self.reopen(found);
                assert!(
                    answer.is_err() || all(self.store()).ends_with(&batch[1].events),
                    "an acknowledged append is lost"
                );
                self.append(batch);
            }
            Step::LoseIndices => {
                self.store = None;
                for number in 1..50 {
                    self.disk.damage(format!("{FOLDER}/segment-{number:010}.idx"), None);
                }
                self.reopen(self.disk.clone());
            }
        }
    }

    fn append(&mut self, batch: Vec<AggregateAppend>) {
        block_on(self.store().append(&batch)).unwrap();
        self.batches.push(batch);
    }

    fn validate(&self) {
        let expected = events(&self.batches);
        assert_eq!(all(self.store()), expected);
        for stream in &self.streams {
            let aggregate = stream.aggregate();
            let read = block_on(self.store().read(aggregate, 1, usize::MAX)).unwrap();
            let read: Vec<_> = read.into_iter().map(|stored| stored.event).collect();
            let own: Vec<_> = expected.iter().filter(|event| event.aggregate == aggregate).cloned().collect();
            assert_eq!(block_on(self.store().head(aggregate)).unwrap(), own.last().map(SealedEvent::head));
            assert_eq!(read, own);
        }
        let verified = self.store().verify().unwrap();
        assert_eq!(verified.events, expected.len() as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn a_journal_is_the_list_of_its_batches(steps in proptest::collection::vec(step(), 1..24)) {
        let mut twin = Twin::new();
        for step in steps {
            twin.take(step);
            twin.validate();
        }
    }
}
