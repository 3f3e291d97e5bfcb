//! What the journal needs of a file system, and the real one.
//!
//! The journal does all its file work through [`Disk`], so a test can stop it at any write and look at what a crash
//! would leave.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// To read; the file must exist.
    Read,
    /// To read and write; the file is made where there is none.
    Write,
}

/// The outcome of taking a lock.
#[derive(Debug)]
pub enum Locked {
    /// The lock is held until this is dropped.
    Held(Box<dyn LockGuard>),
    /// Another holds it and wrote this into the lock file.
    By(String),
}

/// Holds a lock until it is dropped.
pub trait LockGuard: fmt::Debug + Send + Sync {}

/// A file system.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Makes a folder and those above it, where there are none.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn create_folder(&self, folder: &Path) -> io::Result<()>;

    /// Returns the names of the files in a folder, in any order.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// Opens a file.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>>;

    /// Gives a file another name, replacing the file of that name.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Brings a folder's list of files to the disk.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Takes the lock that the file at `path` stands for, without waiting, and writes `holder` into it.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn lock(&self, path: &Path, holder: &str) -> io::Result<Locked>;
}

/// An open file.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Returns the file's length, bytes.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn length(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes at `offset`.
    ///
    /// # Errors
    /// Where the file system refuses or the file ends before the buffer is full.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;

    /// Writes `bytes` at `offset`; after an error any of them may be written.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file to `length` bytes.
    ///
    /// # Errors
    /// Where the file system refuses.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Brings the file's bytes and length to the disk.
    ///
    /// # Errors
    /// Where the file system refuses; what was written since the last sync may be lost.
    fn sync(&self) -> io::Result<()>;
}

/// The operating system's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let write = access == Access::Write;
        let file = OpenOptions::new().read(true).write(write).create(write).truncate(false).open(path)?;
        Ok(Arc::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn lock(&self, path: &Path, holder: &str) -> io::Result<Locked> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.write_all(holder.as_bytes())?;
                Ok(Locked::Held(Box::new(FileLock { _file: file })))
            }
            Err(TryLockError::WouldBlock) => {
                let mut other = String::new();
                file.take(200).read_to_string(&mut other)?;
                Ok(Locked::By(other))
            }
            Err(TryLockError::Error(source)) => Err(source),
        }
    }
}

/// The operating system lets the lock go when the file is closed, also when the process dies.
#[derive(Debug)]
struct FileLock {
    _file: File,
}

impl LockGuard for FileLock {}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}
