//! The sections against a store in memory: small, but from the workload to the table.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::EventStore;
use cidgraph_harness::measure::Stopwatch;
use cidgraph_harness::report::Report;
use cidgraph_harness::section::{
    BenchContext, Follower, GraphFixture, GraphService, LongHistory, SnapshotFile, StoreService, append_capacity,
    concurrent_appends, finish_report, ingest, mapped_memory, mapped_queries, prepare, proofs_of_the_past,
    replay_and_verify, serve_snapshot, single_appends, snapshot_opening, states_of_the_past, sustained_load,
};
use cidgraph_harness::workload::{GraphWorkload, MixedWorkload, MixedWorkloadSpec};
use cidgraph_store_memory::MemoryStore;

fn context(directory: &std::path::Path) -> BenchContext {
    BenchContext {
        seed: 42,
        nodes: 1000,
        edges: 5000,
        rate: 2000.0,
        duration: Duration::from_millis(300),
        directory: directory.to_owned(),
    }
}

fn commands() -> Arc<MixedWorkload> {
    let spec = MixedWorkloadSpec {
        graphs: 8,
        zipf_exponent: 0.99,
        nodes: 100,
        query_share: 0.0,
        conflict_share: 0.0,
        seed: 42,
    };
    Arc::new(MixedWorkload::new(spec))
}

fn empty() -> (Arc<dyn EventStore>, Arc<dyn GraphService>) {
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let service = Arc::new(StoreService::new(Arc::clone(&store)));
    (store, service)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sections_fill_the_table() {
    let directory = tempfile::tempdir().expect("a folder for the test");
    let context = context(directory.path());
    let watch = Stopwatch::start();
    let (store, service) = empty();
    let workload = GraphWorkload::new("bench", context.nodes, context.edges, context.seed);
    let mut append = ingest(&context, &workload, service.as_ref(), store.as_ref(), 4).await.expect("ingest");
    let replay = replay_and_verify(store.as_ref(), 3).await.expect("the chain is whole");

    let (store, service) = empty();
    let workload = commands();
    prepare(service.as_ref(), &workload).await.expect("the graphs are created");
    append.absorb(
        sustained_load(&context, &service, &store, &workload, Follower::Audit).await.expect("the load is audited"),
    );

    let (_, service) = empty();
    prepare(service.as_ref(), &workload).await.expect("the graphs are created");
    let (single, mean_ns) = single_appends(&service, &workload, 500).await;
    append.absorb(single);
    let (duration, disk) = (Duration::from_millis(100), &context.directory);
    let patient = Duration::from_secs(30);
    append.absorb(append_capacity(&service, &workload, 500, 8000.0, patient, duration).await);
    let (_, service) = empty();
    prepare(service.as_ref(), &workload).await.expect("the graphs are created");
    append.absorb(concurrent_appends(&service, &workload, disk, mean_ns, duration).await.expect("the disk works"));

    let report = finish_report(Report::new("test", context.seed, 0), vec![append, replay], &watch);
    let row = |id: &str| report.targets.iter().find(|row| row.id == id).expect("the row is there");
    assert_eq!(row("lost_events").measured, Some(0.0));
    for id in ["ingest_rate", "ingest_hash_ratio", "append_p99", "append_memory_p99", "fsync_ratio", "verify_ratio"] {
        assert!(row(id).measured.is_some_and(|value| value > 0.0), "{id}");
    }
    assert_eq!(row("throughput").met, None, "a third of a second is no minute");
    assert_eq!(report.durability, "memory");
    assert_eq!((row("fsync_ratio").met, row("ingest_rate").met), (None, None), "a store in memory, and no engine");
    assert!(report.sections[0].figures.iter().any(|figure| figure.name == "audit_faults" && figure.value == 0.0));
    assert!(report.sections[0].figures.iter().any(|figure| figure.name == "append_capacity" && figure.value == 8000.0));
    assert!(report.sections[0].elapsed_seconds > 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn snapshot_files_are_written_opened_and_served() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let fixture = |nodes| GraphFixture::build(Arc::new(MemoryStore::new()), "query", nodes, 2 * nodes, 42);
    let (small, large) = (fixture(100).await.expect("built"), fixture(3000).await.expect("built"));
    let files = [&small, &large].map(|fixture| SnapshotFile::write(fixture, folder.path()).expect("written"));
    let mut outcome = snapshot_opening(&files, &files[1]).expect("they open");
    outcome.absorb(mapped_queries(&files[1], &large).expect("it opens"));

    let mut said = Vec::new();
    serve_snapshot(files[1].path(), &mut said).expect("it is served");
    let said = String::from_utf8(said).expect("text");
    let mut server = std::process::Command::new("echo");
    server.arg("19000000 40000000 7");
    outcome.absorb(mapped_memory(&files[1], server).await.expect("it says it"));

    let report = finish_report(Report::new("test", 42, 0), vec![outcome], &Stopwatch::start());
    let row = |id: &str| report.targets.iter().find(|row| row.id == id).expect("the row is there");
    for id in ["snapshot_write", "open_p99", "open_flat", "snapshot_load"] {
        assert!(row(id).measured.is_some_and(|value| value > 0.0), "{id}");
        assert_eq!(row(id).met, None, "{id}: three thousand nodes are not the scale of the bar");
    }
    assert!(row("open_p99").conditions.contains("100 nodes"), "{}", row("open_p99").conditions);
    assert_eq!(row("mapped_memory").measured, Some(19.0));
    let counted: Vec<u64> = said.split_whitespace().map(|word| word.parse().expect("a count")).collect();
    assert!(counted.is_empty() || (counted.len() == 3 && counted[0] <= counted[1]), "{said}");
    let figure = |name: &str| report.sections[0].figures.iter().find(|figure| figure.name == name);
    for name in ["mapped_point_read", "mapped_and_count", "mapped_two_hops", "snapshot_bytes"] {
        assert!(figure(name).is_some_and(|figure| figure.value > 0.0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_history_is_looked_at_and_proven() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let store: Arc<dyn EventStore> = Arc::new(MemoryStore::new());
    let history = LongHistory::build(store, folder.path(), 4000, 42).await.expect("it is made");
    let mut outcome = states_of_the_past(&history, Duration::ZERO).await.expect("every version has its state");
    outcome.absorb(proofs_of_the_past(&history).await.expect("every proof holds"));
    let report = finish_report(Report::new("test", 42, 0), vec![outcome], &Stopwatch::start());
    let row = |id: &str| report.targets.iter().find(|row| row.id == id).expect("the row is there");
    for id in ["state_at_p99", "proof_made", "proof_checked", "proof_bytes"] {
        assert!(row(id).measured.is_some_and(|value| value > 0.0), "{id}");
    }
    assert_eq!(row("state_at_p99").met, None, "some thousand events are no million");
    assert_eq!(row("proof_bytes").met, Some(true), "{}", row("proof_bytes").conditions);
}
