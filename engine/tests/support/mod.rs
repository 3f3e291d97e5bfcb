//! What several tests of the write side share: a toy aggregate, and a check of what a store holds of it.
#![expect(unreachable_pub, reason = "each test crate includes this module whole")]
#![expect(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

pub mod counter;

use cidgraph::{AggregateId, CommandContext, CommandId, EventStore, StoredEvent};

pub fn context(id: u64) -> CommandContext {
    CommandContext::new(CommandId::from_u64(id), "tester")
}

/// Reads a whole aggregate and checks its chain.
pub async fn verified(store: &dyn EventStore, aggregate: AggregateId) -> Vec<StoredEvent> {
    let events = store.read(aggregate, 1, usize::MAX).await.unwrap();
    let mut before = None;
    for stored in &events {
        let (opened, link) = cidgraph::chain::verify_block(&stored.event, Some(stored.sequence)).unwrap();
        let previous = opened.header.previous;
        cidgraph::chain::verify_link(aggregate, before.as_ref(), previous, &link, Some(stored.sequence)).unwrap();
        before = Some(link);
    }
    assert!(before.is_none_or(|last| last.transaction_remaining == 0));
    events
}
