//! Keeps one open graph's part of a shelf up to date, beside its writer.
//!
//! Every so many events a layer is written of what has happened, read from the store; once the layers hold too much, a
//! snapshot is made of the last one and the layers. Only the first snapshot, and one after more than layers can hold, is
//! taken of the engine's own state. Then come the histories (`historian.rs`). Whatever is interrupted leaves whole files, of
//! which the newest that hold are used.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::graph::{GraphDrafts, GraphReader};
use crate::id::AggregateId;
use crate::store::{EventStore, StoredEvent};
use crate::topology::Topology;
use crate::writer::{Ended, Remembered};

use super::config::Notice;
use super::folder::{GraphShelf, Shelf, ShelfError, ShelfLock};
use super::found::link_at;
use super::layer::LAYER_BYTES_MAX;
use super::slice::Newest;
use super::taking::{Standing, replayed, take_layer, take_snapshot};

/// How often it is looked whether enough has happened.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Events that are read at a time.
const PAGE_EVENTS: u64 = 512;

/// Layers may hold so many intervals of events, or one event for so many elements of the graph, whichever is more.
pub(super) const LAYER_INTERVALS_MAX: u64 = 4;
pub(super) const ELEMENTS_AN_EVENT: u64 = 16;

/// How many times as long as the last snapshot took there is none, so that taking them leaves the machine to others.
const REST_AFTER_SNAPSHOT: u32 = 10;

/// Bytes of blocks since the last layer that a graph that is closed has taken, however few the events.
const CLOSING_BYTES_MIN: usize = 1 << 20;

/// Keeps one graph.
pub(super) struct Keeper {
    pub(super) shelf: Shelf,
    pub(super) graph: GraphShelf,
    pub(super) store: Arc<dyn EventStore>,
    pub(super) drafts: GraphDrafts,
    pub(super) reader: GraphReader,
    pub(super) remembered: Remembered,
    pub(super) standing: Standing,
}

/// What a keeper holds while it works.
pub(super) struct Work {
    pub(super) keeper: Keeper,
    lock: Option<Arc<ShelfLock>>,
    /// What failed last, so that it is said once.
    failure: Option<String>,
    /// When something was taken last, or the graph was opened.
    looked: Instant,
    /// When the last snapshot or history was done and how long it took.
    snapshot_taken: Option<(Instant, Duration)>,
    pub(super) history_taken: Option<(Instant, Duration)>,
    /// The newest history, once it was looked for.
    pub(super) newest: Option<Newest>,
}

/// Events that are in no layer yet.
#[derive(Default)]
struct Pending {
    events: Vec<StoredEvent>,
    bytes: usize,
}

impl Keeper {
    /// Keeps the graph until its writer has ended, then takes what is missing.
    pub(super) async fn run(self, mut ended: Ended) {
        let mut work = Work {
            keeper: self,
            lock: None,
            failure: None,
            looked: Instant::now(),
            snapshot_taken: None,
            history_taken: None,
            newest: None,
        };
        loop {
            tokio::select! {
                biased;
                () = ended.wait() => break,
                () = tokio::time::sleep(LOOK_EVERY) => work.look().await,
            }
        }
        work.take(true).await;
    }

    pub(super) fn aggregate(&self) -> AggregateId {
        AggregateId::from(self.graph.id())
    }

    /// Returns the multiple of the interval at or behind which the next layer ends.
    fn next_multiple(&self) -> u64 {
        let interval = self.shelf.config().interval_events.max(1);
        (self.standing.covered / interval + 1) * interval
    }
}

impl Work {
    /// Takes what is due, unless it was done just before.
    async fn look(&mut self) {
        let pause = self.keeper.shelf.config().pause;
        let is_soon = self.looked.elapsed() < pause;
        if !is_soon && self.keeper.reader.version() >= self.keeper.next_multiple() {
            self.looked = Instant::now();
            self.take(false).await;
        }
    }

    /// Takes what is due, and says where that fails.
    async fn take(&mut self, closing: bool) {
        self.failure = match self.try_take(closing).await {
            Ok(()) => None,
            Err(reason) => {
                if self.failure.as_ref() != Some(&reason) {
                    let graph = self.keeper.graph.id();
                    self.keeper.shelf.tell(&Notice::Failed { graph, reason: reason.clone() });
                }
                Some(reason)
            }
        };
    }

    async fn try_take(&mut self, closing: bool) -> Result<(), String> {
        self.take_state(closing).await?;
        if self.keeper.shelf.config().keeps_history {
            self.take_history(closing).await?;
        }
        Ok(())
    }

    /// Takes layers and snapshots.
    async fn take_state(&mut self, closing: bool) -> Result<(), String> {
        let until = self.keeper.reader.version();
        if until <= self.keeper.standing.covered {
            return Ok(());
        }
        let is_heavy = match self.keeper.standing.snapshot {
            Some(_) => self.take_layers(until, closing).await?,
            None if until >= self.keeper.next_multiple() => true,
            None => closing && self.weighs(until).await?,
        };
        if is_heavy || self.layers_hold_too_much() {
            self.take_snapshot(is_heavy, closing).await?;
        }
        Ok(())
    }

    /// Writes layers up to the last border; returns whether there is more than a layer can hold.
    async fn take_layers(&mut self, until: u64, closing: bool) -> Result<bool, String> {
        let mut pending = Pending::default();
        let mut from = self.keeper.standing.covered + 1;
        while from <= until {
            let count = PAGE_EVENTS.min(until - from + 1);
            let page = self.read(from, count).await?;
            from += page.len() as u64;
            for stored in page {
                let is_border =
                    stored.event.transaction_remaining == 0 && stored.event.version >= self.keeper.next_multiple();
                pending.push(stored);
                if pending.bytes > LAYER_BYTES_MAX {
                    return Ok(true);
                }
                if is_border {
                    self.write_layer(std::mem::take(&mut pending)).await?;
                }
            }
        }
        if closing && pending.bytes >= CLOSING_BYTES_MIN {
            self.write_layer(pending).await?;
        }
        Ok(false)
    }

    async fn write_layer(&mut self, pending: Pending) -> Result<(), String> {
        let lock = self.lock()?;
        let versions = (pending.events[0].event.version, pending.events[pending.events.len() - 1].event.version);
        let bytes = blocking(move || take_layer(&lock, &pending.events)).await?;
        self.keeper.standing.covered = versions.1;
        self.keeper.shelf.tell(&Notice::LayerTaken { graph: self.keeper.graph.id(), versions, bytes });
        Ok(())
    }

    /// Returns whether the events of a graph without snapshot have so many bytes that one is worth while.
    async fn weighs(&self, until: u64) -> Result<bool, String> {
        let mut pending = Pending::default();
        while pending.bytes < CLOSING_BYTES_MIN && (pending.events.len() as u64) < until {
            let from = pending.events.len() as u64 + 1;
            self.read(from, PAGE_EVENTS.min(until - from + 1))
                .await?
                .into_iter()
                .for_each(|stored| pending.push(stored));
        }
        Ok(pending.bytes >= CLOSING_BYTES_MIN)
    }

    /// Reads events of the graph from a version on, at least one.
    pub(super) async fn read(&self, from: u64, count: u64) -> Result<Vec<StoredEvent>, String> {
        let limit = usize::try_from(count).expect("a page is short");
        let page = self.keeper.store.read(self.keeper.aggregate(), from, limit).await;
        let page = page.map_err(|error| error.to_string())?;
        if page.is_empty() { Err(format!("the store does not give event {from}")) } else { Ok(page) }
    }

    fn layers_hold_too_much(&self) -> bool {
        let view = self.keeper.reader.view();
        let elements = (view.node_count() + view.edge_count()) as u64;
        let intervals = LAYER_INTERVALS_MAX * self.keeper.shelf.config().interval_events;
        self.keeper.standing.layered() > intervals.max(elements / ELEMENTS_AN_EVENT)
    }

    /// Takes a snapshot of the last one and the layers, or of the engine's state where there is more than layers hold.
    async fn take_snapshot(&mut self, of_live: bool, closing: bool) -> Result<(), String> {
        if !closing && rests(self.snapshot_taken) {
            return Ok(());
        }
        let started = Instant::now();
        let lock = self.lock()?;
        let Keeper { drafts, remembered, reader, standing, store, .. } = &self.keeper;
        let (drafts, remembered, hash) = (drafts.clone(), remembered.clone(), store.hash_kind());
        let before = standing.snapshot.clone().filter(|_| !of_live);
        let live = reader.view();
        let taken = blocking(move || {
            let view = match before {
                Some((snapshot, link)) => replayed(&lock, &snapshot, link, &drafts, hash)?,
                None => live,
            };
            take_snapshot(&lock, &view, &remembered.until(view.version()), &drafts)
        });
        let snapshot = Arc::new(taken.await?);
        let (version, bytes) = (snapshot.version, snapshot.bytes);
        let link = link_at(&*self.keeper.store, self.keeper.aggregate(), version).await;
        let link = link.map_err(|error| error.to_string())?;
        let link = link.ok_or_else(|| format!("the store does not give event {version}"))?;
        self.keeper.shelf.vouched.note(self.keeper.graph.id(), version);
        self.keeper.standing.covered = self.keeper.standing.covered.max(version);
        self.keeper.standing.snapshot = Some((snapshot, link));
        self.snapshot_taken = Some((Instant::now(), started.elapsed()));
        self.keeper.shelf.tell(&Notice::SnapshotTaken { graph: self.keeper.graph.id(), version, bytes });
        let (lock, retention) = (self.lock()?, self.keeper.shelf.config().retention.clone());
        let covered = self.keeper.standing.covered;
        let clear = move || lock.clear_beyond(covered).and_then(|_| lock.clear(&retention));
        blocking(move || clear().map_err(|error| error.to_string())).await?;
        Ok(())
    }

    /// Takes the lock on the graph's folder, and keeps it.
    pub(super) fn lock(&mut self) -> Result<Arc<ShelfLock>, String> {
        if let Some(lock) = &self.lock {
            return Ok(Arc::clone(lock));
        }
        let lock = self.keeper.graph.lock().map_err(|error: ShelfError| error.to_string())?;
        Ok(Arc::clone(self.lock.insert(Arc::new(lock))))
    }
}

impl Pending {
    fn push(&mut self, stored: StoredEvent) {
        self.bytes += stored.event.block.len();
        self.events.push(stored);
    }
}

/// Returns whether what was done last took so long that the machine is left to others.
pub(super) fn rests(last: Option<(Instant, Duration)>) -> bool {
    last.is_some_and(|(done, took)| done.elapsed() < took * REST_AFTER_SNAPSHOT)
}

/// Runs what reads and writes files on a thread for such work.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err("the runtime is shutting down".to_owned()),
    }
}
