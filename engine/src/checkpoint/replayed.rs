//! A graph that is replayed event by event, with its trees.

use std::sync::Arc;

use crate::aggregate::Draft;
use crate::chain::ChainVerifier;
use crate::event::GraphEvent;
use crate::graph::{GraphAggregate, GraphDrafts, GraphReader};
use crate::id::{AggregateId, GraphId};
use crate::merkle::Hash;
use crate::state::{GraphView, StateTree};
use crate::store::{EventStore, Head, StoredEvent};
use crate::writer::{DraftSource, ReplayError};

use super::error::CheckpointError;
use super::event_tree::EventTree;

/// Events that are read at once, and applied between two publications.
const PAGE_EVENTS: usize = 4096;

/// A graph as far as it was replayed.
#[derive(Debug)]
pub struct ReplayedGraph {
    aggregate: AggregateId,
    verifier: ChainVerifier,
    draft: GraphAggregate,
    reader: GraphReader,
    events: EventTree,
    states: Option<StateTree>,
    applied: usize,
}

impl ReplayedGraph {
    /// Starts before the first event.
    pub fn new(graph: GraphId) -> Self {
        let aggregate = AggregateId::from(graph);
        let (draft, reader) = GraphDrafts { marks_buckets: true, ..GraphDrafts::default() }.fresh(aggregate);
        let verifier = ChainVerifier::new(aggregate);
        Self { aggregate, verifier, draft, reader, events: EventTree::default(), states: None, applied: 0 }
    }

    /// Returns the version of the last event, 0 before the first.
    pub fn version(&self) -> u64 {
        self.verifier.tip().map_or(0, |tip| tip.version)
    }

    /// Verifies the next event and applies it.
    ///
    /// # Errors
    /// [`CheckpointError::Chain`] or [`CheckpointError::Replay`].
    pub fn push(&mut self, stored: &StoredEvent) -> Result<(), CheckpointError> {
        let (aggregate, version) = (self.aggregate, stored.event.version);
        let mut events: Vec<GraphEvent> = Vec::new();
        let decoded = self.verifier.push(stored)?.decode(&mut events);
        decoded.map_err(|source| ReplayError::Decode { aggregate, version, source })?;
        for event in &events {
            let applied = self.draft.apply(event, version);
            applied.map_err(|misfit| ReplayError::Misfit { aggregate, version, reason: misfit.reason })?;
        }
        self.events.push(&stored.event.cid);
        self.applied += 1;
        if self.applied >= PAGE_EVENTS && self.verifier.is_whole() {
            self.publish();
        }
        Ok(())
    }

    fn publish(&mut self) {
        if let Some(tip) = self.verifier.tip().filter(|_| self.applied > 0) {
            self.draft.publish(Head { version: tip.version, cid: tip.cid }, tip.timestamp_ns);
            self.applied = 0;
        }
    }

    /// Returns the graph as it is now.
    pub fn view(&mut self) -> GraphView {
        self.publish();
        self.reader.view()
    }

    /// Returns the root of the event tree.
    pub fn event_root(&self) -> Hash {
        self.events.root()
    }

    /// Returns the state hash; each call costs what has changed since the one before.
    pub fn state_root(&mut self) -> Hash {
        let view = self.view();
        match &mut self.states {
            Some(states) => {
                states.update(&view);
                states.root()
            }
            None => self.states.insert(StateTree::build(&view)).root(),
        }
    }
}

/// Hands a graph's events over, up to `last_version`, until there are no more.
///
/// # Errors
/// Those of the store and of `visit`.
pub async fn visit_events(
    store: &Arc<dyn EventStore>,
    graph: GraphId,
    first_version: u64,
    last_version: u64,
    mut visit: impl FnMut(&StoredEvent) -> Result<(), CheckpointError>,
) -> Result<(), CheckpointError> {
    let mut next = first_version;
    while next <= last_version {
        let limit = usize::try_from(last_version - next + 1).map_or(PAGE_EVENTS, |left| left.min(PAGE_EVENTS));
        let page = store.read(AggregateId::from(graph), next, limit).await?;
        page.iter().try_for_each(&mut visit)?;
        next += page.len() as u64;
        if page.len() < limit {
            break;
        }
    }
    Ok(())
}
