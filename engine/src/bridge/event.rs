//! What the frame loop receives.

use crate::cid::Cid;
use crate::engine::Error;
use crate::graph::GraphMutation;
use crate::id::{CommandId, GraphId, TransactionId};
use crate::state::GraphView;
use crate::writer::Receipt;

use super::error::FeedError;

/// Names a feed within its bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeedId(pub(super) u64);

/// Where the changes of a feed come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// From the store, as they are appended.
    Live,
    /// From a stretch of the past.
    Replay,
    /// From this process, and not from a store.
    Local,
}

/// Something the frame loop learns.
#[derive(Debug)]
pub enum BridgeEvent {
    /// A command was carried out, or not. It is received before what waits; what the command changed may come first or
    /// afterwards.
    Answered {
        /// The command.
        command: CommandId,
        /// Its graph.
        graph: GraphId,
        /// What became of it.
        outcome: Result<Receipt, Error>,
    },
    /// A feed has begun.
    Opened {
        /// The feed.
        feed: FeedId,
        /// The graph as it is where the feed begins; every update is on top of it.
        view: GraphView,
    },
    /// A graph has changed, from the end of one transaction to the end of another.
    Changed {
        /// The feed.
        feed: FeedId,
        /// How.
        update: GraphUpdate,
    },
    /// Nothing comes from the feed any more: a stretch of the past has ended, or something failed.
    Ended {
        /// The feed.
        feed: FeedId,
        /// Why it ended; nothing failed where a stretch ended.
        outcome: Result<(), FeedError>,
    },
}

/// What one transaction did to a graph, or several one after another where the frame loop was behind.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphUpdate {
    /// The graph.
    pub graph: GraphId,
    /// Where it comes from.
    pub origin: Origin,
    /// The transaction, the last one of several; `None` where it is no transaction of a store.
    pub transaction: Option<TransactionId>,
    /// How many transactions it holds.
    pub transactions: u64,
    /// The version of the first event.
    pub first_version: u64,
    /// The version of the last event, at which the graph is once the update was applied.
    pub version: u64,
    /// The CID of that event, the graph's head then; `None` where it is no event of a store.
    pub cid: Option<Cid>,
    /// The last event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// The last event's sequence in the store; 0 where it is no event of a store.
    pub last_sequence: u64,
    /// The changes, those of structure first: the order in which they are to be applied.
    pub mutations: Vec<GraphMutation>,
}
