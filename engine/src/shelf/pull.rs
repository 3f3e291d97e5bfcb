//! Bringing copies of a shelf back from an object store: whole files, each compared with its digest and looked at before it
//! gets its name, so that what is damaged or of another history never lies where graphs are opened from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::fs::{self, OpenOptions};

use crate::id::AggregateId;
use crate::snapshot::Snapshot;
use crate::store::objects::Received;
use crate::store::{EventStore, Head, ObjectError, ObjectInfo, ObjectStore};

use super::copy::{Copied, Refused, contents_of, listed, object_name, open, order};
use super::files::put_in_place;
use super::folder::{GraphShelf, ShelfError, failed};
use super::found::link_at;
use super::name::FileName;
use super::{layer, transactions};

/// What the name of a file that has come in part ends with; the next pull goes on with it.
const PART: &str = ".part";

/// Brings a graph's newest snapshot that holds and what belongs to it from an object store; all snapshots and histories
/// where `all` says so. What comes is looked at: a snapshot as [`Snapshot::verify`] does, and where `store` has the graph, it must end with
/// an event of that store. What does not hold is told in [`Copied::refused`], and the snapshot before it is taken.
///
/// # Errors
/// [`ShelfError::Locked`] where another process keeps the graph; [`ShelfError`]. Running it again goes on where it was.
pub async fn pull(
    graph: &GraphShelf,
    objects: &dyn ObjectStore,
    store: Option<&dyn EventStore>,
    all: bool,
) -> Result<Copied, ShelfError> {
    let there = listed(objects, graph.id()).await?;
    let snapshots = contents_of(graph, &there).snapshots;
    if snapshots.is_empty() {
        return Ok(Copied::default());
    }
    let lock = graph.lock()?;
    let mut pull = Pull { graph, objects, store, there, copied: Copied::default() };
    for snapshot in snapshots.iter().rev() {
        let (version, timestamp_ns, registry) = (snapshot.version, snapshot.timestamp_ns, snapshot.registry);
        let file = FileName::Snapshot { version, timestamp_ns, registry };
        // Without its transactions a snapshot is of no use.
        if pull.bring(FileName::Transactions { version }).await? && pull.bring(file).await? {
            pull.copied.newest.get_or_insert(version);
        }
        if pull.copied.newest.is_some() && !all {
            break;
        }
    }
    let newest = pull.copied.newest;
    let mut wanted: Vec<FileName> = pull.there.keys().filter_map(|name| FileName::parse(name)).collect();
    wanted.retain(|file| match file {
        FileName::Snapshot { .. } | FileName::Transactions { .. } => false,
        FileName::History { .. } => all,
        FileName::Layer { first, .. } => newest.is_some_and(|newest| *first > newest),
    });
    wanted.sort_unstable_by_key(|file| (order(file), *file));
    for file in wanted {
        pull.bring(file).await?;
    }
    drop(lock);
    Ok(pull.copied)
}

/// A pull that is under way.
struct Pull<'a> {
    graph: &'a GraphShelf,
    objects: &'a dyn ObjectStore,
    store: Option<&'a dyn EventStore>,
    there: BTreeMap<String, ObjectInfo>,
    copied: Copied,
}

impl Pull<'_> {
    /// Brings a file unless it is here, and returns whether it is here now.
    async fn bring(&mut self, file: FileName) -> Result<bool, ShelfError> {
        let (name, path) = (file.to_string(), self.graph.path(file));
        let Some(info) = self.there.get(&name) else {
            self.copied.refused.push(Refused { file: name, reason: "there is no such object".to_owned() });
            return Ok(false);
        };
        if let Some(mut here) = open(&path).await?
            && Received::of(&mut here).await?.digest() == info.digest
        {
            self.copied.present += 1;
            return Ok(true);
        }
        let part = path.with_file_name(format!("{name}{PART}"));
        let reason = match self.receive(&name, &part).await {
            Ok(info) => match self.look_at(file, &part).await? {
                Ok(()) => {
                    put_in_place(&part, &path).map_err(failed(&path))?;
                    self.copied.count(&info);
                    return Ok(true);
                }
                Err(reason) => reason,
            },
            Err(ShelfError::Objects(error @ (ObjectError::Damaged { .. } | ObjectError::NotFound { .. }))) => {
                error.to_string()
            }
            Err(other) => return Err(other),
        };
        fs::remove_file(&part).await.map_err(failed(&part))?;
        self.copied.refused.push(Refused { file: name, reason });
        Ok(false)
    }

    /// Receives an object, going on with what of it came before; where that was of another, anew.
    async fn receive(&self, name: &str, part: &Path) -> Result<ObjectInfo, ShelfError> {
        let object = object_name(self.graph.id(), name);
        loop {
            let mut received = match open(part).await? {
                Some(mut before) => Received::of(&mut before).await?,
                None => Received::default(),
            };
            let came_before = fs::metadata(part).await.is_ok_and(|part| part.len() > 0);
            let opened = OpenOptions::new().create(true).append(true).open(part).await;
            let mut file = opened.map_err(failed(part))?;
            match self.objects.get(&object, &mut received, &mut file).await {
                Ok(info) => {
                    file.sync_all().await.map_err(failed(part))?;
                    return Ok(info);
                }
                Err(ObjectError::Damaged { .. }) if came_before => {
                    fs::remove_file(part).await.map_err(failed(part))?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Looks at what came before it gets its name, and says what does not hold.
    async fn look_at(&self, file: FileName, part: &Path) -> Result<Result<(), String>, ShelfError> {
        let aggregate = AggregateId::from(self.graph.id());
        match file {
            FileName::Snapshot { version, .. } => self.look_at_snapshot((version, version), part.to_owned()).await,
            FileName::History { first, last, .. } => self.look_at_snapshot((first, last), part.to_owned()).await,
            FileName::Transactions { version } => Ok(transactions::read(part, aggregate, version).map(drop)),
            FileName::Layer { first, last } => Ok(layer::read(part, aggregate, (first, last)).map(drop)),
        }
    }

    /// Looks at a file that answers from the first version to the second.
    async fn look_at_snapshot(&self, versions: (u64, u64), part: PathBuf) -> Result<Result<(), String>, ShelfError> {
        let version = versions.1;
        let verified = tokio::task::spawn_blocking(move || {
            let snapshot = Snapshot::map(part)?;
            snapshot.verify().map(|()| snapshot.info().clone())
        });
        let info = match verified.await.expect("damage is an error") {
            Ok(info) => info,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if info.graph != self.graph.id() || (info.from, info.version()) != versions {
            return Ok(Err("it is of another graph or version than its name says".to_owned()));
        }
        let Some(store) = self.store else { return Ok(Ok(())) };
        let aggregate = AggregateId::from(self.graph.id());
        if store.head(aggregate).await?.is_none() {
            return Ok(Ok(()));
        }
        let Some(link) = link_at(store, aggregate, version).await? else {
            return Ok(Err(format!("the store has no whole transaction that ends at its version {version}")));
        };
        if info.head != Some(Head { version, cid: link.cid }) {
            return Ok(Err("it is of another history than that in the store".to_owned()));
        }
        Ok(Ok(()))
    }
}
