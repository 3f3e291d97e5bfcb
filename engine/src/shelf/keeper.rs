//! Keeps one open graph's part of a shelf up to date, beside its writer.
//!
//! Every so many events a layer is written of what has happened, read from the store; once the layers hold too much, a
//! snapshot is made of the last one and the layers. Only the first snapshot, and one after more than layers can hold, is
//! taken of the engine's own state. Histories are made behind that, of the events too. Whatever is interrupted leaves whole files, of which the newest that hold are used.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::graph::{GraphDrafts, GraphReader};
use crate::id::AggregateId;
use crate::store::{EventStore, Head, StoredEvent};
use crate::topology::Topology;
use crate::writer::{Ended, Remembered};

use super::config::Notice;
use super::folder::{GraphShelf, Shelf, ShelfError, ShelfLock, ShelvedHistory};
use super::found::link_at;
use super::historian::{Newest, Slice};
use super::layer::LAYER_BYTES_MAX;
use super::name::fingerprint;
use super::taking::{Standing, replayed, take_layer, take_snapshot};

/// How often it is looked whether enough has happened.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Events that are read at a time.
const PAGE_EVENTS: u64 = 512;

/// Layers may hold so many intervals of events, or one event for so many elements of the graph, whichever is more.
const LAYER_INTERVALS_MAX: u64 = 4;
const ELEMENTS_AN_EVENT: u64 = 16;

/// A graph that is closed has a history up to all but one event for so many elements of it.
const ELEMENTS_AN_EVENT_CLOSING: u64 = 256;

/// So many elements that came with one event are no history that anyone asks for event by event.
const BULK_ELEMENTS: u64 = 64;

/// Events of a history that are read at a time.
const SLICE_PAGE_EVENTS: u64 = 4096;

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
struct Work {
    keeper: Keeper,
    lock: Option<Arc<ShelfLock>>,
    /// What failed last, so that it is said once.
    failure: Option<String>,
    /// When something was taken last, or the graph was opened.
    looked: Instant,
    /// When the last snapshot or history was done and how long it took.
    snapshot_taken: Option<(Instant, Duration)>,
    history_taken: Option<(Instant, Duration)>,
    /// The newest history, once it was looked for.
    newest: Option<Newest>,
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

    fn aggregate(&self) -> AggregateId {
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

    async fn read(&self, from: u64, count: u64) -> Result<Vec<StoredEvent>, String> {
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

    /// Takes what of the history is due, slice by slice.
    async fn take_history(&mut self, closing: bool) -> Result<(), String> {
        if !closing && rests(self.history_taken) {
            return Ok(());
        }
        let until = self.keeper.standing.covered;
        if !self.is_history_due(until, closing).await? {
            return Ok(());
        }
        let started = Instant::now();
        self.check_newest(until).await?;
        while self.newest.as_ref().is_none_or(|newest| newest.view.version() < until) {
            self.take_slice(until).await?;
        }
        self.history_taken = Some((Instant::now(), started.elapsed()));
        Ok(())
    }

    /// Returns whether enough has happened behind the newest history, which is looked for where it is not known yet.
    async fn is_history_due(&mut self, until: u64, closing: bool) -> Result<bool, String> {
        let interval = self.keeper.shelf.config().interval_events.max(1);
        if until < interval {
            return Ok(false);
        }
        if self.newest.is_none() {
            self.newest = self.find_newest(until).await?;
        }
        if self.is_bulky(self.behind(until))
            && let Some(begun) = self.begin_at_snapshot()?
        {
            self.newest = Some(begun);
        }
        let size = self.newest.as_ref().map_or(0, |newest| newest.size);
        let due = if closing {
            interval.max(size / ELEMENTS_AN_EVENT_CLOSING)
        } else {
            (LAYER_INTERVALS_MAX * interval).max(size / ELEMENTS_AN_EVENT)
        };
        Ok(self.behind(until) >= due)
    }

    /// Returns how many events up to a version the newest history lacks.
    fn behind(&self, until: u64) -> u64 {
        until.saturating_sub(self.newest.as_ref().map_or(0, |newest| newest.view.version()))
    }

    /// Returns whether so much came in so few events that a snapshot stands for them better than a history.
    fn is_bulky(&self, events: u64) -> bool {
        let view = self.keeper.reader.view();
        let elements = (view.node_count() + view.edge_count()) as u64;
        elements.saturating_sub(self.newest.as_ref().map_or(0, |newest| newest.size)) > events * BULK_ELEMENTS
    }

    /// Opens the newest history that holds and is of the chain in the store; what does not is cleared away.
    async fn find_newest(&mut self, until: u64) -> Result<Option<Newest>, String> {
        let registry = fingerprint(&self.keeper.drafts.registry);
        let mut histories = self.keeper.graph.contents().map_err(|error| error.to_string())?.histories;
        histories.retain(|history| history.registry == registry && history.versions.1 <= until);
        histories.sort_unstable_by_key(|history| history.versions.1);
        for history in histories.into_iter().rev() {
            let opened = Newest::found(&history);
            let link = link_at(&*self.keeper.store, self.keeper.aggregate(), history.versions.1).await;
            let link = link.map_err(|error| error.to_string())?;
            let head = link.map(|link| Head { version: link.version, cid: link.cid });
            let reason = match opened {
                Ok(newest) if head.is_some() && newest.head() == head => return Ok(Some(newest)),
                Ok(_) => "it is of another history than that in the store".to_owned(),
                Err(reason) => reason,
            };
            self.discard(history, &reason).await?;
        }
        Ok(None)
    }

    /// Checks all of the newest history before anything is built on it; where it does not hold, the one before is the
    /// newest.
    async fn check_newest(&mut self, until: u64) -> Result<(), String> {
        while let Some(history) = self.newest.as_ref().and_then(|newest| newest.unchecked.clone()) {
            let checking = history.clone();
            self.newest = match blocking(move || Ok(Newest::checked(&checking))).await? {
                Ok(checked) => Some(checked),
                Err(reason) => {
                    self.discard(history, &reason).await?;
                    self.find_newest(until).await?
                }
            };
        }
        Ok(())
    }

    /// Clears away a history that does not hold, and says so.
    async fn discard(&mut self, history: ShelvedHistory, reason: &str) -> Result<(), String> {
        let lock = self.lock()?;
        self.keeper.shelf.give_up_history(self.keeper.graph.id(), &history.path, reason);
        let file = vec![(history.path, history.bytes)];
        blocking(move || lock.remove(file).map(drop).map_err(|error| error.to_string())).await
    }

    /// Opens the newest snapshot, for a history to begin with.
    fn begin_at_snapshot(&self) -> Result<Option<Newest>, String> {
        let Some((snapshot, _)) = self.keeper.standing.snapshot.clone() else { return Ok(None) };
        if self.newest.as_ref().is_some_and(|newest| newest.view.version() >= snapshot.version) {
            return Ok(None);
        }
        // It was taken or checked by this process.
        Newest::known(&snapshot.path).map(Some)
    }

    /// Takes the next slice of the history, up to a version at most.
    async fn take_slice(&mut self, until: u64) -> Result<(), String> {
        let Keeper { drafts, store, .. } = &self.keeper;
        let (aggregate, hash, drafts) = (self.keeper.aggregate(), store.hash_kind(), drafts.clone());
        let from = self.newest.as_ref().map_or(0, |newest| newest.view.version());
        let link = match from {
            0 => None,
            _ => link_at(&**store, aggregate, from).await.map_err(|error| error.to_string())?,
        };
        if from > 0 && link.is_none() {
            return Err(format!("the store does not give event {from}"));
        }
        let (newest, begun) = (self.newest.clone(), drafts.clone());
        let mut slice = blocking(move || {
            let start = newest.map(|newest| newest.start(&begun));
            Ok(Slice::begin(aggregate, start.as_ref().zip(link), &begun, hash))
        })
        .await?;
        let mut read = from;
        let mut pending = Vec::new();
        while read < until && !slice.is_full() {
            let page = self.read(read + 1, SLICE_PAGE_EVENTS.min(until - read)).await?;
            read += page.len() as u64;
            pending.extend(page);
            let ended = pending.iter().rposition(|stored| stored.event.transaction_remaining == 0);
            let rest = pending.split_off(ended.map_or(0, |last| last + 1));
            let events = std::mem::replace(&mut pending, rest);
            slice = blocking(move || slice.take_in(&events).map(|()| slice)).await?;
        }
        if slice.version() <= from {
            return Err(format!("the store does not give the end of the transaction behind event {from}"));
        }
        let lock = self.lock()?;
        let history = blocking(move || slice.write(&lock, &drafts)).await?;
        self.keeper.shelf.open_histories.vouch(&history.path);
        let (versions, bytes) = (history.versions, history.bytes);
        self.newest = Some(Newest::known(&history.path)?);
        self.keeper.shelf.tell(&Notice::HistoryTaken { graph: self.keeper.graph.id(), versions, bytes });
        Ok(())
    }

    /// Takes the lock on the graph's folder, and keeps it.
    fn lock(&mut self) -> Result<Arc<ShelfLock>, String> {
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
fn rests(last: Option<(Instant, Duration)>) -> bool {
    last.is_some_and(|(done, took)| done.elapsed() < took * REST_AFTER_SNAPSHOT)
}

/// Runs what reads and writes files on a thread for such work.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err("the runtime is shutting down".to_owned()),
    }
}
