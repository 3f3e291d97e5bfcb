//! What a run needs from outside, and what ends it early.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use cidgraph::StoreError;

use crate::baseline::BaselineError;
use crate::section::{RealInput, ServiceError, StoreSource};

/// Opens the real input.
pub type OpenInput = Box<dyn FnOnce() -> Result<RealInput, ServiceError> + Send>;

/// Makes the command of a process that runs [`write_until_killed`](crate::section::write_until_killed) in a folder, or
/// [`serve_snapshot`](crate::section::serve_snapshot) on a file.
pub type MakeWorker = Box<dyn Fn(&Path) -> Command + Send + Sync>;

/// What a run needs from outside.
pub struct Surroundings<'a> {
    /// Makes stores.
    pub stores: &'a dyn StoreSource,
    /// An empty folder on the disk that stores write to; the caller removes it afterwards.
    pub directory: PathBuf,
    /// Opens the real input, or says why there is none.
    pub real_input: Result<OpenInput, String>,
    /// Starts what is killed; `None` where nothing can be started.
    pub worker: Option<MakeWorker>,
    /// Starts what serves a snapshot file; `None` where nothing can be started.
    pub server: Option<MakeWorker>,
    /// Is told what is done next.
    pub progress: &'a (dyn Fn(&str) + Send + Sync),
    /// When the run began, milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The engine, the store or the input failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The servers refuse what a store does not need.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk refuses.
    #[error(transparent)]
    Disk(#[from] io::Error),
}
