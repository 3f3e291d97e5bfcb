//! What looking at the past begins with: the histories and snapshots that are kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::graph::{GraphAggregate, GraphDrafts};
use crate::history::Starts;
use crate::id::GraphId;
use crate::shelf::ShelvedGraphs;
use crate::state::GraphView;
use crate::store::EventStore;

/// The states of a shelf.
#[derive(Debug)]
pub(super) struct ShelfStarts {
    pub(super) drafts: GraphDrafts,
    pub(super) shelved: ShelvedGraphs,
    /// The graphs of which it was found out what on the shelf is of the chain in the store.
    pub(super) known: Mutex<BTreeSet<GraphId>>,
}

#[async_trait]
impl Starts for ShelfStarts {
    async fn look_up(&self, store: &Arc<dyn EventStore>, graph: GraphId) {
        if !self.known.lock().contains(&graph) {
            self.shelved.vouch(&**store, graph).await;
            self.known.lock().insert(graph);
        }
    }

    fn at(&self, graph: GraphId, version: u64) -> Option<GraphView> {
        let past = self.shelved.past(graph, version);
        past.or_else(|| self.shelved.snapshot_before(graph, version, version.checked_sub(1)?))
    }

    fn before(&self, graph: GraphId, version: u64, above: u64) -> Option<GraphAggregate> {
        let past = self.shelved.past_before(graph, version, above);
        let above = past.as_ref().map_or(above, |past| past.version());
        let view = self.shelved.snapshot_before(graph, version, above).or(past)?;
        let registry = self.drafts.registry.clone();
        let (draft, _) = GraphAggregate::resume(&view, self.drafts.limits, registry, None);
        Some(draft.folding_above(usize::MAX))
    }
}
