//! One server's own copy of the stream.
//!
//! What the leader says, and what a direct get answers, tells nothing of one server's copy. A consumer that is not
//! replicated reads the copy of the server that keeps it. The cluster picks that server by chance and says which one it
//! is, so consumers are made until one is where it is wanted.

use std::time::Duration;

use async_nats::jetstream::consumer::pull::{Config, Stream as Messages};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use cidgraph::{StoreError, StoredEvent};
use futures::StreamExt;
use tokio::time::{Instant, sleep, timeout};

use crate::backoff::Failure;
use crate::consumers::Consumer;
use crate::log::Log;
use crate::refusals::unavailable;

/// Consumers that are made in the hope of one on the right server: among five servers a million to one that it comes.
const ATTEMPTS_MAX: usize = 64;

/// Looks at a copy that ends too early: it may lag.
const LOOKS_MAX: u32 = 8;

/// The pause between two such looks.
const LOOK_PAUSE: Duration = Duration::from_millis(250);

/// How long a copy may deliver nothing before another consumer is made: a request may come before the consumer is there.
const QUIET: Duration = Duration::from_secs(2);

/// Messages of one request.
const REQUEST_MESSAGES: usize = 2000;

/// How long a request for messages stands.
const REQUEST: Duration = Duration::from_secs(30);

/// When the server drops a consumer that nobody asks: after a client that died.
const ABANDONED: Duration = Duration::from_secs(30);

/// What a copy holds at a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// An event; its block is not hashed yet.
    Event(StoredEvent),
    /// A message that is no event.
    Unreadable {
        /// Its sequence.
        sequence: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl Kept {
    pub(crate) const fn sequence(&self) -> u64 {
        match self {
            Self::Event(stored) => stored.sequence,
            Self::Unreadable { sequence, .. } => *sequence,
        }
    }
}

/// Reads one server's copy up to a sequence.
pub(crate) struct CopyReader {
    log: Log,
    server: String,
    /// Servers that keep a copy.
    copies: usize,
    next: u64,
    last: u64,
    feed: Option<Feed>,
    ahead: Option<Kept>,
    ended: bool,
    looks: u32,
    /// When something came last.
    progress: Instant,
}

struct Feed {
    messages: Messages,
    /// Messages that the copy still had when the consumer was made.
    left: u64,
    _consumer: Consumer,
}

impl CopyReader {
    /// Reads the copy of `server`, one of so many, up to the sequence `last`.
    pub(crate) fn new(log: &Log, server: &str, copies: usize, last: u64) -> Self {
        let (log, server) = (log.clone(), server.to_owned());
        let progress = Instant::now();
        Self { log, server, copies, next: 1, last, feed: None, ahead: None, ended: false, looks: 0, progress }
    }

    /// Returns the sequence of the next message, `None` at the copy's end.
    pub(crate) async fn next_sequence(&mut self) -> Result<Option<u64>, StoreError> {
        while self.ahead.is_none() && !self.ended {
            self.advance().await?;
        }
        Ok(self.ahead.as_ref().map(Kept::sequence))
    }

    /// Takes the next message where it has this sequence.
    pub(crate) fn take(&mut self, sequence: u64) -> Option<Kept> {
        self.ahead.take_if(|kept| kept.sequence() == sequence)
    }

    async fn advance(&mut self) -> Result<(), StoreError> {
        if self.next > self.last {
            self.ended = true;
            return Ok(());
        }
        let feed = match &mut self.feed {
            Some(feed) => feed,
            None => self.feed.insert(open(&self.log, &self.server, self.copies, self.next).await?),
        };
        if feed.left == 0 {
            self.look_again().await;
            return Ok(());
        }
        match timeout(self.log.connection.request_timeout.min(QUIET), feed.messages.next()).await {
            Ok(Some(Ok(message))) => self.accept(&message),
            Ok(Some(Err(_)) | None) | Err(_) => self.break_off()?,
        }
        Ok(())
    }

    /// Keeps a message that came.
    fn accept(&mut self, message: &async_nats::jetstream::Message) {
        let Ok(info) = message.info() else { return self.feed = None };
        let sequence = info.stream_sequence;
        if sequence > self.last {
            self.ended = true;
            return;
        }
        if let Some(feed) = &mut self.feed {
            feed.left -= 1;
        }
        (self.next, self.looks, self.progress) = (sequence + 1, 0, Instant::now());
        let message = &message.message;
        let subjects = &self.log.subjects;
        let read = subjects.stored(sequence, &message.subject, message.headers.as_ref(), message.payload.clone());
        self.ahead = Some(match read {
            Ok(stored) => Kept::Event(stored),
            Err(error) => Kept::Unreadable { sequence, reason: error.to_string() },
        });
    }

    /// Reads on behind what was read last: nothing came although there was more.
    fn break_off(&mut self) -> Result<(), StoreError> {
        self.feed = None;
        if self.progress.elapsed() < self.log.connection.deadline {
            return Ok(());
        }
        Err(unavailable(format!("server {} does not deliver its copy from sequence {} on", self.server, self.next)))
    }

    /// Looks whether the copy only lagged.
    async fn look_again(&mut self) {
        self.feed = None;
        self.progress = Instant::now();
        self.looks += 1;
        if self.looks == LOOKS_MAX {
            self.ended = true;
        } else {
            sleep(LOOK_PAUSE).await;
        }
    }
}

/// Makes a consumer on a server.
async fn open(log: &Log, server: &str, copies: usize, from: u64) -> Result<Feed, StoreError> {
    for _ in 0..ATTEMPTS_MAX {
        let (feed, keeper) = log.connection.retry(&log.access, || try_open(log, from)).await?;
        if copies == 1 || keeper.as_deref() == Some(server) {
            return Ok(feed);
        }
    }
    Err(unavailable(format!("server {server} takes no reader")))
}

/// Makes a consumer; returns the server that keeps it.
async fn try_open(log: &Log, from: u64) -> Result<(Feed, Option<String>), Failure> {
    let guard = log.consumers.add(&log.connection, &log.name);
    let config = Config {
        name: Some(guard.name.clone()),
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
        ack_policy: AckPolicy::None,
        inactive_threshold: ABANDONED,
        memory_storage: true,
        num_replicas: 1,
        ..Config::default()
    };
    let made = log.connection.context.create_consumer_on_stream(config, &log.name).await;
    let consumer = made.map_err(|error| Failure::Transient(error.to_string()))?;
    let info = consumer.cached_info();
    let left = info.num_pending;
    let keeper = info.cluster.as_ref().and_then(|cluster| cluster.leader.clone());
    let messages = consumer.stream().expires(REQUEST).max_messages_per_batch(REQUEST_MESSAGES).messages().await;
    let messages = messages.map_err(|error| Failure::Transient(error.to_string()))?;
    Ok((Feed { messages, left, _consumer: guard }, keeper))
}
