//! The front door for slices of the stream.

use std::sync::Arc;
use std::time::Duration;

use crate::id::AggregateId;
use crate::store::EventStore;

use super::filter::EventFilter;
use super::options::{ReplayPolicy, TransactionOptions};
use super::slice::{AggregateStream, Slice, StreamError, Until};
use super::stream_event::{EventStreamTransaction, FetchMetadata, SequenceRange};

/// How long a time window may take to fetch.
const WINDOW_TIMEOUT: Duration = Duration::from_secs(30);

/// Fetches slices of a store's stream, verified as they are read.
#[derive(Debug, Clone)]
pub struct EventStreamService {
    store: Arc<dyn EventStore>,
}

impl EventStreamService {
    /// Makes a service over a store.
    pub const fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store }
    }

    /// Fetches events of one aggregate, in whole transactions.
    ///
    /// # Errors
    /// [`StreamError::Chain`] names the first event that does not hold; [`StreamError::TimedOut`],
    /// [`StreamError::Store`].
    pub async fn fetch_transaction(
        &self,
        aggregate: AggregateId,
        options: TransactionOptions,
    ) -> Result<EventStreamTransaction, StreamError> {
        let until = match options.replay_policy {
            ReplayPolicy::Range { last, .. } => Until::Sequence(last),
            ReplayPolicy::FromBeginning
            | ReplayPolicy::AfterSequence(_)
            | ReplayPolicy::LastSequence(_)
            | ReplayPolicy::ByTime { .. }
            | ReplayPolicy::Latest => Until::End,
        };
        let stream = AggregateStream { store: &self.store, aggregate };
        let fetch = async {
            let from_version = stream.begin(options.replay_policy).await?;
            stream.read(from_version, until, options.max_events, options.filter.as_ref()).await
        };
        let slice = within(options.timeout, fetch).await?;
        Ok(assemble(slice, Some(aggregate), options.replay_policy, options.filter))
    }

    /// Fetches the events of all aggregates with `start_ns` ≤ timestamp < `end_ns`, nanoseconds since the Unix epoch,
    /// in sequence order.
    ///
    /// Timestamps are the events' own: they never decrease within an aggregate, so each is searched by itself.
    ///
    /// # Errors
    /// As [`fetch_transaction`](Self::fetch_transaction).
    pub async fn fetch_time_window(
        &self,
        start_ns: u64,
        end_ns: u64,
        filter: Option<EventFilter>,
    ) -> Result<EventStreamTransaction, StreamError> {
        let only = filter.as_ref().and_then(EventFilter::aggregate);
        let policy = ReplayPolicy::ByTime { start_ns };
        let slice = within(WINDOW_TIMEOUT, self.window(only, policy, end_ns, filter.as_ref())).await?;
        Ok(assemble(slice, only, policy, filter))
    }

    async fn window(
        &self,
        only: Option<AggregateId>,
        policy: ReplayPolicy,
        end_ns: u64,
        filter: Option<&EventFilter>,
    ) -> Result<Slice, StreamError> {
        let aggregates = match only {
            Some(aggregate) => vec![aggregate],
            None => self.store.list().await?.into_iter().map(|(aggregate, _)| aggregate).collect(),
        };
        let mut window = Slice::default();
        for aggregate in aggregates {
            let stream = AggregateStream { store: &self.store, aggregate };
            let from_version = stream.begin(policy).await?;
            let slice = stream.read(from_version, Until::Time(end_ns), None, filter).await?;
            window.range = hull(window.range, slice.range);
            window.verified_events += slice.verified_events;
            window.events.extend(slice.events);
        }
        window.events.sort_unstable_by_key(|event| event.sequence);
        Ok(window)
    }
}

fn hull(one: Option<SequenceRange>, other: Option<SequenceRange>) -> Option<SequenceRange> {
    match (one, other) {
        (Some(one), Some(other)) => {
            Some(SequenceRange { first: one.first.min(other.first), last: one.last.max(other.last) })
        }
        (one, other) => one.or(other),
    }
}

fn assemble(
    slice: Slice,
    aggregate: Option<AggregateId>,
    replay_policy: ReplayPolicy,
    filter: Option<EventFilter>,
) -> EventStreamTransaction {
    let Slice { range, events, verified_events, more } = slice;
    EventStreamTransaction {
        range,
        aggregate,
        events,
        metadata: FetchMetadata { replay_policy, filter, verified_events, more },
    }
}

async fn within<T>(timeout: Duration, fetch: impl Future<Output = Result<T, StreamError>>) -> Result<T, StreamError> {
    tokio::time::timeout(timeout, fetch).await.unwrap_or(Err(StreamError::TimedOut { timeout }))
}
