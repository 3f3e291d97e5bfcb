//! What reaches the view: one message a change of a graph, one an answer to a command.

use bevy::ecs::message::Message;
use cidgraph::{CommandId, GraphId, GraphMutation, TransactionId};

/// Where a change came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventSource {
    /// A stream on servers, at a sequence.
    Nats {
        /// The place in the stream.
        sequence: u64,
    },
    /// This process, or a store on this machine.
    Local,
    /// The past, shown again.
    Replay {
        /// The place in the stream that the event had.
        sequence: u64,
    },
}

/// A change of a graph for the view. Those of one transaction are written in one frame, in order.
#[derive(Message, Debug, Clone, PartialEq)]
pub struct GraphMutationEvent {
    /// Where it came from.
    pub source: EventSource,
    /// The graph.
    pub graph: GraphId,
    /// The version at which the graph is once the transaction was applied.
    pub version: u64,
    /// What changed.
    pub mutation: GraphMutation,
    /// The transaction it belongs to, where there is one.
    pub transaction_id: Option<TransactionId>,
}

/// What became of a command that was sent over a [`GraphBridge`](super::GraphBridge).
#[derive(Message, Debug, Clone, PartialEq, Eq)]
pub struct CommandAnswered {
    /// The command.
    pub command: CommandId,
    /// Its graph.
    pub graph: GraphId,
    /// The version that it made, or why it was refused.
    pub outcome: Result<u64, String>,
}
