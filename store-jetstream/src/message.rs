//! An event as a message: its subject, its headers, and back.

use async_nats::HeaderMap;
use async_nats::header::HeaderName;
use async_nats::jetstream::message::StreamMessage;
use bytes::Bytes;
use cidgraph::{AggregateId, Cid, Damage, SealedEvent, StoreError, StoredEvent, StreamFilter};

static CID: HeaderName = HeaderName::from_static("Cid");
static PREVIOUS_CID: HeaderName = HeaderName::from_static("Previous-Cid");
static SEQUENCE: HeaderName = HeaderName::from_static("Nats-Sequence");
static SUBJECT: HeaderName = HeaderName::from_static("Nats-Subject");

/// Bytes that a message may need besides its block: protocol, subject and headers.
pub(crate) const OVERHEAD_BYTES: usize = 1024;

/// Characters of a wire name, at most.
const EVENT_TYPE_MAX: usize = 128;

/// The subjects of one stream.
#[derive(Debug, Clone)]
pub(crate) struct Subjects {
    /// What every subject starts with, the last dot included.
    prefix: String,
}

impl Subjects {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { prefix: format!("{prefix}.") }
    }

    /// Returns what every subject starts with, without the last dot.
    pub(crate) fn prefix(&self) -> &str {
        self.prefix.trim_end_matches('.')
    }

    /// Returns the subjects of all events.
    pub(crate) fn all(&self) -> String {
        format!("{}>", self.prefix)
    }

    /// Returns the subject of an event.
    pub(crate) fn of_event(&self, event: &SealedEvent) -> String {
        format!("{}{}.{}", self.prefix, event.aggregate, event.event_type)
    }

    /// Returns the subjects of all of an aggregate's events; the server compares this string with itself, so there is
    /// one.
    pub(crate) fn of_aggregate(&self, aggregate: AggregateId) -> String {
        format!("{}{aggregate}.>", self.prefix)
    }

    /// Returns the subjects of what a filter lets pass.
    pub(crate) fn of_filter(&self, filter: &StreamFilter) -> String {
        match filter {
            StreamFilter::All => self.all(),
            StreamFilter::Aggregate(aggregate) => self.of_aggregate(*aggregate),
            StreamFilter::EventType(name) => format!("{}*.{name}", self.prefix),
        }
    }

    /// Returns the aggregate that a subject names.
    pub(crate) fn aggregate_of(&self, subject: &str) -> Option<AggregateId> {
        let (aggregate, _) = subject.strip_prefix(&self.prefix)?.split_once('.')?;
        aggregate.parse().ok()
    }

    /// Reads a message that the leader gave.
    pub(crate) fn event_of(&self, message: StreamMessage) -> Result<StoredEvent, StoreError> {
        self.stored(message.sequence, &message.subject, Some(&message.headers), message.payload)
    }

    /// Reads a message that a direct get gave; its place stands in headers.
    pub(crate) fn event_of_direct(&self, message: async_nats::Message) -> Result<StoredEvent, StoreError> {
        let headers = message.headers.unwrap_or_default();
        let sequence = header(&headers, &SEQUENCE).and_then(|text| text.parse().ok());
        let sequence = sequence.ok_or_else(|| damaged(0, "a message without its sequence"))?;
        let subject = header(&headers, &SUBJECT).unwrap_or_default();
        self.stored(sequence, subject, Some(&headers), message.payload)
    }

    /// Reads a message. The block is not hashed: who verifies compares it with the CID.
    pub(crate) fn stored(
        &self,
        sequence: u64,
        subject: &str,
        headers: Option<&HeaderMap>,
        block: Bytes,
    ) -> Result<StoredEvent, StoreError> {
        let cid = headers.and_then(|headers| header(headers, &CID)).and_then(|text| text.parse::<Cid>().ok());
        let cid = cid.ok_or_else(|| damaged(sequence, "a message without a CID that can be read"))?;
        let event = SealedEvent::kept(cid, block);
        let event = event.map_err(|_| damaged(sequence, "a message that is no event"))?;
        if self.aggregate_of(subject) != Some(event.aggregate) {
            return Err(damaged(sequence, "a message's subject and its block name different aggregates"));
        }
        Ok(StoredEvent { sequence, event })
    }
}

/// Returns whether a wire name can be the last token of a subject.
pub(crate) fn is_token(event_type: &str) -> bool {
    let printable = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'.' | b'*' | b'>');
    (1..=EVENT_TYPE_MAX).contains(&event_type.len()) && event_type.bytes().all(printable)
}

/// Returns the headers of an event.
pub(crate) fn headers(event: &SealedEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CID.clone(), event.cid.to_string());
    if let Some(previous) = event.previous {
        headers.insert(PREVIOUS_CID.clone(), previous.to_string());
    }
    headers
}

/// Returns an error that names the message which is not as it should be.
pub(crate) fn damaged(sequence: u64, reason: &str) -> StoreError {
    let damage = Damage {
        place: "the stream".to_owned(),
        sequence: Some(sequence),
        reason: reason.to_owned(),
        ..Damage::default()
    };
    StoreError::Corrupt { damage: Box::new(damage) }
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name.clone()).map(|value| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_stand_in_a_subject_is_a_token() {
        for (event_type, is) in
            [("NodeAdded", true), ("a", true), ("", false), ("a.b", false), ("*", false), (">", false), ("a b", false)]
        {
            assert_eq!(is_token(event_type), is, "{event_type:?}");
        }
        assert!(is_token(&"a".repeat(EVENT_TYPE_MAX)) && !is_token(&"a".repeat(EVENT_TYPE_MAX + 1)));
    }
}
