//! Which events can have to do with some elements, told by their bytes: most of a log need not be understood.

use memchr::memmem::Finder;

use crate::event::names;

/// The most elements that are looked for by name; where there are more, every event is understood.
const NAMED_MAX: usize = 16;

/// The ids of some elements, to be found in payloads.
#[derive(Debug, Clone)]
pub(super) struct Mention(Vec<Finder<'static>>);

impl Mention {
    /// Looks for ids.
    pub(super) fn of(ids: impl IntoIterator<Item = [u8; 16]>) -> Self {
        let mut finders: Vec<_> = ids.into_iter().take(NAMED_MAX + 1).map(|id| Finder::new(&id).into_owned()).collect();
        if finders.len() > NAMED_MAX {
            finders.clear();
        }
        Self(finders)
    }

    /// Returns whether an event may name one of the elements, or take something from it without naming it.
    pub(super) fn may_be_in(&self, event_type: &str, payload: &[u8]) -> bool {
        !names_all_it_touches(event_type)
            || self.0.is_empty()
            || self.0.iter().any(|finder| finder.find(payload).is_some())
    }
}

/// Returns whether whatever an event of this type does to a node or an edge, it names that node, that edge or one of its
/// ends. A removed node takes its edges along and frees its children, and a changed edge is named without its ends.
fn names_all_it_touches(event_type: &str) -> bool {
    matches!(
        event_type,
        names::NODE_ADDED
            | names::NODES_ADDED
            | names::NODE_CREATED_ALIAS
            | names::NODE_UPDATED
            | names::NODES_UPDATED
            | names::COMPONENT_ATTACHED
            | names::COMPONENT_REPLACED
            | names::COMPONENT_DETACHED
            | names::NODE_TRANSFORMED
            | names::CONCEPTUAL_POINT_MAPPED
            | names::EDGE_CONNECTED
            | names::EDGES_CONNECTED
            | names::EDGE_ADDED_ALIAS
            | names::CHECKPOINTED
    )
}

/// Returns whether events of this type add nodes.
pub(super) fn adds_nodes(event_type: &str) -> bool {
    matches!(event_type, names::NODE_ADDED | names::NODES_ADDED | names::NODE_CREATED_ALIAS)
}
