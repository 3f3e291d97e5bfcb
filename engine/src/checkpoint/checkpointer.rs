//! Computing checkpoints of one graph, each from what the one before left.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::command::{Checkpoint, CommandContext, GraphCommand};
use crate::id::{AggregateId, CommandId, GraphId};
use crate::merkle::Hash;
use crate::state::{GraphView, StateTree};
use crate::store::EventStore;
use crate::value::Name;
use crate::writer::Submission;

use super::error::CheckpointError;
use super::event_tree::EventTree;

/// CIDs that are read at once.
const PAGE_EVENTS: usize = 4096;

/// The actor of checkpoints.
const ACTOR: Name = Name::new_static("checkpointer");

/// Computes the checkpoints of one graph.
///
/// The first one reads all of the graph's CIDs and hashes all of its state; each later one what came since, where the
/// graph's writer marks buckets.
#[derive(Debug)]
pub struct Checkpointer {
    store: Arc<dyn EventStore>,
    graph: GraphId,
    events: EventTree,
    states: Option<StateTree>,
}

impl Checkpointer {
    /// Makes a checkpointer that has looked at nothing yet.
    pub fn new(store: Arc<dyn EventStore>, graph: GraphId) -> Self {
        Self { store, graph, events: EventTree::default(), states: None }
    }

    /// Computes the checkpoint of a view that holds at least one event. Hashing is done on rayon's threads.
    ///
    /// # Errors
    /// [`CheckpointError::Store`] where the CIDs cannot be read, [`CheckpointError::OtherHistory`] where they are not
    /// those of the view.
    pub async fn compute(&mut self, view: &GraphView) -> Result<Checkpoint, CheckpointError> {
        let version = view.version();
        let event_root = self.event_root(view).await?;
        let (states, view) = (self.states.take(), view.clone());
        let (done, hashed) = oneshot::channel();
        rayon::spawn(move || {
            let states = brought_to(states, &view);
            drop(view);
            drop(done.send(states));
        });
        let states = hashed.await.expect("the thread that hashes the state answers");
        let checkpoint = Checkpoint { graph: self.graph, version, event_root, state_root: states.root() };
        self.states = Some(states);
        Ok(checkpoint)
    }

    async fn event_root(&mut self, view: &GraphView) -> Result<Hash, CheckpointError> {
        let version = view.version();
        let other = || CheckpointError::OtherHistory { graph: self.graph, version };
        if self.events.len() > version {
            self.events = EventTree::default();
        }
        let mut last = None;
        while self.events.len() < version {
            let from = self.events.len() + 1;
            let limit = PAGE_EVENTS.min(usize::try_from(version - self.events.len()).unwrap_or(PAGE_EVENTS));
            let page = self.store.read(AggregateId::from(self.graph), from, limit).await?;
            for (expected, stored) in (from..).zip(&page) {
                if stored.event.version != expected {
                    return Err(other());
                }
                self.events.push(&stored.event.cid);
            }
            last = Some(page.last().ok_or_else(other)?.event.cid);
        }
        if last.is_some() && last != view.head().map(|head| head.cid) {
            let error = other();
            self.events = EventTree::default();
            return Err(error);
        }
        Ok(self.events.root())
    }

    /// Returns the submission that puts a checkpoint into its graph. Its command id is made of graph and version, so a
    /// version is committed to once, whoever computes it and however often it is sent.
    pub fn submission(checkpoint: Checkpoint) -> Submission<GraphCommand> {
        let name = [b"cidgraph:checkpoint".as_slice(), &checkpoint.version.to_be_bytes()].concat();
        let id = CommandId::derive(checkpoint.graph.as_bytes(), &name);
        Submission::one(CommandContext::new(id, ACTOR), GraphCommand::Checkpoint { checkpoint })
    }

    /// Returns the bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.states.as_ref().map_or(0, StateTree::heap_bytes)
    }
}

fn brought_to(states: Option<StateTree>, view: &GraphView) -> StateTree {
    match states {
        Some(mut states) => {
            states.update(view);
            states
        }
        None => StateTree::build(view),
    }
}
