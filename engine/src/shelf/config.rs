//! How a shelf is kept, and what is told of it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::id::GraphId;

use super::retention::Retention;

/// Where a shelf is and how it is kept.
#[derive(Clone)]
pub struct ShelfConfig {
    /// The folder; made when something is to be put there.
    pub folder: PathBuf,
    /// Whether snapshots are taken; where not, graphs are only opened from those that are there.
    pub takes: bool,
    /// Events after which what has happened is taken: up to the first end of a transaction at or behind a multiple of it.
    pub interval_events: u64,
    /// The least time between two takings.
    pub pause: Duration,
    /// Which snapshots stay.
    pub retention: Retention,
    /// Whether histories are kept too: files that answer for every version, not only for those of snapshots.
    pub keeps_history: bool,
    /// Is told what happens, from whichever thread.
    pub notify: Arc<dyn Fn(&Notice) + Send + Sync>,
}

impl ShelfConfig {
    /// Makes the defaults for a folder: every 1000 events and at most every 10 seconds; hourly for a day, daily for ever.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            takes: true,
            interval_events: 1000,
            pause: Duration::from_secs(10),
            retention: Retention::default(),
            keeps_history: true,
            notify: Arc::new(|_| ()),
        }
    }
}

impl fmt::Debug for ShelfConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShelfConfig")
            .field("folder", &self.folder)
            .field("takes", &self.takes)
            .field("interval_events", &self.interval_events)
            .field("pause", &self.pause)
            .field("retention", &self.retention)
            .field("keeps_history", &self.keeps_history)
            .finish_non_exhaustive()
    }
}

/// What happened on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A graph was opened from a snapshot and the layers behind it; the events since come from the store.
    Opened {
        /// The graph.
        graph: GraphId,
        /// The snapshot's version.
        snapshot: u64,
        /// The version up to which the layers went.
        layers: u64,
    },
    /// A file was not used; what it holds is taken from elsewhere.
    Skipped {
        /// The graph.
        graph: GraphId,
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A snapshot was taken.
    SnapshotTaken {
        /// The graph.
        graph: GraphId,
        /// Its version.
        version: u64,
        /// Bytes of its file.
        bytes: u64,
    },
    /// A layer was taken.
    LayerTaken {
        /// The graph.
        graph: GraphId,
        /// The versions of its first and its last event.
        versions: (u64, u64),
        /// Bytes of its file.
        bytes: u64,
    },
    /// A history was taken.
    HistoryTaken {
        /// The graph.
        graph: GraphId,
        /// The first version and the last one that it answers for.
        versions: (u64, u64),
        /// Bytes of its file.
        bytes: u64,
    },
    /// Nothing could be taken; it is tried again.
    Failed {
        /// The graph.
        graph: GraphId,
        /// What happened.
        reason: String,
    },
}

/// Says it in a line.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { graph, snapshot, layers } => {
                write!(f, "graph {graph} opened from its snapshot of version {snapshot} and layers up to {layers}")
            }
            Self::Skipped { file, reason, .. } => write!(f, "{} is not used: {reason}", file.display()),
            Self::SnapshotTaken { graph, version, bytes } => {
                write!(f, "snapshot of graph {graph} at version {version} taken, {bytes} bytes")
            }
            Self::LayerTaken { graph, versions: (first, last), bytes } => {
                write!(f, "layer of graph {graph}, versions {first} to {last}, taken, {bytes} bytes")
            }
            Self::HistoryTaken { graph, versions: (first, last), bytes } => {
                write!(f, "history of graph {graph}, versions {first} to {last}, taken, {bytes} bytes")
            }
            Self::Failed { graph, reason } => write!(f, "no snapshot of graph {graph} could be taken: {reason}"),
        }
    }
}
