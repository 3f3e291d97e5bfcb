//! Histories that are open: which file answers for a version, and what it says of it.
//!
//! Of a small file all checksums are checked when it is opened. A large one is opened in time that does not depend on its
//! size: its pages are checked as they are touched, and all of them beside that. A file that does not hold is not asked
//! again.

use std::collections::{BTreeSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::id::GraphId;
use crate::snapshot::{Snapshot, SnapshotError};
use crate::state::GraphView;

use super::config::Notice;
use super::folder::{Shelf, ShelvedHistory};

/// Histories that stay mapped: they cost addresses, not memory.
const OPEN_MAX: usize = 16;

/// Bytes of a file of which all is checked first: no more than some milliseconds' work.
const SMALL_BYTES_MAX: u64 = 16 << 20;

/// The histories that were opened, and those that do not hold.
#[derive(Debug, Default)]
pub(super) struct OpenHistories {
    /// The one used last stands first.
    open: Mutex<VecDeque<(PathBuf, Arc<Snapshot>)>>,
    damaged: Mutex<BTreeSet<PathBuf>>,
    /// Those that are known to be of the chain in the store.
    vouched: Mutex<BTreeSet<PathBuf>>,
}

impl OpenHistories {
    fn find(&self, path: &Path) -> Option<Arc<Snapshot>> {
        let open = self.open.lock();
        open.iter().find(|(known, _)| known == path).map(|(_, snapshot)| Arc::clone(snapshot))
    }

    fn keep(&self, path: &Path, snapshot: &Arc<Snapshot>) {
        let mut open = self.open.lock();
        open.retain(|(known, _)| known != path);
        open.push_front((path.to_owned(), Arc::clone(snapshot)));
        open.truncate(OPEN_MAX);
    }

    /// Notes that a history is of the chain in the store.
    pub(super) fn vouch(&self, path: &Path) {
        self.vouched.lock().insert(path.to_owned());
    }

    fn is_damaged(&self, path: &Path) -> bool {
        self.damaged.lock().contains(path)
    }

    fn give_up(&self, path: &Path) {
        self.open.lock().retain(|(known, _)| known != path);
        self.damaged.lock().insert(path.to_owned());
    }
}

impl Shelf {
    /// Returns a graph as it was at a version, the end of a transaction, of the histories that were taken with a registry.
    /// Whether it is of the chain in the store, its head tells.
    pub(super) fn past(&self, graph: GraphId, version: u64, registry: u32) -> Option<GraphView> {
        let holds = |history: &ShelvedHistory| history.versions.0 <= version && version <= history.versions.1;
        self.histories(graph, registry, holds)?.at_version(version).filter(|view| view.version() == version)
    }

    /// Returns a graph as it was at the end of the newest history that ends above `above` and at or before `version`, of
    /// those that are known to be of the chain in the store.
    pub(super) fn past_before(&self, graph: GraphId, version: u64, above: u64, registry: u32) -> Option<GraphView> {
        let vouched = self.open_histories.vouched.lock().clone();
        self.histories(graph, registry, |history| {
            above < history.versions.1 && history.versions.1 <= version && vouched.contains(&history.path)
        })
    }

    /// Opens the history that reaches furthest among those that are wanted.
    fn histories(&self, graph: GraphId, registry: u32, wanted: impl Fn(&ShelvedHistory) -> bool) -> Option<GraphView> {
        let mut histories = self.graph(graph).contents().ok()?.histories;
        histories.retain(|history| history.registry == registry && wanted(history));
        histories.sort_unstable_by_key(|history| history.versions.1);
        histories.iter().rev().find_map(|history| self.open_history(graph, history))
    }

    fn open_history(&self, graph: GraphId, history: &ShelvedHistory) -> Option<GraphView> {
        let (path, open) = (&history.path, &self.open_histories);
        if let Some(snapshot) = open.find(path) {
            open.keep(path, &snapshot);
            return Some(snapshot.view());
        }
        if open.is_damaged(path) {
            return None;
        }
        let snapshot = match Snapshot::map(path) {
            Ok(snapshot) => Arc::new(snapshot),
            // It was surpassed and cleared away meanwhile.
            Err(SnapshotError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                self.give_up_history(graph, path, &error.to_string());
                return None;
            }
        };
        let view = snapshot.view();
        if view.info().graph != graph || (view.first_version(), view.version()) != history.versions {
            self.give_up_history(graph, path, "it is of another graph or of other versions than its name says");
            return None;
        }
        open.keep(path, &snapshot);
        let (shelf, path) = (self.clone(), path.clone());
        let check = move || match snapshot.check_sums() {
            Ok(()) => true,
            Err(damage) => {
                shelf.give_up_history(graph, &path, &damage.to_string());
                false
            }
        };
        if history.bytes <= SMALL_BYTES_MAX {
            return check().then_some(view);
        }
        rayon::spawn(move || {
            check();
        });
        Some(view)
    }

    pub(super) fn give_up_history(&self, graph: GraphId, path: &Path, reason: &str) {
        self.open_histories.give_up(path);
        self.tell(&Notice::Skipped { graph, file: path.to_owned(), reason: reason.to_owned() });
    }
}
