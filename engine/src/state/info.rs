//! What is known of a graph beside its nodes and edges.

use crate::entity::GraphMetadata;
use crate::id::GraphId;
use crate::value::Name;

/// What is known of a graph as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphInfo {
    /// The graph's id.
    pub graph: GraphId,
    /// What it is about; `None` before it was created.
    pub metadata: Option<GraphMetadata>,
    /// Why it was archived; `None` while it takes changes.
    pub archived: Option<Name>,
}

impl GraphInfo {
    /// Makes what is known of a graph to which nothing has happened.
    pub const fn new(graph: GraphId) -> Self {
        Self { graph, metadata: None, archived: None }
    }
}

/// What has happened since the graph's last checkpoint; since its beginning where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SinceCheckpoint {
    /// The version that the checkpoint is of, 0 where there is none.
    pub version: u64,
    /// The version of the event that says it.
    pub event: u64,
    /// Nodes and edges added, changed and removed since that event.
    pub changes: u64,
}
