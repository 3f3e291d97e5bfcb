//! What an event did to the state, step by step: enough to take it back, to do it again on another generation, and to
//! say which facets it touched.

use crate::pool::{ComponentId, SetId};
use crate::topology::{EdgeIndex, NodeIndex, Stamp};

/// One change of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    NodeAdded { node: NodeIndex },
    NodeRemoved { node: NodeIndex },
    NodeChanged { node: NodeIndex, before: SetId, after: SetId },
    EdgeAdded { edge: EdgeIndex },
    EdgeRemoved { edge: EdgeIndex },
    EdgeChanged { edge: EdgeIndex, before: Option<ComponentId>, after: Option<ComponentId> },
}

/// A change and when it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) stamp: Stamp,
    pub(super) change: Change,
}
