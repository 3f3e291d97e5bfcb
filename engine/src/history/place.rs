//! Finding the end of the transaction that a moment stands for: by reading single events where order allows a binary
//! search, by looking through the graph's events where it does not.

use std::sync::Arc;

use crate::chain::{Link, verify_block, verify_block_in_place};
use crate::cid::Cid;
use crate::event::{GraphEvent, names};
use crate::id::{AggregateId, GraphId, NodeId};
use crate::store::{EventStore, Head, StoredEvent};
use crate::stream::AggregateStream;

use super::error::HistoryError;
use super::moment::Moment;

/// Events that are looked through at once.
const PAGE_EVENTS: u64 = 4096;

/// The end of a transaction of one graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The transaction's last event.
    pub head: Head,
    /// That event's place in the store's stream.
    pub sequence: u64,
    /// That event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
}

/// Refuses a stretch of time that ends before it begins, be it that both moments lie in one transaction.
pub(super) fn demand_forward(
    (from, start): (Moment, Option<&Place>),
    (to, end): (Moment, &Place),
) -> Result<(), HistoryError> {
    let is_behind = start.is_some_and(|start| start.head.version > end.head.version);
    if is_behind || from.is_behind(to) {
        return Err(HistoryError::Backwards { from, to });
    }
    Ok(())
}

/// Finds places of one graph.
pub(super) struct Finder<'a> {
    stream: AggregateStream<'a>,
    moment: Moment,
}

impl<'a> Finder<'a> {
    pub(super) fn new(store: &'a Arc<dyn EventStore>, graph: GraphId, moment: Moment) -> Self {
        Self { stream: AggregateStream { store, aggregate: AggregateId::from(graph) }, moment }
    }

    /// Finds the end of the graph's last transaction.
    pub(super) async fn find_last(store: &'a Arc<dyn EventStore>, graph: GraphId) -> Result<Place, HistoryError> {
        let head = store.head(AggregateId::from(graph)).await?.ok_or(HistoryError::GraphNotFound { graph })?;
        Self::new(store, graph, Moment::Version(head.version)).whole(head.version).await
    }

    /// Finds the end of the transaction that the moment stands for.
    pub(super) async fn find(&self) -> Result<Place, HistoryError> {
        let Self { stream, moment } = self;
        let graph = GraphId::from(stream.aggregate);
        let head = stream.store.head(stream.aggregate).await?.ok_or(HistoryError::GraphNotFound { graph })?;
        let last = head.version;
        let version = match *moment {
            Moment::Version(version) if version > last => {
                return Err(HistoryError::BeyondHead { moment: *moment, last });
            }
            Moment::Version(version) => version,
            Moment::Sequence(sequence) => self.by_sequence(sequence, last).await?,
            Moment::Time(time_ns) => stream.first_where(last, |_, link| link.timestamp_ns > time_ns).await? - 1,
            Moment::Cid(cid) => self.by_cid(cid, last).await?,
            Moment::Node(node) => self.by_node(node, last).await?,
        };
        self.whole(version).await
    }

    /// Returns the last whole transaction's end at or before a version.
    async fn whole(&self, version: u64) -> Result<Place, HistoryError> {
        if version == 0 {
            return self.before_first().await;
        }
        let (place, link) = self.place(version).await?;
        if link.transaction_remaining == 0 {
            return Ok(place);
        }
        match self.stream.transaction_start(version).await? {
            1 => self.before_first().await,
            start => Ok(self.place(start - 1).await?.0),
        }
    }

    async fn before_first(&self) -> Result<Place, HistoryError> {
        let (_, link) = self.place(1).await?;
        let first = 1 + u64::from(link.transaction_remaining);
        Err(HistoryError::BeforeFirst { moment: self.moment, first })
    }

    async fn place(&self, version: u64) -> Result<(Place, Link), HistoryError> {
        let stored = self.stream.one(version).await?;
        let (_, link) = verify_block_in_place(&stored.event, Some(stored.sequence))?;
        let head = Head { version: link.version, cid: link.cid };
        Ok((Place { head, sequence: stored.sequence, timestamp_ns: link.timestamp_ns }, link))
    }

    async fn by_sequence(&self, sequence: u64, last_version: u64) -> Result<u64, HistoryError> {
        let last = self.stream.store.last_sequence().await?;
        if sequence > last {
            return Err(HistoryError::UnknownSequence { sequence, last });
        }
        Ok(self.stream.first_where(last_version, |stored, _| stored.sequence > sequence).await? - 1)
    }

    /// Looks through the graph's events, newest first, then through all other graphs' to say whose it is.
    async fn by_cid(&self, cid: Cid, last: u64) -> Result<u64, HistoryError> {
        let found = self.newest(last, |stored| Ok((stored.event.cid == cid).then_some(stored.event.version))).await?;
        if let Some(version) = found {
            return Ok(version);
        }
        let mut from = 1;
        loop {
            let page = self.stream.store.read_all(from, usize::try_from(PAGE_EVENTS).unwrap_or(usize::MAX)).await?;
            let Some(end) = page.last() else { return Err(HistoryError::UnknownCid { cid }) };
            if let Some(found) = page.iter().find(|stored| stored.event.cid == cid) {
                let (other, version) = (GraphId::from(found.event.aggregate), found.event.version);
                return Err(HistoryError::ForeignCid { cid, other, version });
            }
            from = end.sequence + 1;
        }
    }

    /// Looks for the newest event that added a node; returns the last version of its transaction.
    async fn by_node(&self, node: NodeId, last: u64) -> Result<u64, HistoryError> {
        let added = |stored: &StoredEvent| {
            let event = &stored.event;
            if !matches!(event.event_type.as_str(), names::NODE_ADDED | names::NODES_ADDED | names::NODE_CREATED_ALIAS)
            {
                return Ok(None);
            }
            let (opened, link) = verify_block(event, Some(stored.sequence))?;
            let mut events: Vec<GraphEvent> = Vec::new();
            let version = event.version;
            opened.decode(&mut events).map_err(|source| HistoryError::Decode { version, source })?;
            let end = version + u64::from(link.transaction_remaining);
            Ok(events.iter().any(|event| adds(event, node)).then_some(end))
        };
        self.newest(last, added).await?.ok_or(HistoryError::UnknownNode { node })
    }

    /// Returns what `wanted` says of the newest event up to `last` of which it says anything.
    async fn newest(
        &self,
        last: u64,
        wanted: impl Fn(&StoredEvent) -> Result<Option<u64>, HistoryError> + Send,
    ) -> Result<Option<u64>, HistoryError> {
        let mut end = last;
        while end > 0 {
            let from = end.saturating_sub(PAGE_EVENTS) + 1;
            let count = usize::try_from(end + 1 - from).expect("a page fits in memory");
            for stored in self.stream.store.read(self.stream.aggregate, from, count).await?.iter().rev() {
                if let Some(found) = wanted(stored)? {
                    return Ok(Some(found));
                }
            }
            end = from - 1;
        }
        Ok(None)
    }
}

fn adds(event: &GraphEvent, node: NodeId) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only two events add nodes")]
    match event {
        GraphEvent::NodeAdded { node: added } => added.id == node,
        GraphEvent::NodesAdded { nodes } => nodes.iter().any(|added| added.id == node),
        _ => false,
    }
}
