//! The versions of a graph that one generation still answers for, each as a view of its own.
//!
//! A view is of the end of a transaction, as everything that readers see: between two ends it is the earlier one's.

use std::sync::{Arc, OnceLock};

use crate::cid::Cid;
use crate::id::GraphId;
use crate::index::Index;
use crate::topology::Stamp;

use super::generation::Generation;
use super::info::GraphInfo;
use super::timeline::TransactionEnd;
use super::view::{GraphView, Published, ViewIndex};

/// The end of a transaction, and how many entries the generation's list of touched nodes had then.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) moment: TransactionEnd,
    touched: u32,
}

impl Generation {
    /// Returns the last end of a transaction at or before a stamp.
    pub(super) fn moment_by_stamp(&self, stamp: Stamp) -> Option<Found> {
        if let Some(place) = self.moments.len_at(stamp).checked_sub(1) {
            return Some(self.recent_moment(place));
        }
        let timeline = self.base.timeline();
        let place = timeline.by_version(self.base.version() + u64::from(stamp))?;
        Some(Found { moment: timeline.get(place), touched: 0 })
    }

    /// Returns the last end of a transaction at or before a time.
    fn moment_by_time(&self, timestamp_ns: u64) -> Option<Found> {
        if let Some(place) = self.moments.len_by_time(timestamp_ns).checked_sub(1) {
            return Some(self.recent_moment(place));
        }
        let timeline = self.base.timeline();
        Some(Found { moment: timeline.get(timeline.by_time(timestamp_ns)?), touched: 0 })
    }

    /// Returns the end of the transaction whose last event has a CID.
    fn moment_by_cid(&self, cid: &Cid) -> Option<Found> {
        if let Some(place) = self.moments.by_cid(cid) {
            return Some(self.recent_moment(place));
        }
        let timeline = self.base.timeline();
        Some(Found { moment: timeline.get(timeline.by_cid(cid)?), touched: 0 })
    }

    /// Returns the last end of a transaction at or before a stamp, and how many entries the list of touched nodes had then.
    pub(crate) fn end_at(&self, stamp: Stamp) -> Option<(TransactionEnd, u32)> {
        self.moment_by_stamp(stamp).map(|found| (found.moment, found.touched))
    }

    fn recent_moment(&self, place: u32) -> Found {
        Found { moment: self.moments.get(place, self.base.version()), touched: self.moments.touched(place) }
    }
}

impl GraphView {
    /// Looks at the last version of a base on which nothing has happened since; `index` is of that version. `None` where
    /// the base's timeline does not end with it.
    pub fn frozen(graph: GraphId, generation: Arc<Generation>, index: Index) -> Option<Self> {
        let base = generation.base();
        if base.last_version() == 0 {
            let published = Published::new(&generation, &Arc::new(GraphInfo::new(graph)), index);
            return Some(Self::new(Arc::new(published)));
        }
        let end = generation.moment_by_stamp(base.last_stamp())?.moment;
        if end.head.version != base.last_version() {
            return None;
        }
        Some(Self::new(Arc::new(Published::of_base(generation, end, ViewIndex::Ready(index)))))
    }

    /// Returns the first version that can be asked of this view's generation.
    pub fn first_version(&self) -> u64 {
        self.generation().base().version()
    }

    /// Returns the graph as it was at a version, or at the last end of a transaction before it; `None` where this
    /// generation does not reach back so far, or the version is above this one.
    pub fn at_version(&self, version: u64) -> Option<Self> {
        if version >= self.version() {
            return (version == self.version()).then(|| self.clone());
        }
        version.checked_sub(self.first_version())?;
        let found = self.generation().moment_by_stamp(self.generation().stamp(version));
        self.past(found)
    }

    /// Returns the graph as it was at a time, nanoseconds since the Unix epoch: at the last end of a transaction whose
    /// time is not later, this version at the latest. `None` where this generation does not reach back so far.
    pub fn at_time(&self, timestamp_ns: u64) -> Option<Self> {
        if timestamp_ns >= self.timestamp_ns() {
            return Some(self.clone());
        }
        self.past(self.generation().moment_by_time(timestamp_ns))
    }

    /// Returns the graph as it was at the end of the transaction whose last event has this CID; `None` where this
    /// generation knows of none up to this version.
    pub fn at_cid(&self, cid: &Cid) -> Option<Self> {
        if self.head().is_some_and(|head| head.cid == *cid) {
            return Some(self.clone());
        }
        let found = self.generation().moment_by_cid(cid).filter(|found| found.moment.head.version < self.version());
        self.past(Some(found?))
    }

    /// Returns the view of a moment before this version's; of none, that of the empty graph, where the generation begins
    /// with it.
    fn past(&self, found: Option<Found>) -> Option<Self> {
        let now = &self.0;
        let Some(Found { moment, touched }) = found else {
            let empty = Published::new(&now.generation, &Arc::new(GraphInfo::new(now.info.graph)), Index::default());
            return (self.first_version() == 0).then(|| self.of_before(empty, 0));
        };
        let TransactionEnd { head, timestamp_ns, node_count, edge_count, checkpoint, info } = moment;
        let past = Published::new(&now.generation, &info, Index::default());
        let stamp = now.generation.stamp(head.version);
        let past = Published { stamp, head: Some(head), timestamp_ns, node_count, edge_count, checkpoint, ..past };
        Some(self.of_before(past, touched))
    }

    /// Completes what is published of a stamp before this view's: the rows end where they end here, and the indices are
    /// the same, so that what was touched since then is pending too.
    fn of_before(&self, mut past: Published, touched: u32) -> Self {
        let now = &self.0;
        past.extent = now.extent;
        past.index = self.shared_index();
        past.pending = touched.min(now.pending.start)..now.pending.end;
        past.frozen_after = (past.stamp < now.generation.base().last_stamp()).then_some(past.stamp);
        past.beside_index = OnceLock::new();
        Self::new(Arc::new(past))
    }
}
