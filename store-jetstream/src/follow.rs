//! The stream from a place on: what there is, then what comes, from a consumer that is made anew where it is lost.
//!
//! A consumer numbers what it delivers; a number that does not follow the one before means that something is missing,
//! and a new consumer starts behind what was yielded last. So nothing is lost or repeated when a server restarts.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::pull::{Config, Stream as Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::ConsumerErrorKind;
use cidgraph::store::Followed;
use cidgraph::{StoreError, StoredEvent, StreamFilter};
use futures::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::backoff::{Backoff, Failure};
use crate::connection::unavailable;
use crate::log::Log;
use crate::message::{filter_subjects, stored};

/// How often the server says that there is nothing new.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long a request for messages stands.
const REQUEST: Duration = Duration::from_secs(30);

/// Messages of one request.
const REQUEST_MESSAGES: usize = 1000;

/// When the server drops a consumer that nobody asks: after a client that died.
const ABANDONED: Duration = Duration::from_secs(30);

/// How long the pauses between attempts grow before they start again.
const PATIENCE: Duration = Duration::from_secs(60);

/// Follows the stream; ends when `open` closes.
pub(crate) fn follow(log: &Log, open: watch::Receiver<()>, from_sequence: u64, filter: &StreamFilter) -> Followed {
    let subjects = filter_subjects(filter);
    let follower = Follower { log: log.clone(), open, subjects, next: from_sequence.max(1), feed: None };
    Box::pin(stream::try_unfold(follower, Follower::step))
}

/// Reads up to `limit` events from `from_sequence` to `last_sequence`, which must be an event's with these subjects: for
/// many events faster than pages are.
pub(crate) async fn read_many(
    log: &Log,
    subjects: &str,
    from_sequence: u64,
    last_sequence: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let open = watch::Sender::new(());
    let subjects = subjects.to_owned();
    let mut follower =
        Follower { log: log.clone(), open: open.subscribe(), subjects, next: from_sequence.max(1), feed: None };
    let mut events: Vec<StoredEvent> = Vec::new();
    while events.len() < limit && follower.next <= last_sequence {
        let event = timeout(log.deadline, follower.event()).await;
        events.push(event.map_err(|_| unavailable("no event came in time"))??);
    }
    assert!(events.last().is_none_or(|last| last.sequence <= last_sequence), "the last sequence is an event's");
    Ok(events)
}

struct Follower {
    log: Log,
    open: watch::Receiver<()>,
    subjects: String,
    /// The sequence from which events are still to be yielded.
    next: u64,
    feed: Option<Feed>,
}

/// A consumer and what it delivers.
struct Feed {
    messages: Messages,
    delivered: u64,
    _consumer: Consumer,
}

/// Deletes a consumer when it is dropped.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) log: Log,
    pub(crate) name: String,
}

impl Drop for Consumer {
    fn drop(&mut self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let (context, stream, name) = (self.log.context.clone(), self.log.name.clone(), std::mem::take(&mut self.name));
        runtime.spawn(async move {
            // Where this fails the server drops the consumer by itself.
            drop(context.delete_consumer_from_stream(&name, &stream).await);
        });
    }
}

impl Follower {
    async fn step(mut self) -> Result<Option<(StoredEvent, Self)>, StoreError> {
        let mut open = self.open.clone();
        let stepped = tokio::select! {
            event = self.event() => Some(event?),
            _ = open.changed() => None,
        };
        Ok(stepped.map(|event| (event, self)))
    }

    async fn event(&mut self) -> Result<StoredEvent, StoreError> {
        loop {
            let feed = match &mut self.feed {
                Some(feed) => feed,
                None => self.feed.insert(feed(&self.log, &self.subjects, self.next).await?),
            };
            match feed.next().await? {
                Some(event) if event.sequence >= self.next => {
                    self.next = event.sequence + 1;
                    return Ok(event);
                }
                Some(_) => {}
                None => self.feed = None,
            }
        }
    }
}

impl Feed {
    /// Returns the next event, `None` where the consumer is lost or something is missing.
    async fn next(&mut self) -> Result<Option<StoredEvent>, StoreError> {
        let Some(Ok(message)) = self.messages.next().await else { return Ok(None) };
        let Ok(info) = message.info() else { return Ok(None) };
        if info.consumer_sequence != self.delivered + 1 {
            return Ok(None);
        }
        self.delivered += 1;
        let sequence = info.stream_sequence;
        let message = message.message;
        stored(sequence, &message.subject, message.headers.as_ref(), message.payload).map(Some)
    }
}

/// Makes a consumer; tries until it succeeds, or the stream is gone.
async fn feed(log: &Log, subjects: &str, next: u64) -> Result<Feed, StoreError> {
    let mut backoff = Backoff::new(PATIENCE);
    loop {
        match try_feed(log, subjects, next).await {
            Ok(feed) => return Ok(feed),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Transient(_)) if backoff.pause().await => {}
            Err(Failure::Transient(_)) => backoff = Backoff::new(PATIENCE),
        }
    }
}

async fn try_feed(log: &Log, subjects: &str, next: u64) -> Result<Feed, Failure> {
    let config = Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: next },
        ack_policy: AckPolicy::None,
        filter_subject: subjects.to_owned(),
        inactive_threshold: ABANDONED,
        memory_storage: true,
        num_replicas: 1,
        ..Config::default()
    };
    let made = log.context.create_consumer_on_stream(config, &log.name).await;
    let consumer = made.map_err(|error| {
        if let ConsumerErrorKind::JetStream(cause) = error.kind()
            && cause.error_code() == ErrorCode::STREAM_NOT_FOUND
        {
            return Failure::Final(unavailable(format!("the stream {} is gone", log.name)));
        }
        Failure::Transient(error.to_string())
    })?;
    let guard = Consumer { log: log.clone(), name: consumer.cached_info().name.clone() };
    let messages = consumer.stream().heartbeat(HEARTBEAT).expires(REQUEST).max_messages_per_batch(REQUEST_MESSAGES);
    let messages = messages.messages().await.map_err(|error| Failure::Transient(error.to_string()))?;
    Ok(Feed { messages, delivered: 0, _consumer: guard })
}
