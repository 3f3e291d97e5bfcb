//! A draft that has walked some way through a graph's events, and shows every place on that way.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chain::{ChainError, verify_block_in_place};
use crate::graph::GraphAggregate;
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
    /// The version at which it started.
    from: u64,
    /// The views made lately, newest last.
    views: VecDeque<(u64, GraphView)>,
    /// Bytes on the heap, and how many events behind its start it had come when they were counted.
    bytes: (usize, u64),
}

impl Walker {
    /// Starts with a draft that stands at a transaction border, or at nothing.
    pub(super) async fn start(
        store: &Arc<dyn EventStore>,
        graph: GraphId,
        draft: GraphAggregate,
    ) -> Result<Self, HistoryError> {
        let aggregate = AggregateId::from(graph);
        let from = draft.version();
        let last = match from {
            0 => None,
            version => {
                let stored = AggregateStream { store, aggregate }.one(version).await?;
                Some(verify_block_in_place(&stored.event, Some(stored.sequence))?.1)
            }
        };
        let tip = LoadedTip::at(aggregate, store.hash_kind(), last);
        let bytes = (draft.heap_bytes(), 0);
        Ok(Self { aggregate: draft, tip, from, views: VecDeque::new(), bytes })
    }

    /// Returns how far it has come.
    pub(super) fn reached(&self) -> u64 {
        self.tip.version()
    }

    /// Returns the bytes on the heap, as they were counted when it had come seven eighths as far or farther.
    pub(super) fn heap_bytes(&mut self) -> usize {
        let ((bytes, counted), come) = (self.bytes, self.reached() - self.from);
        if come > counted + counted / 8 {
            self.bytes = (self.aggregate.heap_bytes(), come);
            return self.bytes.0;
        }
        bytes
    }

    /// Returns the graph as it was at a place, going on to it where it lies ahead.
    ///
    /// # Panics
    /// Where the place lies before the walker's start.
    pub(super) async fn view(&mut self, store: &Arc<dyn EventStore>, place: &Place) -> Result<GraphView, HistoryError> {
        let version = place.head.version;
        if let Some((_, view)) = self.views.iter().find(|(held, _)| *held == version) {
            return Ok(view.clone());
        }
        if version > self.reached() {
            self.go_on(store, version).await?;
        }
        let view = self.aggregate.view_at(place.head).ok_or_else(|| self.parted(version, place.head))?;
        if self.views.len() == VIEWS_MAX {
            self.views.pop_front();
        }
        self.views.push_back((version, view.clone()));
        Ok(view)
    }

    async fn go_on(&mut self, store: &Arc<dyn EventStore>, until: u64) -> Result<(), HistoryError> {
        Ok(self.tip.go_on(store, &mut self.aggregate, until, None).await?)
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
