//! Looking back: what the graph was at an earlier version, read from the generation that still has it.
//!
//! A generation forgets nothing since its base: births, deaths and changes have stamps, and what a view needs besides
//! them is noted at the end of each transaction. How far the indices hold, the draft knows.

use std::sync::{Arc, OnceLock};

use crate::ledger::MemoryLedger;
use crate::state::{GraphView, Published, TransactionEnd, ViewIndex};
use crate::store::Head;

use super::draft::GraphAggregate;
use super::publish::PENDING_MAX;

impl GraphAggregate {
    /// Returns the version that was published last.
    pub fn version(&self) -> u64 {
        self.reader.version()
    }

    /// Returns the graph as it was at the end of the transaction whose last event is `head`; as good as a view that was
    /// published there. `None` where none of those that were published ended so. A fold forgets, so an aggregate that is to
    /// look back must not fold: see [`folding_above`](Self::folding_above).
    pub fn view_at(&self, head: Head) -> Option<GraphView> {
        let base = self.generation.base();
        if head.version < base.last_version() {
            return self.reader.view().at_version(head.version).filter(|view| view.head() == Some(head));
        }
        let stamp = self.generation.stamp(head.version);
        let (end, touched) = self.generation.end_at(stamp).filter(|(end, _)| end.head == head)?;
        let TransactionEnd { head, timestamp_ns, node_count, edge_count, checkpoint, info } = end;
        let (low, high) = (touched.min(self.indexed.touched), touched.max(self.indexed.touched));
        let index = self.indexed.index.clone();
        let (index, pending) = if high - low > PENDING_MAX {
            (self.moved(index, stamp, low..high).finish(), 0..0)
        } else {
            (index, low..high)
        };
        Some(GraphView::new(Arc::new(Published {
            generation: Arc::clone(&self.generation),
            stamp,
            extent: self.generation.extent(),
            info,
            head: Some(head),
            timestamp_ns,
            node_count,
            edge_count,
            index: ViewIndex::Ready(index),
            pending,
            frozen_after: None,
            beside_index: OnceLock::new(),
            touched: None,
            checkpoint,
        })))
    }

    /// Returns the bytes of the state on the heap; looks at all of it.
    pub fn heap_bytes(&self) -> usize {
        let mut ledger = MemoryLedger::default();
        self.generation.enter(&mut ledger);
        usize::try_from(ledger.total()).expect("bytes in memory can be counted")
    }
}
