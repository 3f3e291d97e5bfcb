//! A disk in memory that can be stopped at any step and says what a crash would leave.
//!
//! Unsynced writes are kept apart from what is on the disk. When the process dies everything written is still there;
//! when the power goes each unsynced write of a file may be there or not, and so may names given since the last sync
//! of their folder.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Access, Disk, DiskFile, LockGuard, Locked};

/// A disk in memory; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    locks: HashSet<PathBuf>,
    steps: u64,
    crash_at: Option<u64>,
    full: bool,
}

#[derive(Debug, Clone, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, written) => {
                let end = offset + written.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(written);
            }
            Self::Length(len) => bytes.resize(*len, 0),
        }
    }
}

impl SimulatedDisk {
    /// Makes an empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `steps` more changes happen; the next one is done by half, and after it nothing works any more.
    pub fn crash_after(&self, steps: u64) {
        let mut state = self.state.lock();
        state.crash_at = Some(state.steps + steps);
    }

    /// Makes the disk full, or gives it room again: a write to a full disk is done by half and fails.
    pub fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    /// Returns how many changes (writes, syncs, renames and so on) happened.
    pub fn steps(&self) -> u64 {
        self.state.lock().steps
    }

    /// Returns the disk that the next process finds after this one died.
    #[must_use]
    pub fn after_process_death(&self) -> Self {
        let state = self.state.lock();
        let (files, names) = (state.files.clone(), state.names.clone());
        let durable_names = state.durable_names.clone();
        let state = State { files, names, durable_names, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Returns the disk that is found after the power went; `seed` decides which unsynced changes are there.
    #[must_use]
    pub fn after_power_loss(&self, seed: u64) -> Self {
        let mut random = seed;
        let mut coin = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 63 == 1
        };
        let state = self.state.lock();
        let names = if coin() { state.names.clone() } else { state.durable_names.clone() };
        let files = state.files.iter().map(|content| {
            let mut durable = content.durable.clone();
            content.unsynced.iter().filter(|_| coin()).for_each(|change| change.apply(&mut durable));
            Content { now: durable.clone(), durable, unsynced: Vec::new() }
        });
        let files = files.collect();
        let state = State { files, durable_names: names.clone(), names, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Returns a file's bytes, `None` where there is none.
    pub fn contents(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.state.lock();
        state.names.get(path.as_ref()).map(|file| state.files[*file].now.clone())
    }

    /// Puts bytes in place of a file, as damage does; `None` takes the file away.
    pub fn damage(&self, path: impl AsRef<Path>, bytes: Option<Vec<u8>>) {
        let mut state = self.state.lock();
        let Some(bytes) = bytes else {
            state.names.remove(path.as_ref());
            return;
        };
        let file = state.named(path.as_ref());
        state.files[file] = Content { now: bytes.clone(), durable: bytes, unsynced: Vec::new() };
    }
}

impl State {
    /// Counts a step; tells whether it is the one that is done by half.
    fn step(&mut self) -> io::Result<bool> {
        self.alive()?;
        self.steps += 1;
        Ok(self.crash_at.is_some_and(|at| self.steps > at))
    }

    fn alive(&self) -> io::Result<()> {
        let crashed = self.crash_at.is_some_and(|at| self.steps > at);
        if crashed { Err(io::Error::other("the disk has crashed")) } else { Ok(()) }
    }

    /// Returns the file of that name, made where there is none.
    fn named(&mut self, path: &Path) -> usize {
        if let Some(file) = self.names.get(path) {
            return *file;
        }
        self.files.push(Content::default());
        self.names.insert(path.to_owned(), self.files.len() - 1);
        self.files.len() - 1
    }

    fn change(&mut self, file: usize, change: Change) {
        let content = &mut self.files[file];
        change.apply(&mut content.now);
        content.unsynced.push(change);
    }
}

fn by_half() -> io::Error {
    io::Error::other("the disk crashed")
}

impl Disk for SimulatedDisk {
    fn create_folder(&self, _folder: &Path) -> io::Result<()> {
        self.state.lock().alive()
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        state.alive()?;
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect())
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.alive()?;
        let file = match state.names.get(path) {
            Some(file) => *file,
            None if access == Access::Read => return Err(io::ErrorKind::NotFound.into()),
            None => {
                if state.step()? {
                    return Err(by_half());
                }
                state.named(path)
            }
        };
        Ok(Arc::new(SimulatedFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.step()? {
            return Err(by_half());
        }
        let file = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), file);
        Ok(())
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let mut state = self.state.lock();
        if state.step()? {
            return Err(by_half());
        }
        state.durable_names = state.names.clone();
        Ok(())
    }

    fn lock(&self, path: &Path, _holder: &str) -> io::Result<Locked> {
        let mut state = self.state.lock();
        state.alive()?;
        if !state.locks.insert(path.to_owned()) {
            return Ok(Locked::By("another opener".to_owned()));
        }
        Ok(Locked::Held(Box::new(SimulatedLock { disk: self.clone(), path: path.to_owned() })))
    }
}

#[derive(Debug)]
struct SimulatedLock {
    disk: SimulatedDisk,
    path: PathBuf,
}

impl LockGuard for SimulatedLock {}

impl Drop for SimulatedLock {
    fn drop(&mut self) {
        self.disk.state.lock().locks.remove(&self.path);
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    file: usize,
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        let state = self.disk.state.lock();
        state.alive()?;
        Ok(state.files[self.file].now.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let state = self.disk.state.lock();
        state.alive()?;
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let bytes = state.files[self.file].now.get(start..start + buffer.len());
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut state = self.disk.state.lock();
        let (crashed, full) = (state.step()?, state.full);
        let half = crashed || full;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let written = if half { &bytes[..bytes.len() / 2] } else { bytes };
        state.change(self.file, Change::Write(offset, written.to_vec()));
        match (crashed, full) {
            (true, _) => Err(by_half()),
            (false, true) => Err(io::ErrorKind::StorageFull.into()),
            (false, false) => Ok(()),
        }
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.state.lock();
        if state.step()? {
            return Err(by_half());
        }
        let length = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        state.change(self.file, Change::Length(length));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state.lock();
        if state.step()? {
            return Err(by_half());
        }
        let content = &mut state.files[self.file];
        content.durable = content.now.clone();
        content.unsynced.clear();
        Ok(())
    }
}
