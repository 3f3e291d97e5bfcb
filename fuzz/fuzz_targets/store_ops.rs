//! The embedded store on a disk that fills up, crashes at any write and loses what was not synced, beside the obvious
//! model: the list of the batches that count. What was acknowledged stays as the policy promises, what was in doubt is
//! there whole or not at all, and every answer is the model's.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use cidgraph::store::conformance::SampleStream;
use cidgraph::{
    AggregateAppend, Appended, Durability, EventStore, HashKind, Head, SealedEvent, StoreError, StoredEvent,
    StreamFilter,
};
use cidgraph_store_memory::simulated::SimulatedDisk;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions};
use futures::StreamExt;
use futures::executor::block_on;
use libfuzzer_sys::fuzz_target;

const STREAMS: usize = 3;
const STEPS_MAX: usize = 64;
const SEGMENT_BYTES: u64 = 1500;

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Policy {
    Always,
    Interval,
    Never,
}

impl Policy {
    const fn fsync(self) -> FsyncPolicy {
        match self {
            Self::Always => FsyncPolicy::Always,
            // Never comes while a run lasts: what is synced is synced at the end of a segment and on closing.
            Self::Interval => FsyncPolicy::Interval(Duration::from_secs(3600)),
            Self::Never => FsyncPolicy::Never,
        }
    }

    const fn durability(self) -> Durability {
        match self {
            Self::Always => Durability::Fsynced,
            Self::Interval | Self::Never => Durability::PageCache,
        }
    }
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Malformed {
    Empty,
    Twice,
    Gap,
    Cut,
    Foreign,
    OtherHash,
    NoEvents,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Step {
    /// Appends to the streams whose bit is set, so many transactions of so many events.
    Append { streams: u8, transactions: u8, events: u8 },
    /// Appends behind an event that another writer's history has.
    Stale { stream: u8 },
    /// Appends what breaks the contract.
    Malformed { how: Malformed, stream: u8 },
    /// Appends a batch that was appended before.
    Again { back: u8 },
    /// Reads some by sequence, by aggregate, and by following.
    Read { from: u8, limit: u8, stream: u8 },
    /// Keeps a reader's place.
    Position { sequence: u8 },
    /// The disk becomes full, or has room again.
    Full { full: bool },
    /// The disk stops working after so many more changes.
    CrashAfter { changes: u8 },
    /// The process dies and the next one opens the store.
    Death { policy: Policy },
    /// The power goes, `seed` decides what is lost, and the store is opened.
    PowerLoss { policy: Policy, seed: u64 },
    /// The store is closed and opened.
    Reopen { policy: Policy },
    /// The side files of the sealed segments get lost while the store is closed.
    LoseIndices { policy: Policy },
    /// The store is opened to sync and closed, and a byte of its last segment changes: that is told, and undone.
    Damage { policy: Policy, at: u16 },
}

fuzz_target!(|input: (Policy, Vec<Step>)| {
    let (policy, steps) = input;
    let mut twin = Twin::new(policy);
    for step in steps.into_iter().take(STEPS_MAX) {
        twin.take(step);
        twin.check_ends();
    }
    twin.take(Step::Death { policy: Policy::Always });
    twin.check_everything();
});

/// What a crash may have taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    None,
    /// What was not synced.
    Unsynced,
}

/// An append that counts.
struct Batch {
    parts: Vec<AggregateAppend>,
    /// Every stream after it.
    after: Vec<SampleStream>,
}

/// The store beside the model.
struct Twin {
    disk: SimulatedDisk,
    store: Option<MemoryStore>,
    policy: Policy,
    batches: Vec<Batch>,
    /// What is appended next continues these.
    streams: Vec<SampleStream>,
    /// How many of the batches are on the disk for certain.
    durable: usize,
    /// A batch of which nobody knows.
    doubt: Option<Batch>,
    /// The places that the reader may have.
    positions: Vec<Option<u64>>,
    /// The store refuses appends until it is opened again.
    failed: bool,
}

impl Twin {
    fn new(policy: Policy) -> Self {
        let disk = SimulatedDisk::new();
        let mut twin = Self {
            disk: disk.clone(),
            store: None,
            policy,
            batches: Vec::new(),
            streams: fresh_streams(),
            durable: 0,
            doubt: None,
            positions: vec![None],
            failed: false,
        };
        twin.open(disk, policy, Loss::None);
        twin
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Append { streams, transactions, events } => self.append(streams, transactions, events),
            Step::Stale { stream } => self.append_stale(usize::from(stream) % STREAMS),
            Step::Malformed { how, stream } => self.append_malformed(how, usize::from(stream) % STREAMS),
            Step::Again { back } => self.append_again(usize::from(back)),
            Step::Read { from, limit, stream } => self.read(from.into(), limit.into(), usize::from(stream) % STREAMS),
            Step::Position { sequence } => self.save_position(sequence.into()),
            Step::Full { full } => self.disk.set_full(full),
            Step::CrashAfter { changes } => self.disk.crash_after(changes.into()),
            Step::Death { policy } => self.crash(policy, Loss::None, SimulatedDisk::after_process_death),
            Step::PowerLoss { policy, seed } => {
                self.crash(policy, Loss::Unsynced, |disk| disk.after_power_loss(seed));
            }
            Step::Reopen { policy } => {
                self.close();
                let found = self.disk.after_process_death();
                self.open(found, policy, Loss::None);
            }
            Step::Damage { policy, at } => self.damage(policy, at.into()),
            Step::LoseIndices { policy } => {
                self.close();
                let found = self.disk.after_process_death();
                (1..200).for_each(|number| found.damage(format!("/store/segment-{number:010}.idx"), None));
                self.open(found, policy, Loss::None);
            }
        }
    }

    /// Everything is on the disk once the store was opened to sync: no change in it is taken for a torn tail.
    fn damage(&mut self, policy: Policy, at: usize) {
        self.close();
        self.open(self.disk.after_process_death(), Policy::Always, Loss::None);
        self.close();
        let found = self.disk.after_process_death();
        let path = |number: u32| format!("/store/segment-{number:010}.car");
        let last = (1..200).rev().map(path).find(|path| found.contents(path).is_some()).expect("there is a segment");
        let bytes = found.contents(&last).expect("it was just seen");
        let mut changed = bytes.clone();
        changed[at % bytes.len()] ^= 1;
        found.damage(&last, Some(changed));
        let opened = MemoryStore::open_on(Arc::new(found.clone()), "/store", MemoryStoreOptions::default());
        assert!(matches!(opened, Err(StoreError::Corrupt { .. })), "{opened:?}");
        found.damage(&last, Some(bytes));
        self.open(found, policy, Loss::None);
    }

    fn store(&self) -> &MemoryStore {
        self.store.as_ref().expect("the store is open between steps")
    }

    fn append(&mut self, streams: u8, transactions: u8, events: u8) {
        let mut after = self.streams.clone();
        let counts = vec![u64::from(events % 4) + 1; usize::from(transactions % 3) + 1];
        let chosen = after.iter_mut().enumerate().filter(|(number, _)| streams >> number & 1 == 1);
        let parts: Vec<_> = chosen.map(|(_, stream)| stream.appends(&counts)).collect();
        if parts.is_empty() {
            return;
        }
        let answer = block_on(self.store().append(&parts));
        let batch = Batch { parts, after };
        match answer {
            Ok(appended) => {
                assert!(!self.failed, "a store whose disk failed acknowledges");
                self.streams.clone_from(&batch.after);
                self.batches.push(batch);
                assert_eq!(appended, self.answer(self.batches.len() - 1));
                if appended.durability >= Durability::Fsynced {
                    self.durable = self.batches.len();
                }
            }
            Err(StoreError::Unavailable { .. } | StoreError::Invalid { .. }) => self.failed = true,
            Err(StoreError::Unknown { .. }) => {
                assert!(!self.failed, "nothing is written any more, so nothing is in doubt");
                self.failed = true;
                self.doubt = Some(batch);
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// What the store answers, and answers again, for a batch.
    fn answer(&self, batch: usize) -> Appended {
        let first = events(&self.batches[..batch]).count() as u64 + 1;
        let parts = &self.batches[batch].parts;
        let count = parts.iter().map(|part| part.events.len() as u64).sum::<u64>();
        let heads = parts.iter().map(|part| (part.aggregate, part.head())).collect();
        let (last_sequence, durability) = (first + count - 1, self.policy.durability());
        Appended { heads, first_sequence: first, last_sequence, durability }
    }

    fn append_stale(&mut self, stream: usize) {
        let mut fork = self.streams[stream].fork();
        fork.append(1);
        let batch = [fork.append(1)];
        match block_on(self.store().append(&batch)) {
            Err(StoreError::Conflict { aggregate, expected, actual }) => {
                assert_eq!((aggregate, expected), (fork.aggregate(), batch[0].expected));
                assert_eq!(actual, self.head(stream));
            }
            Err(StoreError::Unavailable { .. } | StoreError::Invalid { .. }) => {}
            other => panic!("a stale append: {other:?}"),
        }
    }

    fn append_malformed(&mut self, how: Malformed, stream: usize) {
        let mut fork = self.streams[stream].fork();
        let part = fork.append(3);
        let mut batch = vec![part.clone()];
        match how {
            Malformed::Empty => batch.clear(),
            Malformed::Twice => batch.push(part),
            Malformed::Gap => drop(batch[0].events.remove(1)),
            Malformed::Cut => drop(batch[0].events.pop()),
            Malformed::Foreign => batch[0].aggregate = SampleStream::new(9, HashKind::Sha2_256).aggregate(),
            Malformed::OtherHash => batch = vec![SampleStream::new(9, HashKind::Blake3).append(1)],
            Malformed::NoEvents => batch[0].events.clear(),
        }
        let refused = block_on(self.store().append(&batch));
        assert!(matches!(refused, Err(StoreError::Malformed { .. })), "{how:?}: {refused:?}");
    }

    fn append_again(&mut self, back: usize) {
        let Some(at) = self.batches.len().checked_sub(back % 8 + 1) else { return };
        match block_on(self.store().append(&self.batches[at].parts)) {
            Ok(appended) => assert_eq!(appended, self.answer(at)),
            Err(StoreError::Unavailable { .. } | StoreError::Invalid { .. }) => {}
            Err(error) => panic!("a batch that was appended: {error}"),
        }
    }

    fn save_position(&mut self, sequence: u64) {
        match block_on(self.store().save_position("reader", sequence)) {
            Ok(()) if matches!(self.policy, Policy::Never) => self.positions.push(Some(sequence)),
            Ok(()) => self.positions = vec![Some(sequence)],
            Err(StoreError::Unavailable { .. } | StoreError::Invalid { .. }) => {
                self.positions.insert(0, Some(sequence))
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn crash(&mut self, policy: Policy, loss: Loss, after: impl Fn(&SimulatedDisk) -> SimulatedDisk) {
        // The process is gone at once: nothing that closing would still write reaches this disk.
        let found = after(&self.disk);
        self.close();
        self.open(found, policy, loss);
    }

    fn close(&mut self) {
        self.store = None;
    }

    /// Opens what is found on a disk and settles what was in doubt.
    fn open(&mut self, found: SimulatedDisk, policy: Policy, loss: Loss) {
        self.disk = found;
        let options = MemoryStoreOptions { fsync: policy.fsync(), segment_bytes: SEGMENT_BYTES, hash: None };
        let opened = MemoryStore::open_on(Arc::new(self.disk.clone()), "/store", options);
        let unsynced = loss == Loss::Unsynced && matches!(self.policy, Policy::Never);
        let store = match opened {
            // Without any sync the power may take bytes out of the middle: opening tells it, or the full check does.
            Err(StoreError::Corrupt { .. }) if unsynced => return *self = Self::new(policy),
            Ok(store) if unsynced && store.verify().is_err() => return *self = Self::new(policy),
            Ok(store) => store,
            Err(error) => panic!("the store cannot be opened: {error}"),
        };
        let kept: Vec<_> = all(&store).into_iter().map(|stored| stored.event).collect();
        let least = if loss == Loss::None { self.batches.len() } else { self.durable };
        self.settle(&kept, least);
        (self.store, self.policy, self.failed) = (Some(store), policy, false);
        let position = block_on(self.store().load_position("reader")).expect("the place is there or not");
        assert!(unsynced || self.positions.contains(&position), "{position:?} of {:?}", self.positions);
        self.positions = vec![position];
        if !matches!(policy, Policy::Never) {
            self.durable = self.batches.len();
        }
    }

    /// Takes over what was kept: at least so many batches, none in part, and the one in doubt or not.
    fn settle(&mut self, kept: &[SealedEvent], least: usize) {
        self.batches.extend(self.doubt.take());
        let whole = (least..=self.batches.len()).find(|count| events(&self.batches[..*count]).eq(kept));
        let whole = whole.unwrap_or_else(|| {
            let (kept, all) = (kept.len(), events(&self.batches).count());
            panic!("{kept} events kept of {all}, at least {least} batches of {} expected", self.batches.len())
        });
        self.durable = self.durable.min(whole);
        self.batches.truncate(whole);
        self.streams = self.batches.last().map_or_else(fresh_streams, |batch| batch.after.clone());
        // What comes in the place of a batch that was lost differs from it.
        self.streams.iter_mut().for_each(|stream| *stream = stream.fork());
    }

    fn head(&self, stream: usize) -> Option<Head> {
        let aggregate = self.streams[stream].aggregate();
        events(&self.batches).filter(|event| event.aggregate == aggregate).last().map(SealedEvent::head)
    }

    fn stored(&self) -> Vec<StoredEvent> {
        let stored = |(sequence, event): (u64, &SealedEvent)| StoredEvent { sequence, event: event.clone() };
        (1..).zip(events(&self.batches)).map(stored).collect()
    }

    /// The cheap answers, which hold after every step.
    fn check_ends(&self) {
        let mut heads = Vec::new();
        for stream in 0..STREAMS {
            let (aggregate, head) = (self.streams[stream].aggregate(), self.head(stream));
            assert_eq!(block_on(self.store().head(aggregate)).expect("heads are in memory"), head);
            heads.extend(head.map(|head| (aggregate, head)));
        }
        heads.sort_unstable_by_key(|(aggregate, _)| *aggregate);
        assert_eq!(block_on(self.store().list()).expect("heads are in memory"), heads);
        let last = events(&self.batches).count() as u64;
        assert_eq!(block_on(self.store().last_sequence()).expect("it is in memory"), last);
    }

    fn read(&self, from: u64, limit: usize, stream: usize) {
        let stored = self.stored();
        let aggregate = self.streams[stream].aggregate();
        let own = stored.iter().filter(|stored| stored.event.aggregate == aggregate);
        let by_version: Vec<_> = own.filter(|stored| stored.event.version >= from).take(limit).cloned().collect();
        let by_sequence: Vec<_> = stored.iter().filter(|stored| stored.sequence >= from).take(limit).cloned().collect();
        self.same(block_on(self.store().read(aggregate, from, limit)), &by_version);
        self.same(block_on(self.store().read_all(from, limit)), &by_sequence);
        let followed = block_on(async {
            let following = self.store().follow(from, StreamFilter::All).await?;
            following.take(by_sequence.len()).collect::<Vec<_>>().await.into_iter().collect()
        });
        self.same(followed, &by_sequence);
    }

    /// A disk that has crashed reads nothing; what is read is right.
    fn same(&self, read: Result<Vec<StoredEvent>, StoreError>, expected: &[StoredEvent]) {
        match read {
            Ok(read) => assert_eq!(read, expected),
            Err(StoreError::Unavailable { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn check_everything(&self) {
        assert_eq!(all(self.store()), self.stored());
        for stream in 0..STREAMS {
            self.read(0, usize::MAX, stream);
        }
        let verified = self.store().verify().expect("every event holds");
        assert_eq!(verified.events, events(&self.batches).count() as u64);
    }
}

fn fresh_streams() -> Vec<SampleStream> {
    (1..=STREAMS as u64).map(|number| SampleStream::new(number, HashKind::Sha2_256)).collect()
}

fn events(batches: &[Batch]) -> impl Iterator<Item = &SealedEvent> {
    batches.iter().flat_map(|batch| &batch.parts).flat_map(|part| &part.events)
}

fn all(store: &MemoryStore) -> Vec<StoredEvent> {
    block_on(store.read_all(1, usize::MAX)).expect("the disk works")
}
