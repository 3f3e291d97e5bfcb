//! The write side: appends are queued, and whoever writes takes all that wait as one group, with one write and, where
//! the policy says so, one sync.
//!
//! An append is encoded by its caller and judged by the writer in the order of the queue. Memory changes only after
//! the disk did. The first error of the disk ends writing: what the file holds is then for the next opening to find.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::car::push_section;
use cidgraph::store::batch::check_batch;
use cidgraph::{AggregateAppend, AggregateId, Appended, Cid, Durability, Head, StoreError};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::disk::DiskFile;
use crate::journal::durable::Durable;
use crate::journal::files::full;
use crate::journal::format::Commit;
use crate::journal::index::Active;
use crate::journal::log::{CAPABILITIES, Journal, Role, read_only};
use crate::journal::queue::{APPEND_BYTES_MAX, Pending, Queue, answer_all};
use crate::journal::table::Table;

/// When what was appended is brought to the disk.
///
/// With `Interval` and `Never` an append writes on its caller's thread, with `Always` on the store's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FsyncPolicy {
    /// Before the append is answered; appends that wait share one sync.
    Always,
    /// In the background, at most this late.
    Interval(Duration),
    /// When the operating system likes: survives the process, not the machine.
    Never,
}

impl FsyncPolicy {
    const fn durability(self) -> Durability {
        match self {
            Self::Always => Durability::Fsynced,
            Self::Interval(_) | Self::Never => Durability::PageCache,
        }
    }
}

/// What only the process that holds the lock has.
#[derive(Debug)]
pub(crate) struct WriteSide {
    policy: FsyncPolicy,
    segment_bytes: u64,
    queue: Mutex<Queue>,
    wake: Condvar,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    file: Arc<dyn DiskFile>,
    /// Bytes of the file, all of them committed.
    len: u64,
    /// Bytes of the file that are on the disk for certain.
    durable: u64,
    /// Why nothing is written any more.
    failed: Option<String>,
}

/// What becomes of an append.
enum Judgement {
    Accept,
    Answer(Result<Appended, StoreError>),
    /// It is told once the group before it is written.
    Later,
}

impl Journal {
    fn write_side(&self) -> Option<&WriteSide> {
        match &self.role {
            Role::Writer(side) => Some(side),
            Role::Reader(_) => None,
        }
    }

    pub(crate) async fn append(&self, batch: &[AggregateAppend]) -> Result<Appended, StoreError> {
        let side = self.write_side().ok_or_else(read_only)?;
        check_batch(batch, self.files.hash, &CAPABILITIES)?;
        let (answer, answered) = oneshot::channel();
        let pending = Pending::encode(batch, answer)?;
        {
            let mut queue = side.queue.lock();
            if queue.abandoned {
                return Err(StoreError::Unavailable { reason: "the writer of the store is gone".to_owned() });
            }
            queue.waiting.push_back(pending);
            if queue.wanted > 0 && queue.waiting.len() >= queue.wanted {
                side.wake.notify_one();
            }
        }
        if side.policy != FsyncPolicy::Always {
            self.write_waiting(side);
        }
        let lost = || StoreError::Unknown { reason: "the writer of the store is gone".to_owned() };
        answered.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Writes all that wait; whoever comes first does it for all.
    fn write_waiting(&self, side: &WriteSide) {
        let mut writer = side.writer.lock();
        let mut deferred = VecDeque::new();
        loop {
            let group = side.queue.lock().take(&mut deferred);
            if group.is_empty() {
                return;
            }
            deferred = self.write_group(side, &mut writer, group);
        }
    }

    /// Judges and writes a group and answers its appends; returns those to be judged again.
    fn write_group(&self, side: &WriteSide, writer: &mut Writer, group: Vec<Pending>) -> VecDeque<Pending> {
        let mut heads = BTreeMap::new();
        let mut accepted = Vec::with_capacity(group.len());
        let mut deferred = VecDeque::new();
        for pending in group {
            let judgement = match &writer.failed {
                Some(reason) => Judgement::Answer(Err(StoreError::Invalid { reason: reason.clone() })),
                None => self.judge(side, &pending, &heads),
            };
            match judgement {
                Judgement::Accept => {
                    heads.extend(pending.parts.iter().map(|part| (part.aggregate, part.head)));
                    accepted.push(pending);
                }
                Judgement::Answer(answer) => pending.answer(answer),
                Judgement::Later => deferred.push_back(pending),
            }
        }
        if accepted.is_empty() {
            return deferred;
        }
        match self.write(side, writer, &mut accepted, &heads) {
            Ok(first_sequence) => answer_all(accepted, first_sequence, side.policy.durability()),
            Err(error) => {
                writer.failed = Some(match &error {
                    StoreError::Invalid { reason } => reason.clone(),
                    StoreError::Conflict { .. }
                    | StoreError::Malformed { .. }
                    | StoreError::Unavailable { .. }
                    | StoreError::Unknown { .. }
                    | StoreError::Partial { .. }
                    | StoreError::Refused { .. }
                    | StoreError::Corrupt { .. } => {
                        format!("writing ended with an error, open the store again: {error}")
                    }
                });
                accepted.into_iter().for_each(|pending| pending.answer(Err(error.clone())));
            }
        }
        deferred
    }

    fn judge(&self, side: &WriteSide, pending: &Pending, drafted: &BTreeMap<AggregateId, Head>) -> Judgement {
        let index = self.index.read();
        let head = |aggregate| drafted.get(&aggregate).copied().or_else(|| index.head(aggregate));
        let Some(differs) = pending.parts.iter().find(|part| !part.expected.holds(head(part.aggregate))) else {
            return Judgement::Accept;
        };
        if pending.parts.iter().any(|part| drafted.contains_key(&part.aggregate)) {
            return Judgement::Later;
        }
        let actual = index.head(differs.aggregate);
        drop(index);
        let conflict = StoreError::Conflict { aggregate: differs.aggregate, expected: differs.expected, actual };
        let again = self.answer_again(pending, side.policy.durability());
        Judgement::Answer(again.and_then(|again| again.ok_or(conflict)))
    }

    /// Returns the first answer to an append whose events are all there already.
    fn answer_again(&self, pending: &Pending, durability: Durability) -> Result<Option<Appended>, StoreError> {
        let mut cids = pending.cids();
        let mut bounds = (u64::MAX, 0);
        for part in &pending.parts {
            let first = part.expected.version() + 1;
            let pieces = self.index.read().versions(part.aggregate, first, part.events);
            let events = self.segments.fetch(&self.files, pieces)?;
            let same = events.len() == part.events && events.iter().all(|stored| cids.next() == Some(stored.event.cid));
            if !same {
                return Ok(None);
            }
            for stored in &events {
                bounds = (bounds.0.min(stored.sequence), bounds.1.max(stored.sequence));
            }
        }
        Ok(Some(pending.appended(bounds.0, bounds.1, durability)))
    }

    /// Writes the accepted appends behind each other with their commit, then shows them to readers; returns the first
    /// one's first sequence.
    fn write(
        &self,
        side: &WriteSide,
        writer: &mut Writer,
        accepted: &mut [Pending],
        heads: &BTreeMap<AggregateId, Head>,
    ) -> Result<u64, StoreError> {
        if writer.len >= side.segment_bytes {
            self.roll(side, writer)?;
        }
        let (first_sequence, previous) = {
            let index = self.index.read();
            (index.last_sequence() + 1, index.active.table.last_commit)
        };
        let base = u32::try_from(writer.len).expect("a segment is rolled long before 4 GiB");
        let mut buffer = std::mem::take(&mut accepted[0].sections);
        let mut runs = accepted[0].runs(base);
        for pending in &accepted[1..] {
            let base = base + u32::try_from(buffer.len()).expect("a group is smaller than 4 GiB");
            runs.extend(pending.runs(base));
            buffer.extend_from_slice(&pending.sections);
        }
        let count = accepted.iter().map(|pending| pending.starts.len() as u64).sum::<u64>();
        let commit = Commit {
            count,
            heads: heads.iter().map(|(aggregate, head)| (*aggregate, *head)).collect(),
            previous,
            sequence: first_sequence + count - 1,
            durable_offset: writer.durable,
        };
        let block = commit.encode();
        let cid = Cid::of_block(self.files.hash, &block);
        push_section(&mut buffer, &cid, &block);
        writer.write(&self.files.folder, &buffer, side.policy)?;
        let end = u32::try_from(writer.len).expect("a segment is rolled long before 4 GiB");
        let mut index = self.index.write();
        index.extend("the append", &runs, cid, end).expect("every append was judged against the same heads");
        drop(index);
        self.committed.send_replace(commit.sequence);
        if matches!(side.policy, FsyncPolicy::Interval(_)) {
            side.note_unsynced();
        }
        Ok(first_sequence)
    }

    /// Seals the segment that is written and goes on to the next.
    fn roll(&self, side: &WriteSide, writer: &mut Writer) -> Result<(), StoreError> {
        if side.policy != FsyncPolicy::Never && writer.durable < writer.len {
            writer.sync().map_err(|reason| StoreError::Unavailable { reason })?;
        }
        let (number, table, commit) = {
            let index = self.index.read();
            let commit = index.active.table.last_commit;
            (index.active.number, index.active.table.encode(), commit)
        };
        self.files.write_index(number, &table)?;
        let (file, header_len) = self.files.create_segment(number + 1)?;
        writer.file = Arc::clone(&file);
        writer.len = u64::from(header_len);
        writer.durable = if self.files.synced { writer.len } else { 0 };
        let mut index = self.index.write();
        let table = Table::new(index.last_sequence() + 1, header_len, commit);
        index.roll(Active { number: number + 1, file, table });
        drop(index);
        if self.files.synced {
            Durable { segment: number + 1, offset: u64::from(header_len), commit }.keep(&self.files);
        }
        Ok(())
    }

    /// Does the background work of the policy until the store closes.
    pub(crate) fn work(&self) {
        let Some(side) = self.write_side() else { return };
        match side.policy {
            FsyncPolicy::Always => {
                let _abandoning = Abandoning { side };
                self.write_groups(side);
            }
            FsyncPolicy::Interval(interval) => side.sync_at_intervals(interval),
            FsyncPolicy::Never => {}
        }
    }

    /// Writes and syncs group after group.
    fn write_groups(&self, side: &WriteSide) {
        let mut last_group = 1;
        let mut sync_time = Duration::ZERO;
        let mut deferred = VecDeque::new();
        loop {
            if deferred.is_empty() && !side.wait_for_appends(last_group, sync_time / 2) {
                return;
            }
            let group = side.queue.lock().take(&mut deferred);
            last_group = group.len();
            let start = Instant::now();
            deferred = self.write_group(side, &mut side.writer.lock(), group);
            sync_time = start.elapsed();
        }
    }

    /// Lets the background work end; what waits is still written.
    pub(crate) fn close(&self) {
        if let Some(side) = self.write_side() {
            side.queue.lock().closing = true;
            side.wake.notify_all();
        }
    }

    /// Returns what was done for all that is shown: opening syncs what it finds, unless nothing is ever synced.
    pub(crate) fn durability_of_kept(&self) -> Durability {
        self.write_side().map_or(Durability::PageCache, |side| side.policy.durability())
    }

    /// Notes what is on the disk, once the background work has ended.
    pub(crate) fn note_durable(&self) {
        let Some(side) = self.write_side().filter(|_| self.files.synced) else { return };
        let writer = side.writer.lock();
        let index = self.index.read();
        let Active { number, table, .. } = &index.active;
        if writer.durable == writer.len && writer.len == u64::from(table.end) {
            Durable { segment: *number, offset: writer.len, commit: table.last_commit }.keep(&self.files);
        }
    }
}

/// Leaves nobody waiting for a thread that ended, also where it panicked.
struct Abandoning<'a> {
    side: &'a WriteSide,
}

impl Drop for Abandoning<'_> {
    fn drop(&mut self) {
        let mut queue = self.side.queue.lock();
        queue.abandoned = true;
        queue.waiting.clear();
    }
}

impl WriteSide {
    /// Makes the write side of a journal whose active segment has `len` bytes, `durable` of them synced.
    pub(crate) fn new(
        policy: FsyncPolicy,
        segment_bytes: u64,
        file: Arc<dyn DiskFile>,
        len: u64,
        durable: u64,
    ) -> Self {
        Self {
            policy,
            segment_bytes: segment_bytes.min(APPEND_BYTES_MAX as u64),
            queue: Mutex::default(),
            wake: Condvar::new(),
            writer: Mutex::new(Writer { file, len, durable, failed: None }),
        }
    }

    /// Returns whether the policy has work in the background.
    pub(crate) fn works_in_background(&self) -> bool {
        self.policy != FsyncPolicy::Never
    }

    /// Waits until an append waits, then until as many wait as the last group had, but not longer than `patience`:
    /// callers that were answered together come back together, and should share the next sync too. Returns false where
    /// the store closes and nothing waits.
    fn wait_for_appends(&self, last_group: usize, patience: Duration) -> bool {
        let mut queue = self.queue.lock();
        queue.wanted = 1;
        while queue.waiting.is_empty() && !queue.closing {
            self.wake.wait(&mut queue);
        }
        queue.wanted = last_group;
        let deadline = Instant::now() + patience;
        while queue.waiting.len() < last_group && !queue.closing {
            if self.wake.wait_until(&mut queue, deadline).timed_out() {
                break;
            }
        }
        queue.wanted = 0;
        !queue.waiting.is_empty()
    }

    fn note_unsynced(&self) {
        let mut queue = self.queue.lock();
        if !queue.unsynced {
            queue.unsynced = true;
            self.wake.notify_all();
        }
    }

    fn sync_at_intervals(&self, interval: Duration) {
        loop {
            let mut queue = self.queue.lock();
            while !queue.unsynced && !queue.closing {
                self.wake.wait(&mut queue);
            }
            let deadline = Instant::now() + interval;
            while !queue.closing && !self.wake.wait_until(&mut queue, deadline).timed_out() {}
            let (unsynced, closing) = (queue.unsynced, queue.closing);
            queue.unsynced = false;
            drop(queue);
            if unsynced {
                self.sync_behind_appends();
            }
            if closing {
                return;
            }
        }
    }

    /// Syncs what is written so far while appends go on.
    fn sync_behind_appends(&self) {
        let (file, len) = {
            let writer = self.writer.lock();
            (Arc::clone(&writer.file), writer.len)
        };
        let synced = file.sync();
        let mut writer = self.writer.lock();
        match synced {
            Ok(()) if Arc::ptr_eq(&writer.file, &file) => writer.durable = writer.durable.max(len),
            Ok(()) => {}
            Err(error) => writer.failed = Some(format!("syncing failed, open the store again: {error}")),
        }
    }
}

impl Writer {
    /// Writes at the end. Where that fails the file is cut back, so that nothing of it is ever found.
    fn write(&mut self, folder: &Path, bytes: &[u8], policy: FsyncPolicy) -> Result<(), StoreError> {
        if let Err(error) = self.file.write_at(bytes, self.len) {
            let reason = format!("the journal cannot be written: {error}");
            return Err(match self.file.set_length(self.len) {
                Ok(()) => full(folder, &error).unwrap_or(StoreError::Unavailable { reason }),
                Err(_) => StoreError::Unknown { reason },
            });
        }
        self.len += bytes.len() as u64;
        if policy == FsyncPolicy::Always {
            self.sync().map_err(|reason| StoreError::Unknown { reason })?;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), String> {
        self.file.sync().map_err(|error| format!("the journal cannot be synced: {error}"))?;
        self.durable = self.len;
        Ok(())
    }
}
