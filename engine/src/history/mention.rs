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

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> [u8; 16] {
        [number; 16]
    }

    #[test]
    fn what_is_not_named_is_passed_over_unless_it_can_be_touched_so() {
        let mention = Mention::of([id(1), id(2)]);
        let payload = |number| [&[7; 5][..], &id(number)[..], &[7; 5][..]].concat();
        assert!(mention.may_be_in(names::NODE_ADDED, &payload(2)));
        assert!(!mention.may_be_in(names::NODE_ADDED, &payload(3)));
        for event_type in [names::NODE_REMOVED, names::EDGES_REMOVED, names::EDGE_UPDATED, "SomethingNew"] {
            assert!(mention.may_be_in(event_type, &payload(3)), "{event_type}");
        }
    }

    #[test]
    fn beyond_so_many_elements_every_event_is_understood() {
        let count = u8::try_from(NAMED_MAX).expect("it is small");
        assert!(!Mention::of((1..=count).map(id)).may_be_in(names::NODE_ADDED, &id(0)));
        assert!(Mention::of((0..=count).map(|number| id(number + 1))).may_be_in(names::NODE_ADDED, &id(0)));
    }
}
