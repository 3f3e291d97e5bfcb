//! What stands where a page, or a consumer, shows a gap: nothing that one server lacks is believed to be missing.

use cidgraph::{StoreError, StoredEvent};

use crate::log::Log;

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// What must follow one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// The sequences of all events.
    Sequences,
    /// The versions of one aggregate.
    Versions,
}

impl Order {
    const fn follows(self, before: &StoredEvent, after: &StoredEvent) -> bool {
        match self {
            Self::Sequences => after.sequence == before.sequence + 1,
            Self::Versions => after.event.version == before.event.version + 1,
        }
    }
}

/// Returns up to `limit` events with these subjects, of those from `first` to `last` sequence.
///
/// Where events do not follow each other, the leader and the other servers are asked what comes next; of a page only what
/// comes before its first gap is taken.
pub(crate) async fn between(
    log: &Log,
    subjects: &str,
    order: Order,
    (first, last): (u64, u64),
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut events: Vec<StoredEvent> = Vec::new();
    let mut next = first;
    while next <= last && events.len() < limit {
        let found = log.next_of_any(subjects, next).await?;
        let Some(found) = found.filter(|stored| stored.sequence <= last) else { break };
        next = found.sequence + 1;
        events.push(found);
        let count = (limit - events.len()).min(PAGE_EVENTS);
        for stored in log.range(subjects, next, last, count).await? {
            if events.last().is_some_and(|before| !order.follows(before, &stored)) {
                break;
            }
            next = stored.sequence + 1;
            events.push(stored);
        }
    }
    Ok(events)
}
