//! A feed of changes that come from this process and from no store: a generator, a file, a test.

use crate::graph::GraphMutation;

use super::event::{FeedId, GraphUpdate, Origin};
use super::feed::Feed;

/// Hands changes to the frame loop as if a store had; dropping it ends the feed.
#[derive(Debug)]
pub struct LocalFeed {
    feed: Feed,
    version: u64,
}

impl LocalFeed {
    pub(super) const fn new(feed: Feed) -> Self {
        Self { feed, version: 0 }
    }

    /// Returns the feed's id.
    pub const fn id(&self) -> FeedId {
        self.feed.id
    }

    /// Hands over what is to be seen together, waiting without a thread while the frame loop is too far behind, and
    /// returns the version that it makes: 1, 2, 3 …; `None` once nobody receives any more. Dropping the future hands
    /// nothing over.
    pub async fn push(&mut self, timestamp_ns: u64, mutations: Vec<GraphMutation>) -> Option<u64> {
        let version = self.version + 1;
        let update = GraphUpdate {
            graph: self.feed.graph,
            origin: Origin::Local,
            transaction: None,
            transactions: 1,
            first_version: version,
            version,
            cid: None,
            timestamp_ns,
            last_sequence: 0,
            mutations,
        };
        self.feed.push(update).await.ok()?;
        self.version = version;
        Some(version)
    }
}
