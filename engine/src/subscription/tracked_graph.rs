//! One graph on its way from the stream to the sink: verified in order, decoded, put together to whole transactions.

use std::sync::Arc;

use crate::chain::{ChainError, ChainVerifier, verify_block_in_place};
use crate::event::{DecodeError, GraphEvent, names};
use crate::id::{AggregateId, GraphId};
use crate::store::{EventStore, Head, StoredEvent};

use super::follow_error::FollowError;
use super::graph_transaction::{GraphSink, GraphTransaction};

/// Events that are read at once when a graph is brought up to the stream.
const PAGE_EVENTS: usize = 1024;

/// A graph that is followed.
pub(super) struct TrackedGraph {
    aggregate: AggregateId,
    verifier: ChainVerifier,
    /// The transaction whose last event has not come yet.
    open: Vec<(u64, GraphEvent)>,
    open_first_version: u64,
}

/// Returns whether an aggregate is a graph, whose first event is always `GraphCreated`; `None` where it has no event.
pub(super) async fn is_graph(store: &Arc<dyn EventStore>, aggregate: AggregateId) -> Result<Option<bool>, FollowError> {
    let first = store.read(aggregate, 1, 1).await?;
    Ok(first.first().map(|stored| stored.event.event_type == names::GRAPH_CREATED))
}

impl TrackedGraph {
    /// Starts with what the sink holds and brings it up to what the store holds now.
    pub(super) async fn begin<S: GraphSink + ?Sized>(
        store: &Arc<dyn EventStore>,
        sink: &S,
        aggregate: AggregateId,
    ) -> Result<Self, FollowError> {
        let version = sink.version(GraphId::from(aggregate)).await;
        let version =
            version.map_err(|source| FollowError::Sink { aggregate, version: 0, source: Arc::from(source) })?;
        let verifier = verifier_after(store, aggregate, version).await?;
        let mut graph = Self { aggregate, verifier, open: Vec::new(), open_first_version: version + 1 };
        loop {
            let page = store.read(aggregate, graph.version() + 1, PAGE_EVENTS).await?;
            for stored in &page {
                graph.take(sink, stored).await?;
            }
            if page.len() < PAGE_EVENTS {
                return Ok(graph);
            }
        }
    }

    /// Returns the version of the last event that was taken.
    pub(super) fn version(&self) -> u64 {
        self.verifier.tip().map_or(0, |tip| tip.version)
    }

    /// Returns whether a transaction waits for its last event.
    pub(super) const fn is_open(&self) -> bool {
        !self.verifier.is_whole()
    }

    /// Takes an event; one that was taken before changes nothing.
    pub(super) async fn take<S: GraphSink + ?Sized>(
        &mut self,
        sink: &S,
        stored: &StoredEvent,
    ) -> Result<(), FollowError> {
        if stored.event.version <= self.version() {
            return Ok(());
        }
        let (opened, link) = verify_block_in_place(&stored.event, Some(stored.sequence))?;
        let mut events = Vec::with_capacity(1);
        opened.decode(&mut events).map_err(|source| self.decode_error(stored, source))?;
        self.verifier.push_verified(stored, link)?;
        self.open.extend(events.into_iter().map(|event| (link.version, event)));
        if link.transaction_remaining > 0 {
            return Ok(());
        }
        let transaction = GraphTransaction {
            graph: GraphId::from(self.aggregate),
            transaction: link.transaction,
            first_version: self.open_first_version,
            head: Head { version: link.version, cid: link.cid },
            timestamp_ns: link.timestamp_ns,
            last_sequence: stored.sequence,
            events: std::mem::take(&mut self.open),
        };
        self.open_first_version = link.version + 1;
        let (aggregate, version) = (self.aggregate, link.version);
        let applied = sink.apply(transaction).await;
        applied.map_err(|source| FollowError::Sink { aggregate, version, source: Arc::from(source) })
    }

    fn decode_error(&self, stored: &StoredEvent, source: DecodeError) -> FollowError {
        FollowError::Decode { aggregate: self.aggregate, version: stored.event.version, source }
    }
}

async fn verifier_after(
    store: &Arc<dyn EventStore>,
    aggregate: AggregateId,
    version: u64,
) -> Result<ChainVerifier, FollowError> {
    if version == 0 {
        return Ok(ChainVerifier::new(aggregate));
    }
    let missing = ChainError::SequenceGap { aggregate, expected: version, actual: version - 1 };
    let stored = store.read(aggregate, version, 1).await?.pop().ok_or(missing)?;
    let (_, link) = verify_block_in_place(&stored.event, Some(stored.sequence))?;
    Ok(ChainVerifier::after(aggregate, link))
}
