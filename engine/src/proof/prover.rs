//! Making proofs of one graph from its store.

use std::sync::Arc;

use bytes::Bytes;

use crate::checkpoint::{EventPaths, ReplayedGraph, Said, event_leaf, visit_events};
use crate::id::{AggregateId, GraphId, NodeId};
use crate::merkle::Hash;
use crate::state::{GraphView, StateTree, node_record};
use crate::store::{EventStore, StoredEvent};

use super::PROOF_BYTES_MAX;
use super::error::ProveError;
use super::format::{Anchor, Committed, Proof, StateProof};

/// States that are kept, each with its tree.
const STATES_MAX: usize = 4;

/// Makes proofs of one graph.
///
/// It keeps a hash for every 256 events, the graph's checkpoints, and the last few states that proofs began with: the
/// first proof that begins with a checkpoint replays the graph up to it.
#[derive(Debug)]
pub struct Prover {
    store: Arc<dyn EventStore>,
    graph: GraphId,
    events: EventPaths,
    /// By the version that they are of.
    checkpoints: Vec<Said>,
    /// The last used first.
    states: Vec<(GraphView, StateTree)>,
}

impl Prover {
    /// Reads the CIDs and checkpoints of a graph.
    ///
    /// # Errors
    /// [`ProveError::Events`] where they cannot be read.
    pub async fn open(store: Arc<dyn EventStore>, graph: GraphId) -> Result<Self, ProveError> {
        let (events, checkpoints, states) = (EventPaths::default(), Vec::new(), Vec::new());
        let mut prover = Self { store, graph, events, checkpoints, states };
        prover.catch_up().await?;
        Ok(prover)
    }

    /// Takes in what the store holds beyond what was read and returns the last version.
    ///
    /// # Errors
    /// [`ProveError::Events`].
    pub async fn catch_up(&mut self) -> Result<u64, ProveError> {
        let head = self.store.head(AggregateId::from(self.graph)).await?;
        let last = head.map_or(0, |head| head.version);
        let (events, checkpoints) = (&mut self.events, &mut self.checkpoints);
        visit_events(&self.store, self.graph, events.len() + 1, last, |stored| {
            events.push(&stored.event.cid);
            checkpoints.extend(Said::read(&stored.event)?.filter(|said| said.version < said.event));
            Ok(())
        })
        .await?;
        checkpoints.sort_by_key(|said| said.version);
        Ok(last)
    }

    /// Returns the graph's checkpoints by the version that they are of.
    pub fn checkpoints(&self) -> &[Said] {
        &self.checkpoints
    }

    /// Returns the version whose state a proof for `version` begins with; `None` where it begins with the first event.
    pub fn begins_with(&self, version: u64) -> Option<u64> {
        self.checkpoint_for(version).map(|said| said.version)
    }

    fn checkpoint_for(&self, version: u64) -> Option<Said> {
        self.checkpoints.iter().rev().find(|said| said.version <= version).copied()
    }

    /// Makes the proof of a node at a version, for whoever trusts the graph's last event.
    ///
    /// # Errors
    /// [`ProveError`]: the version is none at which the graph stood, or the proof would be too large.
    pub async fn prove(&mut self, node: NodeId, version: u64) -> Result<Proof, ProveError> {
        let head = self.catch_up().await?;
        if version == 0 || version > head {
            return Err(ProveError::NoSuchVersion { version, last: head });
        }
        self.check_border(version).await?;
        let said = self.checkpoint_for(version);
        let from = said.map_or(0, |said| said.version);
        let first = if from == version { from } else { from + 1 };
        let covered = said.map_or(version, |said| version.max(said.event));
        let newer = self.checkpoints.iter().filter(|newer| newer.version >= covered && newer.version > from);
        let newer = newer.max_by_key(|newer| newer.event).copied();
        let mut blocks = self.blocks(first, if newer.is_some() { version } else { head }).await?;
        let own = usize::try_from(version + 1 - first).expect("blocks that were read can be counted");
        let later = blocks.split_off(own);
        let anchor = match newer {
            Some(newer) => Some(self.anchor(&newer, said.as_ref(), version, head).await?),
            None => None,
        };
        let state = match said {
            Some(said) => Some(self.state(&said, node).await?),
            None => None,
        };
        let proof = Proof { graph: self.graph, node, version, state, blocks, later, anchor };
        let bytes = proof.encode().len();
        if bytes > PROOF_BYTES_MAX {
            let of_state = Self::too_large_state(bytes, proof.state.as_ref());
            return Err(of_state.unwrap_or_else(|| self.too_large(bytes, first, version, newer, head)));
        }
        Ok(proof)
    }

    /// Checks that a transaction ends with a version.
    async fn check_border(&self, version: u64) -> Result<(), ProveError> {
        let of = |stored: &StoredEvent| stored.event.transaction_remaining;
        let at = self.store.read(AggregateId::from(self.graph), version, 1).await?;
        let remaining = at.first().map_or(0, of);
        if remaining == 0 {
            return Ok(());
        }
        let mut before = version;
        while before > 0 {
            before -= 1;
            let at = self.store.read(AggregateId::from(self.graph), before.max(1), 1).await?;
            if at.first().is_none_or(|stored| of(stored) == 0) {
                break;
            }
        }
        Err(ProveError::WithinTransaction { version, before, after: version + u64::from(remaining) })
    }

    async fn anchor(&self, newer: &Said, said: Option<&Said>, version: u64, head: u64) -> Result<Anchor, ProveError> {
        let blocks = self.blocks(newer.event, head).await?;
        let path = self.path(version, newer.version).await?;
        let committed = match said.filter(|said| said.event > version) {
            Some(said) => {
                let block = self.blocks(said.event, said.event).await?.swap_remove(0);
                Some(Committed { block, path: self.path(said.event, newer.version).await? })
            }
            None => None,
        };
        Ok(Anchor { blocks, path, committed })
    }

    async fn blocks(&self, first: u64, last: u64) -> Result<Vec<Bytes>, ProveError> {
        let mut blocks = Vec::new();
        let mut bytes = 0;
        visit_events(&self.store, self.graph, first, last, |stored| {
            // Behind what no proof can hold only the lengths are of interest.
            bytes += stored.event.block.len();
            blocks.push(stored.event.block.clone());
            Ok(())
        })
        .await?;
        if bytes > PROOF_BYTES_MAX {
            return Err(ProveError::TooLarge { bytes, max: PROOF_BYTES_MAX, from: first, to: last });
        }
        Ok(blocks)
    }

    /// Returns the path from an event in the tree over the first `size`.
    async fn path(&self, version: u64, size: u64) -> Result<Vec<Hash>, ProveError> {
        let [own, last] = EventPaths::needed(version, size);
        let own = self.leaves(own).await?;
        let last = self.leaves(last).await?;
        Ok(self.events.path(version, size, &own, &last))
    }

    async fn leaves(&self, versions: std::ops::RangeInclusive<u64>) -> Result<Vec<Hash>, ProveError> {
        let mut leaves = Vec::new();
        visit_events(&self.store, self.graph, *versions.start(), *versions.end(), |stored| {
            leaves.push(event_leaf(&stored.event.cid));
            Ok(())
        })
        .await?;
        Ok(leaves)
    }

    /// Opens the node's bucket in the state of a checkpoint.
    async fn state(&mut self, said: &Said, node: NodeId) -> Result<StateProof, ProveError> {
        match self.states.iter().position(|(_, tree)| tree.version() == said.version) {
            Some(place) => self.states[..=place].rotate_right(1),
            None => {
                let view = self.replay_to(said.version).await?;
                let tree = StateTree::build(&view);
                self.states.truncate(STATES_MAX - 1);
                self.states.insert(0, (view, tree));
            }
        }
        let (view, tree) = &self.states[0];
        if tree.root() != said.state_root {
            return Err(ProveError::Events(said.wrong(self.graph, "state")));
        }
        let opened = tree.open(view, node.as_bytes());
        let at = view.at();
        let record = at.find_node(node).map(|node| node_record(&at.node_view(node)).into());
        Ok(StateProof { version: said.version, bucket: opened.bucket, record, path: opened.path })
    }

    async fn replay_to(&self, version: u64) -> Result<GraphView, ProveError> {
        let mut replayed = ReplayedGraph::new(self.graph);
        visit_events(&self.store, self.graph, 1, version, |stored| replayed.push(stored)).await?;
        Ok(replayed.view())
    }

    /// Takes a state that is at hand, so that proofs that begin with its version need no replay.
    pub fn keep_state(&mut self, view: GraphView) {
        let tree = StateTree::build(&view);
        self.states.truncate(STATES_MAX - 1);
        self.states.insert(0, (view, tree));
    }

    fn too_large_state(bytes: usize, state: Option<&StateProof>) -> Option<ProveError> {
        let record = state?.record.as_ref()?.len();
        (bytes - record < PROOF_BYTES_MAX && record > PROOF_BYTES_MAX / 2)
            .then_some(ProveError::TooLargeNode { bytes: record, max: PROOF_BYTES_MAX })
    }

    fn too_large(&self, bytes: usize, first: u64, version: u64, newer: Option<Said>, head: u64) -> ProveError {
        let below = (first, if newer.is_some() { version } else { head });
        let above = newer.map_or(below, |newer| (newer.event, head));
        let (from, to) = if above.1 - above.0 > below.1 - below.0 { above } else { below };
        ProveError::TooLarge { bytes, max: PROOF_BYTES_MAX, from, to }
    }
}
