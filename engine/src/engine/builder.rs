//! What an engine can be set up with.

use std::fmt;
use std::sync::Arc;

use crate::cache::{CacheConfig, QueryCache};
use crate::clock::{Clock, Ids, RandomIds, SystemClock};
use crate::command::Limits;
use crate::footprint::ChangeObserver;
use crate::graph::GraphDrafts;
use crate::history::{GraphReplayService, HistoryConfig, NoStarts, Starts};
use crate::id::GraphId;
use crate::metrics::Metrics;
use crate::pool::ComponentRegistry;
use crate::read_model::{Answer, GraphQuery};
use crate::store::EventStore;
use crate::value::Name;
use crate::writer::{Registry, WriterConfig};

use super::front::{Engine, Inner};

/// Sets an engine up; what is not said is at its default.
#[must_use]
pub struct EngineBuilder {
    store: Arc<dyn EventStore>,
    limits: Limits,
    components: ComponentRegistry,
    writer: WriterConfig,
    cache: CacheConfig,
    history: HistoryConfig,
    starts: Arc<dyn Starts>,
    fold_rows_min: Option<usize>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    actor: Name,
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
            starts: Arc::new(NoStarts),
            fold_rows_min: None,
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            actor: Name::new_static("engine"),
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

    /// Sets from which states replays start; without it from nothing.
    pub fn starts(self, starts: Arc<dyn Starts>) -> Self {
        Self { starts, ..self }
    }

    /// Sets how many rows since the base are folded while commands come: fewer make reads faster, more make writes
    /// faster. At rest far fewer are folded.
    pub fn fold_rows_min(self, rows: usize) -> Self {
        Self { fold_rows_min: Some(rows), ..self }
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

    /// Makes the engine; nothing is read yet.
    pub fn build(self) -> Engine {
        let cache = Arc::new(QueryCache::new(self.cache, Arc::clone(&self.clock)));
        let observed = Arc::clone(&cache);
        let drafts = GraphDrafts {
            limits: self.limits,
            registry: self.components.clone(),
            fold_rows_min: self.fold_rows_min.unwrap_or(GraphDrafts::default().fold_rows_min),
            observer: Arc::new(move |graph| Some(observe(&observed, graph))),
        };
        let history = GraphReplayService::with(Arc::clone(&self.store), drafts.clone(), self.starts, self.history);
        let graphs = Registry::new(self.store, drafts, self.writer, Arc::clone(&self.clock));
        Engine::of(Inner {
            graphs,
            history,
            components: self.components,
            cache,
            metrics: Metrics::default(),
            clock: self.clock,
            ids: self.ids,
            actor: self.actor,
        })
    }
}

/// Lets the cache follow a graph that is about to be loaded, without what it knew of it before.
fn observe(cache: &QueryCache<GraphQuery, Answer>, graph: GraphId) -> Arc<dyn ChangeObserver> {
    cache.forget(graph);
    let following = cache.graph(graph);
    following.follow(0);
    Arc::new(following)
}

impl fmt::Debug for EngineBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineBuilder")
            .field("limits", &self.limits)
            .field("writer", &self.writer)
            .finish_non_exhaustive()
    }
}
