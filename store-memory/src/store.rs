//! The store that this crate is for: one type over the log in memory and the journal on disk.

use std::path::Path;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use async_trait::async_trait;
use cidgraph::store::Followed;
use cidgraph::{
    AggregateAppend, AggregateId, Appended, Capabilities, Damage, Durability, EventStore, HashKind, Head, MemoryLedger,
    StoreError, StoredEvent, StreamFilter,
};

use crate::disk::{Disk, LockGuard, RealDisk};
use crate::follow::{Waiting, follow};
use crate::journal::log::{CAPABILITIES, Journal, POLL_INTERVAL, Role};
use crate::journal::open::{Opened, RecoveryReport, WriteOptions, open_to_read, open_to_write};
use crate::journal::survey::survey;
use crate::journal::writer::FsyncPolicy;
use crate::volatile::Volatile;

/// The size that a segment of the journal reaches before the next one is begun, unless told otherwise, bytes.
pub const SEGMENT_BYTES: u64 = 8 << 20;

/// How a durable store is opened.
#[derive(Debug, Clone, Copy)]
pub struct MemoryStoreOptions {
    /// When what was appended is brought to the disk.
    pub fsync: FsyncPolicy,
    /// The size at which the next segment is begun, bytes; at most 1 GiB.
    pub segment_bytes: u64,
    /// The hash function of all CIDs: `None` takes that of the store that is there, and SHA-256 for a new one.
    pub hash: Option<HashKind>,
}

impl Default for MemoryStoreOptions {
    fn default() -> Self {
        Self { fsync: FsyncPolicy::Always, segment_bytes: SEGMENT_BYTES, hash: None }
    }
}

/// What a full check went through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Events.
    pub events: u64,
    /// Aggregates.
    pub aggregates: u64,
    /// Segments, 0 for a store in memory.
    pub segments: u64,
    /// Bytes of blocks, or of segments where there are some.
    pub bytes: u64,
}

/// What a check that goes on behind damage found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// What holds.
    pub intact: Verified,
    /// Every break.
    pub broken: Vec<Damage>,
    /// What stands behind the last whole commit and was never known durable, or is being written.
    pub left_out: RecoveryReport,
}

/// Keeps events in this process's memory, or durably in a journal of CARv1 files.
///
/// # Examples
/// ```
/// use cidgraph::{AggregateId, EventStore};
/// use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
///
/// # let folder = tempfile::tempdir()?;
/// let store = MemoryStore::open(folder.path().join("store"), FsyncPolicy::Always)?;
/// let head = futures::executor::block_on(store.head(AggregateId::from_u64(1)))?;
/// assert_eq!(head, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    log: Log,
    recovery: RecoveryReport,
    worker: Option<JoinHandle<()>>,
    _lock: Option<Box<dyn LockGuard>>,
}

#[derive(Debug)]
enum Log {
    Volatile(Arc<Volatile>),
    Journal(Arc<Journal>),
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// Makes an empty store in memory whose CIDs are taken with SHA-256.
    pub fn new() -> Self {
        Self::with_hash(HashKind::Sha2_256)
    }

    /// Makes an empty store in memory whose CIDs are taken with `hash`.
    pub fn with_hash(hash: HashKind) -> Self {
        let log = Log::Volatile(Arc::new(Volatile::new(hash)));
        Self { log, recovery: RecoveryReport::default(), worker: None, _lock: None }
    }

    /// Opens the durable store in `folder` to read and write, making it where there is none.
    ///
    /// Checks the last segment whole; [`recovery`](Self::recovery) tells what was cut off its end.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] where bytes that were durable are damaged; [`StoreError::Invalid`] where the folder cannot
    /// be a store; [`StoreError::Unavailable`] where another process writes this one or the disk refuses.
    pub fn open(folder: impl AsRef<Path>, fsync: FsyncPolicy) -> Result<Self, StoreError> {
        Self::open_with(folder, MemoryStoreOptions { fsync, ..MemoryStoreOptions::default() })
    }

    /// Opens the durable store in `folder` with options.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`StoreError::Invalid`] also where the store there uses another hash function.
    pub fn open_with(folder: impl AsRef<Path>, options: MemoryStoreOptions) -> Result<Self, StoreError> {
        Self::open_on(Arc::new(RealDisk), folder, options)
    }

    /// Opens the durable store in `folder` of a disk.
    ///
    /// # Errors
    /// As [`open_with`](Self::open_with).
    pub fn open_on(
        disk: Arc<dyn Disk>,
        folder: impl AsRef<Path>,
        options: MemoryStoreOptions,
    ) -> Result<Self, StoreError> {
        let MemoryStoreOptions { fsync, segment_bytes, hash } = options;
        let opened = open_to_write(disk, folder.as_ref(), WriteOptions { fsync, segment_bytes, hash })?;
        Self::of(opened)
    }

    /// Opens the durable store in `folder` to read only, at its last commit; commits that a writer in another process
    /// makes later are seen as they come.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where there is no store; else as [`open`](Self::open).
    pub fn open_read_only(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_read_only_on(Arc::new(RealDisk), folder)
    }

    /// Opens the durable store in `folder` of a disk to read only.
    ///
    /// # Errors
    /// As [`open_read_only`](Self::open_read_only).
    pub fn open_read_only_on(disk: Arc<dyn Disk>, folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::of(open_to_read(disk, folder.as_ref())?)
    }

    /// Checks the durable store in `folder` as [`verify`](Self::verify) does, and where something is damaged goes on
    /// through all segments and lists every break. Where it is damaged, links and commits are followed only up to the
    /// first break; behind it every block is hashed.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] where there is no store; [`StoreError::Unavailable`] where the disk refuses.
    pub fn survey(folder: impl AsRef<Path>) -> Result<Survey, StoreError> {
        Self::survey_on(Arc::new(RealDisk), folder)
    }

    /// Checks the durable store in `folder` of a disk and lists every break.
    ///
    /// # Errors
    /// As [`survey`](Self::survey).
    pub fn survey_on(disk: Arc<dyn Disk>, folder: impl AsRef<Path>) -> Result<Survey, StoreError> {
        let strict = Self::open_read_only_on(Arc::clone(&disk), folder.as_ref());
        match strict.and_then(|store| Ok((store.recovery(), store.verify()?))) {
            Ok((left_out, intact)) => Ok(Survey { intact, broken: Vec::new(), left_out }),
            Err(StoreError::Corrupt { damage }) => survey(disk, folder.as_ref(), *damage),
            Err(error) => Err(error),
        }
    }

    fn of(opened: Opened) -> Result<Self, StoreError> {
        let Opened { journal, recovery, lock } = opened;
        let journal = Arc::new(journal);
        let works = matches!(&journal.role, Role::Writer(side) if side.works_in_background());
        let work = || {
            let journal = Arc::clone(&journal);
            Builder::new().name("cidgraph-journal".to_owned()).spawn(move || journal.work())
        };
        let worker = works.then(work).transpose();
        let worker = worker.map_err(|error| StoreError::Unavailable { reason: format!("no thread: {error}") })?;
        Ok(Self { log: Log::Journal(journal), recovery, worker, _lock: lock })
    }

    /// Returns what opening cut off the journal's end, or left out where it was opened to read only; nothing for a store
    /// in memory.
    pub const fn recovery(&self) -> RecoveryReport {
        self.recovery
    }

    /// Checks every event that is kept: its bytes against its CID, its links, its commit. Takes all cores and blocks
    /// the calling thread.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the first damage found; [`StoreError::Unavailable`] where the disk refuses.
    pub fn verify(&self) -> Result<Verified, StoreError> {
        match &self.log {
            Log::Volatile(log) => log.verify(),
            Log::Journal(log) => log.verify(),
        }
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        if let Log::Journal(log) = &self.log {
            log.close();
        }
        if let Some(worker) = self.worker.take() {
            // A panic of the worker was already shown; the appends it owed were answered as unknown.
            drop(worker.join());
        }
        if let Log::Journal(log) = &self.log {
            log.note_durable();
        }
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        match &self.log {
            Log::Volatile(log) => log.append(batch),
            Log::Journal(log) => log.append(batch).await,
        }
    }

    async fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        match &self.log {
            Log::Volatile(log) => Ok(log.head(aggregate)),
            Log::Journal(log) => log.head(aggregate),
        }
    }

    async fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        match &self.log {
            Log::Volatile(log) => Ok(log.read(aggregate, from_version, limit)),
            Log::Journal(log) => log.read(aggregate, from_version, limit),
        }
    }

    async fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        match &self.log {
            Log::Volatile(log) => Ok(log.read_all(from_sequence, limit)),
            Log::Journal(log) => log.read_all(from_sequence, limit),
        }
    }

    async fn follow(&self, from_sequence: u64, filter: StreamFilter) -> Result<Followed, StoreError> {
        Ok(match &self.log {
            Log::Volatile(log) => follow(log, Waiting::Told(log.committed()), from_sequence, filter),
            Log::Journal(log) => {
                let committed = log.committed.subscribe();
                let waiting = match &log.role {
                    Role::Writer(_) => Waiting::Told(committed),
                    Role::Reader(_) => Waiting::Polling(committed, POLL_INTERVAL),
                };
                follow(log, waiting, from_sequence, filter)
            }
        })
    }

    async fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        match &self.log {
            Log::Volatile(log) => Ok(log.list()),
            Log::Journal(log) => log.list(),
        }
    }

    async fn last_sequence(&self) -> Result<u64, StoreError> {
        match &self.log {
            Log::Volatile(log) => Ok(log.last_sequence()),
            Log::Journal(log) => log.last_sequence(),
        }
    }

    async fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        match &self.log {
            Log::Volatile(log) => {
                log.save_position(reader, sequence);
                Ok(())
            }
            Log::Journal(log) => log.save_position(reader, sequence),
        }
    }

    async fn load_position(&self, reader: &str) -> Result<Option<u64>, StoreError> {
        match &self.log {
            Log::Volatile(log) => Ok(log.load_position(reader)),
            Log::Journal(log) => log.positions.load(&log.files, reader),
        }
    }

    fn hash_kind(&self) -> HashKind {
        match &self.log {
            Log::Volatile(log) => log.hash_kind(),
            Log::Journal(log) => log.files.hash,
        }
    }

    fn capabilities(&self) -> Capabilities {
        match &self.log {
            Log::Volatile(log) => log.capabilities(),
            Log::Journal(_) => CAPABILITIES,
        }
    }

    fn enter(&self, ledger: &mut MemoryLedger) {
        match &self.log {
            Log::Volatile(log) => ledger.enter("event log", log.heap_bytes()),
            Log::Journal(log) => ledger.enter("journal index", log.heap_bytes()),
        }
    }

    fn durability_of_kept(&self) -> Durability {
        match &self.log {
            Log::Volatile(_) => Durability::Memory,
            Log::Journal(log) => log.durability_of_kept(),
        }
    }
}
