//! Copies of a shelf in an object store: only what is missing travels, whole files, each compared with its digest.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use tokio::fs::File;

use crate::id::GraphId;
use crate::snapshot::demand_plain_file;
use crate::store::objects::Received;
use crate::store::{ObjectError, ObjectInfo, ObjectStore};

use super::folder::{Contents, GraphShelf, Shelf, ShelfError, failed, superfluous};
use super::name::FileName;
use super::retention::Retention;

/// What the names of all objects start with.
const PREFIX: &str = "snapshots/";

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Files that were copied.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Bytes that they take in the object store, compressed.
    pub stored_bytes: u64,
    /// Files that were there already.
    pub present: u64,
    /// Old objects that were deleted, as the rules of retention say.
    pub deleted: u64,
    /// The version of the newest snapshot that a pull found to hold.
    pub newest: Option<u64>,
    /// What came in a pull and was not kept.
    pub refused: Vec<Refused>,
}

/// A file that came from an object store and was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its name.
    pub file: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Brings a graph's snapshots to an object store, and deletes there what no rule keeps.
///
/// # Errors
/// [`ShelfError`]; running it again goes on.
pub async fn push(graph: &GraphShelf, objects: &dyn ObjectStore, retention: &Retention) -> Result<Copied, ShelfError> {
    let mut copied = Copied::default();
    let there = listed(objects, graph.id()).await?;
    // A snapshot comes after its transactions and before its layers: whoever pulls meanwhile finds nothing in pieces.
    let mut files: Vec<(FileName, String)> =
        graph.files()?.into_iter().filter_map(|(name, _)| Some((FileName::parse(&name)?, name))).collect();
    files.sort_unstable_by_key(|(file, _)| (order(file), *file));
    for (_, name) in files {
        let path = graph.folder.join(&name);
        // What is cleared away meanwhile is no longer needed.
        let Some(mut file) = open(&path).await? else { continue };
        if let Some(info) = there.get(&name)
            && Received::of(&mut file).await?.digest() == info.digest
        {
            copied.present += 1;
            continue;
        }
        let Some(mut file) = open(&path).await? else { continue };
        let info = objects.put(&object_name(graph.id(), &name), &mut file).await?;
        copied.count(&info);
    }
    for name in outdated(objects, graph, retention).await? {
        copied.deleted += u64::from(objects.delete(&object_name(graph.id(), &name)).await?);
    }
    Ok(copied)
}

/// Returns the graphs of which an object store has snapshots, ordered by id.
///
/// # Errors
/// [`ShelfError::Objects`].
pub async fn graphs_in(objects: &dyn ObjectStore) -> Result<Vec<GraphId>, ShelfError> {
    let listed = objects.list(PREFIX).await?;
    let graph = |info: &ObjectInfo| info.name.strip_prefix(PREFIX)?.split_once('/')?.0.parse::<GraphId>().ok();
    let mut graphs: Vec<GraphId> = listed.iter().filter_map(graph).collect();
    graphs.sort_unstable();
    graphs.dedup();
    Ok(graphs)
}

impl Shelf {
    /// Returns the graphs of which something is here or in an object store, ordered by id.
    ///
    /// # Errors
    /// [`ShelfError`].
    pub async fn graphs_with(&self, objects: &dyn ObjectStore) -> Result<Vec<GraphId>, ShelfError> {
        let mut graphs = self.graphs()?;
        graphs.extend(graphs_in(objects).await?);
        graphs.sort_unstable();
        graphs.dedup();
        Ok(graphs)
    }
}

impl Copied {
    pub(super) const fn count(&mut self, info: &ObjectInfo) {
        self.files += 1;
        self.bytes += info.size;
        self.stored_bytes += info.stored_bytes;
    }
}

pub(super) const fn order(file: &FileName) -> u8 {
    match file {
        FileName::Transactions { .. } => 0,
        FileName::Snapshot { .. } => 1,
        FileName::Layer { .. } => 2,
        FileName::History { .. } => 3,
    }
}

pub(super) fn object_name(graph: GraphId, file: &str) -> String {
    format!("{PREFIX}{graph}/{file}")
}

/// Returns a graph's objects by the names of their files.
pub(super) async fn listed(
    objects: &dyn ObjectStore,
    graph: GraphId,
) -> Result<BTreeMap<String, ObjectInfo>, ObjectError> {
    let prefix = object_name(graph, "");
    let listed = objects.list(&prefix).await?;
    Ok(listed.into_iter().filter_map(|info| Some((info.name.strip_prefix(&prefix)?.to_owned(), info))).collect())
}

/// Returns what objects would be in a graph's folder.
pub(super) fn contents_of(graph: &GraphShelf, there: &BTreeMap<String, ObjectInfo>) -> Contents {
    let mut contents = Contents::default();
    for (name, info) in there {
        contents.add(graph, name, info.size);
    }
    contents
}

/// Returns the names of the objects that no rule keeps.
async fn outdated(
    objects: &dyn ObjectStore,
    graph: &GraphShelf,
    retention: &Retention,
) -> Result<Vec<String>, ShelfError> {
    let contents = contents_of(graph, &listed(objects, graph.id()).await?);
    let files = superfluous(graph, &contents, retention, |_| true);
    let name =
        |(path, _): (std::path::PathBuf, u64)| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    Ok(files.into_iter().filter_map(name).collect())
}

/// Opens a file, `None` where there is none.
pub(super) async fn open(path: &Path) -> Result<Option<File>, ShelfError> {
    demand_plain_file(path).map_err(failed(path))?;
    match File::open(path).await {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path)(source)),
    }
}
