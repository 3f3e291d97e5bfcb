//! A message as a store publishes it, made before anything is timed.

use async_nats::HeaderMap;
use bytes::Bytes;
use cidgraph::SealedEvent;

/// A message: the block of an event, with the headers that it has in a store.
#[derive(Debug, Clone)]
pub struct RawMessage {
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) block: Bytes,
}

impl RawMessage {
    /// Makes the message of an event in the stream `stream`.
    pub fn of(stream: &str, event: &SealedEvent) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("Cid", event.cid.to_string());
        if let Some(previous) = event.previous {
            headers.insert("Previous-Cid", previous.to_string());
        }
        let subject = format!("{stream}.{}.{}", event.aggregate, event.event_type);
        Self { subject, headers, block: event.block.clone() }
    }

    /// Adds the check that a store adds: that the aggregate's last message has this sequence, 0 where it has none.
    #[must_use]
    pub fn expecting(mut self, last_sequence: u64) -> Self {
        let of_aggregate = self.subject.rsplit_once('.').map_or("", |(of_aggregate, _)| of_aggregate);
        let of_aggregate = format!("{of_aggregate}.>");
        self.headers.insert("Nats-Expected-Last-Subject-Sequence", last_sequence.to_string());
        self.headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", of_aggregate);
        self
    }

    /// Returns the CID of the event.
    pub fn id(&self) -> &str {
        self.headers.get("Cid").map_or("", |cid| cid.as_str())
    }
}
