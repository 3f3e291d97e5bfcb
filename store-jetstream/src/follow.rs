//! The stream from a place on: what there is, then what comes, from a consumer that is made anew where it is lost.
//!
//! A consumer numbers what it delivers; a number that does not follow the one before means that something is missing,
//! and a new consumer starts behind what was yielded last. So nothing is lost or repeated when a server restarts.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::pull::{Config, Stream as Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::stream::ConsumerErrorKind;
use cidgraph::store::Followed;
use cidgraph::{AggregateId, Head, StoreError, StoredEvent, StreamFilter};
use futures::{StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::backoff::{Backoff, Failure};
use crate::connection::unavailable;
use crate::log::Log;
use crate::message::{ALL_SUBJECTS, filter_subjects, stored};

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
    let follower = Follower::new(log, open, subjects, Selection::From(from_sequence));
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
    let mut follower = Follower::new(log, open.subscribe(), subjects.to_owned(), Selection::From(from_sequence));
    let mut events: Vec<StoredEvent> = Vec::new();
    while events.len() < limit && follower.next <= last_sequence {
        events.push(follower.event_in_time().await?);
    }
    assert!(events.last().is_none_or(|last| last.sequence <= last_sequence), "the last sequence is an event's");
    Ok(events)
}

/// Returns the head of every aggregate as it was at `last_sequence`, which must be the last event's, or later.
///
/// The last event of every subject comes, ordered by sequence, then what was appended meanwhile: whoever has seen
/// `last_sequence` or an event behind it has seen the last event of every aggregate, even from a server that lagged.
pub(crate) async fn read_heads(log: &Log, last_sequence: u64) -> Result<BTreeMap<AggregateId, Head>, StoreError> {
    let open = watch::Sender::new(());
    let mut follower = Follower::new(log, open.subscribe(), ALL_SUBJECTS.to_owned(), Selection::Lasts);
    let mut heads = BTreeMap::new();
    while follower.next <= last_sequence {
        let stored = follower.event_in_time().await?;
        heads.insert(stored.event.aggregate, stored.event.head());
    }
    Ok(heads)
}

/// Which events are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selection {
    /// All from a sequence on.
    From(u64),
    /// Those that are their subject's last, then all.
    Lasts,
}

struct Follower {
    log: Log,
    open: watch::Receiver<()>,
    subjects: String,
    selection: Selection,
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
struct Consumer {
    log: Log,
    name: String,
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
    fn new(log: &Log, open: watch::Receiver<()>, subjects: String, selection: Selection) -> Self {
        let next = match selection {
            Selection::From(sequence) => sequence.max(1),
            Selection::Lasts => 1,
        };
        Self { log: log.clone(), open, subjects, selection, next, feed: None }
    }

    /// Returns the next event, where it comes before the deadline.
    async fn event_in_time(&mut self) -> Result<StoredEvent, StoreError> {
        let event = timeout(self.log.deadline, self.event()).await;
        event.map_err(|_| unavailable("no event came in time"))?
    }

    async fn step(mut self) -> Result<Option<(StoredEvent, Self)>, StoreError> {
        let mut open = self.open.clone();
        let stepped = tokio::select! {
            event = self.event() => Some(event?),
            _ = open.changed() => None,
        };
        Ok(stepped.map(|event| (event, self)))
    }

    /// Returns where a consumer starts. One that starts with the last events again repeats what was seen before
    /// [`next`](Self::next), and nothing that was not.
    const fn policy(&self) -> DeliverPolicy {
        match self.selection {
            Selection::From(_) => DeliverPolicy::ByStartSequence { start_sequence: self.next },
            Selection::Lasts => DeliverPolicy::LastPerSubject,
        }
    }

    async fn event(&mut self) -> Result<StoredEvent, StoreError> {
        loop {
            let feed = match &mut self.feed {
                Some(feed) => feed,
                None => self.feed.insert(feed(&self.log, &self.subjects, self.policy()).await?),
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
async fn feed(log: &Log, subjects: &str, policy: DeliverPolicy) -> Result<Feed, StoreError> {
    let mut backoff = Backoff::new(PATIENCE);
    loop {
        match try_feed(log, subjects, policy).await {
            Ok(feed) => return Ok(feed),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Transient(_)) if backoff.pause().await => {}
            Err(Failure::Transient(_)) => backoff = Backoff::new(PATIENCE),
        }
    }
}

async fn try_feed(log: &Log, subjects: &str, policy: DeliverPolicy) -> Result<Feed, Failure> {
    let config = Config {
        deliver_policy: policy,
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
