//! What waits in a feed's lane: the beginning, updates, the end.

use crate::state::GraphView;

use super::error::FeedError;
use super::event::{BridgeEvent, FeedId, GraphUpdate, Origin};
use super::hand_over::Parcel;
use super::merge::Merge;
use super::status::BridgeCounters;

/// The most mutations of an update that is put together with the one before it, or after it for the first time: the lock
/// is held no longer than that takes.
const MERGED_MAX: usize = 1024;

/// What waits for the frame loop.
#[derive(Debug)]
pub(super) enum Waiting {
    Opened(GraphView),
    Changed(Box<Pending>),
    Ended(Result<(), FeedError>),
}

/// An update, perhaps put together from several.
#[derive(Debug)]
pub(super) struct Pending {
    update: GraphUpdate,
    /// Holds the mutations of several; then those of `update` are empty.
    merge: Option<Merge>,
}

impl Pending {
    /// Makes what waits of one transaction, structure first.
    pub(super) fn new(mut update: GraphUpdate) -> Self {
        let is_ordered = update.mutations.is_sorted_by_key(|mutation| !mutation.is_structural());
        let merge = (!is_ordered).then(|| merged(&mut update));
        Self { update, merge }
    }

    fn len(&self) -> usize {
        self.merge.as_ref().map_or(self.update.mutations.len(), Merge::len)
    }

    fn may_merge(&self) -> bool {
        self.update.origin != Origin::Replay && (self.merge.is_some() || self.len() <= MERGED_MAX)
    }

    fn absorb(&mut self, next: Self) {
        let Self { update: mut next, merge } = next;
        assert_eq!((next.graph, next.origin), (self.update.graph, self.update.origin), "a lane is of one graph");
        assert_eq!(next.first_version, self.update.version + 1, "updates follow each other");
        let all = self.merge.get_or_insert_with(|| merged(&mut self.update));
        all.extend(std::mem::take(&mut next.mutations));
        if let Some(merge) = merge {
            all.coalesced += merge.coalesced;
            all.dropped += merge.dropped;
            all.extend(merge.into_mutations());
        }
        let GraphUpdate { first_version, transactions, .. } = self.update;
        let transactions = transactions + next.transactions;
        self.update = GraphUpdate { first_version, transactions, mutations: Vec::new(), ..next };
    }

    /// Returns the update and counts what happened to it.
    fn finish(self, counters: &mut BridgeCounters) -> GraphUpdate {
        let Self { mut update, merge } = self;
        if let Some(merge) = merge {
            counters.coalesced += merge.coalesced;
            counters.dropped += merge.dropped;
            update.mutations = merge.into_mutations();
        }
        counters.transactions += update.transactions;
        counters.mutations += update.mutations.len() as u64;
        update
    }
}

fn merged(update: &mut GraphUpdate) -> Merge {
    let mut merge = Merge::default();
    merge.extend(std::mem::take(&mut update.mutations));
    merge
}

impl Parcel for Waiting {
    fn weight(&self) -> usize {
        match self {
            Self::Changed(pending) => pending.len().max(1),
            Self::Opened(_) | Self::Ended(_) => 1,
        }
    }

    fn absorb(&mut self, next: Self) -> Result<(), Self> {
        match (self, next) {
            (Self::Changed(pending), Self::Changed(next)) if pending.may_merge() && next.len() <= MERGED_MAX => {
                pending.absorb(*next);
                Ok(())
            }
            (_, next) => Err(next),
        }
    }
}

impl Waiting {
    /// Returns what the frame loop is told.
    pub(super) fn into_event(self, feed: FeedId, counters: &mut BridgeCounters) -> BridgeEvent {
        match self {
            Self::Opened(view) => BridgeEvent::Opened { feed, view },
            Self::Changed(pending) => BridgeEvent::Changed { feed, update: pending.finish(counters) },
            Self::Ended(outcome) => BridgeEvent::Ended { feed, outcome },
        }
    }
}
