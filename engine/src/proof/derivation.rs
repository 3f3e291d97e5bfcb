//! Comparing a proof with the events that it rests on: that the node and the checkpoint follow from them.

use crate::checkpoint::{CheckpointError, ReplayedGraph};
use crate::store::StoredEvent;

use super::check::Proven;
use super::error::ProofError;

/// A replay of a proof's graph, from its first event on.
#[derive(Debug)]
pub struct Derivation<'a> {
    proven: &'a Proven,
    replayed: ReplayedGraph,
}

/// What a replay derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derived {
    /// Events that were replayed.
    pub events: u64,
}

impl<'a> Derivation<'a> {
    /// Starts before the graph's first event.
    pub fn new(proven: &'a Proven) -> Self {
        Self { proven, replayed: ReplayedGraph::new(proven.graph) }
    }

    /// Takes the next event in and compares where the proof says something of its version. Those of other graphs, and
    /// those behind the proof's version, are passed over.
    ///
    /// # Errors
    /// [`ProofError::Replay`] where the events do not hold, [`ProofError::NotDerived`] where they bring about something
    /// else.
    pub fn push(&mut self, stored: &StoredEvent) -> Result<(), ProofError> {
        let (proven, version) = (self.proven, stored.event.version);
        if stored.event.aggregate != proven.graph.into() || version > proven.version {
            return Ok(());
        }
        self.replayed.push(stored)?;
        let checkpoint = proven.checkpoint.filter(|checkpoint| checkpoint.version == version);
        if let Some(checkpoint) = checkpoint {
            if self.replayed.event_root() != checkpoint.event_root {
                return Err(ProofError::NotDerived { what: "event root" });
            }
            if self.replayed.state_root() != checkpoint.state_root {
                return Err(ProofError::NotDerived { what: "state root" });
            }
        }
        if version == proven.version {
            if stored.event.cid != proven.event {
                return Err(ProofError::NotDerived { what: "event" });
            }
            let view = self.replayed.view();
            let node = view.at().find_node(proven.id).map(|node| view.at().node_view(node));
            if node != proven.node {
                return Err(ProofError::NotDerived { what: "node" });
            }
        }
        Ok(())
    }

    /// Ends the replay.
    ///
    /// # Errors
    /// [`ProofError::Incomplete`] where the proof's version was not reached.
    pub fn finish(self) -> Result<Derived, ProofError> {
        let (from, to) = (self.replayed.version(), self.proven.version);
        if from < to {
            let reason = if from == 0 { "none of them is of the proof's graph" } else { "the events end before" };
            return Err(ProofError::Incomplete { from, to, reason });
        }
        Ok(Derived { events: from })
    }
}

impl From<crate::chain::ChainError> for ProofError {
    fn from(error: crate::chain::ChainError) -> Self {
        Self::Replay(CheckpointError::Chain(error))
    }
}
