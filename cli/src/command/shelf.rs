//! `cidgraph snapshot list`, `gc`, `push` and `pull`: the snapshots that are kept of a store's graphs, and their copies.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cidgraph::shelf::{Cleared, Copied, GraphShelf, Refused, Retention, Shelf, ShelfConfig, ShelfError, pull, push};
use cidgraph::{EventStore, GraphId, ObjectStore, StoreError};
use cidgraph_store_memory::FolderObjects;
use serde_json::json;

use super::log::show_time;
use crate::failure::Failure;
use crate::output::{Table, note};
use crate::session::{Session, graph_id};

/// Shows what is kept.
///
/// # Errors
/// Where there is no folder of snapshots, or it cannot be read.
pub fn list(session: &mut Session, graph: Option<&str>) -> Result<(), Failure> {
    let shelf = shelf_that_is_there(session)?;
    let mut table = Table::new(&["graph", "what", "first", "last", "time", "bytes", "file"]);
    for graph in graphs(session, &shelf, graph)? {
        let contents = graph.contents().map_err(failure)?;
        let snapshots = contents.snapshots.iter().map(|kept| {
            let time = Some(show_time(kept.timestamp_ns));
            ("snapshot", (kept.version, kept.version), time, kept.bytes, &kept.path)
        });
        let layers = contents.layers.iter().map(|kept| ("layer", kept.versions, None, kept.bytes, &kept.path));
        let histories = contents.histories.iter().map(|kept| ("history", kept.versions, None, kept.bytes, &kept.path));
        for (what, (first, last), time, bytes, path) in snapshots.chain(layers).chain(histories) {
            let (id, file) = (graph.id().to_string(), path.display().to_string());
            if session.output.json {
                let object = json!({
                    "graph": id, "what": what, "first_version": first, "last_version": last, "time": time,
                    "bytes": bytes, "file": file,
                });
                session.output.object(&object)?;
            } else {
                let numbers = [first, last].map(|version| version.to_string());
                let [first, last] = numbers;
                table.row(vec![id, what.to_owned(), first, last, time.unwrap_or_default(), bytes.to_string(), file]);
            }
        }
    }
    if !session.output.json {
        session.output.table(&table)?;
    }
    Ok(())
}

/// Clears away what no rule keeps.
///
/// # Errors
/// Where the rule cannot be read, or another process keeps a graph's snapshots.
pub fn gc(session: &mut Session, graph: Option<&str>, rule: Option<&str>) -> Result<(), Failure> {
    let shelf = shelf_that_is_there(session)?;
    let rule = retention(rule)?;
    for graph in graphs(session, &shelf, graph)? {
        let Cleared { files, bytes } = graph.lock().and_then(|lock| lock.clear(&rule)).map_err(failure)?;
        let id = graph.id().to_string();
        if session.output.json {
            let names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
            session.output.object(&json!({ "graph": id, "deleted": names, "bytes": bytes }))?;
        } else {
            session.output.line(format_args!("{id}: {} files of {bytes} bytes deleted", files.len()))?;
        }
    }
    Ok(())
}

/// Which way snapshots are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the object store.
    Push,
    /// From the object store; all of them, or the newest.
    Pull {
        /// Whether older snapshots come too.
        all: bool,
    },
}

/// Copies snapshots to or from the objects beside the store, or a folder of objects.
///
/// # Errors
/// Where there is no object store, it cannot be reached, or what it holds is damaged.
pub fn copy(session: &mut Session, graph: Option<&str>, folder: Option<&Path>, way: Way) -> Result<(), Failure> {
    let shelf = match way {
        Way::Push => shelf_that_is_there(session)?,
        Way::Pull { .. } => shelf(session)?,
    };
    let store = match (way, folder) {
        (Way::Push, Some(_)) => None,
        (Way::Push | Way::Pull { .. }, _) => match session.open_to_read() {
            Ok(store) => Some(store),
            // Snapshots may come before the store that they are of.
            Err(Failure::Usage { .. }) if folder.is_some() => None,
            Err(other) => return Err(other),
        },
    };
    let objects = objects(store.as_deref(), folder, way)?;
    let ids = session.wait(shelf.graphs_with(&*objects)).map_err(failure)?;
    let mut lost = Vec::new();
    for graph in named(session, &shelf, ids, graph)? {
        let copied = session.wait(async {
            match way {
                Way::Push => push(&graph, &*objects, &Retention::default()).await,
                Way::Pull { all } => pull(&graph, &*objects, store.as_deref(), all).await,
            }
        });
        let copied = copied.map_err(failure)?;
        for Refused { file, reason } in &copied.refused {
            note(format_args!("cidgraph: {file} is not taken: {reason}"));
        }
        if copied.newest.is_none() && !copied.refused.is_empty() {
            lost.push(graph.id().to_string());
        }
        print(session, graph.id(), &copied)?;
    }
    if lost.is_empty() {
        return Ok(());
    }
    Err(Failure::Damaged { reason: format!("no copy of a snapshot holds of graph {}", lost.join(", ")) })
}

fn print(session: &mut Session, graph: GraphId, copied: &Copied) -> Result<(), Failure> {
    let Copied { files, bytes, stored_bytes, present, deleted, newest, refused } = copied;
    if session.output.json {
        let object = json!({
            "graph": graph.to_string(), "files": files, "bytes": bytes, "stored_bytes": stored_bytes,
            "present": present, "deleted": deleted, "newest": newest,
            "refused": refused.iter().map(|refused| refused.file.as_str()).collect::<Vec<_>>(),
        });
        return Ok(session.output.object(&object)?);
    }
    Ok(session.output.line(format_args!(
        "{graph}: {files} files of {bytes} bytes copied, {stored_bytes} compressed; {present} were there, {deleted} old \
         ones deleted"
    ))?)
}

fn shelf(session: &Session) -> Result<Shelf, Failure> {
    let folder = session.options.store.snapshot_folder();
    let folder: PathBuf =
        folder.ok_or_else(|| Failure::usage("expected where snapshots are kept: give --snapshots"))?;
    Ok(Shelf::new(ShelfConfig::new(folder)))
}

/// Returns the shelf where its folder, or the store that it would be in, is there.
fn shelf_that_is_there(session: &Session) -> Result<Shelf, Failure> {
    let shelf = shelf(session)?;
    let options = &session.options.store;
    if options.snapshots.is_none() {
        options.data_folder()?;
    } else if !shelf.config().folder.is_dir() {
        return Err(Failure::usage(format!("no folder of snapshots {}", shelf.config().folder.display())));
    }
    Ok(shelf)
}

/// Returns the graphs of which something is on the shelf, or the one that is named.
fn graphs(session: &Session, shelf: &Shelf, name: Option<&str>) -> Result<Vec<GraphShelf>, Failure> {
    named(session, shelf, shelf.graphs().map_err(failure)?, name)
}

/// Returns these graphs' parts of the shelf, or that of the one that is named, which is among them or in the store.
fn named(session: &Session, shelf: &Shelf, ids: Vec<GraphId>, name: Option<&str>) -> Result<Vec<GraphShelf>, Failure> {
    let Some(name) = name else { return Ok(ids.into_iter().map(|id| shelf.graph(id)).collect()) };
    let graph = graph_id(name);
    if !ids.contains(&graph) {
        session.graph(&*session.open_to_read()?, Some(name))?;
    }
    Ok(vec![shelf.graph(graph)])
}

fn objects(store: Option<&dyn EventStore>, folder: Option<&Path>, way: Way) -> Result<Arc<dyn ObjectStore>, Failure> {
    if let Some(folder) = folder {
        if way != Way::Push && !folder.is_dir() {
            return Err(Failure::usage(format!("no folder of objects {}", folder.display())));
        }
        return Ok(Arc::new(FolderObjects::open(folder).map_err(StoreError::from)?));
    }
    let beside = store.and_then(EventStore::objects);
    beside.ok_or_else(|| Failure::usage("this store keeps no objects beside its events: give --objects DIR"))
}

fn retention(rule: Option<&str>) -> Result<Retention, Failure> {
    rule.map_or_else(
        || Ok(Retention::default()),
        |rule| rule.parse().map_err(|error| Failure::usage(format!("{error}"))),
    )
}

/// Says what can be done about a failure.
pub(super) fn failure(error: ShelfError) -> Failure {
    match error {
        ShelfError::Objects(error) => StoreError::from(error).into(),
        ShelfError::Store(error) => error.into(),
        ShelfError::File { .. } | ShelfError::Locked { .. } => {
            StoreError::Unavailable { reason: error.to_string() }.into()
        }
    }
}
