//! The open aggregates of one store: loaded on demand, one load at a time for each, closed when idle.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use dashmap::DashMap;
use tokio::sync::OnceCell;

use crate::aggregate::Draft;
use crate::clock::Clock;
use crate::id::AggregateId;
use crate::store::EventStore;

use super::companion::Companion;
use super::config::WriterConfig;
use super::recent::Remembered;
use super::replay::{LoadedTip, ReplayError};
use super::submission::{Answer, Submission, WriteError};
use super::writer_handle::{AnswerOf, WriterHandle, received, spawn_then};

/// Makes the drafts of aggregates that are being opened.
#[async_trait]
pub trait DraftSource: Send + Sync + 'static {
    /// The draft.
    type Draft: Draft;
    /// What shows a draft's published state to readers.
    type Reader: Clone + Send + Sync + 'static;

    /// Makes a draft of an aggregate to which nothing has happened, and its reader.
    fn fresh(&self, aggregate: AggregateId) -> (Self::Draft, Self::Reader);

    /// Makes a draft that is as far as what is kept of an aggregate elsewhere than in the store goes, if anything is.
    async fn begin(&self, _store: &Arc<dyn EventStore>, tip: LoadedTip) -> Begun<Self> {
        let (draft, reader) = self.fresh(tip.aggregate);
        Begun { draft, reader, tip }
    }

    /// Starts what accompanies an aggregate's writer as long as it is open, if anything does.
    fn opened(
        &self,
        _store: &Arc<dyn EventStore>,
        _aggregate: AggregateId,
        _reader: &Self::Reader,
        _remembered: &Remembered,
    ) -> Option<Companion> {
        None
    }
}

/// A draft that is being loaded.
pub struct Begun<S: DraftSource + ?Sized> {
    /// The draft, empty above what is published.
    pub draft: S::Draft,
    /// Its reader.
    pub reader: S::Reader,
    /// Where it is.
    pub tip: LoadedTip,
}

/// Loads an aggregate: what is kept of it elsewhere, then what the store holds beyond. Where the two do not fit together,
/// the store alone.
///
/// # Errors
/// As of [`load`](super::load).
pub async fn load_newest<S: DraftSource>(
    source: &S,
    store: &Arc<dyn EventStore>,
    aggregate: AggregateId,
    remembered_transactions_max: usize,
) -> Result<Begun<S>, ReplayError> {
    let empty = || LoadedTip::empty(aggregate, store.hash_kind(), remembered_transactions_max);
    let mut begun = source.begin(store, empty()).await;
    let began_at = begun.tip.version();
    match begun.tip.catch_up(store, &mut begun.draft, None).await {
        Ok(()) => return Ok(begun),
        Err(error @ ReplayError::Store(_)) => return Err(error),
        Err(error) if began_at == 0 => return Err(error),
        Err(_) => {}
    }
    let (draft, reader) = source.fresh(aggregate);
    let mut begun = Begun { draft, reader, tip: empty() };
    begun.tip.catch_up(store, &mut begun.draft, None).await?;
    Ok(begun)
}

/// An aggregate in memory: its writer, and its published state.
pub struct OpenAggregate<S: DraftSource> {
    /// Sends submissions.
    pub writer: WriterHandle<S::Draft>,
    /// Shows what is published, as long as the writer is open.
    pub reader: S::Reader,
    companion: Option<Arc<Companion>>,
}

/// The open aggregates of one kind in one store.
///
/// A reader that was handed out stays at the last published version once its aggregate was closed; ask again for
/// one that moves on.
pub struct Registry<S: DraftSource> {
    store: Arc<dyn EventStore>,
    source: S,
    config: WriterConfig,
    clock: Arc<dyn Clock>,
    open: Arc<Slots<S>>,
}

/// An aggregate's place in the registry: filled by the first who asks, while the others wait.
type Slot<S> = Arc<OnceCell<OpenAggregate<S>>>;

type Slots<S> = DashMap<AggregateId, Slot<S>>;

impl<S: DraftSource> Registry<S> {
    /// Makes a registry without open aggregates.
    pub fn new(store: Arc<dyn EventStore>, source: S, config: WriterConfig, clock: Arc<dyn Clock>) -> Self {
        Self { store, source, config, clock, open: Arc::new(DashMap::new()) }
    }

    /// Returns an aggregate, loading it where it is not open. One without events is opened empty.
    ///
    /// # Errors
    /// [`ReplayError`] where it cannot be read whole; the next call tries again.
    pub async fn open(&self, aggregate: AggregateId) -> Result<OpenAggregate<S>, ReplayError> {
        loop {
            let slot = Arc::clone(&self.open.entry(aggregate).or_default());
            // Loading is in a box of its own, so that what awaits an aggregate that is open stays small.
            let open = match slot.get_or_try_init(|| Box::pin(self.load(aggregate))).await {
                Ok(open) => open,
                Err(error) => {
                    let unused = |held: &Slot<S>| Arc::ptr_eq(held, &slot) && Arc::strong_count(held) == 2;
                    self.open.remove_if(&aggregate, |_, held| unused(held) && !held.initialized());
                    return Err(error);
                }
            };
            if !open.writer.is_closed() {
                return Ok(open.clone());
            }
            // What it still writes must be there for the next one to load.
            open.writer.ended().await;
            forget_closed(&self.open, aggregate);
        }
    }

    async fn load(&self, aggregate: AggregateId) -> Result<OpenAggregate<S>, ReplayError> {
        let remembered_max = self.config.remembered_transactions_max;
        let Begun { draft, reader, tip } = load_newest(&self.source, &self.store, aggregate, remembered_max).await?;
        let companion = self.source.opened(&self.store, aggregate, &reader, tip.remembered()).map(Arc::new);
        let (slots, accompanied) = (Arc::downgrade(&self.open), companion.clone());
        let ended = move || {
            if let Some(companion) = accompanied {
                companion.end();
            }
            if let Some(slots) = slots.upgrade() {
                forget_closed(&slots, aggregate);
            }
        };
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let writer = spawn_then(store, tip, draft, self.config.clone(), clock, ended);
        Ok(OpenAggregate { writer, reader, companion })
    }

    /// Sends a submission to an aggregate's writer, opening it where needed, also when it closes just now, and waits for
    /// the answer.
    ///
    /// # Errors
    /// [`WriteError`]; [`WriteError::Replay`] where the aggregate cannot be opened.
    pub async fn submit(
        &self,
        aggregate: AggregateId,
        submission: Submission<<S::Draft as Draft>::Command>,
    ) -> Answer<<S::Draft as Draft>::Rejection> {
        received(self.enqueue(aggregate, submission).await?).await
    }

    /// Sends a submission to an aggregate's writer, opening it where needed. What is sent to one aggregate once this has
    /// returned is decided afterwards.
    ///
    /// # Errors
    /// [`WriteError::Replay`] where the aggregate cannot be opened.
    pub(crate) async fn enqueue(
        &self,
        aggregate: AggregateId,
        mut submission: Submission<<S::Draft as Draft>::Command>,
    ) -> Result<AnswerOf<S::Draft>, WriteError<<S::Draft as Draft>::Rejection>> {
        loop {
            let open = self.open(aggregate).await.map_err(WriteError::Replay)?;
            match open.writer.enqueue(submission).await {
                Ok(answer) => return Ok(answer),
                Err(given_back) => submission = given_back,
            }
        }
    }

    /// Closes one aggregate; what was submitted is finished first, then what accompanies its writer. Whoever asks for it
    /// meanwhile gets it once its writer has ended.
    pub async fn close(&self, aggregate: AggregateId) {
        if let Some(open) = self.find(aggregate) {
            open.writer.close().await;
            self.finish(open).await;
        }
    }

    /// Closes an aggregate to which nothing ever happened, unless something is about to.
    pub(crate) async fn close_unused(&self, aggregate: AggregateId) {
        if let Some(open) = self.find(aggregate) {
            open.writer.close_unused().await;
            if open.writer.is_closed() {
                self.finish(open).await;
            }
        }
    }

    /// Waits for the end of a writer that closes, and of what accompanies it.
    async fn finish(&self, open: OpenAggregate<S>) {
        open.writer.ended().await;
        forget_closed(&self.open, open.writer.aggregate());
        if let Some(companion) = &open.companion {
            companion.end();
            companion.finished().await;
        }
    }

    /// Closes every aggregate.
    pub async fn close_all(&self) {
        for aggregate in self.aggregates() {
            self.close(aggregate).await;
        }
    }

    /// Returns the aggregates that are open or being opened, in no order.
    pub fn aggregates(&self) -> Vec<AggregateId> {
        self.open.iter().map(|entry| *entry.key()).collect()
    }

    /// Returns whether an aggregate is in memory and takes submissions.
    pub fn is_open(&self, aggregate: AggregateId) -> bool {
        self.open.get(&aggregate).is_some_and(|slot| slot.get().is_some_and(|open| !open.writer.is_closed()))
    }

    /// Returns an aggregate, if it is in memory.
    pub fn find(&self, aggregate: AggregateId) -> Option<OpenAggregate<S>> {
        self.open.get(&aggregate)?.get().cloned()
    }

    /// Returns what makes the drafts.
    pub const fn source(&self) -> &S {
        &self.source
    }

    /// Returns the aggregates that are in memory, in no order.
    pub fn in_memory(&self) -> Vec<OpenAggregate<S>> {
        self.open.iter().filter_map(|slot| slot.get().cloned()).collect()
    }

    /// Returns the store.
    pub const fn store(&self) -> &Arc<dyn EventStore> {
        &self.store
    }
}

/// Takes an aggregate whose writer has closed out of the registry, so that its state leaves memory.
fn forget_closed<S: DraftSource>(slots: &Slots<S>, aggregate: AggregateId) {
    slots.remove_if(&aggregate, |_, slot| slot.get().is_some_and(|open| open.writer.is_closed()));
}

impl<S: DraftSource> Clone for OpenAggregate<S> {
    fn clone(&self) -> Self {
        Self { writer: self.writer.clone(), reader: self.reader.clone(), companion: self.companion.clone() }
    }
}

impl<S: DraftSource> fmt::Debug for Begun<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("tip", &self.tip).finish_non_exhaustive()
    }
}

impl<S: DraftSource> fmt::Debug for OpenAggregate<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAggregate").field("writer", &self.writer).finish_non_exhaustive()
    }
}

impl<S: DraftSource> fmt::Debug for Registry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("store", &self.store).field("open", &self.open.len()).finish_non_exhaustive()
    }
}
