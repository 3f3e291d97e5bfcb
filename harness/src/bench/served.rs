//! The parts of a run whose stores are kept by servers: each beside raw publishing or reading of the same bytes.
//!
//! What is about one server runs on the stores that are not synced, what is about a quorum on those that are.

use std::sync::Arc;

use cidgraph::graph::GraphDrafts;
use cidgraph::{Engine, EventStore, GraphReplicas};

use super::parts::{Bench, Outcome, mixed};
use super::surroundings::BenchError;
use crate::baseline::Servers;
use crate::section::{
    EngineService, GraphService, SectionOutcome, SyncPolicy, batches, ingest, pipelined, prepare, projected_load,
    replayed, single, start_behind,
};
use crate::workload::GraphWorkload;

/// Transactions of an ingest under way at once.
const WINDOW: usize = 8;

/// Events that a start is behind.
const BEHIND: u64 = 10_000;

impl Bench<'_> {
    /// Returns the servers that keep the stores of a policy, `None` where this process does.
    pub(super) fn servers(&self, sync: SyncPolicy) -> Option<&Servers> {
        self.surroundings.stores.server(sync)
    }

    /// Appends beside raw publishing: large transactions, many graphs, one event at a time.
    pub(super) async fn beside_raw(&self) -> Outcome {
        let mut outcome = SectionOutcome::new("append");
        let (Some(one), Some(quorum)) = (self.servers(SyncPolicy::Never), self.servers(SyncPolicy::Always)) else {
            return Ok(outcome);
        };
        outcome.absorb(self.batches(SyncPolicy::Never, one).await?);
        if quorum.label() != one.label() {
            outcome.absorb(self.batches(SyncPolicy::Always, quorum).await?);
        }
        outcome.absorb(self.pipelined(one).await?);
        outcome.absorb(self.single(one).await?);
        Ok(outcome)
    }

    async fn batches(&self, sync: SyncPolicy, servers: &Servers) -> Outcome {
        self.say("append: transactions of 1000 beside raw batches");
        let name = if sync == SyncPolicy::Always { "batches-synced" } else { "batches" };
        let (store, service) = self.served(name, sync).await?;
        let events = self.plan.events.min(if self.is_full() { 500_000 } else { 100_000 });
        let workload = GraphWorkload::new(name, events / 6, events - events / 6, self.plan.seed);
        let outcome = batches(service.as_ref(), &store, servers, &self.raw(name), &workload).await?;
        self.close(name, &service).await?;
        Ok(outcome.served_by(Some(servers)))
    }

    async fn pipelined(&self, servers: &Servers) -> Outcome {
        self.say("append: 1000 graphs, one event each, beside raw publishing");
        let (store, engine) = self.served("pipelined", SyncPolicy::Never).await?;
        let service: Arc<dyn GraphService> = Arc::clone(&engine) as _;
        let outcome = pipelined(&service, &store, servers, &self.raw("pipelined"), self.plan.short).await?;
        self.close("pipelined", &engine).await?;
        Ok(outcome.served_by(Some(servers)))
    }

    async fn single(&self, servers: &Servers) -> Outcome {
        self.say("append: one at a time beside raw publishing");
        let workload = mixed(1, self.plan.seed);
        let (store, engine) = self.served("single", SyncPolicy::Never).await?;
        prepare(engine.as_ref(), &workload).await?;
        let service: Arc<dyn GraphService> = Arc::clone(&engine) as _;
        let duration = self.plan.short;
        let outcome = single(&service, &store, servers, &self.raw("single"), &workload, duration).await?;
        self.close("single", &engine).await?;
        Ok(outcome.served_by(Some(servers)))
    }

    /// Sustained load on one server, projected live by a reader of the stream.
    pub(super) async fn projected(&self, servers: &Servers) -> Outcome {
        self.say("append: sustained load, audited and projected live");
        let workload = mixed(64, self.plan.seed);
        let (store, engine) = self.served("projected", SyncPolicy::Never).await?;
        prepare(engine.as_ref(), &workload).await?;
        let service: Arc<dyn GraphService> = Arc::clone(&engine) as _;
        let replicas = GraphReplicas::new(Arc::clone(&store), GraphDrafts::default());
        let outcome = projected_load(&self.context(0, 0), &service, &store, replicas, &workload).await?;
        self.close("projected", &engine).await?;
        Ok(outcome.served_by(Some(servers)))
    }

    /// A replay of the journal beside a pull of its stream.
    pub(super) async fn replayed(&self, journal: &GraphWorkload, servers: &Servers) -> Outcome {
        self.say("verify: a replay beside a raw pull");
        let folder = self.folder("journal");
        let store = self.surroundings.stores.open_to_read(&folder).await?;
        let stream = self.surroundings.stores.stream(&folder).expect("servers keep the store as a stream");
        Ok(replayed(&store, journal.graph, servers, &stream).await?.served_by(Some(servers)))
    }

    /// A start on ten thousand events.
    pub(super) async fn start_behind(&self, servers: &Servers) -> Outcome {
        self.say("recovery: starting 10K events behind");
        let (store, engine) = self.served("behind", SyncPolicy::Never).await?;
        let workload = GraphWorkload::new("behind", BEHIND / 6, BEHIND - BEHIND / 6, self.plan.seed);
        ingest(&self.context(0, 0), &workload, engine.as_ref(), store.as_ref(), WINDOW).await?;
        engine.engine().close().await;
        let outcome = start_behind(self.surroundings.stores, &self.folder("behind"), workload.graph).await?;
        self.remove("behind").await?;
        Ok(outcome.served_by(Some(servers)))
    }

    async fn served(
        &self,
        name: &str,
        sync: SyncPolicy,
    ) -> Result<(Arc<dyn EventStore>, Arc<EngineService>), BenchError> {
        let store = self.open(name, sync).await?;
        Ok((Arc::clone(&store), Arc::new(EngineService::new(Engine::new(store)))))
    }

    async fn close(&self, name: &str, service: &EngineService) -> Result<(), BenchError> {
        service.engine().close().await;
        self.remove(name).await
    }

    /// Returns the name of the stream to which what the store `name` holds is published raw.
    fn raw(&self, name: &str) -> String {
        let folder = self.folder(&format!("raw-{name}"));
        self.surroundings.stores.stream(&folder).expect("servers keep the store as a stream")
    }
}
