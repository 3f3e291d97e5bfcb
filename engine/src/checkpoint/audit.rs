//! Auditing checkpoints: computing again what each of a graph's checkpoints says.

use std::sync::Arc;

use crate::chain::open_block;
use crate::event::{GraphEvent, names};
use crate::id::{AggregateId, GraphId};
use crate::merkle::Hash;
use crate::store::{EventStore, SealedEvent};
use crate::writer::ReplayError;

use super::error::CheckpointError;
use super::replayed::{ReplayedGraph, visit_events};

/// What an audit found to hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audited {
    /// Events that were replayed.
    pub events: u64,
    /// Checkpoints whose roots are those of the events and the state.
    pub checkpoints: u64,
}

/// A checkpoint as an event says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// The version of the event.
    pub event: u64,
    /// The version that it is of.
    pub version: u64,
    /// The root of the event tree.
    pub event_root: Hash,
    /// The state hash.
    pub state_root: Hash,
}

impl Said {
    /// Returns what an event says, where it is a checkpoint.
    pub fn of(event: &GraphEvent, at: u64) -> Option<Self> {
        let GraphEvent::Checkpointed { version, event_root, state_root } = *event else { return None };
        Some(Self { event: at, version, event_root, state_root })
    }

    /// Reads what a stored event says, where it is a checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError::Replay`] where it calls itself one and cannot be read.
    pub fn read(sealed: &SealedEvent) -> Result<Option<Self>, CheckpointError> {
        if sealed.event_type != names::CHECKPOINTED {
            return Ok(None);
        }
        let unread = |source| ReplayError::Decode { aggregate: sealed.aggregate, version: sealed.version, source };
        let mut events = Vec::new();
        let opened = open_block(&sealed.block).map_err(|source| unread(source.into()))?;
        opened.decode(&mut events).map_err(unread)?;
        Ok(events.iter().find_map(|event| Self::of(event, sealed.version)))
    }

    fn check(&self, graph: GraphId, event_root: Hash, state_root: Hash) -> Result<(), CheckpointError> {
        if self.event_root != event_root {
            return Err(self.wrong(graph, "event"));
        }
        if self.state_root == state_root { Ok(()) } else { Err(self.wrong(graph, "state")) }
    }

    const fn wrong(&self, graph: GraphId, root: &'static str) -> CheckpointError {
        CheckpointError::WrongRoot { graph, event: self.event, version: self.version, root }
    }
}

/// Replays a graph and compares the roots of each of its checkpoints with its events and its state then.
///
/// # Errors
/// [`CheckpointError::WrongRoot`] for the first checkpoint that does not hold; the errors of a replay.
pub async fn audit_checkpoints(store: &Arc<dyn EventStore>, graph: GraphId) -> Result<Audited, CheckpointError> {
    let last = store.head(AggregateId::from(graph)).await?.map_or(0, |head| head.version);
    // A checkpoint comes after what it is of: what they say is read before the replay.
    let mut said = Vec::new();
    visit_events(store, graph, 1, last, |stored| {
        said.extend(Said::read(&stored.event)?);
        Ok(())
    })
    .await?;
    said.sort_unstable_by_key(|said| said.version);
    let mut said = said.into_iter().peekable();
    let (mut replayed, mut audited) = (ReplayedGraph::new(graph), Audited::default());
    visit_events(store, graph, 1, last, |stored| {
        replayed.push(stored)?;
        audited.events += 1;
        while let Some(said) = said.next_if(|said| said.version <= stored.event.version) {
            if said.version < stored.event.version || said.event <= said.version {
                return Err(said.wrong(graph, "event"));
            }
            said.check(graph, replayed.event_root(), replayed.state_root())?;
            audited.checkpoints += 1;
        }
        Ok(())
    })
    .await?;
    said.next().map_or(Ok(audited), |said| Err(said.wrong(graph, "event")))
}
