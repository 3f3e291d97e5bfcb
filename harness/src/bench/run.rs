//! One run, from an empty folder to the report.
//!
//! Memory comes first, while the process is small. What is expensive to build is built once: the journal that ingest
//! writes is verified and replayed, the graph that is asked is cached and recovered.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cidgraph::{Engine, EventStore, StoreError};

use super::part::Part;
use super::plan::{Plan, Profile};
use crate::measure::Stopwatch;
use crate::number;
use crate::report::Report;
use crate::section::{
    BenchContext, EngineService, GraphFixture, GraphService, RealInput, SectionOutcome, ServiceError, StoreSource,
    SyncPolicy, append_capacity, cached_queries, concurrent_appends, crash, finish_report, full_verify, ingest,
    loaded_queries, memory_by_structure, prepare, query_classes, real_input, recovery, replay_and_verify,
    single_appends, start, sustained_load,
};
use crate::target::Reached;
use crate::workload::{GraphWorkload, MixedWorkload, MixedWorkloadSpec};

/// Transactions of an ingest under way at once.
const WINDOW: usize = 8;

/// The latency within which the highest rate is looked for.
const CAPACITY_LIMIT: Duration = Duration::from_millis(1);

/// Opens the real input.
pub type OpenInput = Box<dyn FnOnce() -> Result<RealInput, ServiceError> + Send>;

/// Makes the command of a process that runs [`write_until_killed`](crate::section::write_until_killed) in a folder.
pub type MakeWorker = Box<dyn Fn(&Path) -> Command + Send + Sync>;

/// The highest rate that is tried, events a second: beyond it the generator itself takes the cores.
const CAPACITY_RATE_MAX: f64 = 100_000.0;

/// What a run needs from outside.
pub struct Surroundings<'a> {
    /// Makes stores.
    pub stores: &'a dyn StoreSource,
    /// An empty folder on the disk that stores write to; the caller removes it afterwards.
    pub directory: PathBuf,
    /// Opens the real input, or says why there is none.
    pub real_input: Result<OpenInput, String>,
    /// Starts what is killed; `None` where nothing can be started.
    pub worker: Option<MakeWorker>,
    /// Is told what is done next.
    pub progress: &'a (dyn Fn(&str) + Send + Sync),
    /// When the run began, milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The engine, the store or the input failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk refuses.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

type Outcome = Result<SectionOutcome, BenchError>;

/// Runs the plan and returns its report.
///
/// # Errors
/// The first of any part; what was measured before is lost.
pub async fn run(plan: &Plan, mut surroundings: Surroundings<'_>) -> Result<Report, BenchError> {
    let watch = Stopwatch::start();
    let report = Report::new(plan.profile.name(), plan.seed, surroundings.started_unix_ms);
    let input = std::mem::replace(&mut surroundings.real_input, Err(String::new()));
    let bench = Bench { plan, surroundings: &surroundings };
    let mut outcomes = Vec::new();
    if plan.has(Part::Memory) {
        outcomes.push(bench.memory().await?);
    }
    if plan.has(Part::RealInput) {
        outcomes.push(bench.real_input(input).await?);
    }
    let mut recovered = SectionOutcome::new("recovery");
    outcomes.extend(bench.appends(&mut recovered).await?);
    outcomes.extend(bench.queries(&mut recovered).await?);
    if plan.has(Part::Crash) {
        recovered.absorb(bench.crash().await?);
    }
    if !recovered.measurements.is_empty() {
        outcomes.push(recovered);
    }
    if plan.is_whole_quick() {
        let mut time = SectionOutcome::default();
        time.measure("bench_time", watch.read().wall.as_secs_f64(), Reached::default(), "all sections");
        outcomes.push(time);
    }
    let mut report = finish_report(report, outcomes, &watch);
    report.sections.retain(|section| !section.name.is_empty());
    Ok(report)
}

struct Bench<'a> {
    plan: &'a Plan,
    surroundings: &'a Surroundings<'a>,
}

impl Bench<'_> {
    fn say(&self, what: &str) {
        (self.surroundings.progress)(what);
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.surroundings.directory.join(name)
    }

    pub(super) async fn open(&self, name: &str, sync: SyncPolicy) -> Result<Arc<dyn EventStore>, BenchError> {
        Ok(self.surroundings.stores.open(&self.folder(name), sync).await?)
    }

    pub(super) async fn remove(&self, name: &str) -> Result<(), BenchError> {
        Ok(self.surroundings.stores.remove(&self.folder(name)).await?)
    }

    const fn is_full(&self) -> bool {
        matches!(self.plan.profile, Profile::Full)
    }

    async fn memory(&self) -> Outcome {
        let Plan { nodes, edges, seed, .. } = *self.plan;
        self.say("memory: building a graph");
        let outcome =
            memory_by_structure(self.open("memory", SyncPolicy::Never).await?, nodes, edges.min(nodes), seed).await?;
        self.remove("memory").await?;
        Ok(outcome)
    }

    async fn real_input(&self, input: Result<OpenInput, String>) -> Outcome {
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
        Ok(outcome)
    }

    /// Runs what appends, then what reads the journal that the first of it wrote.
    async fn appends(&self, recovered: &mut SectionOutcome) -> Result<Vec<SectionOutcome>, BenchError> {
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
        if self.plan.has(Part::Sustained) {
            append.absorb(self.sustained().await?);
        }
        if self.plan.has(Part::Capacity) {
            append.absorb(self.capacity().await?);
        }
        if !append.measurements.is_empty() {
            outcomes.push(append);
        }
        let stores = self.surroundings.stores;
        if self.plan.has(Part::Verify) {
            self.say("verify: every block and link");
            let store = stores.open_to_read(&self.folder("journal")).await?;
            let mut verify = replay_and_verify(store.as_ref(), 1).await?;
            verify.absorb(full_verify(stores, &self.folder("journal"), 5).await?);
            outcomes.push(verify);
        }
        if self.plan.has(Part::Start) {
            self.say("recovery: starting on the journal");
            recovered.absorb(start(stores, &self.folder("journal"), journal.graph, 3).await?);
        }
        Ok(outcomes)
    }

    async fn ingest(&self, journal: &GraphWorkload) -> Outcome {
        self.say("append: one graph growing");
        let store = self.open("journal", SyncPolicy::Never).await?;
        let service = EngineService::new(Engine::new(Arc::clone(&store)));
        let context = self.context(journal.nodes, journal.edges);
        let outcome = ingest(&context, journal, &service, store.as_ref(), WINDOW).await?;
        service.engine().close().await;
        Ok(outcome)
    }

    async fn concurrent(&self) -> Outcome {
        self.say("append: one at a time, in memory");
        let workload = mixed(1, self.plan.seed);
        let (_, service) = self.prepared(self.surroundings.stores.in_memory(), &workload).await?;
        let (mut outcome, mean_ns) = single_appends(&service, &workload, 20_000).await;
        self.say("append: 64 callers, fsynced");
        let (_, service) = self.prepared(self.open("fsynced", SyncPolicy::Always).await?, &workload).await?;
        let directory = &self.surroundings.directory;
        outcome.absorb(concurrent_appends(&service, &workload, directory, mean_ns, self.plan.short).await?);
        Ok(outcome)
    }

    async fn sustained(&self) -> Outcome {
        self.say("append: sustained load, audited");
        let workload = mixed(64, self.plan.seed);
        let (store, service) = self.prepared(self.open("sustained", SyncPolicy::Always).await?, &workload).await?;
        let context = self.context(0, 0);
        Ok(sustained_load(&context, &service, &store, &workload).await?)
    }

    async fn capacity(&self) -> Outcome {
        self.say("append: the highest rate");
        let workload = mixed(64, self.plan.seed ^ 1);
        let (_, service) = self.prepared(self.open("capacity", SyncPolicy::Never).await?, &workload).await?;
        let trial = self.plan.short / 5;
        Ok(append_capacity(&service, &workload, 0, CAPACITY_RATE_MAX, CAPACITY_LIMIT, trial).await)
    }

    /// Runs what asks one large graph, and recovers it.
    async fn queries(&self, recovered: &mut SectionOutcome) -> Result<Vec<SectionOutcome>, BenchError> {
        let asked = [Part::Queries, Part::LoadedQueries, Part::Cache, Part::Recovery];
        if !asked.into_iter().any(|part| self.plan.has(part)) {
            return Ok(Vec::new());
        }
        let Plan { nodes, edges, seed, .. } = *self.plan;
        self.say(&format!("query: building {} nodes and {} edges", number::short(nodes), number::short(edges)));
        let fixture =
            GraphFixture::build(self.open("graph", SyncPolicy::Never).await?, "query", nodes, edges, seed).await?;
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
            outcomes.push(query);
        }
        if self.plan.has(Part::Cache) {
            self.say("cache: queries and updates mixed");
            let operations = if self.is_full() { 1_000_000 } else { 200_000 };
            outcomes.push(cached_queries(&fixture, operations).await?);
        }
        fixture.service.engine().close().await;
        let graph = fixture.workload.graph;
        drop(fixture);
        if self.plan.has(Part::Recovery) {
            self.say("recovery: replaying the graph");
            recovered.absorb(recovery(self.surroundings.stores, &self.folder("graph"), graph).await?);
        }
        self.remove("graph").await?;
        Ok(outcomes)
    }

    async fn crash(&self) -> Outcome {
        let Some(worker) = &self.surroundings.worker else { return Ok(SectionOutcome::new("recovery")) };
        self.say("recovery: killing a process that writes");
        let folder = self.folder("killed");
        Ok(crash(self.surroundings.stores, &folder, worker(&folder)).await?)
    }

    async fn prepared(
        &self,
        store: Arc<dyn EventStore>,
        workload: &MixedWorkload,
    ) -> Result<(Arc<dyn EventStore>, Arc<dyn GraphService>), BenchError> {
        let service = Arc::new(EngineService::new(Engine::new(Arc::clone(&store))));
        prepare(service.as_ref(), workload).await?;
        Ok((store, service))
    }

    fn context(&self, nodes: u64, edges: u64) -> BenchContext {
        let Plan { seed, rate, duration, .. } = *self.plan;
        BenchContext { seed, nodes, edges, rate, duration, directory: self.surroundings.directory.clone() }
    }
}

/// Makes commands for `graphs` graphs, some of them hot.
fn mixed(graphs: u64, seed: u64) -> Arc<MixedWorkload> {
    Arc::new(MixedWorkload::new(MixedWorkloadSpec {
        graphs,
        zipf_exponent: 0.99,
        nodes: 1000,
        query_share: 0.0,
        conflict_share: 0.0,
        seed,
    }))
}
