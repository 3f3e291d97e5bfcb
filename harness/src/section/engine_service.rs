//! A whole engine: commands are decided, sealed, appended and projected.

use cidgraph::{Engine, Submission};
use futures::FutureExt;
use futures::future::BoxFuture;

use super::service::{Acknowledgement, GraphService, ServiceError};
use crate::workload::WorkloadTransaction;

/// A whole engine.
#[derive(Debug, Clone)]
pub struct EngineService {
    engine: Engine,
}

impl EngineService {
    /// Makes the service of an engine.
    pub const fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Returns the engine.
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    async fn submit(&self, transaction: WorkloadTransaction) -> Result<Acknowledgement, ServiceError> {
        let WorkloadTransaction { graph, context, commands } = transaction;
        let submission = Submission { context, commands, expected: None };
        let receipt = self.engine.submit(graph, submission).await.map_err(ServiceError::new)?;
        Ok(Acknowledgement {
            aggregate: graph.into(),
            events: u64::from(receipt.events),
            told: vec![(receipt.head.version, receipt.head.cid)],
            durability: receipt.durability,
        })
    }
}

impl GraphService for EngineService {
    fn apply(&self, transaction: WorkloadTransaction) -> BoxFuture<'_, Result<Acknowledgement, ServiceError>> {
        self.submit(transaction).boxed()
    }

    fn falls_short(&self) -> Option<&'static str> {
        None
    }
}
