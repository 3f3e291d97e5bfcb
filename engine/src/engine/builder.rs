//! What an engine can be set up with.

use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::cache::{CacheConfig, QueryCache};
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::command::Limits;
use crate::graph::GraphDrafts;
use crate::history::{GraphReplayService, HistoryConfig};
use crate::metrics::Metrics;
use crate::pool::ComponentRegistry;
use crate::shelf::{Shelf, ShelfConfig, ShelvedGraphs};
use crate::store::EventStore;
use crate::value::Name;
use crate::writer::{Registry, WriterConfig};

use super::checkpoints::{Checkpointing, Checkpoints};
use super::front::{Engine, Inner};
use super::starts::ShelfStarts;
use super::warming::Warming;

/// Sets an engine up; what is not said is at its default.
#[must_use]
pub struct EngineBuilder {
    store: Arc<dyn EventStore>,
    limits: Limits,
    components: ComponentRegistry,
    writer: WriterConfig,
    cache: CacheConfig,
    history: HistoryConfig,
    fold_rows_min: Option<usize>,
    checkpoints: Checkpointing,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    actor: Name,
    snapshots: Option<ShelfConfig>,
}

impl EngineBuilder {
    pub(super) fn new(store: Arc<dyn EventStore>) -> Self {
        Self {
            store,
            limits: Limits::default(),
            components: ComponentRegistry::default(),
            writer: WriterConfig::default(),
            cache: CacheConfig::default(),
            history: HistoryConfig::default(),
            fold_rows_min: None,
            checkpoints: Checkpointing::Off,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            actor: Name::new_static("engine"),
            snapshots: None,
        }
    }

    /// Sets what commands may hold.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets the known component types with their categories and schemas.
    pub fn components(self, components: ComponentRegistry) -> Self {
        Self { components, ..self }
    }

    /// Sets the writers' limits and patience.
    pub fn writer(self, writer: WriterConfig) -> Self {
        Self { writer, ..self }
    }

    /// Sets how many answers are kept, and for how long.
    pub fn cache(self, cache: CacheConfig) -> Self {
        Self { cache, ..self }
    }

    /// Sets how much is kept of states of the past.
    pub fn history(self, history: HistoryConfig) -> Self {
        Self { history, ..self }
    }

    /// Sets how many rows since the base are folded while commands come: fewer make reads faster, more make writes
    /// faster. At rest far fewer are folded.
    pub fn fold_rows_min(self, rows: usize) -> Self {
        Self { fold_rows_min: Some(rows), ..self }
    }

    /// Sets whether, and when, the graphs' writers commit to their state; off unless this is called.
    pub fn checkpoints(self, checkpoints: Checkpointing) -> Self {
        Self { checkpoints, ..self }
    }

    /// Sets what tells the time of events.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// Sets what gives graphs and commands their ids.
    pub fn ids(self, ids: Arc<dyn Ids>) -> Self {
        Self { ids, ..self }
    }

    /// Sets who asks, for commands that do not say it.
    pub fn actor(self, actor: impl Into<Name>) -> Self {
        Self { actor: actor.into(), ..self }
    }

    /// Keeps snapshots of the graphs in a folder, one folder for one store, and opens graphs from them.
    ///
    /// They are taken beside the writers while graphs are open, and what is missing when a graph is closed: close the
    /// engine before the process ends. Losing them loses nothing but time.
    pub fn snapshots(self, config: ShelfConfig) -> Self {
        Self { snapshots: Some(config), ..self }
    }

    /// Makes the engine; nothing is read yet.
    pub fn build(self) -> Engine {
        Engine::of(|engine| self.inner(engine))
    }

    fn inner(self, engine: &Weak<Inner>) -> Inner {
        let cache = Arc::new(QueryCache::new(self.cache, Arc::clone(&self.clock)));
        let (observed, observing) = (Arc::clone(&cache), Weak::clone(engine));
        let drafts = GraphDrafts {
            limits: self.limits,
            registry: self.components.clone(),
            fold_rows_min: self.fold_rows_min.unwrap_or(GraphDrafts::default().fold_rows_min),
            marks_buckets: self.checkpoints != Checkpointing::Off,
            observer: Arc::new(move |graph| Some(Warming::start(&observed, graph, Weak::clone(&observing)))),
        };
        let shelved = ShelvedGraphs::new(drafts.clone(), self.snapshots.map(Shelf::new));
        let starts =
            Arc::new(ShelfStarts { drafts: drafts.clone(), shelved: shelved.clone(), known: Mutex::default() });
        let history = GraphReplayService::with(Arc::clone(&self.store), drafts, starts, self.history);
        let graphs = Registry::new(self.store, shelved, self.writer, Arc::clone(&self.clock));
        Inner {
            graphs,
            history,
            checkpoints: Checkpoints::new(self.checkpoints),
            components: self.components,
            cache,
            metrics: Metrics::default(),
            clock: self.clock,
            ids: self.ids,
            actor: self.actor,
        }
    }
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("limits", &self.limits)
            .field("writer", &self.writer)
            .finish_non_exhaustive()
    }
}
