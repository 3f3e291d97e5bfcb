//! What looking at the past begins with: the snapshots that are kept.

use crate::graph::{GraphAggregate, GraphDrafts};
use crate::history::Starts;
use crate::id::GraphId;
use crate::shelf::ShelvedGraphs;
use crate::state::GraphView;

/// The states of a shelf.
#[derive(Debug)]
pub(super) struct ShelfStarts {
    pub(super) drafts: GraphDrafts,
    pub(super) shelved: ShelvedGraphs,
}

impl Starts for ShelfStarts {
    fn at(&self, graph: GraphId, version: u64) -> Option<GraphView> {
        self.shelved.snapshot_before(graph, version, version.checked_sub(1)?)
    }

    fn before(&self, graph: GraphId, version: u64, above: u64) -> Option<GraphAggregate> {
        let view = self.shelved.snapshot_before(graph, version, above)?;
        let registry = self.drafts.registry.clone();
        let (draft, _) = GraphAggregate::resume(&view, self.drafts.limits, registry, None);
        Some(draft.folding_above(usize::MAX))
    }
}
