//! A sink that keeps what it is given and insists on order.

use std::collections::HashMap;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::conformance::desk::graph;
use crate::event::GraphEvent;
use crate::id::GraphId;
use crate::subscription::{GraphSink, GraphTransaction, SinkError};

/// Keeps the transactions of graphs; refuses one that does not follow what it holds, and all of one graph.
#[derive(Debug, Default)]
pub struct Shelf {
    graphs: Mutex<HashMap<GraphId, Vec<(u64, GraphEvent)>>>,
    transactions: Mutex<Vec<GraphTransaction>>,
    refused: Option<GraphId>,
}

impl Shelf {
    /// Makes a shelf that takes no transaction of `graph`.
    pub fn refusing(graph: GraphId) -> Self {
        Self { refused: Some(graph), ..Self::default() }
    }

    /// Returns what is kept of a graph, each event with its version.
    pub fn contents(&self, number: u64) -> Vec<(u64, GraphEvent)> {
        self.graphs.lock().get(&graph(number)).cloned().unwrap_or_default()
    }

    /// Returns how many graphs there are.
    pub fn graphs(&self) -> usize {
        self.graphs.lock().len()
    }

    /// Returns every transaction that was taken, in order.
    pub fn transactions(&self) -> Vec<GraphTransaction> {
        self.transactions.lock().clone()
    }

    /// Loses a graph.
    pub fn lose(&self, number: u64) {
        self.graphs.lock().remove(&graph(number));
    }

    fn held(&self, graph: GraphId) -> u64 {
        self.graphs.lock().get(&graph).and_then(|events| events.last()).map_or(0, |last| last.0)
    }
}

#[async_trait]
impl GraphSink for Shelf {
    async fn version(&self, graph: GraphId) -> Result<u64, SinkError> {
        Ok(self.held(graph))
    }

    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError> {
        if self.refused == Some(transaction.graph) {
            return Err("told to refuse".into());
        }
        let held = self.held(transaction.graph);
        if transaction.first_version != held + 1 {
            return Err(format!("a transaction from version {} follows {held}", transaction.first_version).into());
        }
        if transaction.events.last().map(|last| last.0) != Some(transaction.head.version) {
            return Err("a transaction does not end with its head".into());
        }
        let mut graphs = self.graphs.lock();
        graphs.entry(transaction.graph).or_default().extend(transaction.events.iter().cloned());
        self.transactions.lock().push(transaction);
        Ok(())
    }
}
