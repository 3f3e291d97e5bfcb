//! A draft that has walked some way through a graph's events, and shows every place on that way.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chain::{ChainError, verify_block_in_place};
use crate::graph::{Border, GraphAggregate};
use crate::id::{AggregateId, GraphId};
use crate::state::GraphView;
use crate::store::{EventStore, Head};
use crate::stream::AggregateStream;
use crate::writer::LoadedTip;

use super::error::HistoryError;
use super::place::Place;

/// Views that a walker keeps for whoever asks again.
const VIEWS_MAX: usize = 16;

/// A draft that shows every transaction border between where it started and how far it has come.
pub(super) struct Walker {
    aggregate: GraphAggregate,
    tip: LoadedTip,
    /// Ascending; the first is where it started.
    borders: Vec<Border>,
    /// The views made lately, newest last.
    views: VecDeque<(u64, GraphView)>,
    /// Bytes on the heap, and how many borders there were when they were counted.
    bytes: (usize, usize),
}

impl Walker {
    /// Starts with a draft that stands at a transaction border, or at nothing.
    pub(super) async fn start(
        store: &Arc<dyn EventStore>,
        graph: GraphId,
        draft: GraphAggregate,
    ) -> Result<Self, HistoryError> {
        let aggregate = AggregateId::from(graph);
        let border = draft.border();
        let last = match border.version() {
            0 => None,
            version => {
                let stored = AggregateStream { store, aggregate }.one(version).await?;
                Some(verify_block_in_place(&stored.event, Some(stored.sequence))?.1)
            }
        };
        let tip = LoadedTip::at(aggregate, store.hash_kind(), last);
        let bytes = (draft.heap_bytes(), 1);
        Ok(Self { aggregate: draft, tip, borders: vec![border], views: VecDeque::new(), bytes })
    }

    /// Returns how far it has come.
    pub(super) fn reached(&self) -> u64 {
        self.tip.version()
    }

    /// Returns the bytes on the heap, as they were counted when it had come seven eighths as far or farther.
    pub(super) fn heap_bytes(&mut self) -> usize {
        let (bytes, counted) = self.bytes;
        if self.borders.len() <= counted + counted / 8 {
            return bytes;
        }
        let borders = self.borders.len() * size_of::<Border>();
        self.bytes = (self.aggregate.heap_bytes() + borders, self.borders.len());
        self.bytes.0
    }

    /// Returns the graph as it was at a place, going on to it where it lies ahead.
    ///
    /// # Panics
    /// Where the place lies before the walker's start.
    pub(super) async fn view(&mut self, store: &Arc<dyn EventStore>, place: &Place) -> Result<GraphView, HistoryError> {
        let Head { version, cid } = place.head;
        if let Some((_, view)) = self.views.iter().find(|(held, _)| *held == version) {
            return Ok(view.clone());
        }
        if version > self.reached() {
            self.go_on(store, version).await?;
        }
        let at = self.borders.partition_point(|border| border.version() <= version);
        let border = self.borders.get(at.wrapping_sub(1)).filter(|border| border.version() == version);
        let is_of_this_chain = self.tip.last().is_some_and(|last| last.version != version || last.cid == cid);
        let Some(border) = border.filter(|_| is_of_this_chain) else {
            return Err(self.parted(version, place.head));
        };
        let view = self.aggregate.view_at(border, Some(place.head), place.timestamp_ns);
        if self.views.len() == VIEWS_MAX {
            self.views.pop_front();
        }
        self.views.push_back((version, view.clone()));
        Ok(view)
    }

    async fn go_on(&mut self, store: &Arc<dyn EventStore>, until: u64) -> Result<(), HistoryError> {
        let borders = &mut self.borders;
        let mut note = |draft: &GraphAggregate, _: &crate::chain::Link| borders.push(draft.border());
        let outcome = self.tip.go_on(store, &mut self.aggregate, until, None, &mut note).await;
        // What was read behind the last publication was taken back.
        let reached = self.tip.version();
        self.borders.truncate(self.borders.partition_point(|border| border.version() <= reached));
        Ok(outcome?)
    }

    /// Says that the events that were replayed have no such transaction.
    fn parted(&self, version: u64, head: Head) -> HistoryError {
        let last =
            self.tip.last().map_or_else(|| "nothing".to_owned(), |last| format!("{} ({})", last.version, last.cid));
        HistoryError::from(ChainError::ChainBroken {
            aggregate: self.aggregate.graph().into(),
            version,
            sequence: None,
            expected: format!("the end of a transaction ({})", head.cid),
            actual: format!("a chain replayed up to {last}"),
        })
    }
}
