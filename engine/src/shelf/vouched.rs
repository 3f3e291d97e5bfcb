//! The snapshots that are known to be of the chain in the store, and those of them that are open.

use std::collections::{BTreeSet, VecDeque};

use parking_lot::Mutex;

use crate::id::GraphId;
use crate::snapshot::Snapshot;
use crate::state::GraphView;

use super::folder::ShelvedSnapshot;

/// Snapshots that stay mapped: they cost addresses, not memory.
const OPEN_MAX: usize = 16;

/// A snapshot's graph and version.
type Name = (GraphId, u64);

/// Which snapshots are of the chain in the store.
#[derive(Debug, Default)]
pub(super) struct Vouched {
    known: Mutex<BTreeSet<Name>>,
    /// The one used last stands first.
    open: Mutex<VecDeque<(Name, GraphView)>>,
}

impl Vouched {
    /// Notes that a snapshot is of the chain in the store.
    pub(super) fn note(&self, graph: GraphId, version: u64) {
        self.known.lock().insert((graph, version));
    }

    pub(super) fn knows(&self, graph: GraphId, version: u64) -> bool {
        self.known.lock().contains(&(graph, version))
    }

    /// Notes a view of such a snapshot, all of which was checked.
    pub(super) fn keep(&self, view: &GraphView) {
        let name = (view.info().graph, view.version());
        self.note(name.0, name.1);
        let mut open = self.open.lock();
        open.retain(|(known, _)| *known != name);
        open.push_front((name, view.clone()));
        open.truncate(OPEN_MAX);
    }

    /// Opens a snapshot that is of the chain in the store; all of it is checked the first time.
    pub(super) fn open(&self, graph: GraphId, snapshot: &ShelvedSnapshot) -> Option<GraphView> {
        let name = (graph, snapshot.version);
        if !self.knows(graph, snapshot.version) {
            return None;
        }
        let open = self.open.lock().iter().find(|(known, _)| *known == name).map(|(_, view)| view.clone());
        let view = open.or_else(|| {
            let view = Snapshot::open_verified(&snapshot.path).ok()?.view();
            (view.info().graph == graph && view.version() == snapshot.version).then_some(view)
        })?;
        self.keep(&view);
        Some(view)
    }
}
