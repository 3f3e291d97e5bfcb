//! Taking snapshots and layers: files made of a graph's events, whoever makes them and whenever.

use std::sync::Arc;

use crate::chain::Link;
use crate::cid::HashKind;
use crate::graph::{GraphAggregate, GraphDrafts};
use crate::id::AggregateId;
use crate::snapshot::Snapshot;
use crate::state::GraphView;
use crate::store::StoredEvent;
use crate::writer::{LoadedTip, Recent};

use super::folder::{ShelfLock, ShelvedSnapshot};
use super::name::{FileName, fingerprint};
use super::{layer, transactions};

/// Writes a layer and returns the bytes of its file.
pub(super) fn take_layer(lock: &ShelfLock, events: &[StoredEvent]) -> Result<u64, String> {
    let (first, last) = (&events[0].event, &events[events.len() - 1].event);
    assert_eq!(last.transaction_remaining, 0, "a layer ends with a transaction");
    let path = lock.shelf.path(FileName::Layer { first: first.version, last: last.version });
    layer::write(&path, events).map_err(|error| format!("{}: {error}", path.display()))
}

/// Writes a snapshot of a view with the transactions up to it. The transactions come first: a snapshot that is there has
/// them.
pub(super) fn take_snapshot(
    lock: &ShelfLock,
    view: &GraphView,
    recent: &[Recent],
    drafts: &GraphDrafts,
) -> Result<ShelvedSnapshot, String> {
    let (version, timestamp_ns) = (view.version(), view.timestamp_ns());
    let registry = fingerprint(&drafts.registry);
    let path = lock.shelf.path(FileName::Transactions { version });
    let written = transactions::write(&path, AggregateId::from(lock.shelf.graph), version, recent);
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    let path = lock.shelf.path(FileName::Snapshot { version, timestamp_ns, registry });
    Snapshot::write(view, &drafts.registry, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    let bytes = std::fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
    Ok(ShelvedSnapshot { version, timestamp_ns, bytes, path, registry })
}

/// Returns the graph as it is at the end of the layers behind a snapshot: from the files alone, without the engine's own
/// state.
pub(super) fn replayed(
    lock: &ShelfLock,
    snapshot: &ShelvedSnapshot,
    link: Link,
    drafts: &GraphDrafts,
    hash: HashKind,
) -> Result<GraphView, String> {
    let aggregate = AggregateId::from(lock.shelf.graph);
    let before = Snapshot::open_verified(&snapshot.path).map_err(|error| error.to_string())?;
    let registry = drafts.registry.clone();
    let (mut draft, reader) = GraphAggregate::resume(&before.view(), drafts.limits, registry, None);
    // Nobody sends commands here: one remembered transaction is as few as there can be.
    let mut tip = LoadedTip::empty(aggregate, hash, 1).resumed(link, []);
    let contents = lock.shelf.contents().map_err(|error| error.to_string())?;
    for layer in contents.layers_after(snapshot.version) {
        let events = layer::read(&layer.path, aggregate, layer.versions)?;
        tip.take_in(&mut draft, &events).map_err(|error| format!("{}: {error}", layer.path.display()))?;
    }
    Ok(reader.view())
}

/// What of a graph is on a shelf and of the chain that the store holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// The newest snapshot, and its last event.
    pub(super) snapshot: Option<(Arc<ShelvedSnapshot>, Link)>,
    /// The version up to which snapshot and layers go.
    pub(super) covered: u64,
}

impl Standing {
    /// Returns how many events the layers hold.
    pub(super) fn layered(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |(snapshot, _)| self.covered - snapshot.version)
    }
}
