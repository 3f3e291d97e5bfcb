//! How a bridge and its feeds are doing, for whoever shows it.

use crate::id::GraphId;

use super::event::{FeedId, Origin};

/// What a bridge has handed over so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BridgeCounters {
    /// Transactions that were received, put together or not.
    pub transactions: u64,
    /// Mutations that were received.
    pub mutations: u64,
    /// Changes of components, places and properties that a later one overwrote before they were received.
    pub coalesced: u64,
    /// Changes of components, places and properties whose element was removed before they were received. Nothing else is
    /// ever dropped.
    pub dropped: u64,
}

/// How a feed is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedStatus {
    /// The feed.
    pub feed: FeedId,
    /// Its graph.
    pub graph: GraphId,
    /// Where its changes come from.
    pub origin: Origin,
    /// The version up to which its changes were read and verified.
    pub followed_version: u64,
    /// The version up to which they were received.
    pub received_version: u64,
    /// How many mutations wait to be received.
    pub pending_mutations: usize,
    /// Whether it reads no further until the frame loop has received some of what waits.
    pub waits_for_frame_loop: bool,
    /// Why the store cannot be followed at the moment; it is tried again and again.
    pub trouble: Option<String>,
}

impl FeedStatus {
    /// Returns how many versions were read and not yet received: the lag of the frame loop. What the store holds beyond
    /// `followed_version` is not known here.
    pub const fn lag_versions(&self) -> u64 {
        self.followed_version.saturating_sub(self.received_version)
    }
}
