//! What reaches the view: one message an event of a graph.

use bevy::ecs::message::Message;
use cidgraph::TransactionId;

use crate::scene::GraphMutation;

/// Where an event came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {
    /// A stream on servers, at a sequence.
    Nats {
        /// The place in the stream.
        sequence: u64,
    },
    /// This process.
    Local,
    /// The past, shown again.
    Replay {
        /// The place in the stream that the event had.
        sequence: u64,
    },
}

/// An event of a graph for the view. Those of one transaction are written in one frame, in order.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct GraphMutationEvent {
    /// Where it came from.
    pub source: EventSource,
    /// What happened.
    pub mutation: GraphMutation,
    /// The transaction it belongs to, where there is one.
    pub transaction_id: Option<TransactionId>,
}
