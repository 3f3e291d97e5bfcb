//! The folders of a shelf: what is there, who may change it, and what is cleared away.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::id::GraphId;
use crate::snapshot::{Snapshot, demand_plain_file};

use super::config::{Notice, ShelfConfig};

use super::files::{DRAFT, UNFINISHED, sync_folder};
use super::histories::OpenHistories;
use super::name::FileName;
use super::retention::Retention;
use super::vouched::Vouched;

/// The file on which whoever changes a graph's folder holds a lock.
const LOCK: &str = "lock";

/// Snapshots that stay whatever the rules say: the newest, and one to go back to where it is damaged.
const NEWEST_KEPT: usize = 2;

/// Why something could not be done on a shelf.
#[derive(Debug, thiserror::Error)]
pub enum ShelfError {
    /// A file or folder could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// Where.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// Another process keeps this graph's snapshots.
    #[error("{path} is kept by another process", path = path.display())]
    Locked {
        /// The graph's folder.
        path: PathBuf,
    },
    /// The object store failed.
    #[error(transparent)]
    Objects(#[from] crate::store::ObjectError),
    /// The store of events failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}

/// Snapshots of a store's graphs. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Shelf {
    config: Arc<ShelfConfig>,
    pub(super) vouched: Arc<Vouched>,
    pub(super) open_histories: Arc<OpenHistories>,
}

impl Shelf {
    /// Makes a shelf; nothing is read or made yet.
    pub fn new(config: ShelfConfig) -> Self {
        Self { config: Arc::new(config), vouched: Arc::default(), open_histories: Arc::default() }
    }

    /// Returns where it is and how it is kept.
    pub fn config(&self) -> &ShelfConfig {
        &self.config
    }

    /// Returns the graphs of which something is there, ordered by id.
    ///
    /// # Errors
    /// [`ShelfError::File`].
    pub fn graphs(&self) -> Result<Vec<GraphId>, ShelfError> {
        let folder = &self.config.folder;
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(folder)(source)),
        };
        let mut graphs = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed(folder))?.file_name();
            graphs.extend(name.to_str().and_then(|name| name.parse::<GraphId>().ok()));
        }
        graphs.sort_unstable();
        Ok(graphs)
    }

    /// Returns a graph's part of it.
    pub fn graph(&self, graph: GraphId) -> GraphShelf {
        GraphShelf { graph, folder: self.config.folder.join(graph.to_string()) }
    }

    pub(super) fn tell(&self, notice: &Notice) {
        (self.config.notify)(notice);
    }
}

/// One graph's folder on a shelf.
#[derive(Debug, Clone)]
pub struct GraphShelf {
    pub(super) graph: GraphId,
    pub(super) folder: PathBuf,
}

/// A snapshot on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelvedSnapshot {
    /// Its version.
    pub version: u64,
    /// The time of that version's event, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// Its file.
    pub path: PathBuf,
    pub(super) registry: u32,
}

/// A file that answers for every version of a stretch of a graph's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelvedHistory {
    /// The first version and the last one.
    pub versions: (u64, u64),
    /// Bytes of its file.
    pub bytes: u64,
    /// Its file.
    pub path: PathBuf,
    pub(super) registry: u32,
}

impl ShelvedHistory {
    /// Returns whether it answers for all that another does, and for more.
    fn surpasses(&self, other: &Self) -> bool {
        let ((first, last), (other_first, other_last)) = (self.versions, other.versions);
        self.registry == other.registry && self.versions != other.versions && first <= other_first && other_last <= last
    }
}

/// Events behind a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// The versions of the first and the last event.
    pub versions: (u64, u64),
    /// Bytes of its file.
    pub bytes: u64,
    /// Its file.
    pub path: PathBuf,
}

/// What is in a graph's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// The snapshots, oldest first.
    pub snapshots: Vec<ShelvedSnapshot>,
    /// The layers, by their first version.
    pub layers: Vec<Layer>,
    /// The histories, by their first version.
    pub histories: Vec<ShelvedHistory>,
    /// The versions of the snapshots whose transactions are there, ascending, and the bytes of each.
    pub(super) transactions: Vec<(u64, u64)>,
}

impl Contents {
    /// Notes a file, of those that come in the order of their names.
    pub(super) fn add(&mut self, shelf: &GraphShelf, name: &str, bytes: u64) {
        let path = shelf.folder.join(name);
        match FileName::parse(name) {
            Some(FileName::Snapshot { version, timestamp_ns, registry }) => {
                self.snapshots.push(ShelvedSnapshot { version, timestamp_ns, bytes, path, registry });
            }
            Some(FileName::Layer { first, last }) => self.layers.push(Layer { versions: (first, last), bytes, path }),
            Some(FileName::History { first, last, registry }) => {
                self.histories.push(ShelvedHistory { versions: (first, last), bytes, path, registry });
            }
            Some(FileName::Transactions { version }) => self.transactions.push((version, bytes)),
            None => {}
        }
    }

    /// Returns the histories all of which another one holds too.
    pub(super) fn surpassed(&self) -> impl Iterator<Item = &ShelvedHistory> {
        let histories = &self.histories;
        histories.iter().filter(move |history| histories.iter().any(|other| other.surpasses(history)))
    }

    /// Returns the layers that lead on from a version, one after another.
    pub fn layers_after(&self, version: u64) -> Vec<&Layer> {
        let mut chain: Vec<&Layer> = Vec::new();
        let mut next = version + 1;
        // Of several with the same first version, the one that goes furthest comes last.
        while let Some(layer) = self.layers.iter().rfind(|layer| layer.versions.0 == next) {
            next = layer.versions.1 + 1;
            chain.push(layer);
        }
        chain
    }
}

/// What was cleared away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cleared {
    /// The files, ordered by name.
    pub files: Vec<PathBuf>,
    /// Bytes that they took.
    pub bytes: u64,
}

impl GraphShelf {
    /// Returns the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the graph.
    pub const fn id(&self) -> GraphId {
        self.graph
    }

    /// Returns what is there.
    ///
    /// # Errors
    /// [`ShelfError::File`].
    pub fn contents(&self) -> Result<Contents, ShelfError> {
        let mut contents = Contents::default();
        for (name, bytes) in self.files()? {
            contents.add(self, &name, bytes);
        }
        Ok(contents)
    }

    /// Returns names and bytes of all files.
    pub(super) fn files(&self) -> Result<Vec<(String, u64)>, ShelfError> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed(&self.folder)(source)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed(&self.folder))?;
            let bytes = match entry.metadata() {
                Ok(metadata) => metadata.len(),
                // It was cleared away meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(failed(&entry.path())(source)),
            };
            files.extend(entry.file_name().into_string().ok().map(|name| (name, bytes)));
        }
        files.sort_unstable();
        Ok(files)
    }

    pub(super) fn path(&self, name: FileName) -> PathBuf {
        self.folder.join(name.to_string())
    }

    /// Takes the lock of whoever changes the folder, making the folder where there is none, and clears away what another
    /// had begun to write.
    ///
    /// # Errors
    /// [`ShelfError::Locked`] where another process holds it; [`ShelfError::File`].
    pub fn lock(&self) -> Result<ShelfLock, ShelfError> {
        fs::create_dir_all(&self.folder).map_err(failed(&self.folder))?;
        let path = self.folder.join(LOCK);
        demand_plain_file(&path).map_err(failed(&path))?;
        let open = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(failed(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ShelfError::Locked { path: self.folder.clone() }),
            Err(TryLockError::Error(source)) => return Err(failed(&path)(source)),
        }
        for (name, _) in self.files()?.iter().filter(|(name, _)| name.ends_with(DRAFT) || name.ends_with(UNFINISHED)) {
            remove(&self.folder.join(name))?;
        }
        Ok(ShelfLock { shelf: self.clone(), _file: file })
    }
}

/// The right to change a graph's folder, until it is dropped.
#[derive(Debug)]
pub struct ShelfLock {
    pub(super) shelf: GraphShelf,
    _file: File,
}

impl ShelfLock {
    /// Clears away what no rule keeps: snapshots, the transactions of snapshots that are not there, layers that the newest
    /// snapshot holds, and histories that another surpasses. The newest snapshot and the one before it stay.
    ///
    /// # Errors
    /// [`ShelfError::File`].
    pub fn clear(&self, retention: &Retention) -> Result<Cleared, ShelfError> {
        let contents = self.shelf.contents()?;
        let holds = |snapshot: &ShelvedSnapshot| Snapshot::open_verified(&snapshot.path).is_ok();
        self.remove(superfluous(&self.shelf, &contents, retention, holds))
    }

    /// Clears away what goes beyond a version, of which it is known that it is damaged or of another history.
    pub(super) fn clear_beyond(&self, version: u64) -> Result<Cleared, ShelfError> {
        let contents = self.shelf.contents()?;
        let snapshots = contents.snapshots.into_iter().filter(|snapshot| snapshot.version > version);
        let layers = contents.layers.into_iter().filter(|layer| layer.versions.1 > version);
        let histories = contents.histories.into_iter().filter(|history| history.versions.1 > version);
        let files = snapshots.map(|snapshot| (snapshot.path, snapshot.bytes));
        let files = files.chain(layers.map(|layer| (layer.path, layer.bytes)));
        self.remove(files.chain(histories.map(|history| (history.path, history.bytes))).collect())
    }

    pub(super) fn remove(&self, files: Vec<(PathBuf, u64)>) -> Result<Cleared, ShelfError> {
        let mut cleared = Cleared::default();
        for (path, bytes) in files {
            remove(&path)?;
            cleared.files.push(path);
            cleared.bytes += bytes;
        }
        if !cleared.files.is_empty() {
            sync_folder(&self.shelf.folder.join(LOCK)).map_err(failed(&self.shelf.folder))?;
        }
        cleared.files.sort_unstable();
        Ok(cleared)
    }
}

/// Returns the files, with their bytes, that may go. Of the snapshots the newest [`NEWEST_KEPT`] that hold stay.
pub(super) fn superfluous(
    shelf: &GraphShelf,
    contents: &Contents,
    retention: &Retention,
    holds: impl Fn(&ShelvedSnapshot) -> bool,
) -> Vec<(PathBuf, u64)> {
    let snapshots = &contents.snapshots;
    let times: Vec<u64> = snapshots.iter().map(|snapshot| snapshot.timestamp_ns).collect();
    let mut kept = retention.kept(&times);
    let newest = (0..snapshots.len()).rev().filter(|index| holds(&snapshots[*index]));
    newest.take(NEWEST_KEPT).for_each(|index| kept[index] = true);
    let (kept, gone): (Vec<_>, Vec<_>) = snapshots.iter().zip(kept).partition(|(_, kept)| *kept);
    let mut files: Vec<(PathBuf, u64)> =
        gone.into_iter().map(|(snapshot, _)| (snapshot.path.clone(), snapshot.bytes)).collect();
    let is_orphan = |version: u64| kept.iter().all(|(snapshot, _)| snapshot.version != version);
    let orphans = contents.transactions.iter().filter(|(version, _)| is_orphan(*version));
    files.extend(orphans.map(|(version, bytes)| (shelf.path(FileName::Transactions { version: *version }), *bytes)));
    let held = kept.iter().rev().find(|(snapshot, _)| holds(snapshot)).map_or(0, |(snapshot, _)| snapshot.version);
    let layers = contents.layers.iter().filter(|layer| layer.versions.1 <= held);
    files.extend(layers.map(|layer| (layer.path.clone(), layer.bytes)));
    let surpassed = contents.surpassed();
    files.extend(surpassed.map(|history| (history.path.clone(), history.bytes)));
    files
}

fn remove(path: &Path) -> Result<(), ShelfError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(failed(path)(source)),
        Ok(()) | Err(_) => Ok(()),
    }
}

pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> ShelfError {
    let path = path.to_owned();
    move |source| ShelfError::File { path, source }
}
