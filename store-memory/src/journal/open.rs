//! Opening: indices of the sealed segments, a full check of the last, and what a crash left behind it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use cidgraph::{Damage, HashKind, StoreError};
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::disk::{Access, Disk, DiskFile, LockGuard, Locked};
use crate::journal::durable::Durable;
use crate::journal::files::{Files, corrupt, read_range, unavailable};
use crate::journal::format::{hash_name, segment_header, segment_name, segment_number};
use crate::journal::index::{Active, Index};
use crate::journal::log::{Journal, Role};
use crate::journal::positions::{FILE as POSITIONS_FILE, Positions};
use crate::journal::scan::{Scan, Start, scan};
use crate::journal::segments::{Segments, header_damage, load_summary};
use crate::journal::table::Table;
use crate::journal::writer::{FsyncPolicy, WriteSide};

const LOCK_FILE: &str = "lock";

/// What opening a journal cut off its end, or to read only left out: writes that a crash had left unfinished, or that
/// another process is about to finish; none of them known durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Bytes behind the last whole commit.
    pub bytes_cut: u64,
    /// Events that could be made out in them.
    pub events_cut: u64,
}

/// How a journal is opened to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteOptions {
    pub(crate) fsync: FsyncPolicy,
    pub(crate) segment_bytes: u64,
    pub(crate) hash: Option<HashKind>,
}

/// An open journal with what opening found.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) journal: Journal,
    pub(crate) recovery: RecoveryReport,
    pub(crate) lock: Option<Box<dyn LockGuard>>,
}

/// Opens the journal in `folder` to write, making it where there is none.
pub(crate) fn open_to_write(disk: Arc<dyn Disk>, folder: &Path, options: WriteOptions) -> Result<Opened, StoreError> {
    disk.create_folder(folder).map_err(|error| unusable(folder, &error))?;
    let lock = take_lock(&*disk, folder)?;
    let claim = Durable::read(&*disk, folder);
    let last = last_segment(&*disk, folder)?;
    let found = found_hash(&*disk, folder)?;
    check_begins(folder, last, found.is_some(), claim)?;
    let hash = choose_hash(folder, found, options.hash)?;
    let synced = options.fsync != FsyncPolicy::Never;
    let files = Files { disk, folder: folder.to_owned(), hash, writable: true, synced };
    if last == 0 {
        let (file, header_len) = files.create_segment(1)?;
        let index = Index::new(Active { number: 1, file, table: Table::new(1, header_len, None) });
        return finish(files, index, RecoveryReport::default(), Some(Writing { options, lock, whole_journal: false }));
    }
    let (mut index, start) = load_sealed(&files, last)?;
    let found = load_last(&files, &mut index, start, claim)?;
    let recovery = found.recovery;
    let end = u64::from(index.active.table.end);
    if recovery.bytes_cut > 0 {
        let cut = || {
            let file = &index.active.file;
            file.set_length(end)?;
            if end == start.offset {
                file.write_at(&segment_header(hash), 0)?;
            }
            file.sync()
        };
        cut().map_err(|error| unavailable(folder, &error))?;
    }
    finish(files, index, recovery, Some(Writing { options, lock, whole_journal: !found.synced }))
}

/// Opens the journal in `folder` to read, beside any writer.
pub(crate) fn open_to_read(disk: Arc<dyn Disk>, folder: &Path) -> Result<Opened, StoreError> {
    // Looked at before the segments, which a writer in another process may go on with.
    let claim = Durable::read(&*disk, folder);
    let last = last_segment(&*disk, folder)?;
    let hash = found_hash(&*disk, folder)?;
    check_begins(folder, last, hash.is_some(), claim)?;
    let (Some(hash), 1..) = (hash, last) else {
        let reason = format!("{} holds no journal: open it to write once", folder.display());
        return Err(StoreError::Invalid { reason });
    };
    let files = Files { disk, folder: folder.to_owned(), hash, writable: false, synced: false };
    let (mut index, start) = load_sealed(&files, last)?;
    let found = load_last(&files, &mut index, start, claim)?;
    finish(files, index, found.recovery, None)
}

/// What opening to write has besides the journal's contents.
struct Writing {
    options: WriteOptions,
    lock: Box<dyn LockGuard>,
    /// Whether segments besides the last may be unsynced.
    whole_journal: bool,
}

fn finish(
    files: Files,
    index: Index,
    recovery: RecoveryReport,
    writing: Option<Writing>,
) -> Result<Opened, StoreError> {
    let positions = Positions::open(&files)?;
    let (role, lock) = match writing {
        Some(Writing { options: WriteOptions { fsync, segment_bytes, .. }, lock, whole_journal }) => {
            let file = Arc::clone(&index.active.file);
            let len = u64::from(index.active.table.end);
            let mut durable = 0;
            if files.synced {
                sync_all(&files, &index, whole_journal).map_err(|error| unavailable(&files.folder, &error))?;
                durable = len;
                let commit = index.active.table.last_commit;
                Durable { segment: index.active.number, offset: len, commit }.keep(&files);
            }
            (Role::Writer(WriteSide::new(fsync, segment_bytes, file, len, durable)), Some(lock))
        }
        None => (Role::Reader(Mutex::new(())), None),
    };
    let committed = watch::Sender::new(index.last_sequence());
    let segments = Segments::default();
    let journal = Journal { files, index: RwLock::new(index), segments, positions, committed, role };
    Ok(Opened { journal, recovery, lock })
}

/// Brings to the disk what the process before may have left unsynced: its last segment, its readers' places and its
/// names for certain.
fn sync_all(files: &Files, index: &Index, whole_journal: bool) -> io::Result<()> {
    if whole_journal {
        for segment in index.segments() {
            files.disk.open(&files.folder.join(segment_name(segment.number)), Access::Write)?.sync()?;
        }
    }
    index.active.file.sync()?;
    match files.disk.open(&files.folder.join(POSITIONS_FILE), Access::Read) {
        Ok(positions) => positions.sync()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    files.disk.sync_folder(&files.folder)
}

fn take_lock(disk: &dyn Disk, folder: &Path) -> Result<Box<dyn LockGuard>, StoreError> {
    let path = folder.join(LOCK_FILE);
    let holder = format!("process {}", std::process::id());
    match disk.lock(&path, &holder).map_err(|error| unusable(folder, &error))? {
        Locked::Held(guard) => Ok(guard),
        Locked::By(other) => {
            let (folder, path) = (folder.display(), path.display());
            let other = if other.is_empty() { "another process" } else { &other };
            let reason = format!(
                "the store in {folder} is being written by {other}, which holds {path}: end it first; reading goes on beside it"
            );
            Err(StoreError::Unavailable { reason })
        }
    }
}

fn unusable(folder: &Path, error: &io::Error) -> StoreError {
    StoreError::Invalid { reason: format!("{} cannot hold a store: {error}", folder.display()) }
}

/// Returns the number of the last segment, 0 where there is none.
pub(crate) fn last_segment(disk: &dyn Disk, folder: &Path) -> Result<u32, StoreError> {
    let names = disk.list(folder).map_err(|error| unusable(folder, &error))?;
    Ok(names.iter().filter_map(|name| segment_number(name)).max().unwrap_or(0))
}

/// Refuses a journal whose beginning is lost, or all of it.
fn check_begins(folder: &Path, last: u32, begins: bool, claim: Option<Durable>) -> Result<(), StoreError> {
    let claimed = claim.and_then(|claim| claim.lost(folder, last, 0, None));
    match claimed {
        Some(damage) if last == 0 => Err(corrupt(damage)),
        Some(_) | None if last > 1 && !begins => Err(corrupt(Damage {
            place: folder.join(segment_name(1)).display().to_string(),
            offset: Some(0),
            reason: "the file is missing or empty though later segments are there".to_owned(),
            ..Damage::default()
        })),
        Some(damage) if last == 1 && !begins => Err(corrupt(damage)),
        Some(_) | None => Ok(()),
    }
}

/// Returns the hash function that the first segment's manifest names; `None` where there is no first segment, or only
/// the torn beginning of one.
fn found_hash(disk: &dyn Disk, folder: &Path) -> Result<Option<HashKind>, StoreError> {
    let path = folder.join(segment_name(1));
    let Ok(file) = disk.open(&path, Access::Read) else { return Ok(None) };
    let length = file.length().map_err(|error| unavailable(&path, &error))?;
    let kinds = [HashKind::Sha2_256, HashKind::Blake3];
    let found = kinds.into_iter().find(|kind| {
        let header = segment_header(*kind);
        length >= header.len() as u64 && read_range(&*file, 0, header.len() as u64).is_ok_and(|bytes| bytes == header)
    });
    if found.is_none() && !is_torn_header(&*file, length) {
        return Err(corrupt(header_damage(&path.display().to_string())));
    }
    Ok(found)
}

/// Returns whether the file is what a crash leaves of a new segment: the header in part, or zeros in its place.
fn is_torn_header(file: &dyn DiskFile, length: u64) -> bool {
    [HashKind::Sha2_256, HashKind::Blake3].into_iter().any(|kind| {
        let header = segment_header(kind);
        let bytes = read_range(file, 0, length.min(header.len() as u64 + 1)).unwrap_or_default();
        bytes.len() <= header.len() && bytes.iter().zip(&header).all(|(byte, expected)| byte == expected || *byte == 0)
    })
}

fn choose_hash(folder: &Path, found: Option<HashKind>, asked: Option<HashKind>) -> Result<HashKind, StoreError> {
    match (found, asked) {
        (Some(found), Some(asked)) if found != asked => {
            let (folder, found, asked) = (folder.display(), hash_name(found), hash_name(asked));
            let reason = format!("the store in {folder} hashes with {found}, not {asked}: open it with {found}");
            Err(StoreError::Invalid { reason })
        }
        (Some(hash), _) | (None, Some(hash)) => Ok(hash),
        (None, None) => Ok(HashKind::default()),
    }
}

/// Makes the index of all segments before the last, and tells where the last one's events start.
fn load_sealed(files: &Files, last: u32) -> Result<(Index, Start), StoreError> {
    let header_len = segment_header(files.hash).len() as u64;
    let mut start = Start { offset: header_len, sequence: 1, commit: None, hash: files.hash };
    let end = u32::try_from(header_len).expect("the header is short");
    let file = files.open_segment(last)?;
    let mut index = Index::new(Active { number: last, file, table: Table::new(1, end, None) });
    for number in 1..last {
        let path = files.folder.join(segment_name(number));
        if files.disk.open(&path, Access::Read).is_err() {
            return Err(corrupt(segment_missing(files, number)));
        }
        let summary = load_summary(files, number, start)?;
        let added = index.add_sealed(&files.segment_place(number), &summary);
        added.map_err(|damage| StoreError::Corrupt { damage })?;
        start.sequence += u64::from(summary.events);
        start.commit = summary.last_commit;
    }
    index.active.table = Table::new(start.sequence, end, start.commit);
    Ok((index, start))
}

fn segment_missing(files: &Files, number: u32) -> Damage {
    Damage {
        place: files.segment_place(number),
        reason: format!("{} is missing though later segments are there", segment_name(number)),
        ..Damage::default()
    }
}

/// What the last segment says of the process that wrote it.
struct FoundLast {
    recovery: RecoveryReport,
    /// It synced; the sealed segments are on the disk then.
    synced: bool,
}

/// Checks the last segment and adds its whole groups; what is behind them is reported, not yet cut.
fn load_last(files: &Files, index: &mut Index, start: Start, claim: Option<Durable>) -> Result<FoundLast, StoreError> {
    let number = index.active.number;
    let lost = |end, found| claim.and_then(|claim| claim.lost(&files.folder, number, end, found));
    let file = Arc::clone(&index.active.file);
    let place = files.segment_place(number);
    let read = || {
        let length = file.length()?;
        read_range(&*file, 0, length)
    };
    let bytes = read().map_err(|error| unavailable(&files.folder, &error))?;
    let Some(sections) = bytes.strip_prefix(segment_header(files.hash).as_slice()) else {
        if !is_torn_header(&*file, bytes.len() as u64) {
            return Err(corrupt(header_damage(&place)));
        }
        if let Some(damage) = lost(0, None) {
            return Err(corrupt(damage));
        }
        // At least one byte counts as cut, so that the header is written anew even over an empty file.
        let recovery = RecoveryReport { bytes_cut: (bytes.len() as u64).max(1), events_cut: 0 };
        return Ok(FoundLast { recovery, synced: false });
    };
    let scan = scan(&place, sections, start);
    if scan.damage_is_durable() {
        return Err(corrupt(scan.damage.expect("damage that is durable is damage")));
    }
    if let Some(damage) = lost(scan.end, scan.damage.clone()) {
        return Err(corrupt(damage));
    }
    if let Some(damage) = claim.and_then(|claim| replaced(files, index, claim, start, &scan)) {
        return Err(corrupt(damage));
    }
    add_groups(index, &place, &scan)?;
    let bytes_cut = bytes.len() as u64 - scan.end;
    let recovery = RecoveryReport { bytes_cut, events_cut: scan.events_behind };
    Ok(FoundLast { recovery, synced: scan.durable_offset > 0 })
}

/// Returns the damage where the journal reaches the claimed place, but is not the one of which it was claimed.
fn replaced(files: &Files, index: &Index, claim: Durable, start: Start, scan: &Scan) -> Option<Damage> {
    let actual = if claim.segment < index.active.number {
        let sealed = index.segments();
        let after = sealed.get(claim.segment as usize)?;
        // A claim within a segment that was sealed later is held by the links between its commits.
        (u64::from(sealed[claim.segment as usize - 1].end) <= claim.offset).then_some(after.commit_before)?
    } else if claim.offset == start.offset {
        start.commit
    } else {
        scan.groups.iter().find(|group| u64::from(group.end) == claim.offset).map(|group| group.commit)
    };
    claim.other_commit(&files.folder, actual)
}

fn add_groups(index: &mut Index, place: &str, scan: &Scan) -> Result<(), StoreError> {
    for group in &scan.groups {
        let added = index.extend(place, &group.runs, group.commit, group.end);
        added.map_err(|damage| StoreError::Corrupt { damage })?;
    }
    Ok(())
}
