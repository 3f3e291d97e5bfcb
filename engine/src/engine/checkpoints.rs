//! Checkpoints of the engine's open graphs: when they are due, and that they do not get in the way of writing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, sleep};

use crate::checkpoint::{CheckpointPolicy, Checkpointer, visit_events};
use crate::id::{AggregateId, GraphId};
use crate::state::GraphView;
use crate::topology::Topology;
use crate::writer::Receipt;

use super::error::Error;
use super::front::Inner;

/// Whether, and when, the graphs' writers commit to their state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Checkpointing {
    /// Only when [`Engine::checkpoint`](super::Engine::checkpoint) is called.
    #[default]
    Off,
    /// Beside the writer, in the background: computing takes at most a tenth of one core's time, so that in a large graph
    /// under load checkpoints come later than they are due. Where their events stand is a matter of timing.
    Beside(CheckpointPolicy),
    /// Before a submission is answered. Where submissions come one after another, the same ones give the same events on
    /// every machine. In a large graph a checkpoint waits until enough has changed that it costs little beside that.
    Between(CheckpointPolicy),
}

/// For how many times as long as a checkpoint took the next one is left alone.
const REST_TIMES: u32 = 9;

/// The checkpointers of open graphs.
pub(super) struct Checkpoints {
    when: Checkpointing,
    graphs: DashMap<GraphId, Arc<Mutex<GraphCheckpoints>>>,
}

/// What is kept of one graph between two checkpoints.
#[derive(Debug)]
pub(super) struct GraphCheckpoints {
    checkpointer: Checkpointer,
    /// The last checkpoint's event, and how many bytes the writer had written at the version that it is of; below zero
    /// for bytes from before it was opened.
    last: Option<(u64, i64)>,
}

impl Checkpoints {
    pub(super) fn new(when: Checkpointing) -> Self {
        Self { when, graphs: DashMap::new() }
    }

    pub(super) fn forget(&self, graph: GraphId) {
        self.graphs.remove(&graph);
    }

    pub(super) fn forget_all(&self) {
        self.graphs.clear();
    }

    fn of(&self, inner: &Inner, graph: GraphId) -> Arc<Mutex<GraphCheckpoints>> {
        let kept = || {
            let checkpointer = Checkpointer::new(Arc::clone(inner.graphs.store()), graph);
            Arc::new(Mutex::new(GraphCheckpoints { checkpointer, last: None }))
        };
        Arc::clone(&self.graphs.entry(graph).or_insert_with(kept))
    }
}

impl Inner {
    /// Lets a checkpoint be made where one is due. One that fails leaves the graph as it is and is tried again after the
    /// next submission. Making one is in a box of its own: what every submission awaits stays small.
    pub(super) async fn checkpoint_when_due(self: &Arc<Self>, graph: GraphId) {
        match self.checkpoints.when {
            Checkpointing::Off => {}
            Checkpointing::Between(policy) => {
                let kept = self.checkpoints.of(self, graph);
                let mut kept = kept.lock().await;
                drop(Box::pin(self.keep_up(&mut kept, graph, &policy, policy.only_where_paid)).await);
            }
            Checkpointing::Beside(policy) => {
                // Where one is under way, it looks again itself.
                if let Ok(kept) = self.checkpoints.of(self, graph).try_lock_owned() {
                    Box::pin(self.checkpoint_beside(kept, graph, policy)).await;
                }
            }
        }
    }

    async fn checkpoint_beside(
        self: &Arc<Self>,
        mut kept: OwnedMutexGuard<GraphCheckpoints>,
        graph: GraphId,
        policy: CheckpointPolicy,
    ) {
        if !matches!(self.due(&mut kept, graph, &policy).await, Ok(Some(_))) {
            return;
        }
        let engine = Arc::downgrade(self);
        drop(tokio::spawn(async move {
            while let Some(inner) = engine.upgrade() {
                let started = Instant::now();
                let made = inner.keep_up(&mut kept, graph, &policy, false).await;
                drop(inner);
                if !matches!(made, Ok(Some(_))) {
                    return;
                }
                rest(started.elapsed()).await;
            }
        }));
    }

    /// Makes a checkpoint where one is due, and paid for where that counts.
    async fn keep_up(
        &self,
        kept: &mut GraphCheckpoints,
        graph: GraphId,
        policy: &CheckpointPolicy,
        only_paid: bool,
    ) -> Result<Option<Receipt>, Error> {
        let Some(view) = self.due(kept, graph, policy).await? else { return Ok(None) };
        let changes = view.since_checkpoint().changes;
        let elements = (view.node_count() + view.edge_count()) as u64;
        if only_paid && !CheckpointPolicy::is_paid(view.uncommitted_events(), changes, elements) {
            return Ok(None);
        }
        self.commit(kept, graph, &view).await.map(Some)
    }

    /// Returns the graph's view where a checkpoint is due; `None` where it is not, or the graph was closed.
    async fn due(
        &self,
        kept: &mut GraphCheckpoints,
        graph: GraphId,
        policy: &CheckpointPolicy,
    ) -> Result<Option<GraphView>, Error> {
        let aggregate = AggregateId::from(graph);
        if !self.graphs.is_open(aggregate) {
            return Ok(None);
        }
        let open = self.graphs.open(aggregate).await?;
        let (view, written) = (open.reader.view(), open.writer.metrics().block_bytes);
        let since = view.since_checkpoint();
        let events = view.uncommitted_events();
        if policy.is_due(events, 0) {
            return Ok(Some(view));
        }
        let written = written.cast_signed();
        let at = match kept.last {
            Some((event, at)) if event == since.event => at,
            _ => {
                // Another writer, or an earlier run, made the last one: what came since is read once.
                let bytes = self.bytes_since(graph, since.version, view.version()).await?;
                written - bytes.cast_signed()
            }
        };
        kept.last = Some((since.event, at));
        Ok(policy.is_due(events, (written - at).max(0).cast_unsigned()).then_some(view))
    }

    async fn bytes_since(&self, graph: GraphId, version: u64, last: u64) -> Result<u64, Error> {
        let mut bytes = 0;
        visit_events(self.graphs.store(), graph, version + 1, last, |stored| {
            bytes += stored.event.block.len() as u64;
            Ok(())
        })
        .await?;
        Ok(bytes)
    }

    /// Computes the checkpoint of a view and puts it into the graph.
    async fn commit(&self, kept: &mut GraphCheckpoints, graph: GraphId, view: &GraphView) -> Result<Receipt, Error> {
        let writer = self.graphs.open(AggregateId::from(graph)).await?.writer;
        let written = writer.metrics().block_bytes;
        let checkpoint = kept.checkpointer.compute(view).await?;
        // Not by way of the registry, which would open a graph again that was closed meanwhile.
        let receipt = writer.submit(Checkpointer::submission(checkpoint)).await?;
        kept.last = Some((receipt.head.version, written.cast_signed()));
        Ok(receipt)
    }

    pub(super) async fn checkpoint(&self, graph: GraphId) -> Result<Receipt, Error> {
        let kept = self.checkpoints.of(self, graph);
        let mut kept = kept.lock().await;
        let view = self.graphs.open(AggregateId::from(graph)).await?.reader.view();
        self.commit(&mut kept, graph, &view).await
    }

    pub(super) async fn checkpoint_where_due(
        &self,
        graph: GraphId,
        policy: &CheckpointPolicy,
    ) -> Result<Option<Receipt>, Error> {
        let kept = self.checkpoints.of(self, graph);
        let mut kept = kept.lock().await;
        self.keep_up(&mut kept, graph, policy, false).await
    }
}

async fn rest(took: Duration) {
    sleep(took * REST_TIMES).await;
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoints").field("when", &self.when).field("graphs", &self.graphs.len()).finish()
    }
}
