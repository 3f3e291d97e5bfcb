//! A graph's state beside its writer, for whoever follows it by its events.

use crate::graph::{GraphAggregate, GraphReader};
use crate::id::{AggregateId, GraphId};
use crate::shelf::ShelvedGraphs;
use crate::state::GraphView;
use crate::writer::{Begun, DraftSource, load_newest};

use super::error::Error;
use super::front::Engine;

/// How many transactions a load for reading remembers: as few as it can, nobody asks for them.
const REMEMBERED_TRANSACTIONS: usize = 1;

impl Engine {
    /// Makes a draft of a graph as it is now. Where the graph is open and its state was folded, the two share it; where
    /// there is no such graph, the draft is empty.
    pub(crate) async fn replica(&self, graph: GraphId) -> Result<(GraphAggregate, GraphReader), Error> {
        let (aggregate, drafts) = (AggregateId::from(graph), self.unobserved());
        if let Some(open) = self.0.graphs.find(aggregate) {
            return Ok(resume(drafts, open.reader.view()).await);
        }
        let begun = load_newest(&drafts, self.store(), aggregate, REMEMBERED_TRANSACTIONS).await?;
        let Begun { draft, reader, .. } = begun;
        Ok((draft, reader))
    }

    /// Makes a draft of a graph to which nothing has happened.
    pub(crate) fn empty_replica(&self, graph: GraphId) -> (GraphAggregate, GraphReader) {
        self.unobserved().fresh(AggregateId::from(graph))
    }

    /// Makes a draft of a graph that goes on from a view.
    pub(crate) async fn replica_of(&self, view: GraphView) -> (GraphAggregate, GraphReader) {
        resume(self.unobserved(), view).await
    }

    fn unobserved(&self) -> ShelvedGraphs {
        self.0.graphs.source().unobserved()
    }
}

/// Goes on from a view on a thread for such work: a view that is no base alone is folded.
async fn resume(drafts: ShelvedGraphs, view: GraphView) -> (GraphAggregate, GraphReader) {
    if view.version() == 0 {
        return drafts.fresh(AggregateId::from(view.info().graph));
    }
    let resumed = tokio::task::spawn_blocking(move || drafts.resume(&view));
    match resumed.await {
        Ok(resumed) => resumed,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is going down, and with it whoever asked.
        Err(_) => std::future::pending().await,
    }
}
