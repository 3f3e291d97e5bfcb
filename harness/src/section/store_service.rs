//! A store without an engine: commands become events unchecked, are sealed and appended.
//!
//! It measures what sealing and the store cost by themselves. Workloads only hold commands that a graph accepts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cidgraph::chain::seal;
use cidgraph::{
    AggregateAppend, AggregateId, ChainTip, Clock, EventStore, Expected, GraphCommand, GraphEvent, SystemClock,
};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::service::{Acknowledgement, GraphService, ServiceError};
use crate::number;
use crate::workload::WorkloadTransaction;

/// An aggregate's tip; its lock is held while an append is under way, as versions must be contiguous.
type Tip = Arc<tokio::sync::Mutex<ChainTip>>;

/// A store without an engine; the only writer of its aggregates.
#[derive(Debug)]
pub struct StoreService {
    store: Arc<dyn EventStore>,
    tips: Mutex<HashMap<AggregateId, Tip>>,
}

impl StoreService {
    /// Makes the service of a store that holds nothing of the graphs it will be asked for.
    pub fn new(store: Arc<dyn EventStore>) -> Self {
        Self { store, tips: Mutex::new(HashMap::new()) }
    }

    fn tip(&self, aggregate: AggregateId) -> Tip {
        let mut tips = self.tips.lock().unwrap_or_else(PoisonError::into_inner);
        let empty = || Arc::new(tokio::sync::Mutex::new(ChainTip::empty(aggregate, self.store.hash_kind())));
        Arc::clone(tips.entry(aggregate).or_insert_with(empty))
    }

    async fn append(&self, transaction: WorkloadTransaction) -> Result<Acknowledgement, ServiceError> {
        let aggregate: AggregateId = transaction.graph.into();
        let events: Vec<GraphEvent> = transaction.commands.into_iter().map(GraphCommand::into_event).collect();
        let tip = self.tip(aggregate);
        let mut tip = tip.lock().await;
        let mut next = *tip;
        let mut sealed = Vec::with_capacity(events.len());
        seal(&mut next, &transaction.context, SystemClock.now_ns(), &events, &mut sealed);
        let expected = tip.head.map_or(Expected::Empty, Expected::Exact);
        let batch = [AggregateAppend { aggregate, expected, events: sealed }];
        let appended = self.store.append(&batch).await.map_err(ServiceError::new)?;
        *tip = next;
        let told: Vec<_> = batch[0].events.iter().map(|event| (event.version, event.cid)).collect();
        Ok(Acknowledgement { aggregate, events: number::count(told.len()), told, durability: appended.durability })
    }
}

impl GraphService for StoreService {
    fn apply(&self, transaction: WorkloadTransaction) -> BoxFuture<'_, Result<Acknowledgement, ServiceError>> {
        self.append(transaction).boxed()
    }

    fn falls_short(&self) -> Option<&'static str> {
        Some("store alone: nothing decided or projected")
    }
}
