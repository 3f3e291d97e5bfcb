//! Finding what a graph can be opened from: the newest snapshot that holds and is of the chain in the store.

use std::path::Path;
use std::sync::Arc;

use crate::chain::{Link, verify_block};
use crate::id::{AggregateId, GraphId};
use crate::snapshot::{Snapshot, SnapshotInfo};
use crate::state::GraphView;
use crate::store::{EventStore, Head, StoreError, StoredEvent};
use crate::writer::Recent;

use super::config::Notice;
use super::folder::{Contents, GraphShelf, Layer, Shelf, ShelvedSnapshot};
use super::name::FileName;
use super::{layer, transactions};

/// What a graph is opened from.
pub(super) struct Found {
    pub(super) snapshot: Arc<ShelvedSnapshot>,
    pub(super) view: GraphView,
    /// The snapshot's last event, as the store holds it.
    pub(super) link: Link,
    /// The transactions up to it.
    pub(super) transactions: Vec<Recent>,
    /// The events behind it, layer by layer.
    pub(super) layers: Vec<Vec<StoredEvent>>,
}

/// Looks for what a graph can be opened from, newest first, and says what is wrong with what is passed over. `None` where
/// nothing can be used, or the store cannot be asked.
pub(super) async fn find(shelf: &Shelf, graph: &GraphShelf, store: &dyn EventStore, registry: u32) -> Option<Found> {
    let contents = match graph.contents() {
        Ok(contents) => contents,
        Err(error) => {
            let (graph, file, reason) = (graph.graph, graph.folder.clone(), error.to_string());
            shelf.tell(&Notice::Skipped { graph, file, reason });
            return None;
        }
    };
    for snapshot in contents.snapshots.iter().rev() {
        match open(graph, snapshot, store, registry).await {
            Ok((view, link, transactions)) => {
                shelf.vouched.keep(&view);
                let layers = layers(shelf, graph, &contents, snapshot.version, store).await;
                let snapshot = Arc::new(snapshot.clone());
                return Some(Found { snapshot, view, link, transactions, layers });
            }
            Err(Unused::Because(reason)) => skipped(shelf, graph, &snapshot.path, reason),
            Err(Unused::StoreFailed) => return None,
        }
    }
    None
}

/// Notes which snapshots and histories are of the chain in the store: the past may be looked at from them.
pub(super) async fn vouch(shelf: &Shelf, graph: &GraphShelf, store: &dyn EventStore) {
    let Ok(contents) = graph.contents() else { return };
    for snapshot in &contents.snapshots {
        if is_of_chain(graph, &snapshot.path, snapshot.version, store).await {
            shelf.vouched.note(graph.graph, snapshot.version);
        }
    }
    for history in &contents.histories {
        if is_of_chain(graph, &history.path, history.versions.1, store).await {
            shelf.open_histories.vouch(&history.path);
        }
    }
}

/// Returns whether a file says that it ends with the store's event of a version.
async fn is_of_chain(graph: &GraphShelf, path: &Path, version: u64, store: &dyn EventStore) -> bool {
    let Ok(snapshot) = Snapshot::map(path) else { return false };
    let link = link_at(store, AggregateId::from(graph.graph), version).await.ok().flatten();
    check_origin(snapshot.info(), graph.graph, (snapshot.info().from, version), link.as_ref().map(Link::head)).is_ok()
}

/// Says what is wrong with a file that is to answer for a graph's versions from the first to the second, where the store has
/// a transaction that ends with `end`.
pub(super) fn check_origin(
    info: &SnapshotInfo,
    graph: GraphId,
    versions: (u64, u64),
    end: Option<Head>,
) -> Result<(), String> {
    let version = versions.1;
    let end = end.ok_or_else(|| format!("the store has no whole transaction that ends at its version {version}"))?;
    if info.graph != graph || (info.from, info.version()) != versions {
        return Err("it is of another graph or version than its name says".to_owned());
    }
    if info.head != Some(end) {
        return Err("it is of another history than that in the store".to_owned());
    }
    Ok(())
}

/// Why a snapshot is not used.
enum Unused {
    Because(String),
    /// It is not known; whoever reads on from the store will be told.
    StoreFailed,
}

impl From<String> for Unused {
    fn from(reason: String) -> Self {
        Self::Because(reason)
    }
}

impl From<StoreError> for Unused {
    fn from(_: StoreError) -> Self {
        Self::StoreFailed
    }
}

async fn open(
    graph: &GraphShelf,
    snapshot: &ShelvedSnapshot,
    store: &dyn EventStore,
    registry: u32,
) -> Result<(GraphView, Link, Vec<Recent>), Unused> {
    if snapshot.registry != registry {
        return Err("it was taken with other categories of component types".to_owned().into());
    }
    let aggregate = AggregateId::from(graph.graph);
    let link = link_at(store, aggregate, snapshot.version).await?;
    let file = Snapshot::map(&snapshot.path).map_err(|error| error.to_string())?;
    check_origin(file.info(), graph.graph, (snapshot.version, snapshot.version), link.as_ref().map(Link::head))?;
    let link = link.expect("what was compared with it is there");
    let view = Snapshot::open_verified(&snapshot.path).map_err(|error| error.to_string())?.view();
    let path = graph.path(FileName::Transactions { version: snapshot.version });
    let transactions = transactions::read(&path, aggregate, snapshot.version)
        .map_err(|reason| format!("the transactions beside it cannot be read: {reason}"))?;
    Ok((view, link, transactions))
}

/// Returns the verified event at a version, where there is one that ends its transaction.
pub(super) async fn link_at(
    store: &dyn EventStore,
    aggregate: AggregateId,
    version: u64,
) -> Result<Option<Link>, StoreError> {
    let stored = store.read(aggregate, version, 1).await?.pop();
    let link = stored.and_then(|stored| verify_block(&stored.event, None).ok().map(|(_, link)| link));
    Ok(link.filter(|link| link.version == version && link.transaction_remaining == 0))
}

/// Reads the layers behind a snapshot, as far as they hold and are of the chain in the store.
async fn layers(
    shelf: &Shelf,
    graph: &GraphShelf,
    contents: &Contents,
    version: u64,
    store: &dyn EventStore,
) -> Vec<Vec<StoredEvent>> {
    let aggregate = AggregateId::from(graph.graph);
    let mut read: Vec<(&Layer, Vec<StoredEvent>)> = Vec::new();
    for layer in contents.layers_after(version) {
        match layer::read(&layer.path, aggregate, layer.versions) {
            Ok(events) => read.push((layer, events)),
            Err(reason) => {
                skipped(shelf, graph, &layer.path, reason);
                break;
            }
        }
    }
    // The last event's CID vouches for all before it.
    while let Some((layer, events)) = read.last() {
        let last = events.last().expect("a layer has events");
        match link_at(store, aggregate, layer.versions.1).await {
            Ok(Some(link)) if link.cid == last.event.cid => break,
            Ok(_) => skipped(shelf, graph, &layer.path, "it is of another history than that in the store".to_owned()),
            Err(_) => return Vec::new(),
        }
        read.pop();
    }
    read.into_iter().map(|(_, events)| events).collect()
}

fn skipped(shelf: &Shelf, graph: &GraphShelf, path: &Path, reason: String) {
    shelf.tell(&Notice::Skipped { graph: graph.graph, file: path.to_owned(), reason });
}
