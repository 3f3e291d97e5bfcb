//! Looking back: what the graph was at an earlier version, read from the generation that still has it.
//!
//! A generation forgets nothing since its base: births, deaths and changes have stamps. What a view needs besides them,
//! counts and how far the indices hold, a [`Border`] keeps.

use std::sync::{Arc, OnceLock};

use crate::ledger::MemoryLedger;
use crate::state::{GraphInfo, GraphView, Published, SinceCheckpoint, ViewIndex};
use crate::store::Head;

use super::draft::GraphAggregate;
use super::publish::PENDING_MAX;

/// Where a draft stood at the end of a transaction.
#[derive(Debug, Clone)]
pub struct Border {
    version: u64,
    /// How many of the generation's touched nodes there were.
    touched: u32,
    node_count: u32,
    edge_count: u32,
    info: Arc<GraphInfo>,
    checkpoint: SinceCheckpoint,
}

impl Border {
    /// Returns the version.
    pub const fn version(&self) -> u64 {
        self.version
    }
}

impl GraphAggregate {
    /// Notes where the draft stands, for [`view_at`](Self::view_at). A fold makes what was noted useless, so an
    /// aggregate that is to look back must not fold: see [`folding_above`](Self::folding_above).
    pub fn border(&self) -> Border {
        let count = |count: usize| u32::try_from(count).expect("ordinals have 32 bits");
        Border {
            version: self.place.version,
            touched: self.generation.touched_len(),
            node_count: count(self.place.node_count),
            edge_count: count(self.place.edge_count),
            info: Arc::clone(&self.place.info),
            checkpoint: self.place.checkpoint,
        }
    }

    /// Returns the graph as it was at a border, whose last event is `head`; as good as a view that was published there.
    ///
    /// # Panics
    /// Where the border is of another version than `head`, or from before a fold.
    pub fn view_at(&self, border: &Border, head: Option<Head>, timestamp_ns: u64) -> GraphView {
        assert_eq!(head.map_or(0, |head| head.version), border.version, "the event is the border's last");
        let stamp = self.generation.stamp(border.version);
        let (low, high) = (border.touched.min(self.indexed.touched), border.touched.max(self.indexed.touched));
        let index = self.indexed.index.clone();
        let (index, pending) = if high - low > PENDING_MAX {
            (self.moved(index, stamp, low..high).finish(), 0..0)
        } else {
            (index, low..high)
        };
        GraphView::new(Arc::new(Published {
            generation: Arc::clone(&self.generation),
            stamp,
            extent: self.generation.extent(),
            info: Arc::clone(&border.info),
            head,
            timestamp_ns,
            node_count: border.node_count as usize,
            edge_count: border.edge_count as usize,
            index: ViewIndex::Ready(index),
            pending,
            frozen_after: None,
            pending_nodes: OnceLock::new(),
            touched: None,
            checkpoint: border.checkpoint,
        }))
    }

    /// Returns the bytes of the state on the heap; looks at all of it.
    pub fn heap_bytes(&self) -> usize {
        let mut ledger = MemoryLedger::default();
        self.generation.enter(&mut ledger);
        usize::try_from(ledger.total()).expect("bytes in memory can be counted")
    }
}
