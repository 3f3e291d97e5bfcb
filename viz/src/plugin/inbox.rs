//! The way of transactions from a runtime into the frames: a bounded channel, emptied by whole transactions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bevy::ecs::prelude::*;
use cidgraph::subscription::SinkError;
use cidgraph::{GraphId, GraphSink, GraphTransaction};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::scene::GraphMutation;

use super::message::{EventSource, GraphMutationEvent};

/// Transactions that wait for a frame at most; whoever brings more waits.
const WAITING_MAX: usize = 10_000;

/// The time of a frame that goes into taking transactions, at most one transaction over.
const BUDGET: Duration = Duration::from_millis(4);

/// The view's end of the channel.
#[derive(Resource, Debug)]
pub struct GraphInbox {
    receiver: mpsc::Receiver<GraphTransaction>,
    source: fn(u64) -> EventSource,
}

/// The other end: a sink for a [`GraphEventProcessor`](cidgraph::GraphEventProcessor).
#[derive(Debug, Clone)]
pub struct InboxSink {
    sender: mpsc::Sender<GraphTransaction>,
    /// The versions that were sent.
    versions: Arc<Mutex<HashMap<GraphId, u64>>>,
}

/// The view was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the view was closed")]
pub struct ViewClosed;

impl GraphInbox {
    /// Makes both ends of a channel. `source` says of a sequence where its event came from.
    pub fn new(source: fn(u64) -> EventSource) -> (Self, InboxSink) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        (Self { receiver, source }, InboxSink { sender, versions: Arc::default() })
    }

    /// Returns how many transactions wait.
    pub fn depth(&self) -> usize {
        self.receiver.len()
    }
}

#[async_trait]
impl GraphSink for InboxSink {
    async fn version(&self, graph: GraphId) -> Result<u64, SinkError> {
        Ok(self.versions.lock().get(&graph).copied().unwrap_or(0))
    }

    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError> {
        let (graph, version) = (transaction.graph, transaction.head.version);
        if self.version(graph).await? >= version {
            return Ok(());
        }
        self.sender.send(transaction).await.map_err(|_| ViewClosed)?;
        self.versions.lock().insert(graph, version);
        Ok(())
    }
}

/// Takes what waits, as long as the frame has time for it.
pub(super) fn take_transactions(inbox: Option<ResMut<GraphInbox>>, mut messages: MessageWriter<GraphMutationEvent>) {
    let Some(mut inbox) = inbox else { return };
    let begun = Instant::now();
    while begun.elapsed() < BUDGET {
        let Ok(transaction) = inbox.receiver.try_recv() else { return };
        messages.write_batch(messages_of(transaction, inbox.source));
    }
}

/// Returns a transaction's messages.
pub(super) fn messages_of(
    transaction: GraphTransaction,
    source: fn(u64) -> EventSource,
) -> impl Iterator<Item = GraphMutationEvent> {
    let GraphTransaction { graph, transaction, last_sequence, events, .. } = transaction;
    events.into_iter().map(move |(version, event)| GraphMutationEvent {
        source: source(last_sequence),
        mutation: GraphMutation { graph, version, event },
        transaction_id: Some(transaction),
    })
}
