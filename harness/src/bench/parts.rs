//! The parts of a run, each from an empty store.
//!
//! What is expensive to build is built once: the journal that ingest writes is verified and replayed, the graph that is
//! asked is cached and recovered.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::{Engine, EventStore};

use super::part::Part;
use super::plan::{Plan, Profile};
use super::surroundings::{BenchError, OpenInput, Surroundings};
use crate::number;
use crate::section::{
    BenchContext, EngineService, Follower, GraphFixture, GraphService, KeptGraph, MeasuredGraph, SectionOutcome,
    SyncPolicy, append_capacity, cached_queries, concurrent_appends, crash, full_verify, ingest, loaded_queries,
    memory_by_structure, prepare, query_classes, real_input, recovery, replay_and_verify, single_appends, start,
    sustained_load,
};
use crate::workload::{GraphWorkload, MixedWorkload, MixedWorkloadSpec};

/// Transactions of an ingest under way at once.
const WINDOW: usize = 8;

/// The latency within which the highest rate is looked for.
const CAPACITY_LIMIT: Duration = Duration::from_millis(1);

/// The highest rate that is tried, events a second: beyond it the generator itself takes the cores.
const CAPACITY_RATE_MAX: f64 = 100_000.0;

/// What a part gives back.
pub(super) type Outcome = Result<SectionOutcome, BenchError>;

/// A run: what it does, and with what.
pub(super) struct Bench<'a> {
    pub(super) plan: &'a Plan,
    pub(super) surroundings: &'a Surroundings<'a>,
}

impl Bench<'_> {
    pub(super) fn say(&self, what: &str) {
        (self.surroundings.progress)(what);
    }

    pub(super) fn folder(&self, name: &str) -> PathBuf {
        self.surroundings.directory.join(name)
    }

    pub(super) async fn open(&self, name: &str, sync: SyncPolicy) -> Result<Arc<dyn EventStore>, BenchError> {
        Ok(self.surroundings.stores.open(&self.folder(name), sync).await?)
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BenchError> {
        Ok(self.surroundings.stores.remove(&self.folder(name)).await?)
    }

    pub(super) const fn is_full(&self) -> bool {
        matches!(self.plan.profile, Profile::Full)
    }

    pub(super) async fn memory(&self) -> Outcome {
        let Plan { nodes, edges, seed, .. } = *self.plan;
        let plain = MeasuredGraph { name: "", target: Some("memory"), nodes, edges: edges.min(nodes), distinct: false };
        let keyed = MeasuredGraph { name: "distinct_", target: Some("memory_distinct"), distinct: true, ..plain };
        let denser = MeasuredGraph { name: "five_edges_", target: Some("memory_five_edges"), edges, ..plain };
        let mut outcome = SectionOutcome::new("memory");
        let mut graphs = vec![plain];
        if self.is_full() || !self.plan.only.is_empty() {
            graphs.extend((edges > nodes).then_some(denser));
            graphs.push(keyed);
        }
        for graph in graphs {
            let elements = (number::short(graph.nodes), number::short(graph.edges));
            self.say(&format!("memory: building {} nodes and {} edges", elements.0, elements.1));
            let store = self.open("memory", SyncPolicy::Never).await?;
            outcome.absorb(memory_by_structure(store, graph, seed).await?);
            self.remove("memory").await?;
        }
        Ok(outcome.served_by(self.servers(SyncPolicy::Never)))
    }

    pub(super) async fn real_input(&self, input: Result<OpenInput, String>) -> Outcome {
        let open = match input {
            Ok(open) => open,
            Err(reason) => {
                let mut none = SectionOutcome::new("real input");
                none.report.notes.push(format!("Not measured: {reason}."));
                return Ok(none);
            }
        };
        self.say("real input: importing");
        let outcome = real_input(self.open("input", SyncPolicy::Never).await?, open()?).await?;
        self.remove("input").await?;
        Ok(outcome.served_by(self.servers(SyncPolicy::Never)))
    }

    /// Runs what appends, then what reads the journal that the first of it wrote.
    pub(super) async fn appends(&self, recovered: &mut SectionOutcome) -> Result<Vec<SectionOutcome>, BenchError> {
        let mut append = SectionOutcome::new("append");
        let mut outcomes = Vec::new();
        let nodes = self.plan.events / 6;
        let journal = GraphWorkload::new("bench", nodes, self.plan.events - nodes, self.plan.seed);
        if [Part::Ingest, Part::Verify, Part::Start].into_iter().any(|part| self.plan.has(part)) {
            append.absorb(self.ingest(&journal).await?);
        }
        if self.plan.has(Part::Appends) {
            append.absorb(self.concurrent().await?);
        }
        if self.plan.has(Part::BesideRaw) {
            append.absorb(self.beside_raw().await?);
        }
        if self.plan.has(Part::Sustained) {
            append.absorb(match self.servers(SyncPolicy::Never) {
                Some(servers) => self.projected(servers).await?,
                None => self.sustained().await?,
            });
        }
        if self.plan.has(Part::Capacity) {
            append.absorb(self.capacity().await?);
        }
        if !append.measurements.is_empty() {
            outcomes.push(append);
        }
        if self.plan.has(Part::Verify) {
            outcomes.push(self.verify(&journal).await?);
        }
        if self.plan.has(Part::Start) {
            recovered.absorb(self.start(&journal).await?);
        }
        Ok(outcomes)
    }

    async fn verify(&self, journal: &GraphWorkload) -> Outcome {
        let (stores, folder) = (self.surroundings.stores, self.folder("journal"));
        if let Some(servers) = self.servers(SyncPolicy::Never) {
            let mut replay = self.replayed(journal, servers).await?;
            self.say("verify: every block and link");
            replay.absorb(full_verify(stores, &folder, 1).await?.served_by(Some(servers)));
            return Ok(replay);
        }
        self.say("verify: every block and link");
        let store = stores.open_to_read(&folder).await?;
        let mut verify = replay_and_verify(store.as_ref(), 1).await?;
        verify.absorb(full_verify(stores, &folder, 5).await?);
        Ok(verify)
    }

    async fn start(&self, journal: &GraphWorkload) -> Outcome {
        self.say("recovery: starting on the journal");
        let servers = self.servers(SyncPolicy::Never);
        let started = start(self.surroundings.stores, &self.folder("journal"), journal.graph, 3).await?;
        let mut started = started.served_by(servers);
        if let Some(servers) = servers {
            started.absorb(self.start_behind(servers).await?);
        }
        Ok(started)
    }

    async fn ingest(&self, journal: &GraphWorkload) -> Outcome {
        self.say("append: one graph growing");
        let store = self.open("journal", SyncPolicy::Never).await?;
        let service = EngineService::new(Engine::new(Arc::clone(&store)));
        let context = self.context(journal.nodes, journal.edges);
        let outcome = ingest(&context, journal, &service, store.as_ref(), WINDOW).await?;
        service.engine().close().await;
        Ok(outcome.served_by(self.servers(SyncPolicy::Never)))
    }

    async fn concurrent(&self) -> Outcome {
        self.say("append: one at a time, in memory");
        let workload = mixed(1, self.plan.seed);
        let (_, service) = self.prepared(self.surroundings.stores.in_memory(), &workload).await?;
        let (mut outcome, mean_ns) = single_appends(&service, &workload, 20_000).await;
        if self.servers(SyncPolicy::Always).is_some() {
            // That was no store on these servers.
            outcome.durability = None;
        }
        self.say("append: 64 callers, fsynced");
        let (_, service) = self.prepared(self.open("fsynced", SyncPolicy::Always).await?, &workload).await?;
        let directory = &self.surroundings.directory;
        let synced = concurrent_appends(&service, &workload, directory, mean_ns, self.plan.short).await?;
        outcome.absorb(synced.served_by(self.servers(SyncPolicy::Always)));
        Ok(outcome)
    }

    async fn sustained(&self) -> Outcome {
        self.say("append: sustained load, audited");
        let workload = mixed(64, self.plan.seed);
        let (store, service) = self.prepared(self.open("sustained", SyncPolicy::Always).await?, &workload).await?;
        let context = self.context(0, 0);
        Ok(sustained_load(&context, &service, &store, &workload, Follower::Audit).await?)
    }

    async fn capacity(&self) -> Outcome {
        self.say("append: the highest rate");
        let workload = mixed(64, self.plan.seed ^ 1);
        let (_, service) = self.prepared(self.open("capacity", SyncPolicy::Never).await?, &workload).await?;
        let trial = self.plan.short / 5;
        let outcome = append_capacity(&service, &workload, 0, CAPACITY_RATE_MAX, CAPACITY_LIMIT, trial).await;
        Ok(outcome.served_by(self.servers(SyncPolicy::Never)))
    }

    /// Runs what asks one large graph, and recovers it.
    pub(super) async fn queries(&self, recovered: &mut SectionOutcome) -> Result<Vec<SectionOutcome>, BenchError> {
        let asked = [Part::Queries, Part::LoadedQueries, Part::Snapshot, Part::Cache, Part::Recovery];
        if !asked.into_iter().any(|part| self.plan.has(part)) {
            return Ok(Vec::new());
        }
        let Plan { nodes, edges, seed, .. } = *self.plan;
        self.say(&format!("query: building {} nodes and {} edges", number::short(nodes), number::short(edges)));
        let fixture =
            GraphFixture::build(self.open("graph", SyncPolicy::Never).await?, "query", nodes, edges, seed).await?;
        let servers = self.servers(SyncPolicy::Never);
        let mut outcomes = Vec::new();
        let mut query = SectionOutcome::new("query");
        if self.plan.has(Part::Queries) {
            self.say("query: by class");
            query.absorb(query_classes(&fixture, self.is_full()));
        }
        if self.plan.has(Part::LoadedQueries) {
            self.say("query: while events arrive");
            query.absorb(loaded_queries(&fixture, self.plan.rate, self.plan.short * 2).await);
        }
        if !query.measurements.is_empty() {
            outcomes.push(query.served_by(servers));
        }
        if self.plan.has(Part::Cache) {
            self.say("cache: queries and updates mixed");
            let operations = if self.is_full() { 500_000 } else { 100_000 };
            outcomes.push(cached_queries(&fixture, operations).await?.served_by(servers));
        }
        if self.plan.has(Part::Snapshot) {
            outcomes.push(self.snapshot(&fixture).await?);
        }
        fixture.service.engine().close().await;
        let workload = fixture.workload.clone();
        drop(fixture);
        if self.plan.has(Part::Recovery) {
            self.say("recovery: the graph, from its first event and from its snapshot");
            let (folder, shelf) = (self.folder("graph"), self.folder("shelf"));
            let kept =
                KeptGraph { stores: self.surroundings.stores, folder: &folder, shelf: &shelf, workload: &workload };
            recovered.absorb(recovery(kept).await?.served_by(servers));
            std::fs::remove_dir_all(&shelf)?;
        }
        self.remove("graph").await?;
        Ok(outcomes)
    }

    pub(super) async fn crash(&self) -> Outcome {
        let Some(worker) = &self.surroundings.worker else { return Ok(SectionOutcome::new("recovery")) };
        self.say("recovery: killing a process that writes");
        let folder = self.folder("killed");
        let outcome = crash(self.surroundings.stores, &folder, worker(&folder)).await?;
        Ok(outcome.served_by(self.servers(SyncPolicy::Always)))
    }

    pub(super) async fn prepared(
        &self,
        store: Arc<dyn EventStore>,
        workload: &MixedWorkload,
    ) -> Result<(Arc<dyn EventStore>, Arc<dyn GraphService>), BenchError> {
        let service = Arc::new(EngineService::new(Engine::new(Arc::clone(&store))));
        prepare(service.as_ref(), workload).await?;
        Ok((store, service))
    }

    pub(super) fn context(&self, nodes: u64, edges: u64) -> BenchContext {
        let Plan { seed, rate, duration, .. } = *self.plan;
        BenchContext { seed, nodes, edges, rate, duration, directory: self.surroundings.directory.clone() }
    }
}

/// Makes commands for `graphs` graphs, some of them hot.
pub(super) fn mixed(graphs: u64, seed: u64) -> Arc<MixedWorkload> {
    Arc::new(MixedWorkload::new(MixedWorkloadSpec {
        graphs,
        zipf_exponent: 0.99,
        nodes: 1000,
        query_share: 0.0,
        conflict_share: 0.0,
        seed,
    }))
}
