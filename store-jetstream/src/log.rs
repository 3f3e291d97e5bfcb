//! Reads of the stream: single events through its leader, pages from any replica.
//!
//! What must be the last word (a head, the end of the stream) comes from the leader. Everything else comes from whichever
//! replica answers, also while there is no leader. A replica that lags has a beginning of the stream: where it has nothing
//! more, the leader is asked. A replica whose files were damaged may lack events in between, and its pages do not tell:
//! whoever sees a gap in them asks all servers what stands there ([`next_of_any`](Log::next_of_any)).

use std::time::Duration;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Info;
use async_trait::async_trait;
use cidgraph::archive::KeptEvents;
use cidgraph::{AggregateId, Refusal, StoreError, StoredEvent};
use futures::future::try_join_all;
use serde_json::json;
use tokio::time::timeout;

use crate::absence::{Absence, PATIENCE, leader_or_any};
use crate::backoff::{Failure, ask, ask_beside};
use crate::connection::Connection;
use crate::consumers::Consumers;
use crate::message::Subjects;
use crate::pages::{self, Pages, last_message, next_message, stream_info, transient};
use crate::permissions::Access;
use crate::publish::Lasting;
use crate::refusals::{invalid, missing, unavailable};

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// Events of one page, at most, where servers are silent.
const PAGE_EVENTS_IN_SILENCE: usize = 8000;

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
    pub(crate) connection: Connection,
    /// What servers may forbid of what is asked here.
    pub(crate) access: Access,
    pub(crate) name: String,
    pub(crate) subjects: Subjects,
    pub(crate) consumers: Consumers,
    /// Whether several servers keep the stream.
    pub(crate) replicated: bool,
    /// Given where any server's word suffices while there is no leader.
    pub(crate) absence: Option<Absence>,
}

impl Log {
    /// Makes the log of a stream.
    pub(crate) fn new(connection: Connection, name: &str, subjects: Subjects, replicas: usize) -> Self {
        let access = connection.permissions.to([name.to_owned(), subjects.prefix().to_owned()]);
        let (name, consumers) = (name.to_owned(), Consumers::default());
        Self { connection, access, name, subjects, consumers, replicated: replicas > 1, absence: None }
    }

    /// Looks the stream up; `None` where there is no leader, and a server that keeps a copy answers.
    pub(crate) async fn look(&self) -> Result<Option<Info>, StoreError> {
        let any = &json!({"last_by_subj": self.subjects.all()});
        let looked = self.ask(|patience| {
            let leader = async { stream_info(&self.connection.context, &self.name).await.map(Some) };
            let any = async move { self.try_one(any, patience).await.map(|_| None) };
            leader_or_any(self.absence.as_ref(), patience.max(PATIENCE), leader, any)
        });
        let info = looked.await?;
        // Where there is no leader, another server tells what it knows.
        if let (Some(absence), true) = (&self.absence, info.as_ref().is_some_and(lacks_leader)) {
            absence.note();
        }
        Ok(info)
    }

    /// Returns whether there is no leader now, and that is no hindrance.
    pub(crate) fn is_leaderless(&self) -> bool {
        self.absence.as_ref().is_some_and(Absence::lasts)
    }

    /// Asks the leader for an event; where that does not answer and any server's word suffices, asks that one instead.
    async fn lead_or_any(
        &self,
        patience: Duration,
        leader: impl Future<Output = Result<Option<StoredEvent>, Failure>>,
        any: &serde_json::Value,
    ) -> Result<Option<StoredEvent>, Failure> {
        leader_or_any(self.absence.as_ref(), patience, leader, self.try_one(any, patience)).await
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
        let any = &json!({"last_by_subj": subjects});
        ask(&self.access, &self.connection.budget, deadline, self.connection.request_timeout, |patience| {
            ask_beside(patience, |patience| self.lead_or_any(patience, self.last_of_leader(subjects), any))
        })
        .await
    }

    async fn last_of_leader(&self, subjects: &str) -> Result<Option<StoredEvent>, Failure> {
        self.read(last_message(&self.connection.context, &self.name, subjects).await?)
    }

    /// Returns the first event from a sequence on with one of these subjects.
    pub(crate) async fn next(&self, subjects: &str, from_sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
        let any = &json!({"seq": from_sequence.max(1), "next_by_subj": subjects});
        self.ask(|patience| async move {
            let leader =
                async { self.read(next_message(&self.connection.context, &self.name, subjects, from_sequence).await?) };
            match self.lead_or_any(patience, leader, any).await {
                // There may be no leader for a while, and a replica that did not have the event may have it by now.
                Err(failure @ (Failure::Transient(_) | Failure::Unanswered)) => {
                    match self.try_one(any, patience).await {
                        Ok(Some(event)) => Ok(Some(event)),
                        Ok(None) | Err(Failure::Transient(_) | Failure::Unanswered) => Err(failure),
                        Err(error) => Err(error),
                    }
                }
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
        let (subjects, any) = (&subjects, &json!({"last_by_subj": subjects}));
        let reaches = move |stored: &StoredEvent| stored.event.version >= version;
        self.ask(|patience| async move {
            // Where there is no leader for a while, a replica that lagged may have caught up by the next time.
            if let Some(seen) = self.try_one(any, patience).await?.filter(reaches) {
                return Ok(Some(seen));
            }
            Ok(self.lead_or_any(patience, self.last_of_leader(subjects), any).await?.filter(reaches))
        })
        .await
    }

    /// Returns the sequence of the stream's last message.
    pub(crate) async fn last_sequence(&self) -> Result<u64, StoreError> {
        let any = &json!({"last_by_subj": self.subjects.all()});
        self.ask(|patience| {
            let leader = async { Ok(stream_info(&self.connection.context, &self.name).await?.state.last_sequence) };
            let any = async move { Ok(self.try_one(any, patience).await?.map_or(0, |last| last.sequence)) };
            leader_or_any(self.absence.as_ref(), patience, leader, any)
        })
        .await
    }

    /// Returns how many messages are gone: those below the first one, and those behind it.
    pub(crate) async fn removed(&self) -> Result<(u64, u64), StoreError> {
        self.ask(|patience| async move {
            let state = self.info(patience).await?.state;
            Ok((state.first_sequence.saturating_sub(1), state.deleted_count.unwrap_or(0)))
        })
        .await
    }

    /// Returns the same as [`removed`](Self::removed), however long that takes: to follow is to wait for the stream.
    pub(crate) async fn removed_in_the_end(&self) -> Result<(u64, u64), StoreError> {
        loop {
            match self.removed().await {
                Err(StoreError::Unavailable { .. }) => {}
                removed => return removed,
            }
        }
    }

    /// Returns the stream as its leader knows it.
    async fn info(&self, patience: Duration) -> Result<Info, Failure> {
        timeout(patience, stream_info(&self.connection.context, &self.name)).await.map_err(transient)?
    }

    /// Tells a stream that is not there from one whose servers do not answer.
    pub(crate) async fn unanswered(&self, patience: Duration) -> Failure {
        match self.info(patience).await {
            Err(failure @ Failure::Final(_)) => failure,
            Ok(_) | Err(Failure::Transient(_) | Failure::Unanswered) => Failure::Unanswered,
        }
    }

    /// Returns what is said where the server takes nothing until something is changed.
    pub(crate) fn refusal(&self, lasting: Lasting, max_bytes: Option<u64>) -> StoreError {
        match lasting {
            Lasting::NoStream => missing(&self.name),
            Lasting::StreamFull(reason) => {
                let limit = max_bytes.map_or(reason.clone(), |bytes| format!("{reason}, max_bytes is {bytes}"));
                Refusal::Full { what: format!("the stream {}", self.name), limit }.into()
            }
            Lasting::NoRoom(what, limit) => Refusal::Full { what: what.to_owned(), limit }.into(),
            Lasting::Other(reason) => invalid(reason),
        }
    }

    /// Removes the messages with these subjects below a sequence.
    pub(crate) async fn purge(&self, subjects: &str, sequence: u64) -> Result<(), StoreError> {
        let handle = self.connection.context.get_stream_no_info(&self.name).await;
        let handle = &handle.map_err(|error| unavailable(error.to_string()))?;
        self.connection
            .retry(&self.access, || async move {
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
            let count = (limit - events.len()).min(self.page_events());
            let asked = self.ask(|patience| self.page(subjects, next, count, patience));
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

    /// Returns how many events a page has, at most: more where it takes long to find a server that answers.
    fn page_events(&self) -> usize {
        if self.connection.silence.questions() > 1 { PAGE_EVENTS_IN_SILENCE } else { PAGE_EVENTS }
    }

    async fn ask<T, Attempt: Future<Output = Result<T, Failure>>>(
        &self,
        attempt: impl FnMut(Duration) -> Attempt,
    ) -> Result<T, StoreError> {
        self.connection.ask(&self.access, attempt).await
    }

    /// Asks any replica for one message.
    async fn one(&self, request: &serde_json::Value) -> Result<Option<StoredEvent>, StoreError> {
        self.ask(|patience| self.try_one(request, patience)).await
    }

    async fn try_one(&self, request: &serde_json::Value, patience: Duration) -> Result<Option<StoredEvent>, Failure> {
        match self.pages(patience).one(request).await {
            Ok(reply) => Ok(reply.map(|reply| self.subjects.event_of_direct(reply)).transpose()?),
            Err(Failure::Unanswered) => Err(self.unanswered(patience).await),
            Err(failure) => Err(failure),
        }
    }

    fn pages(&self, patience: Duration) -> Pages<'_> {
        let Connection { client, silence, .. } = &self.connection;
        Pages { client, stream: &self.name, silence, patience }
    }

    /// Returns the last event of each subject, as the replica that answers sees them, ordered by sequence; `None` where
    /// there are more than a server gives at once.
    pub(crate) async fn lasts(&self) -> Result<Option<Vec<StoredEvent>>, StoreError> {
        self.ask(|patience| async move {
            match self.pages(patience).lasts(&self.subjects.all()).await {
                Err(Failure::Unanswered) => Err(self.unanswered(patience).await),
                page => {
                    let page = self.events(page?)?;
                    Ok(page.is_end.then_some(page.events))
                }
            }
        })
        .await
    }

    /// Returns some of the next events with these subjects, as the replica that answers sees them.
    async fn page(&self, subjects: &str, from: u64, count: usize, patience: Duration) -> Result<Page, Failure> {
        match self.pages(patience).page(subjects, from, count).await {
            Err(Failure::Unanswered) => Err(self.unanswered(patience).await),
            page => self.events(page?),
        }
    }

    fn events(&self, page: pages::Page) -> Result<Page, Failure> {
        let events: Result<_, Failure> =
            page.messages.into_iter().map(|message| Ok(self.subjects.event_of_direct(message)?)).collect();
        Ok(Page { events: events?, is_end: page.is_end })
    }

    fn read(&self, message: Option<StreamMessage>) -> Result<Option<StoredEvent>, Failure> {
        Ok(message.map(|message| self.subjects.event_of(message)).transpose()?)
    }
}

#[async_trait]
impl KeptEvents for Log {
    async fn kept_from(&self, aggregate: AggregateId) -> Result<Option<u64>, StoreError> {
        match self.next(&self.subjects.of_aggregate(aggregate), 1).await {
            Ok(first) => Ok(first.map(|first| first.event.version)),
            // What cannot be read is not kept: the archive is all there is.
            Err(StoreError::Corrupt { .. }) => Ok(Some(u64::MAX)),
            Err(error) => Err(error),
        }
    }
}

fn lacks_leader(info: &Info) -> bool {
    info.cluster.as_ref().is_some_and(|cluster| cluster.leader.as_deref().unwrap_or_default().is_empty())
}
