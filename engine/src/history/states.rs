//! The states of the past that are at hand: where a replay can start, and the walkers that were used lately.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::graph::{GraphAggregate, GraphDrafts};
use crate::id::{AggregateId, GraphId};
use crate::pool::ComponentRegistry;
use crate::state::GraphView;
use crate::store::EventStore;
use crate::writer::DraftSource;

use super::error::HistoryError;
use super::place::Place;
use super::walker::Walker;

/// States from which a replay can start instead of from nothing: snapshots, for example.
#[async_trait]
pub trait Starts: Send + Sync {
    /// Is called before a graph's states are asked for, to find out which of them are of the chain in the store.
    async fn look_up(&self, _store: &Arc<dyn EventStore>, _graph: GraphId) {}

    /// Returns the state at exactly `version`, where it is at hand.
    fn at(&self, _graph: GraphId, _version: u64) -> Option<GraphView> {
        None
    }

    /// Returns a draft at the newest version that is above `above` and at or before `version`, a transaction's end, with
    /// nothing applied that was not published. It must not fold: see
    /// [`GraphAggregate::folding_above`].
    fn before(&self, _graph: GraphId, _version: u64, _above: u64) -> Option<GraphAggregate> {
        None
    }
}

/// No such state: every replay starts from nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStarts;

impl Starts for NoStarts {}

/// How much is kept of states of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryConfig {
    /// Graphs and spans of them that are kept, at most; the one in use always is.
    pub states_max: usize,
    /// Bytes that all of them may take before the one that was used longest ago is let go of.
    pub bytes_max: usize,
}

impl Default for HistoryConfig {
    fn default() -> Self {
        Self { states_max: 8, bytes_max: 1 << 30 }
    }
}

/// Makes states of the past and keeps those used lately.
///
/// What is kept of a graph shows all of its versions between where the replay started and how far it has come: looking
/// back costs no replay, going forward only the events between.
pub(super) struct PastStates {
    drafts: GraphDrafts,
    starts: Arc<dyn Starts>,
    config: HistoryConfig,
    /// The one used last stands last.
    slots: Mutex<Vec<Arc<Slot>>>,
}

/// A walker's place; it is taken out while it walks, so that one that was given up half way is gone.
struct Slot {
    graph: GraphId,
    /// Where the walker starts or started.
    from: u64,
    /// How far it has come.
    reached: AtomicU64,
    bytes: AtomicUsize,
    walker: tokio::sync::Mutex<Option<Walker>>,
}

impl Slot {
    fn new(graph: GraphId, from: u64) -> Self {
        let (reached, bytes) = (AtomicU64::new(from), AtomicUsize::new(0));
        Self { graph, from, reached, bytes, walker: tokio::sync::Mutex::default() }
    }

    /// Returns the last version up to `version` that needs no replay.
    fn near(&self, version: u64) -> u64 {
        self.reached.load(Ordering::Relaxed).min(version)
    }
}

impl PastStates {
    pub(super) fn new(drafts: GraphDrafts, starts: Arc<dyn Starts>, config: HistoryConfig) -> Self {
        let drafts = GraphDrafts { fold_rows_min: usize::MAX, observer: Arc::new(|_| None), ..drafts };
        Self { drafts, starts, config, slots: Mutex::default() }
    }

    pub(super) const fn registry(&self) -> &ComponentRegistry {
        &self.drafts.registry
    }

    /// Returns the graph as it was before anything happened.
    pub(super) fn nothing(&self, graph: GraphId) -> GraphView {
        self.drafts.fresh(AggregateId::from(graph)).1.view()
    }

    fn fresh(&self, graph: GraphId) -> GraphAggregate {
        self.drafts.fresh(AggregateId::from(graph)).0
    }

    /// Returns the graph as it was at a place.
    pub(super) async fn view(
        &self,
        store: &Arc<dyn EventStore>,
        graph: GraphId,
        place: &Place,
    ) -> Result<GraphView, HistoryError> {
        let version = place.head.version;
        self.starts.look_up(store, graph).await;
        if let Some(view) = self.starts.at(graph, version).filter(|view| view.head() == Some(place.head)) {
            return Ok(view);
        }
        let (slot, start) = self.slot(graph, version);
        let mut held = slot.walker.lock().await;
        let mut walker = match (held.take(), start) {
            (Some(walker), _) => walker,
            (None, Some(start)) => Walker::start(store, graph, start).await?,
            (None, None) => {
                // Whoever walked was given up.
                let above = slot.from.saturating_sub(1);
                let start = self.starts.before(graph, slot.from, above).unwrap_or_else(|| self.fresh(graph));
                Walker::start(store, graph, start).await?
            }
        };
        let view = walker.view(store, place).await?;
        slot.reached.store(walker.reached(), Ordering::Relaxed);
        slot.bytes.store(walker.heap_bytes(), Ordering::Relaxed);
        *held = Some(walker);
        drop(held);
        self.trim();
        Ok(view)
    }

    /// Returns the slot with the least way to `version`, and for a new one the draft to start with.
    fn slot(&self, graph: GraphId, version: u64) -> (Arc<Slot>, Option<GraphAggregate>) {
        let best = self.best_slot(graph, version);
        let above = best.as_ref().map_or(0, |slot| slot.near(version));
        let start = if above < version { self.starts.before(graph, version, above) } else { None };
        if let (Some(slot), None) = (best, &start) {
            return (slot, None);
        }
        let draft = start.unwrap_or_else(|| self.fresh(graph));
        let slot = Arc::new(Slot::new(graph, draft.version()));
        self.slots.lock().push(Arc::clone(&slot));
        (slot, Some(draft))
    }

    /// Returns the slot with the least way to `version` and notes its use.
    fn best_slot(&self, graph: GraphId, version: u64) -> Option<Arc<Slot>> {
        let mut slots = self.slots.lock();
        let shows = |slot: &Slot| slot.graph == graph && slot.from <= version;
        let best = (0..slots.len()).filter(|at| shows(&slots[*at])).max_by_key(|at| slots[*at].near(version))?;
        let slot = slots.remove(best);
        slots.push(Arc::clone(&slot));
        Some(slot)
    }

    /// Lets go of what is too much.
    fn trim(&self) {
        let mut slots = self.slots.lock();
        let bytes = |slots: &[Arc<Slot>]| slots.iter().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum::<usize>();
        while slots.len() > 1 && (slots.len() > self.config.states_max || bytes(&slots) > self.config.bytes_max) {
            slots.remove(0);
        }
    }
}

impl fmt::Debug for PastStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slots: Vec<_> = self.slots.lock().iter().map(|slot| (slot.graph, slot.from)).collect();
        f.debug_struct("PastStates").field("config", &self.config).field("slots", &slots).finish_non_exhaustive()
    }
}
