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
use cidgraph::{AggregateId, Head, StoreError, StoredEvent};
use futures::StreamExt;
use tokio::time::timeout;

use crate::absence::PATIENCE as PATIENCE_WITH_LEADER;
use crate::backoff::{Backoff, Failure};
use crate::consumers::Consumer;
use crate::log::Log;
use crate::message::Subjects;
use crate::permissions::{Access, Watch};
use crate::refusals::{missing, unavailable};

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

/// Returns the head of every aggregate as it was at `last_sequence`, which must be the last event's, or later.
///
/// The last event of every subject comes, ordered by sequence, then what was appended meanwhile: whoever has seen
/// `last_sequence` or an event behind it has seen the last event of every aggregate, even from a server that lagged.
/// Returns `None` where no consumer is to be had, and pages suffice.
pub(crate) async fn read_heads(
    log: &Log,
    last_sequence: u64,
) -> Result<Option<BTreeMap<AggregateId, Head>>, StoreError> {
    let mut follower = Follower::new(log, log.subjects.all(), Selection::Lasts);
    if !follower.opens().await? {
        return Ok(None);
    }
    let mut heads = BTreeMap::new();
    while follower.next <= last_sequence {
        let stored = follower.event_in_time().await?;
        heads.insert(stored.event.aggregate, stored.event.head());
    }
    Ok(Some(heads))
}

/// Which events are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    /// All from a sequence on.
    From(u64),
    /// Those that are their subject's last, then all.
    Lasts,
}

/// The events that the stream keeps, from a place on.
pub(crate) struct Follower {
    log: Log,
    pub(crate) subjects: String,
    selection: Selection,
    /// The sequence from which events are still to be yielded.
    pub(crate) next: u64,
    feed: Option<Feed>,
}

/// A consumer and what it delivers.
struct Feed {
    messages: Messages,
    delivered: u64,
    /// Messages behind the one that was delivered last.
    pending: u64,
    access: Access,
    forbidden: Watch,
    _consumer: Consumer,
}

impl Follower {
    pub(crate) fn new(log: &Log, subjects: String, selection: Selection) -> Self {
        let next = match selection {
            Selection::From(sequence) => sequence.max(1),
            Selection::Lasts => 1,
        };
        Self { log: log.clone(), subjects, selection, next, feed: None }
    }

    /// Returns whether there is a consumer.
    pub(crate) const fn is_open(&self) -> bool {
        self.feed.is_some()
    }

    /// Returns whether the consumer has delivered all that there was.
    pub(crate) const fn is_at_end(&self) -> bool {
        matches!(&self.feed, Some(Feed { pending: 0, .. }))
    }

    /// Gives the consumer up.
    pub(crate) fn close(&mut self) {
        self.feed = None;
    }

    /// Returns whether a consumer is made soon, where pages would do as well; elsewhere it is waited for.
    pub(crate) async fn opens(&mut self) -> Result<bool, StoreError> {
        let Some(absence) = self.log.absence.clone() else { return Ok(true) };
        if self.is_open() {
            return Ok(true);
        }
        match timeout(PATIENCE_WITH_LEADER, self.open()).await {
            Ok(opened) => opened.map(|()| true),
            Err(_) => {
                absence.note();
                Ok(false)
            }
        }
    }

    /// Makes a consumer behind what was yielded last.
    pub(crate) async fn open(&mut self) -> Result<(), StoreError> {
        self.feed = Some(feed(&self.log, &self.subjects, self.policy()).await?);
        Ok(())
    }

    /// Returns the consumer's next event, `None` where it had none to yield or is lost.
    pub(crate) async fn next_of_feed(&mut self) -> Result<Option<StoredEvent>, StoreError> {
        let Some(feed) = &mut self.feed else { return Ok(None) };
        match feed.next(&self.log.subjects).await? {
            Some(event) if event.sequence >= self.next => {
                self.next = event.sequence + 1;
                Ok(Some(event))
            }
            Some(_) => Ok(None),
            None => {
                self.feed = None;
                Ok(None)
            }
        }
    }

    /// Returns where a consumer starts. One that starts with the last events again repeats what was seen before
    /// [`next`](Self::next), and nothing that was not.
    const fn policy(&self) -> DeliverPolicy {
        match self.selection {
            Selection::From(_) => DeliverPolicy::ByStartSequence { start_sequence: self.next },
            Selection::Lasts => DeliverPolicy::LastPerSubject,
        }
    }

    /// Returns the next event, where it comes before the deadline.
    pub(crate) async fn event_in_time(&mut self) -> Result<StoredEvent, StoreError> {
        let event = timeout(self.log.connection.deadline, self.event()).await;
        event.map_err(|_| unavailable("no event came in time"))?
    }

    async fn event(&mut self) -> Result<StoredEvent, StoreError> {
        loop {
            if !self.is_open() {
                self.open().await?;
            }
            if let Some(event) = self.next_of_feed().await? {
                return Ok(event);
            }
        }
    }
}

impl Feed {
    /// Returns the next event, `None` where the consumer is lost or something is missing.
    async fn next(&mut self, subjects: &Subjects) -> Result<Option<StoredEvent>, StoreError> {
        let message = tokio::select! {
            biased;
            message = self.messages.next() => message,
            denied = self.forbidden.denied(|subject| self.access.concerns(subject)) => return Err(denied),
        };
        let Some(Ok(message)) = message else { return Ok(None) };
        let Ok(info) = message.info() else { return Ok(None) };
        if info.consumer_sequence != self.delivered + 1 {
            return Ok(None);
        }
        self.delivered += 1;
        self.pending = info.pending;
        let sequence = info.stream_sequence;
        let message = message.message;
        subjects.stored(sequence, &message.subject, message.headers.as_ref(), message.payload).map(Some)
    }
}

/// Makes a consumer; tries until it succeeds, or the stream is gone.
async fn feed(log: &Log, subjects: &str, policy: DeliverPolicy) -> Result<Feed, StoreError> {
    let mut backoff = Backoff::new(PATIENCE);
    loop {
        match log.access.unless_denied(try_feed(log, subjects, policy)).await? {
            Ok(feed) => return Ok(feed),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Transient(_) | Failure::Unanswered) => {
                if !backoff.pause().await {
                    backoff = Backoff::new(PATIENCE);
                }
            }
        }
    }
}

async fn try_feed(log: &Log, subjects: &str, policy: DeliverPolicy) -> Result<Feed, Failure> {
    let guard = log.consumers.add(&log.connection, &log.name);
    let config = Config {
        name: Some(guard.name.clone()),
        deliver_policy: policy,
        ack_policy: AckPolicy::None,
        filter_subject: subjects.to_owned(),
        inactive_threshold: ABANDONED,
        memory_storage: true,
        num_replicas: 1,
        ..Config::default()
    };
    let made = log.connection.context.create_consumer_on_stream(config, &log.name).await;
    let consumer = made.map_err(|error| {
        if let ConsumerErrorKind::JetStream(cause) = error.kind()
            && cause.error_code() == ErrorCode::STREAM_NOT_FOUND
        {
            return Failure::Final(missing(&log.name));
        }
        Failure::Transient(error.to_string())
    })?;
    let pending = consumer.cached_info().num_pending;
    let messages = consumer.stream().heartbeat(HEARTBEAT).expires(REQUEST).max_messages_per_batch(REQUEST_MESSAGES);
    let (access, forbidden) = (log.access.clone(), log.access.watch());
    let messages = messages.messages().await.map_err(|error| Failure::Transient(error.to_string()))?;
    Ok(Feed { messages, delivered: 0, pending, access, forbidden, _consumer: guard })
}
