//! A graph to be asked: built through the engine, then left to itself until it has settled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cidgraph::{Engine, EventStore, Graph, GraphView};

use super::engine_service::EngineService;
use super::service::{GraphService, ServiceError};
use crate::measure::Stopwatch;
use crate::workload::{GraphWorkload, NodeSource, Order};

/// How long a graph may take to settle.
const PATIENCE: Duration = Duration::from_secs(60);

/// Rows since the base that a graph at rest may keep, or this share of the base.
const ROWS_MIN: usize = 1 << 10;
const ROWS_SHARE: usize = 64;

/// A built graph.
#[derive(Debug, Clone)]
pub struct GraphFixture {
    /// What built it.
    pub workload: GraphWorkload,
    /// The engine that has it open.
    pub service: EngineService,
    /// The open graph.
    pub graph: Graph,
    /// Its nodes.
    pub nodes: NodeSource,
    /// How long it took until its last transaction was acknowledged.
    pub ingested: Duration,
}

impl GraphFixture {
    /// Builds a graph of `nodes` nodes and `edges` edges, in bulk events of a thousand elements, and lets it settle.
    ///
    /// # Errors
    /// The engine's first.
    pub async fn build(
        store: Arc<dyn EventStore>,
        name: &str,
        nodes: u64,
        edges: u64,
        seed: u64,
    ) -> Result<Self, ServiceError> {
        Self::of(store, GraphWorkload::new(name, nodes, edges, seed)).await
    }

    /// Builds a workload's graph in bulk events, nodes first, and lets it settle.
    ///
    /// # Errors
    /// The engine's first.
    pub async fn of(store: Arc<dyn EventStore>, workload: GraphWorkload) -> Result<Self, ServiceError> {
        let workload = GraphWorkload { bulk: true, order: Order::NodesFirst, transaction_elements: 5000, ..workload };
        let service = EngineService::new(Engine::new(store));
        let watch = Stopwatch::start();
        for transaction in workload.transactions() {
            service.apply(transaction).await?;
        }
        let ingested = watch.read().wall;
        let graph = service.engine().load_graph(workload.graph).await.map_err(ServiceError::new)?;
        settle(&graph).await;
        let nodes = workload.node_source();
        Ok(Self { workload, service, graph, nodes, ingested })
    }

    /// Returns the graph as it is now.
    pub fn view(&self) -> GraphView {
        self.graph.view()
    }
}

/// Waits until the graph's engine has folded what there is to fold, a minute at most.
pub async fn settle(graph: &Graph) {
    let give_up = Instant::now() + PATIENCE;
    while !is_settled(&graph.view()) && Instant::now() < give_up {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_settled(view: &GraphView) -> bool {
    let base = view.generation().base();
    let rows = (base.node_count() + base.edge_count()) / ROWS_SHARE;
    view.generation().row_count() <= rows.max(ROWS_MIN)
}
