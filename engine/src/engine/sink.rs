//! Read-only replicas of graphs, kept current by a [`GraphEventProcessor`](crate::subscription::GraphEventProcessor).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use dashmap::DashMap;
use parking_lot::Mutex;

use crate::aggregate::Draft;
use crate::graph::{GraphAggregate, GraphDrafts, GraphReader};
use crate::id::{AggregateId, GraphId};
use crate::shelf::{Shelf, ShelvedGraphs};
use crate::state::GraphView;
use crate::store::EventStore;
use crate::subscription::{GraphSink, GraphTransaction, SinkError};
use crate::writer::{Begun, load_newest};

/// How many transactions a load for reading remembers: as few as it can, nobody asks for them.
const REMEMBERED_TRANSACTIONS: usize = 1;

/// Many graphs, each as far as its transactions have come. Clones are the same replicas.
#[derive(Clone)]
pub struct GraphReplicas(Arc<Replicas>);

struct Replicas {
    store: Arc<dyn EventStore>,
    drafts: ShelvedGraphs,
    graphs: DashMap<GraphId, Arc<Replica>>,
}

struct Replica {
    aggregate: Mutex<GraphAggregate>,
    reader: GraphReader,
}

impl GraphReplicas {
    /// Makes replicas of no graph yet; each is loaded from the store when its first transaction comes.
    pub fn new(store: Arc<dyn EventStore>, drafts: GraphDrafts) -> Self {
        Self::from_snapshots(store, drafts, None)
    }

    /// Makes replicas as [`new`](Self::new) does, which are loaded from a shelf where there is one.
    pub fn from_snapshots(store: Arc<dyn EventStore>, drafts: GraphDrafts, shelf: Option<Shelf>) -> Self {
        let drafts = ShelvedGraphs::new(drafts, shelf);
        Self(Arc::new(Replicas { store, drafts, graphs: DashMap::new() }))
    }

    /// Returns a graph as far as it has come; `None` where none of its events has.
    pub fn view(&self, graph: GraphId) -> Option<GraphView> {
        self.0.graphs.get(&graph).map(|replica| replica.reader.view())
    }

    /// Returns the graphs, in no order.
    pub fn graphs(&self) -> Vec<GraphId> {
        self.0.graphs.iter().map(|entry| *entry.key()).collect()
    }

    /// Lets a graph go; it is loaded again with its next transaction.
    pub fn forget(&self, graph: GraphId) {
        self.0.graphs.remove(&graph);
    }
}

#[async_trait]
impl GraphSink for GraphReplicas {
    async fn version(&self, graph: GraphId) -> Result<u64, SinkError> {
        let held = self.0.graphs.get(&graph).map(|replica| Arc::clone(&replica));
        if let Some(replica) = held {
            return Ok(replica.reader.version());
        }
        let aggregate = AggregateId::from(graph);
        let begun = load_newest(&self.0.drafts, &self.0.store, aggregate, REMEMBERED_TRANSACTIONS).await?;
        let Begun { draft, reader, .. } = begun;
        if reader.version() == 0 {
            return Ok(0);
        }
        let replica = Arc::new(Replica { aggregate: Mutex::new(draft), reader });
        // Another load may have come first: what counts is the one that is kept.
        Ok(self.0.graphs.entry(graph).or_insert(replica).reader.version())
    }

    async fn apply(&self, transaction: GraphTransaction) -> Result<(), SinkError> {
        let GraphTransaction { graph, first_version, head, timestamp_ns, events, .. } = transaction;
        // A graph that was let go of is loaded here, with this transaction.
        self.version(graph).await?;
        let replica = self.0.graphs.get(&graph).map(|replica| Arc::clone(&replica));
        let replica = replica.ok_or("the graph was let go of while it was loaded")?;
        let mut aggregate = replica.aggregate.lock();
        let held = replica.reader.version();
        if head.version <= held {
            return Ok(());
        }
        if first_version != held + 1 {
            return Err(format!("the replica is at version {held}, the transaction begins with {first_version}").into());
        }
        let before = aggregate.savepoint();
        for (version, event) in &events {
            if let Err(misfit) = aggregate.apply(event, *version) {
                aggregate.roll_back(before);
                return Err(misfit.into());
            }
        }
        aggregate.publish(head, timestamp_ns);
        Ok(())
    }
}

impl fmt::Debug for GraphReplicas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphReplicas").field("graphs", &self.0.graphs.len()).finish_non_exhaustive()
    }
}
