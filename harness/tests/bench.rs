//! The whole bench on the embedded store: tiny, but every part of it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cidgraph::{CommandContext, CommandId, EventStore, GraphCommand, GraphId, GraphMetadata, NodeEntity, StoreError};
use cidgraph_harness::bench::{Plan, Profile, Section, Surroundings, run};
use cidgraph_harness::report::Report;
use cidgraph_harness::section::{Opening, RealInput, ServiceError, StoreSource, SyncPolicy};
use cidgraph_harness::workload::WorkloadTransaction;
use cidgraph_store_memory::{FsyncPolicy, MemoryStore};
use futures::FutureExt;
use futures::future::BoxFuture;

#[derive(Debug)]
struct Embedded;

impl StoreSource for Embedded {
    fn in_memory(&self) -> Arc<dyn EventStore> {
        Arc::new(MemoryStore::new())
    }

    fn open<'a>(&'a self, folder: &'a Path, sync: SyncPolicy) -> Opening<'a> {
        let fsync = if sync == SyncPolicy::Always { FsyncPolicy::Always } else { FsyncPolicy::Never };
        async move { Ok(Arc::new(MemoryStore::open(folder, fsync)?) as Arc<dyn EventStore>) }.boxed()
    }

    fn open_to_read<'a>(&'a self, folder: &'a Path) -> Opening<'a> {
        async move { Ok(Arc::new(MemoryStore::open_read_only(folder)?) as Arc<dyn EventStore>) }.boxed()
    }

    fn verify<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<u64, ServiceError>> {
        let verified = move || Ok(MemoryStore::open_read_only(folder)?.verify()?.events);
        async move { verified().map_err(|error: StoreError| ServiceError::new(error)) }.boxed()
    }

    fn remove<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Result<(), StoreError>> {
        std::fs::remove_dir_all(folder).expect("the store is there");
        async { Ok(()) }.boxed()
    }
}

fn tiny(only: Vec<Section>) -> Plan {
    Plan {
        only,
        nodes: 2000,
        edges: 10_000,
        events: 6000,
        history: 3000,
        rate: 1000.0,
        duration: Duration::from_millis(300),
        short: Duration::from_millis(100),
        ..Plan::new(Profile::Quick)
    }
}

fn input() -> RealInput {
    let graph = GraphId::named("input");
    let command = |number: u64, command| WorkloadTransaction {
        graph,
        context: CommandContext::new(CommandId::from_u64(number), "test"),
        commands: vec![command],
    };
    let create = command(1, GraphCommand::CreateGraph { metadata: GraphMetadata::named("input") });
    let add = command(2, GraphCommand::AddNode { node: NodeEntity::keyed(graph, "File", 1) });
    RealInput {
        name: "two commands".to_owned(),
        graph,
        transactions: Box::new([Ok(create), Ok(add)].into_iter()),
        differing_files: Some(Box::new(|view| u64::from(view.at().nodes().count() != 1))),
    }
}

async fn report(only: Vec<Section>) -> (Report, Vec<String>) {
    let directory = tempfile::tempdir().expect("a folder for the test");
    let said = Mutex::new(Vec::new());
    let surroundings = Surroundings {
        stores: &Embedded,
        directory: directory.path().to_owned(),
        real_input: Ok(Box::new(|| Ok(input()))),
        worker: None,
        server: None,
        progress: &|stage| said.lock().expect("nobody panics").push(stage.to_owned()),
        started_unix_ms: 0,
    };
    let report = run(&tiny(only), surroundings).await.expect("the bench comes to its end");
    (report, said.into_inner().expect("nobody panics"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_that_can_be_measured_is() {
    let (report, said) = report(Vec::new()).await;
    let missing: Vec<&str> =
        report.targets.iter().filter(|row| row.measured.is_none()).map(|row| row.id.as_str()).collect();
    assert_eq!(missing, ["failover", "frame_rate", "coverage"]);
    let value = |id: &str| report.targets.iter().find(|row| row.id == id).and_then(|row| row.measured);
    for id in ["lost_events", "git_files", "real_input_replay"] {
        assert_eq!(value(id), Some(0.0), "{id}");
    }
    let of_snapshots =
        ["recovery", "bulk_ingest", "snapshot_write", "snapshot_delta", "snapshot_delta_share", "open_p99"];
    for id in
        of_snapshots.into_iter().chain(["open_flat", "state_at_p99", "proof_made", "proof_checked", "proof_bytes"])
    {
        assert!(value(id).is_some_and(|value| value > 0.0), "{id}");
    }
    assert_eq!(value("mapped_memory"), None, "there is no other process");
    let recovery = report.targets.iter().find(|row| row.id == "recovery").expect("the row is there");
    assert!(recovery.conditions.contains("1000 events from the store"), "{}", recovery.conditions);
    assert_eq!(value("nodes"), Some(2000.0));
    assert_eq!(report.durability, "memory", "single appends go to a store in memory");
    assert!(said.len() > 8, "{said:?}");
    let names: Vec<&str> = report.sections.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(
        names,
        ["memory", "real input", "append", "replay and verify", "query", "cache", "snapshot", "history", "recovery"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_section_runs_alone() {
    let (report, _) = report(vec![Section::Memory, Section::RealInput]).await;
    let measured: Vec<&str> =
        report.targets.iter().filter(|row| row.measured.is_some()).map(|row| row.id.as_str()).collect();
    let memory = ["memory", "memory_five_edges", "memory_distinct", "memory_peak", "component_sharing"];
    assert_eq!(measured, [&memory[..], &["real_input_replay", "git_files"]].concat());
    assert!(report.targets.iter().all(|row| row.id != "bench_time"));
}
