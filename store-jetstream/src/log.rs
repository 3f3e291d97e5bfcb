//! Reads of the stream: single events through its leader, pages from any replica.
//!
//! What must be the last word (a head, the end of the stream) comes from the leader. A page comes from whichever
//! replica answers, which may lag: where one ends too early, the leader is asked for the next event.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream as Handle};
use async_nats::{Client, StatusCode};
use bytes::Bytes;
use cidgraph::{AggregateId, StoreError, StoredEvent};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tokio::time::timeout;

use crate::backoff::{Failure, retry};
use crate::connection::unavailable;
use crate::message::Subjects;

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// Bytes of one page, about at most.
const PAGE_BYTES: usize = 8 << 20;

/// Heads that are asked for at the same time.
const HEADS_IN_FLIGHT: usize = 64;

/// The status that ends a page.
const END_OF_PAGE: u16 = 204;

/// The stream, as readers see it.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    pub(crate) client: Client,
    pub(crate) context: Context,
    pub(crate) name: String,
    pub(crate) subjects: Subjects,
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
        self.last_of(&self.subjects.of_aggregate(aggregate), deadline).await
    }

    /// Returns the last event with one of these subjects.
    pub(crate) async fn last_of(&self, subjects: &str, deadline: Duration) -> Result<Option<StoredEvent>, StoreError> {
        let handle = self.handle().await?;
        retry(deadline, || async { self.found(handle.raw_message_builder().last_by_subject(subjects).send().await) })
            .await
    }

    /// Returns the first event from a sequence on with one of these subjects.
    pub(crate) async fn next(&self, subjects: &str, from_sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
        let handle = self.handle().await?;
        retry(self.deadline, || async {
            let builder = handle.raw_message_builder().sequence(from_sequence.max(1));
            self.found(builder.next_by_subject(subjects).send().await)
        })
        .await
    }

    /// Returns the sequence of the stream's last message.
    pub(crate) async fn last_sequence(&self) -> Result<u64, StoreError> {
        let handle = self.handle().await?;
        retry(self.deadline, || async {
            let info = handle.get_info().await;
            info.map(|info| info.state.last_sequence).map_err(|error| Failure::Transient(error.to_string()))
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
                handle.info_with_subjects(self.subjects.all()).await.map_err(|error| failed(error.to_string()))?;
            let mut aggregates = BTreeSet::new();
            while let Some(subject) = subjects.next().await {
                let (subject, _) = subject.map_err(|error| failed(error.to_string()))?;
                aggregates.extend(self.subjects.aggregate_of(&subject));
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
            let mut page = retry(self.deadline, || self.page(subjects, next, count)).await?;
            if page.is_empty() {
                // The replica that answered may lag; the leader does not.
                page.extend(self.next(subjects, next).await?);
            }
            let Some(last) = page.last() else { break };
            next = last.sequence + 1;
            events.extend(page.into_iter().take_while(|stored| stored.sequence <= last_sequence));
        }
        Ok(events)
    }

    /// Returns some of the next events with these subjects, as the replica that answers sees them.
    async fn page(&self, subjects: &str, from_sequence: u64, count: usize) -> Result<Vec<StoredEvent>, Failure> {
        let request = json!({"seq": from_sequence, "batch": count, "max_bytes": PAGE_BYTES, "next_by_subj": subjects});
        let inbox = self.client.new_inbox();
        let mut replies = self.client.subscribe(inbox.clone()).await.map_err(transient)?;
        let to = format!("$JS.API.DIRECT.GET.{}", self.name);
        self.client.publish_with_reply(to, inbox, Bytes::from(request.to_string())).await.map_err(transient)?;
        let mut events: Vec<StoredEvent> = Vec::with_capacity(count.min(64));
        loop {
            let reply = timeout(self.request_timeout, replies.next()).await.map_err(transient)?;
            let reply = reply.ok_or_else(|| transient("the connection is closed"))?;
            match reply.status {
                None | Some(StatusCode::OK) => {
                    let before = previous_sequence(&reply);
                    if before != events.last().map(|stored| stored.sequence) {
                        return Err(transient("a reply was lost"));
                    }
                    events.push(self.subjects.event_of_direct(reply)?);
                }
                Some(StatusCode::NOT_FOUND) => return Ok(events),
                Some(status) if status.as_u16() == END_OF_PAGE => {
                    return if previous_sequence(&reply) == events.last().map(|stored| stored.sequence) {
                        Ok(events)
                    } else {
                        Err(transient("a reply was lost"))
                    };
                }
                Some(status) => {
                    return Err(transient(format!("{status} {}", reply.description.unwrap_or_default())));
                }
            }
        }
    }

    fn found(
        &self,
        message: Result<async_nats::jetstream::message::StreamMessage, async_nats::jetstream::stream::RawMessageError>,
    ) -> Result<Option<StoredEvent>, Failure> {
        match message {
            Ok(message) => Ok(Some(self.subjects.event_of(message)?)),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(transient(error)),
        }
    }
}

/// Returns the sequence of the reply before this one, which the server adds so that a lost one is noticed.
fn previous_sequence(reply: &async_nats::Message) -> Option<u64> {
    let value = reply.headers.as_ref()?.get("Nats-Last-Sequence")?;
    value.as_str().parse().ok().filter(|sequence| *sequence > 0)
}

fn transient(error: impl ToString) -> Failure {
    Failure::Transient(error.to_string())
}
