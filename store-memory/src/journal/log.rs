//! The open journal as its readers see it.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::{AggregateId, Capabilities, Head, StoreError, StoredEvent};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::disk::DiskFile;
use crate::follow::Paged;
use crate::journal::files::{Files, corrupt, read_range, unavailable};
use crate::journal::format::segment_header;
use crate::journal::index::{Active, Index};
use crate::journal::positions::Positions;
use crate::journal::scan::{Start, scan};
use crate::journal::segments::Segments;
use crate::journal::table::Table;
use crate::journal::writer::WriteSide;

/// What a journal can do.
pub(crate) const CAPABILITIES: Capabilities = Capabilities {
    durable: true,
    append_events_max: 1 << 20,
    block_bytes_max: 16 << 20,
    gapless_sequences: true,
    purges: false,
    group_transactions_min: 1,
    deadline: Duration::from_secs(20),
};

/// How often a reader in another process looks for new commits while it follows.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) files: Files,
    pub(crate) index: RwLock<Index>,
    pub(crate) segments: Segments,
    pub(crate) positions: Positions,
    pub(crate) committed: watch::Sender<u64>,
    pub(crate) role: Role,
}

/// What this process may do with the journal.
#[derive(Debug)]
pub(crate) enum Role {
    /// It holds the lock.
    Writer(WriteSide),
    /// It reads what a writer commits; the lock keeps refreshes apart.
    Reader(Mutex<()>),
}

impl Journal {
    pub(crate) fn head(&self, aggregate: AggregateId) -> Result<Option<Head>, StoreError> {
        self.refresh()?;
        Ok(self.index.read().head(aggregate))
    }

    pub(crate) fn read(
        &self,
        aggregate: AggregateId,
        from_version: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.refresh()?;
        let pieces = self.index.read().versions(aggregate, from_version, limit);
        self.segments.fetch(&self.files, pieces)
    }

    pub(crate) fn read_all(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.refresh()?;
        let pieces = self.index.read().sequences(from_sequence, limit);
        self.segments.fetch(&self.files, pieces)
    }

    pub(crate) fn list(&self) -> Result<Vec<(AggregateId, Head)>, StoreError> {
        self.refresh()?;
        Ok(self.index.read().list())
    }

    pub(crate) fn last_sequence(&self) -> Result<u64, StoreError> {
        self.refresh()?;
        Ok(self.index.read().last_sequence())
    }

    /// Returns the bytes on the heap that tell where events stand.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.index.read().heap_bytes() + self.segments.heap_bytes()
    }

    pub(crate) fn save_position(&self, reader: &str, sequence: u64) -> Result<(), StoreError> {
        match self.role {
            Role::Writer(_) => self.positions.save(&self.files, reader, sequence),
            Role::Reader(_) => Err(read_only()),
        }
    }

    /// Takes in what a writer in another process has committed since.
    pub(crate) fn refresh(&self) -> Result<(), StoreError> {
        let Role::Reader(refreshing) = &self.role else { return Ok(()) };
        let _one_at_a_time = refreshing.lock();
        loop {
            // Looked at before the segment is read to its end: a writer makes the next one only after its last commit.
            let next_number = self.index.read().active.number + 1;
            let next = self.files.open_segment(next_number);
            self.take_in_active()?;
            let Ok(next) = next else { return Ok(()) };
            if !self.enter(next_number, next)? {
                return Ok(());
            }
        }
    }

    fn take_in_active(&self) -> Result<(), StoreError> {
        let (number, file, start) = {
            let index = self.index.read();
            let table = &index.active.table;
            let sequence = index.last_sequence() + 1;
            let (commit, hash) = (table.last_commit, self.files.hash);
            let start = Start { offset: u64::from(table.end), sequence, commit, hash };
            (index.active.number, Arc::clone(&index.active.file), start)
        };
        let length = file.length().map_err(|error| unavailable(&self.files.folder, &error))?;
        if length <= start.offset {
            return Ok(());
        }
        // The writer may be cutting a tail that it could not finish.
        let Ok(bytes) = read_range(&*file, start.offset, length) else { return Ok(()) };
        let place = self.files.segment_place(number);
        let scan = scan(&place, &bytes, start);
        if scan.damage_is_durable() {
            return Err(corrupt(scan.damage.expect("damage that is durable is damage")));
        }
        let mut index = self.index.write();
        for group in &scan.groups {
            let added = index.extend(&place, &group.runs, group.commit, group.end);
            added.map_err(|damage| StoreError::Corrupt { damage })?;
        }
        self.committed.send_replace(index.last_sequence());
        Ok(())
    }

    /// Goes on to the next segment and tells whether it could: its header may not be written yet.
    fn enter(&self, number: u32, file: Arc<dyn DiskFile>) -> Result<bool, StoreError> {
        let header = segment_header(self.files.hash);
        let length = file.length().map_err(|error| unavailable(&self.files.folder, &error))?;
        if length < header.len() as u64 {
            return Ok(false);
        }
        let end = u32::try_from(header.len()).expect("the header is short");
        let mut index = self.index.write();
        let table = Table::new(index.last_sequence() + 1, end, index.active.table.last_commit);
        index.roll(Active { number, file, table });
        Ok(true)
    }
}

impl Paged for Journal {
    fn page(&self, from_sequence: u64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read_all(from_sequence, limit)
    }
}

pub(crate) fn read_only() -> StoreError {
    let reason = "the store was opened to read only: open it with a fsync policy to write".to_owned();
    StoreError::Invalid { reason }
}
