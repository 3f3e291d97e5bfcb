//! Reads of the stream: single events through its leader, pages from any replica.
//!
//! What must be the last word (a head, the end of the stream) comes from the leader. A page comes from whichever
//! replica answers, which may lag: where one ends too early, the leader is asked for the next event.

use std::collections::BTreeMap;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::Context;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream as Handle};
use bytes::Bytes;
use cidgraph::{AggregateId, StoreError, StoredEvent};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::backoff::{Failure, retry};
use crate::connection::unavailable;
use crate::message::{ALL_SUBJECTS, aggregate_of, aggregate_subjects, event_of, event_of_direct};

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// Bytes of one page, about at most.
const PAGE_BYTES: usize = 8 << 20;

/// The status of an event in a page.
const OK: u16 = 200;

/// The status that ends a page.
const END_OF_PAGE: u16 = 204;

/// The status of a page without events.
const NOT_FOUND: u16 = 404;

/// The status of a question that has more answers than a page holds.
const TOO_MANY: u16 = 413;

/// What a replica answered.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) events: Vec<StoredEvent>,
    /// The last sequence that the replica looked at, where it says so.
    pub(crate) end: Option<u64>,
    /// Whether there is no more to say.
    pub(crate) whole: bool,
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
        retry(deadline, || async { found(handle.raw_message_builder().last_by_subject(subjects).send().await) }).await
    }

    /// Returns the first event from a sequence on with one of these subjects.
    pub(crate) async fn next(&self, subjects: &str, from_sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
        let handle = self.handle().await?;
        retry(self.deadline, || async {
            let builder = handle.raw_message_builder().sequence(from_sequence.max(1));
            found(builder.next_by_subject(subjects).send().await)
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

    /// Returns every aggregate with the number of its subjects: one for each type of its events.
    pub(crate) async fn aggregates(&self) -> Result<BTreeMap<AggregateId, usize>, StoreError> {
        let handle = self.handle().await?;
        let handle = &handle;
        retry(self.deadline, || async move {
            let mut subjects = handle.info_with_subjects(ALL_SUBJECTS).await.map_err(transient)?;
            let mut aggregates = BTreeMap::new();
            while let Some(subject) = subjects.next().await {
                let (subject, _) = subject.map_err(transient)?;
                if let Some(aggregate) = aggregate_of(&subject) {
                    *aggregates.entry(aggregate).or_default() += 1;
                }
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
        Ok(self.ask(&request).await?.events)
    }

    /// Returns the last event of each of these subjects, as the replica that answers sees them.
    pub(crate) async fn lasts(&self, subjects: &[String]) -> Result<Page, Failure> {
        self.ask(&json!({"multi_last": subjects, "max_bytes": PAGE_BYTES})).await
    }

    /// Sends a direct get to whichever replica answers it.
    async fn ask(&self, request: &Value) -> Result<Page, Failure> {
        let inbox = self.client.new_inbox();
        let mut replies = self.client.subscribe(inbox.clone()).await.map_err(transient)?;
        let to = format!("$JS.API.DIRECT.GET.{}", self.name);
        self.client.publish_with_reply(to, inbox, Bytes::from(request.to_string())).await.map_err(transient)?;
        let mut page = Page::default();
        loop {
            let reply = timeout(self.request_timeout, replies.next()).await.map_err(transient)?;
            let reply = reply.ok_or_else(|| transient("the connection is closed"))?;
            let follows = number(&reply, "Nats-Last-Sequence") == page.events.last().map(|stored| stored.sequence);
            match reply.status.map(|status| status.as_u16()) {
                None | Some(OK | END_OF_PAGE) if !follows => return Err(transient("a reply was lost")),
                None | Some(OK) => page.events.push(event_of_direct(reply)?),
                Some(END_OF_PAGE) => {
                    page.end = number(&reply, "Nats-UpTo-Sequence");
                    page.whole = number(&reply, "Nats-Num-Pending").is_none();
                    return Ok(page);
                }
                Some(NOT_FOUND) => return Ok(page),
                Some(TOO_MANY) => return Ok(Page { whole: false, ..page }),
                Some(status) => {
                    return Err(transient(format!("{status} {}", reply.description.unwrap_or_default())));
                }
            }
        }
    }
}

/// Returns a number that the server adds to a reply: the sequence of the reply before it, so that a lost one is noticed,
/// or what is said at the end. A zero is as none.
fn number(reply: &async_nats::Message, header: &'static str) -> Option<u64> {
    let value = reply.headers.as_ref()?.get(header)?;
    value.as_str().parse().ok().filter(|number| *number > 0)
}

fn transient(error: impl ToString) -> Failure {
    Failure::Transient(error.to_string())
}

fn found(
    message: Result<async_nats::jetstream::message::StreamMessage, async_nats::jetstream::stream::RawMessageError>,
) -> Result<Option<StoredEvent>, Failure> {
    match message {
        Ok(message) => Ok(Some(event_of(message)?)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(transient(error)),
    }
}
