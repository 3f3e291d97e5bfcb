//! A graph's verified, decoded transaction, and whoever takes such transactions.

use async_trait::async_trait;

use crate::event::GraphEvent;
use crate::id::{GraphId, TransactionId};
use crate::store::Head;

/// All events of one transaction of one graph.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphTransaction {
    /// The graph.
    pub graph: GraphId,
    /// The transaction.
    pub transaction: TransactionId,
    /// The version of its first event.
    pub first_version: u64,
    /// Its last event.
    pub head: Head,
    /// The last event's time, nanoseconds since the Unix epoch.
    pub timestamp_ns: u64,
    /// The last event's sequence.
    pub last_sequence: u64,
    /// The events with their versions; an old event that means several today gives them the same version.
    pub events: Vec<(u64, GraphEvent)>,
}

/// What a sink says when it does not take a transaction.
pub type SinkError = Box<dyn std::error::Error + Send + Sync>;

/// Takes the transactions of graphs: a registry of read models, for example.
#[async_trait]
pub trait GraphSink: Send + Sync + 'static {
    /// Returns the version up to which the sink holds a graph, 0 where it holds none; loads the graph where it can.
    ///
    /// # Errors
    /// Why it cannot tell; the graph is then not followed until the next event of it after a restart.
    async fn version(&self, graph: GraphId) -> Result<u64, SinkError>;

    /// Takes the transaction that follows what the sink holds of the graph. One that it holds already, by version, must
    /// change nothing.
    ///
    /// # Errors
    /// Why it does not take it; the graph is then not followed further.
    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError>;
}
