//! Reads of the stream: single events through its leader, pages from any replica.
//!
//! What must be the last word (a head, the end of the stream) comes from the leader. A page comes from whichever
//! replica answers, which may lag: where one ends too early, the leader is asked for the next event.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::Context;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Stream as Handle;
use cidgraph::{AggregateId, StoreError, StoredEvent};
use futures::{StreamExt, TryStreamExt, stream};

use crate::backoff::{Failure, retry};
use crate::connection::unavailable;
use crate::message::{ALL_SUBJECTS, aggregate_of, aggregate_subjects, event_of, event_of_direct};
use crate::pages::{Pages, last_message, next_message, transient};

/// Events of one page, at most.
const PAGE_EVENTS: usize = 1000;

/// Heads that are asked for at the same time.
const HEADS_IN_FLIGHT: usize = 64;

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
        retry(deadline, || async { event(last_message(&self.context, &self.name, subjects).await?) }).await
    }

    /// Returns the first event from a sequence on with one of these subjects.
    pub(crate) async fn next(&self, subjects: &str, from_sequence: u64) -> Result<Option<StoredEvent>, StoreError> {
        retry(self.deadline, || async {
            event(next_message(&self.context, &self.name, subjects, from_sequence).await?)
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

    /// Returns how many messages are gone: those below the first one, and those behind it.
    pub(crate) async fn removed(&self) -> Result<(u64, u64), StoreError> {
        let handle = self.handle().await?;
        retry(self.deadline, || async {
            let info = handle.get_info().await.map_err(transient)?;
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
        let pages = Pages { client: &self.client, stream: &self.name, request_timeout: self.request_timeout };
        let messages = pages.page(subjects, from_sequence, count).await?;
        messages.into_iter().map(|message| Ok(event_of_direct(message)?)).collect()
    }
}

fn event(message: Option<StreamMessage>) -> Result<Option<StoredEvent>, Failure> {
    Ok(message.map(event_of).transpose()?)
}
