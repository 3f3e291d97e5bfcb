//! The front door to the past of all graphs of a store.

use std::sync::Arc;
use std::time::Duration;

use crate::graph::GraphDrafts;
use crate::id::GraphId;
use crate::read_model::GraphReadModel;
use crate::store::EventStore;

use super::animation::ReplayAnimation;
use super::error::HistoryError;
use super::graph_history::GraphHistory;
use super::moment::Moment;
use super::states::{HistoryConfig, NoStarts, PastStates, Starts};
use super::step::Step;

/// Replays the graphs of a store up to any moment, and keeps the states made lately. Clones are the same service.
#[derive(Debug, Clone)]
pub struct GraphReplayService {
    store: Arc<dyn EventStore>,
    states: Arc<PastStates>,
}

impl GraphReplayService {
    /// Makes a service with defaults, which replays from nothing.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self::with(store, GraphDrafts::default(), Arc::new(NoStarts), HistoryConfig::default())
    }

    /// Makes a service whose states know the component types of `drafts` and begin with `starts`.
    pub fn with(
        store: Arc<dyn EventStore>,
        drafts: GraphDrafts,
        starts: Arc<dyn Starts>,
        config: HistoryConfig,
    ) -> Self {
        Self { store, states: Arc::new(PastStates::new(drafts, starts, config)) }
    }

    /// Returns one graph's past; nothing is read yet.
    pub fn history(&self, graph: GraphId) -> GraphHistory {
        GraphHistory { graph, store: Arc::clone(&self.store), states: Arc::clone(&self.states), live: None }
    }

    /// Returns a graph as it was at a time, nanoseconds since the Unix epoch.
    ///
    /// # Errors
    /// As of [`GraphHistory::at`].
    pub async fn replay_at_time(&self, graph: GraphId, time_ns: u64) -> Result<GraphReadModel, HistoryError> {
        self.history(graph).at(Moment::Time(time_ns)).await
    }

    /// Returns what happened to a graph between two times, nanoseconds since the Unix epoch, frame by frame.
    ///
    /// # Errors
    /// As of [`GraphHistory::animate`].
    pub async fn create_replay_animation(
        &self,
        graph: GraphId,
        start_ns: u64,
        end_ns: u64,
        step: Duration,
    ) -> Result<ReplayAnimation, HistoryError> {
        let step = Step::Time(u64::try_from(step.as_nanos()).unwrap_or(u64::MAX));
        self.history(graph).animate(Some(Moment::Time(start_ns)), Moment::Time(end_ns), step).await
    }
}
