//! The events of one graph between two places, verified, decoded, and handed out transaction by transaction.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chain::{ChainError, ChainVerifier};
use crate::cid::Cid;
use crate::event::GraphEvent;
use crate::id::{AggregateId, GraphId, TransactionId};
use crate::store::{EventStore, Head};
use crate::stream::{AggregateStream, StreamEvent};
use crate::value::Name;

use super::error::HistoryError;
use super::place::Place;

/// Events that are read at once.
const PAGE_EVENTS: u64 = 1024;

/// Which event something came about by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRef {
    /// Its version.
    pub version: u64,
    /// Its CID.
    pub cid: Cid,
    /// Its place in the store's stream.
    pub sequence: u64,
    /// Its time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// Its wire name.
    pub event_type: Name,
    /// Who asked for it.
    pub actor: Name,
}

/// A stored event and what it means today.
#[derive(Debug)]
pub(super) struct PastEvent {
    pub(super) event: EventRef,
    pub(super) transaction: TransactionId,
    pub(super) remaining: u32,
    pub(super) parts: Vec<GraphEvent>,
}

/// The events of one transaction.
#[derive(Debug)]
pub(super) struct PastTransaction {
    pub(super) events: Vec<PastEvent>,
    /// Where it ends.
    pub(super) place: Place,
}

impl PastTransaction {
    /// Returns the transaction's id.
    pub(super) fn id(&self) -> TransactionId {
        self.events.last().expect("a transaction has events").transaction
    }
}

/// Which events are understood.
type Wanted = Box<dyn Fn(&StreamEvent) -> bool + Send + Sync>;

/// Reads a graph's events in order.
pub(super) struct Events {
    store: Arc<dyn EventStore>,
    aggregate: AggregateId,
    verifier: ChainVerifier,
    next: u64,
    last: u64,
    read: VecDeque<PastEvent>,
    wanted: Wanted,
}

impl Events {
    /// Starts behind `after`, a transaction's end or 0, and ends with `last`, a transaction's end.
    pub(super) async fn between(
        store: &Arc<dyn EventStore>,
        graph: GraphId,
        after: u64,
        last: u64,
    ) -> Result<Self, HistoryError> {
        let aggregate = AggregateId::from(graph);
        let verifier = AggregateStream { store, aggregate }.verifier(after + 1).await?;
        let (read, wanted) = (VecDeque::new(), Box::new(|_: &StreamEvent| true));
        Ok(Self { store: Arc::clone(store), aggregate, verifier, next: after + 1, last, read, wanted })
    }

    /// Lets only some events be understood; the others are verified, and have no parts.
    pub(super) fn only(self, wanted: impl Fn(&StreamEvent) -> bool + Send + Sync + 'static) -> Self {
        Self { wanted: Box::new(wanted), ..self }
    }

    /// Returns the next event, `None` behind the last.
    pub(super) async fn event(&mut self) -> Result<Option<PastEvent>, HistoryError> {
        if self.read.is_empty() && self.next <= self.last {
            self.page().await?;
        }
        Ok(self.read.pop_front())
    }

    /// Returns the next transaction, `None` behind the last.
    pub(super) async fn transaction(&mut self) -> Result<Option<PastTransaction>, HistoryError> {
        let mut events = Vec::new();
        while let Some(event) = self.event().await? {
            let EventRef { version, cid, sequence, timestamp_ns, .. } = event.event;
            let is_last = event.remaining == 0;
            events.push(event);
            if is_last {
                let place = Place { head: Head { version, cid }, sequence, timestamp_ns };
                return Ok(Some(PastTransaction { events, place }));
            }
        }
        Ok(None)
    }

    async fn page(&mut self) -> Result<(), HistoryError> {
        let count = usize::try_from(PAGE_EVENTS.min(self.last + 1 - self.next)).expect("a page fits in memory");
        let page = self.store.read(self.aggregate, self.next, count).await?;
        if page.is_empty() {
            let (expected, actual) = (self.next, self.next - 1);
            return Err(ChainError::SequenceGap { aggregate: self.aggregate, expected, actual }.into());
        }
        for stored in &page {
            let event = StreamEvent::new(stored, self.verifier.push(stored)?);
            let version = stored.event.version;
            let parts = if (self.wanted)(&event) { event.decode() } else { Ok(Vec::new()) };
            let parts = parts.map_err(|source| HistoryError::Decode { version, source })?;
            let StreamEvent { sequence, cid, header, .. } = event;
            let (transaction, remaining) = (header.metadata.transaction, header.metadata.transaction_remaining);
            let (event_type, actor, timestamp_ns) = (header.event_type, header.metadata.actor, header.timestamp_ns);
            let event = EventRef { version, cid, sequence, timestamp_ns, event_type, actor };
            self.read.push_back(PastEvent { event, transaction, remaining, parts });
        }
        self.next += page.len() as u64;
        Ok(())
    }
}
