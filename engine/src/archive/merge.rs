//! Events of the stream and of archives as one log.

use std::cmp::Ordering;

use crate::store::StoredEvent;

/// Merges two runs of events, each ordered by sequence, into one of at most `limit`; what is in both is there once.
pub fn merge(archived: Vec<StoredEvent>, live: Vec<StoredEvent>, limit: usize) -> Vec<StoredEvent> {
    let mut merged = Vec::with_capacity((archived.len() + live.len()).min(limit));
    let (mut archived, mut live) = (archived.into_iter().peekable(), live.into_iter().peekable());
    while merged.len() < limit {
        let order = match (archived.peek(), live.peek()) {
            (Some(archived), Some(live)) => archived.sequence.cmp(&live.sequence),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        if order == Ordering::Equal {
            archived.next();
        }
        merged.extend(if order == Ordering::Less { archived.next() } else { live.next() });
    }
    merged
}
