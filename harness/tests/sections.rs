//! The sections against a store in memory: small, but from the workload to the table.

use std::sync::Arc;
use std::time::Duration;

use cidgraph::EventStore;
use cidgraph_harness::measure::Stopwatch;
use cidgraph_harness::report::Report;
use cidgraph_harness::section::{
    BenchContext, GraphService, StoreService, append_capacity, concurrent_appends, finish_report, ingest, prepare,
    replay_and_verify, single_appends, sustained_load,
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
    append.absorb(sustained_load(&context, &service, &store, &workload).await.expect("the load is audited"));

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
