//! Reads of the stream: single events through its leader, pages from any replica.
//!
//! What must be the last word (a head, the end of the stream) comes from the leader. Everything else comes from whichever
//! replica answers, also while there is no leader. A replica may lag, so what it has is a beginning of the stream: where
//! it has nothing more, the leader is asked.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::client::Request;
use async_nats::jetstream::Context;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind, Stream as Handle};
use async_nats::{Client, StatusCode};
use bytes::Bytes;
use cidgraph::{AggregateId, StoreError, StoredEvent};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::backoff::{Failure, ask, retry};
use crate::connection::unavailable;
use crate::message::{ALL_SUBJECTS, aggregate_of, aggregate_subjects, event_of, event_of_direct};

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// Bytes of one page, about at most.
const PAGE_BYTES: usize = 8 << 20;

/// Heads that are asked for at the same time.
const HEADS_IN_FLIGHT: usize = 64;

/// The status that ends a page.
const END_OF_PAGE: u16 = 204;

/// What a replica answers.
#[derive(Debug)]
struct Page {
    events: Vec<StoredEvent>,
    /// Whether the replica has no more.
    is_end: bool,
}

/// The stream, as readers see it.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) name: String,
    pub(crate) request_timeout: Duration,
    pub(crate) deadline: Duration,
}

impl Log {
    async fn handle(&self) -> Result<Handle<()>, StoreError> {
        let handle = self.context.get_stream_no_info(&self.name).await;
        handle.map_err(|error| unavailable(error.to_string()))
    }

    /// Returns an aggregate's last event.
    pub(crate) async fn last(
        &self,
        aggregate: AggregateId,
        deadline: Duration,
    ) -> Result<Option<StoredEvent>, StoreError> {
        self.last_of(&aggregate_subjects(aggregate), deadline).await
    }

    /// Returns the last event with one of these subjects.
    pub(crate) async fn last_of(&self, subjects: &str, deadline: Duration) -> Result<Option<StoredEvent>, StoreError> {
        let handle = self.handle().await?;
        let handle = &handle;
        ask(deadline, self.request_timeout, |patience| async move {
            found(timeout(patience, handle.raw_message_builder().last_by_subject(subjects).send()).await)
        })
        .await
    }

    /// Returns the first event from a sequence on with one of these subjects.
    pub(crate) async fn next(&self, subjects: &str, from_sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
        let handle = self.handle().await?;
        let handle = &handle;
        ask(self.deadline, self.request_timeout, |patience| async move {
            let builder = handle.raw_message_builder().sequence(from_sequence.max(1));
            found(timeout(patience, builder.next_by_subject(subjects).send()).await)
        })
        .await
    }

    /// Returns the same as [`next`](Self::next), from a replica where it has that event.
    pub(crate) async fn next_anywhere(
        &self,
        subjects: &str,
        from_sequence: u64,
    ) -> Result<Option<StoredEvent>, StoreError> {
        match self.one(&json!({"seq": from_sequence.max(1), "next_by_subj": subjects})).await? {
            Some(event) => Ok(Some(event)),
            None => self.next(subjects, from_sequence).await,
        }
    }

    /// Returns the last event with one of these subjects that a replica has; there may be later ones.
    pub(crate) async fn last_anywhere(&self, subjects: &str) -> Result<Option<StoredEvent>, StoreError> {
        self.one(&json!({"last_by_subj": subjects})).await
    }

    /// Returns the sequence of the stream's last message.
    pub(crate) async fn last_sequence(&self) -> Result<u64, StoreError> {
        let handle = self.handle().await?;
        let handle = &handle;
        ask(self.deadline, self.request_timeout, |patience| async move {
            let info = timeout(patience, handle.get_info()).await.map_err(transient)?;
            info.map(|info| info.state.last_sequence).map_err(transient)
        })
        .await
    }

    /// Returns the last event of every aggregate, ordered by id.
    pub(crate) async fn lasts(&self) -> Result<Vec<StoredEvent>, StoreError> {
        let aggregates = self.aggregates().await?;
        let lasts = stream::iter(aggregates).map(|aggregate| self.last(aggregate, self.deadline));
        lasts.buffered(HEADS_IN_FLIGHT).try_filter_map(|last| async { Ok(last) }).try_collect().await
    }

    async fn aggregates(&self) -> Result<BTreeSet<AggregateId>, StoreError> {
        let handle = self.handle().await?;
        let handle = &handle;
        retry(self.deadline, || async move {
            let failed = |error: String| Failure::Transient(error);
            let mut subjects =
                handle.info_with_subjects(ALL_SUBJECTS).await.map_err(|error| failed(error.to_string()))?;
            let mut aggregates = BTreeSet::new();
            while let Some(subject) = subjects.next().await {
                let (subject, _) = subject.map_err(|error| failed(error.to_string()))?;
                aggregates.extend(aggregate_of(&subject));
            }
            Ok(aggregates)
        })
        .await
    }

    /// Returns up to `limit` events with these subjects, of those from `from_sequence` to `last_sequence`.
    pub(crate) async fn range(
        &self,
        subjects: &str,
        from_sequence: u64,
        last_sequence: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut next = from_sequence.max(1);
        while events.len() < limit && next <= last_sequence {
            let count = (limit - events.len()).min(PAGE_EVENTS);
            let asked = ask(self.deadline, self.request_timeout, |patience| self.page(subjects, next, count, patience));
            let Page { events: mut page, is_end } = asked.await?;
            let after = page.last().map_or(next, |last| last.sequence + 1);
            if is_end && page.len() < count && after <= last_sequence {
                // The replica that answered may lag; the leader does not.
                let further = self.next(subjects, after).await?;
                if further.is_none() {
                    events.extend(page);
                    break;
                }
                page.extend(further);
            }
            next = page.last().map_or(next, |last| last.sequence + 1);
            events.extend(page.into_iter().take_while(|stored| stored.sequence <= last_sequence));
        }
        Ok(events)
    }

    /// Asks any replica for one message.
    async fn one(&self, request: &serde_json::Value) -> Result<Option<StoredEvent>, StoreError> {
        ask(self.deadline, self.request_timeout, |patience| async move {
            let request = Request::new().payload(Bytes::from(request.to_string())).timeout(Some(patience));
            let reply = self.client.send_request(self.direct(), request).await.map_err(transient)?;
            match reply.status {
                None | Some(StatusCode::OK) => Ok(Some(event_of_direct(reply)?)),
                Some(StatusCode::NOT_FOUND) => Ok(None),
                Some(status) => Err(refused(status, reply.description)),
            }
        })
        .await
    }

    /// Returns the subject to which any replica answers.
    fn direct(&self) -> String {
        format!("$JS.API.DIRECT.GET.{}", self.name)
    }

    /// Returns some of the next events with these subjects, as the replica that answers sees them.
    async fn page(&self, subjects: &str, from: u64, count: usize, patience: Duration) -> Result<Page, Failure> {
        let request = json!({"seq": from, "batch": count, "max_bytes": PAGE_BYTES, "next_by_subj": subjects});
        let inbox = self.client.new_inbox();
        let mut replies = self.client.subscribe(inbox.clone()).await.map_err(transient)?;
        self.client
            .publish_with_reply(self.direct(), inbox, Bytes::from(request.to_string()))
            .await
            .map_err(transient)?;
        let mut events: Vec<StoredEvent> = Vec::with_capacity(count.min(64));
        loop {
            let reply = timeout(patience, replies.next()).await.map_err(transient)?;
            let reply = reply.ok_or_else(|| transient("the connection is closed"))?;
            match reply.status {
                None | Some(StatusCode::OK) => {
                    let before = previous_sequence(&reply);
                    if before != events.last().map(|stored| stored.sequence) {
                        return Err(transient("a reply was lost"));
                    }
                    events.push(event_of_direct(reply)?);
                }
                Some(StatusCode::NOT_FOUND) => return Ok(Page { events, is_end: true }),
                Some(status) if status.as_u16() == END_OF_PAGE => {
                    return if previous_sequence(&reply) == events.last().map(|stored| stored.sequence) {
                        let is_end = events.is_empty() || pending(&reply) == Some(0);
                        Ok(Page { events, is_end })
                    } else {
                        Err(transient("a reply was lost"))
                    };
                }
                Some(status) => return Err(refused(status, reply.description)),
            }
        }
    }
}

/// Returns how many more messages the replica has.
fn pending(reply: &async_nats::Message) -> Option<u64> {
    reply.headers.as_ref()?.get("Nats-Num-Pending")?.as_str().parse().ok()
}

/// Returns the sequence of the reply before this one, which the server adds so that a lost one is noticed.
fn previous_sequence(reply: &async_nats::Message) -> Option<u64> {
    let value = reply.headers.as_ref()?.get("Nats-Last-Sequence")?;
    value.as_str().parse().ok().filter(|sequence| *sequence > 0)
}

fn refused(status: StatusCode, description: Option<String>) -> Failure {
    transient(format!("{status} {}", description.unwrap_or_default()))
}

fn transient(error: impl ToString) -> Failure {
    Failure::Transient(error.to_string())
}

fn found(answer: Result<Result<StreamMessage, RawMessageError>, Elapsed>) -> Result<Option<StoredEvent>, Failure> {
    match answer.map_err(transient)? {
        Ok(message) => Ok(Some(event_of(message)?)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(transient(error)),
    }
}
