//! Reads of the stream: single events through its leader, pages from any replica.
//!
//! What must be the last word (a head, the end of the stream) comes from the leader. Everything else comes from whichever
//! replica answers, also while there is no leader. A replica that lags has a beginning of the stream: where it has nothing
//! more, the leader is asked. A replica whose files were damaged may lack events in between, and its pages do not tell:
//! whoever sees a gap in them asks all servers what stands there ([`next_of_any`](Log::next_of_any)).

use std::time::Duration;

use async_nats::client::Request;
use async_nats::jetstream::Context;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Stream as Handle;
use async_nats::{Client, StatusCode};
use bytes::Bytes;
use cidgraph::{AggregateId, StoreError, StoredEvent};
use futures::future::try_join_all;
use serde_json::json;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use crate::backoff::{Failure, ask, retry};
use crate::connection::unavailable;
use crate::message::Subjects;
use crate::pages::{self, Pages, direct, last_message, next_message, refused, transient};

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// Questions to any replica, beside the one to the leader, where all are to be asked. Which replica answers is chance:
/// where one of three lacks an event, all these questions meet that one in one of 6000 cases, and it must lead too.
const WITNESSES: usize = 8;

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
    pub(crate) subjects: Subjects,
    pub(crate) request_timeout: Duration,
    pub(crate) deadline: Duration,
    /// Whether several servers keep the stream.
    pub(crate) replicated: bool,
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
        ask(deadline, self.request_timeout, |patience| async move {
            self.found(timeout(patience, last_message(&self.context, &self.name, subjects)).await)
        })
        .await
    }

    /// Returns the first event from a sequence on with one of these subjects.
    pub(crate) async fn next(&self, subjects: &str, from_sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
        let request = &json!({"seq": from_sequence.max(1), "next_by_subj": subjects});
        ask(self.deadline, self.request_timeout, |patience| async move {
            let next = next_message(&self.context, &self.name, subjects, from_sequence);
            match self.found(timeout(patience, next).await) {
                // There may be no leader for a while, and a replica that did not have the event may have it by now.
                Err(Failure::Transient(reason)) => match self.try_one(request, patience).await {
                    Ok(Some(event)) => Ok(Some(event)),
                    Ok(None) | Err(Failure::Transient(_)) => Err(Failure::Transient(reason)),
                    Err(error) => Err(error),
                },
                answered => answered,
            }
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

    /// Returns the first event from a sequence on with these subjects that the leader or another server has.
    pub(crate) async fn next_of_any(
        &self,
        subjects: &str,
        from_sequence: u64,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let request = &json!({"seq": from_sequence.max(1), "next_by_subj": subjects});
        let witnesses = if self.replicated { WITNESSES } else { 0 };
        let others = try_join_all((0..witnesses).map(|_| self.one(request)));
        let (of_leader, others) = tokio::try_join!(self.next(subjects, from_sequence), others)?;
        Ok(others.into_iter().chain([of_leader]).flatten().min_by_key(|stored| stored.sequence))
    }

    /// Returns an event of an aggregate whose version is at least this one, `None` where there is none: the last that a
    /// replica has, or that the leader has.
    pub(crate) async fn reaching(
        &self,
        aggregate: AggregateId,
        version: u64,
    ) -> Result<Option<StoredEvent>, StoreError> {
        let subjects = self.subjects.of_aggregate(aggregate);
        let (subjects, request) = (&subjects, &json!({"last_by_subj": subjects}));
        let reaches = move |stored: &StoredEvent| stored.event.version >= version;
        ask(self.deadline, self.request_timeout, |patience| async move {
            // Where there is no leader for a while, a replica that lagged may have caught up by the next time.
            if let Some(seen) = self.try_one(request, patience).await?.filter(reaches) {
                return Ok(Some(seen));
            }
            let last = last_message(&self.context, &self.name, subjects);
            Ok(self.found(timeout(patience, last).await)?.filter(reaches))
        })
        .await
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

    /// Returns how many messages are gone: those below the first one, and those behind it.
    pub(crate) async fn removed(&self) -> Result<(u64, u64), StoreError> {
        let handle = &self.handle().await?;
        ask(self.deadline, self.request_timeout, |patience| async move {
            let info = timeout(patience, handle.get_info()).await.map_err(transient)?.map_err(transient)?;
            Ok((info.state.first_sequence.saturating_sub(1), info.state.deleted_count.unwrap_or(0)))
        })
        .await
    }

    /// Removes the messages with these subjects below a sequence.
    pub(crate) async fn purge(&self, subjects: &str, sequence: u64) -> Result<(), StoreError> {
        let handle = &self.handle().await?;
        retry(self.deadline, || async move {
            handle.purge().filter(subjects).sequence(sequence).await.map(drop).map_err(transient)
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
        ask(self.deadline, self.request_timeout, |patience| self.try_one(request, patience)).await
    }

    async fn try_one(&self, request: &serde_json::Value, patience: Duration) -> Result<Option<StoredEvent>, Failure> {
        let request = Request::new().payload(Bytes::from(request.to_string())).timeout(Some(patience));
        let reply = self.client.send_request(direct(&self.name), request).await.map_err(transient)?;
        match reply.status {
            None | Some(StatusCode::OK) => Ok(Some(self.subjects.event_of_direct(reply)?)),
            Some(StatusCode::NOT_FOUND) => Ok(None),
            Some(status) => Err(refused(status, reply.description)),
        }
    }

    /// Returns some of the next events with these subjects, as the replica that answers sees them.
    async fn page(&self, subjects: &str, from: u64, count: usize, patience: Duration) -> Result<Page, Failure> {
        let pages = Pages { client: &self.client, stream: &self.name, patience };
        let pages::Page { messages, is_end } = pages.page(subjects, from, count).await?;
        let events: Result<_, Failure> =
            messages.into_iter().map(|message| Ok(self.subjects.event_of_direct(message)?)).collect();
        Ok(Page { events: events?, is_end })
    }

    fn found(
        &self,
        answer: Result<Result<Option<StreamMessage>, Failure>, Elapsed>,
    ) -> Result<Option<StoredEvent>, Failure> {
        Ok(answer.map_err(transient)??.map(|message| self.subjects.event_of(message)).transpose()?)
    }
}
