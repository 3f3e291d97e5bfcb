//! Bringing copies of a shelf back from an object store: whole files, each compared with its digest and looked at before it
//! gets its name, so that what is damaged or of another history never lies where graphs are opened from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::fs::{self, OpenOptions};

use crate::id::AggregateId;
use crate::snapshot::Snapshot;
use crate::store::objects::Received;
use crate::store::{EventStore, ObjectError, ObjectInfo, ObjectStore};

use super::copy::{Copied, Refused, contents_of, listed, object_name, open, order};
use super::files::put_in_place;
use super::folder::{GraphShelf, ShelfError, failed};
use super::found::{check_origin, link_at};
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
        // A snapshot gets its name after its transactions, which are of no use, or of another history, without it.
        let Some(came) = pull.fetch(file).await? else { continue };
        if pull.bring(FileName::Transactions { version }).await? {
            pull.place(came).await?;
            pull.copied.newest.get_or_insert(version);
        } else {
            pull.let_go(came).await?;
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

/// A file that is wanted and holds.
enum Came {
    /// It was here.
    Before,
    /// It came in part and has not its name yet.
    Now { part: PathBuf, path: PathBuf, info: ObjectInfo },
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
        let Some(came) = self.fetch(file).await? else { return Ok(false) };
        self.place(came).await?;
        Ok(true)
    }

    /// Gives a file that came its name.
    async fn place(&mut self, came: Came) -> Result<(), ShelfError> {
        match came {
            Came::Before => self.copied.present += 1,
            Came::Now { part, path, info } => {
                put_in_place(&part, &path).map_err(failed(&path))?;
                self.copied.count(&info);
            }
        }
        Ok(())
    }

    /// Deletes a file that came and is of no use.
    async fn let_go(&self, came: Came) -> Result<(), ShelfError> {
        match came {
            Came::Before => Ok(()),
            Came::Now { part, .. } => fs::remove_file(&part).await.map_err(failed(&part)),
        }
    }

    /// Fetches a file unless it is here, and looks at it; says why it is not kept.
    async fn fetch(&mut self, file: FileName) -> Result<Option<Came>, ShelfError> {
        let (name, path) = (file.to_string(), self.graph.path(file));
        let Some(info) = self.there.get(&name) else {
            self.copied.refused.push(Refused { file: name, reason: "there is no such object".to_owned() });
            return Ok(None);
        };
        if let Some(mut here) = open(&path).await?
            && Received::of(&mut here).await?.digest() == info.digest
        {
            if let Err(reason) = self.look_at_origin(file, &path).await? {
                self.copied.refused.push(Refused { file: name, reason });
                return Ok(None);
            }
            return Ok(Some(Came::Before));
        }
        let part = path.with_file_name(format!("{name}{PART}"));
        let reason = match self.receive(&name, &part).await {
            Ok(info) => match self.look_at(file, &part).await? {
                Ok(()) => return Ok(Some(Came::Now { part, path, info })),
                Err(reason) => reason,
            },
            Err(ShelfError::Objects(error @ (ObjectError::Damaged { .. } | ObjectError::NotFound { .. }))) => {
                error.to_string()
            }
            Err(other) => return Err(other),
        };
        fs::remove_file(&part).await.map_err(failed(&part))?;
        self.copied.refused.push(Refused { file: name, reason });
        Ok(None)
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
        let (aggregate, path) = (AggregateId::from(self.graph.id()), part.to_owned());
        let held = tokio::task::spawn_blocking(move || match file {
            FileName::Snapshot { .. } | FileName::History { .. } => {
                Snapshot::map(path).and_then(|snapshot| snapshot.verify()).map_err(|error| error.to_string())
            }
            FileName::Transactions { version } => transactions::read(&path, aggregate, version).map(drop),
            FileName::Layer { first, last } => layer::read(&path, aggregate, (first, last)).map(drop),
        });
        match held.await.expect("damage is an error") {
            Ok(()) => self.look_at_origin(file, part).await,
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// Says whether a file that holds is of the history in the store, where that has the graph.
    async fn look_at_origin(&self, file: FileName, path: &Path) -> Result<Result<(), String>, ShelfError> {
        let (graph, aggregate) = (self.graph.id(), AggregateId::from(self.graph.id()));
        let versions = match file {
            FileName::Snapshot { version, .. } => (version, version),
            FileName::History { first, last, .. } | FileName::Layer { first, last } => (first, last),
            // They are of their snapshot.
            FileName::Transactions { .. } => return Ok(Ok(())),
        };
        let known = match self.store {
            Some(store) if store.head(aggregate).await?.is_some() => {
                Some(link_at(store, aggregate, versions.1).await?.map(|link| link.head()))
            }
            Some(_) | None => None,
        };
        if let FileName::Layer { .. } = file {
            let last = layer::read(path, aggregate, versions).map(|events| events.last().map(|last| last.event.cid));
            let is_foreign = known.zip(last.ok()).is_some_and(|(end, last)| end.map(|end| end.cid) != last);
            return Ok(if is_foreign {
                Err("it is of another history than that in the store".to_owned())
            } else {
                Ok(())
            });
        }
        let snapshot = match Snapshot::map(path) {
            Ok(snapshot) => snapshot,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let info = snapshot.info();
        // Where there is nothing to compare with, the file's word stands for the store's.
        Ok(check_origin(info, graph, versions, known.unwrap_or(info.head)))
    }
}
