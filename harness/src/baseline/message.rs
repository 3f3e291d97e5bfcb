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

    /// Returns the CID of the event.
    pub fn id(&self) -> &str {
        self.headers.get("Cid").map_or("", |cid| cid.as_str())
    }
}
