//! A journal's files on a disk, by their names; every error says which file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cidgraph::{Damage, HashKind, StoreError};

use crate::disk::{Access, Disk, DiskFile};
use crate::journal::format::{index_name, segment_header, segment_name};

/// The folder of a journal.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) hash: HashKind,
    /// Whether files may be made and changed.
    pub(crate) writable: bool,
    /// Whether what is written is brought to the disk before it counts.
    pub(crate) synced: bool,
}

impl Files {
    /// Returns how errors and damage name a segment.
    pub(crate) fn segment_place(&self, number: u32) -> String {
        self.folder.join(segment_name(number)).display().to_string()
    }

    pub(crate) fn open_segment(&self, number: u32) -> Result<Arc<dyn DiskFile>, StoreError> {
        let path = self.folder.join(segment_name(number));
        let access = if self.writable { Access::Write } else { Access::Read };
        self.disk.open(&path, access).map_err(|error| unavailable(&path, &error))
    }

    /// Makes a segment with its header and returns it with its length.
    pub(crate) fn create_segment(&self, number: u32) -> Result<(Arc<dyn DiskFile>, u32), StoreError> {
        let path = self.folder.join(segment_name(number));
        let header = segment_header(self.hash);
        let create = || {
            let file = self.disk.open(&path, Access::Write)?;
            file.set_length(0)?;
            file.write_at(&header, 0)?;
            if self.synced {
                file.sync()?;
                self.disk.sync_folder(&self.folder)?;
            }
            Ok(file)
        };
        let file = create().map_err(|error| unavailable(&path, &error))?;
        Ok((file, u32::try_from(header.len()).expect("the header is short")))
    }

    pub(crate) fn write_index(&self, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        self.replace(&index_name(number), bytes)
    }

    /// Opens a segment's index, `None` where there is none.
    pub(crate) fn open_index(&self, number: u32) -> Option<Arc<dyn DiskFile>> {
        self.disk.open(&self.folder.join(index_name(number)), Access::Read).ok()
    }

    /// Puts a file in place of the one of that name, whole or not at all.
    pub(crate) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        assert!(self.writable, "a reader writes no file");
        let path = self.folder.join(name);
        let draft = self.folder.join(format!("{name}.draft"));
        let write = || {
            let file = self.disk.open(&draft, Access::Write)?;
            file.set_length(0)?;
            file.write_at(bytes, 0)?;
            if self.synced {
                file.sync()?;
            }
            self.disk.rename(&draft, &path)?;
            if self.synced { self.disk.sync_folder(&self.folder) } else { Ok(()) }
        };
        write().map_err(|error| unavailable(&path, &error))
    }

    /// Reads a file, `None` where there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.folder.join(name);
        match self.disk.open(&path, Access::Read) {
            Ok(file) => {
                let len = file.length().map_err(|error| unavailable(&path, &error))?;
                read_range(&*file, 0, len).map(Some).map_err(|error| unavailable(&path, &error))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(&path, &error)),
        }
    }
}

/// Reads the bytes from `from` up to `to`.
pub(crate) fn read_range(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let len = usize::try_from(to.saturating_sub(from)).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; len];
    file.read_at(&mut bytes, from)?;
    Ok(bytes)
}

pub(crate) fn unavailable(path: &Path, error: &io::Error) -> StoreError {
    full(path, error).unwrap_or_else(|| StoreError::Unavailable { reason: format!("{}: {error}", path.display()) })
}

/// Returns the error of a disk without room: nothing is gained by sending the same again.
pub(crate) fn full(path: &Path, error: &io::Error) -> Option<StoreError> {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded).then(|| {
        let path = path.display();
        let reason = format!(
            "the disk is full: {path} cannot be written; free space and open the store again, nothing of this is kept"
        );
        StoreError::Invalid { reason }
    })
}

pub(crate) fn corrupt(damage: Damage) -> StoreError {
    StoreError::Corrupt { damage: Box::new(damage) }
}
