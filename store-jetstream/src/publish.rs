//! Messages on their way to the server, and what it says to them.

use std::time::Duration;

use async_nats::client::{Request, RequestErrorKind};
use async_nats::header::HeaderName;
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use cidgraph::{AggregateAppend, StoredEvent};
use serde::Deserialize;
use tokio::time::timeout;
use uuid::Uuid;

use crate::message::{Subjects, headers};

/// Messages of one atomic batch, at most.
pub(crate) const BATCH_EVENTS_MAX: usize = 1000;

/// Codes of the server that say: the expectation does not hold, or the same batch was there before.
const STALE: [u64; 3] = [10071, 10164, 10201];

/// The code of what a stream cannot keep, for a reason that the description tells; a limit of its own is one of them.
const NOT_KEPT: u64 = 10077;
const LIMIT: &str = "maximum";

/// Codes that say that there is no room: the account's, the server's.
const NO_ROOM: [(u64, &str); 5] = [
    (10002, "the account's storage"),
    (10023, "the server's storage"),
    (10028, "the server's storage"),
    (10047, "the server's storage"),
    (10122, "the account's storage"),
];

/// The code of a stream that is not there.
const NO_STREAM: u64 = 10059;

/// Codes that do not go away by trying again: too large a message, a sealed stream, batches switched off.
const LASTING: [u64; 3] = [10054, 10109, 10174];

/// The sequence that an aggregate's last message must have, and whose that is.
static EXPECTED: HeaderName = HeaderName::from_static("Nats-Expected-Last-Subject-Sequence");
static EXPECTED_OF: HeaderName = HeaderName::from_static("Nats-Expected-Last-Subject-Sequence-Subject");

/// The sequence that the stream's last message must have.
static EXPECTED_LAST: HeaderName = HeaderName::from_static("Nats-Expected-Last-Sequence");

/// What makes messages an atomic batch.
static BATCH_ID: HeaderName = HeaderName::from_static("Nats-Batch-Id");
static BATCH_SEQUENCE: HeaderName = HeaderName::from_static("Nats-Batch-Sequence");
static BATCH_COMMIT: HeaderName = HeaderName::from_static("Nats-Batch-Commit");

/// What the server said to a publish.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    /// It was taken; the last message has this sequence.
    Taken(u64),
    /// An aggregate's last message is not the expected one.
    Stale,
    /// It was not taken, and will not be until something is changed.
    Refused(Lasting),
    /// Nobody listens: there is no stream, or its servers are away.
    Unanswered,
    /// It was not taken this time.
    Failed(String),
    /// It may have been taken.
    Lost(String),
}

/// Why nothing is taken.
#[derive(Debug, Clone)]
pub(crate) enum Lasting {
    /// There is no stream.
    NoStream,
    /// The stream is full, by a limit of its own.
    StreamFull(String),
    /// What is named is full.
    NoRoom(&'static str, String),
    /// Something else.
    Other(String),
}

/// A message to be published.
#[derive(Debug)]
pub(crate) struct Message {
    subject: String,
    headers: HeaderMap,
    block: Bytes,
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    seq: u64,
    error: Option<AnswerError>,
}

#[derive(Debug, Deserialize)]
struct AnswerError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// Returns the messages of an append, each aggregate's first with the check that its last one has the given sequence.
pub(crate) fn messages(subjects: &Subjects, batch: &[AggregateAppend], sequences: &[u64]) -> Vec<Message> {
    let mut messages = Vec::with_capacity(batch.iter().map(|part| part.events.len()).sum());
    for (part, sequence) in batch.iter().zip(sequences) {
        for (index, event) in part.events.iter().enumerate() {
            let mut headers = headers(event);
            if index == 0 {
                headers.insert(EXPECTED.clone(), sequence.to_string());
                headers.insert(EXPECTED_OF.clone(), subjects.of_aggregate(part.aggregate));
            }
            messages.push(Message { subject: subjects.of_event(event), headers, block: event.block.clone() });
        }
    }
    messages
}

/// Returns the messages of events of any aggregates, the first with the check that the stream ends with the given
/// sequence.
pub(crate) fn messages_behind(subjects: &Subjects, events: &[StoredEvent], last: u64) -> Vec<Message> {
    let message = |StoredEvent { event, .. }: &StoredEvent| {
        let (headers, block) = (headers(event), event.block.clone());
        Message { subject: subjects.of_event(event), headers, block }
    };
    let mut messages: Vec<Message> = events.iter().map(message).collect();
    if let Some(first) = messages.first_mut() {
        first.headers.insert(EXPECTED_LAST.clone(), last.to_string());
    }
    messages
}

/// Publishes one message, or several as an atomic batch, and waits so long for an answer; or to be sent at all, as the
/// connection's queue fills up while it is away.
pub(crate) async fn publish(client: &Client, messages: Vec<Message>, patience: Duration) -> Sent {
    let sent = timeout(patience, send_all(client, messages)).await;
    sent.unwrap_or_else(|_| Sent::Lost("no answer came in time".to_owned()))
}

async fn send_all(client: &Client, mut messages: Vec<Message>) -> Sent {
    let Some(mut last) = messages.pop() else { return Sent::Failed("the batch is empty".to_owned()) };
    if messages.is_empty() {
        return send(client, last).await;
    }
    let batch_id = Uuid::new_v4().simple().to_string();
    let total = messages.len() + 1;
    for (number, mut message) in (1_u64..).zip(messages) {
        message.headers.insert(BATCH_ID.clone(), batch_id.as_str());
        message.headers.insert(BATCH_SEQUENCE.clone(), number.to_string());
        let Message { subject, headers, block } = message;
        if let Err(error) = client.publish_with_headers(subject, headers, block).await {
            // Without its last message a batch is not taken.
            return Sent::Failed(error.to_string());
        }
    }
    last.headers.insert(BATCH_ID.clone(), batch_id);
    last.headers.insert(BATCH_SEQUENCE.clone(), total.to_string());
    last.headers.insert(BATCH_COMMIT.clone(), "1");
    send(client, last).await
}

/// Sends the message that the server answers.
async fn send(client: &Client, message: Message) -> Sent {
    let Message { subject, headers, block } = message;
    let request = Request::new().headers(headers).payload(block).timeout(None);
    match client.send_request(subject, request).await {
        Ok(message) => match serde_json::from_slice::<Answer>(&message.payload) {
            Ok(Answer { error: None, seq }) if seq > 0 => Sent::Taken(seq),
            Ok(Answer { error: Some(error), .. }) => refused(error),
            Ok(Answer { .. }) | Err(_) => Sent::Lost("the server's answer cannot be read".to_owned()),
        },
        Err(error) => match error.kind() {
            RequestErrorKind::NoResponders => Sent::Unanswered,
            RequestErrorKind::MaxPayloadExceeded | RequestErrorKind::InvalidSubject => {
                Sent::Refused(Lasting::Other(error.to_string()))
            }
            RequestErrorKind::TimedOut | RequestErrorKind::Other => Sent::Lost(error.to_string()),
        },
    }
}

fn refused(error: AnswerError) -> Sent {
    let AnswerError { err_code, description } = error;
    if STALE.contains(&err_code) {
        return Sent::Stale;
    }
    if let Some((_, what)) = NO_ROOM.iter().find(|(code, _)| *code == err_code) {
        return Sent::Refused(Lasting::NoRoom(what, description));
    }
    match err_code {
        NO_STREAM => Sent::Refused(Lasting::NoStream),
        NOT_KEPT if description.contains(LIMIT) => Sent::Refused(Lasting::StreamFull(description)),
        code if LASTING.contains(&code) => Sent::Refused(Lasting::Other(format!("{description} ({code})"))),
        code => Sent::Failed(format!("{description} ({code})")),
    }
}
