//! The store contract, on the store in memory, on every kind of journal, behind injected faults, and on stores with
//! planted flaws, each of which must fail.

use std::time::Duration;

use cidgraph::HashKind;
use cidgraph::store::conformance::{CONTRACTS, Fault, FaultInjector, Flaw, PlantedStore, Subject};
use cidgraph::{EventStore, StoreError};
use cidgraph_store_memory::{FsyncPolicy, MemoryStore, MemoryStoreOptions};

/// Makes a durable store in a folder that goes with it; segments are short, so that contracts cross them.
async fn journal(fsync: FsyncPolicy, segment_bytes: u64, hash: HashKind) -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let options = MemoryStoreOptions { fsync, segment_bytes, hash: Some(hash) };
    Subject::new(MemoryStore::open_with(folder.path(), options).unwrap()).keeping(folder)
}

cidgraph::store_conformance!(in_memory, async { Subject::new(MemoryStore::new()) });
cidgraph::store_conformance!(in_memory_blake3, async { Subject::new(MemoryStore::with_hash(HashKind::Blake3)) });
cidgraph::store_conformance!(journal_always, journal(FsyncPolicy::Always, 8 << 20, HashKind::Sha2_256));
cidgraph::store_conformance!(journal_always_short_segments, journal(FsyncPolicy::Always, 2000, HashKind::Sha2_256));
cidgraph::store_conformance!(
    journal_interval,
    journal(FsyncPolicy::Interval(Duration::from_millis(1)), 2000, HashKind::Sha2_256)
);
cidgraph::store_conformance!(journal_never, journal(FsyncPolicy::Never, 2000, HashKind::Blake3));
cidgraph::store_conformance!(faulty_memory, async { Subject::new(FaultInjector::seeded(MemoryStore::new(), 7, 300)) });
cidgraph::store_conformance!(faulty_journal, async {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::open(folder.path(), FsyncPolicy::Always).unwrap();
    Subject::new(FaultInjector::seeded(store, 11, 300)).keeping(folder)
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_planted_flaw_fails_a_contract() {
    let mut report = String::new();
    for flaw in Flaw::ALL {
        let mut failed = Vec::new();
        for contract in CONTRACTS {
            let planted = PlantedStore::new(MemoryStore::new(), flaw);
            let subject = Subject::new(planted).with_patience(Duration::from_millis(500));
            if (contract.check)(subject).await.is_err() {
                failed.push(contract.name);
            }
        }
        assert!(!failed.is_empty(), "no contract noticed {flaw:?}");
        report += &format!("{flaw:?}: {}\n", failed.join(", "));
    }
    println!("{report}");
}

#[tokio::test]
async fn injected_faults_do_what_they_say() {
    let store = FaultInjector::new(MemoryStore::new());
    let mut stream = Subject::new(MemoryStore::new()).stream(1);
    let part = [stream.append(1)];
    store.inject(Fault::Refused);
    assert!(matches!(store.append(&part).await, Err(StoreError::Unavailable { .. })));
    store.inject(Fault::LostRequest);
    assert!(matches!(store.append(&part).await, Err(StoreError::Unknown { .. })));
    assert_eq!(store.last_sequence().await.unwrap(), 0);
    store.inject(Fault::LostAnswer);
    assert!(matches!(store.append(&part).await, Err(StoreError::Unknown { .. })));
    assert_eq!(store.last_sequence().await.unwrap(), 1);
    assert_eq!(store.append(&part).await.unwrap().last_sequence, 1);
    let next = [stream.append(1)];
    store.inject(Fault::StuckBefore);
    assert!(futures::poll!(store.append(&next)).is_pending());
    assert_eq!(store.inner().last_sequence().await.unwrap(), 1);
    store.inject(Fault::StuckAfter);
    assert!(futures::poll!(store.append(&next)).is_pending());
    assert_eq!(store.inner().last_sequence().await.unwrap(), 2);
}
